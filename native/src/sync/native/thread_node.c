#include "sync/thread_node.h"

static __thread uint32_t thread_node;

uint32_t sync_thread_node(void)
{
	return thread_node;
}

void sync_set_thread_node(uint32_t node)
{
	thread_node = node;
}
