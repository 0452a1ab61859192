#define _GNU_SOURCE
#include "sync/thread_id.h"

#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

static __thread uint32_t thread_id;
static __thread bool is_set;

/* Asked each time: a thread that forked the host process has another number in the child. */
uint32_t sync_thread_id(void)
{
	return is_set ? thread_id : (uint32_t)syscall(SYS_gettid);
}

void sync_set_thread_id(uint32_t id)
{
	thread_id = id;
	is_set = true;
}
