/*
 * sync/native/host_fork.c - the order of the handlers around fork(2)
 *
 * RCU's helper threads are stopped first: a callback that one of them runs may wait for any of the other locks.
 */
#include "host_fork.h"

#include <pthread.h>

#include "base/check.h"

static void before(void)
{
	rcu_fork_before();
	blocks_fork_before();
	thread_index_fork_before();
}

static void in_parent(void)
{
	thread_index_fork_parent();
	blocks_fork_after();
	rcu_fork_parent();
}

static void in_child(void)
{
	thread_index_fork_child();
	blocks_fork_after();
	rcu_fork_child();
}

static void install(void)
{
	if (pthread_atfork(before, in_parent, in_child) != 0)
		check_failed(__FILE__, __LINE__, "pthread_atfork");
}

void host_fork_install(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, install);
}
