/*
 * sync/native/thread_index.c - small numbers for live threads
 *
 * A bitmap under a mutex; taken once in the life of a thread, given back by the destructor of a pthread key. More
 * threads than INDEXES share the last number: slots of per-thread state treat that one as shared.
 */
#include <pthread.h>
#include <stddef.h>

#include "base/check.h"
#include "host_fork.h"
#include "sync/sync.h"
#include "sync/thread_slots.h"

__thread uint32_t sync_thread_index_cached = THREAD_INDEX_UNSET;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static uint64_t taken[THREAD_SLOTS / 64]; /* Guard: lock. */

static void give_back(void *unused)
{
	uint32_t index = sync_thread_index_cached;

	(void)unused;
	sync_thread_index_cached = THREAD_INDEX_UNSET;
	if (index == THREAD_SLOT_SHARED)
		return;
	pthread_mutex_lock(&lock);
	taken[index / 64] &= ~(UINT64_C(1) << (index % 64));
	pthread_mutex_unlock(&lock);
}

static void initialise(void)
{
	if (pthread_key_create(&key, give_back) != 0)
		check_failed(__FILE__, __LINE__, "pthread_key_create");
	host_fork_install();
}

void thread_index_fork_before(void)
{
	pthread_mutex_lock(&lock);
}

void thread_index_fork_parent(void)
{
	pthread_mutex_unlock(&lock);
}

/* Only this thread is left, so only its number is taken. */
void thread_index_fork_child(void)
{
	uint32_t own = sync_thread_index_cached;

	for (uint32_t i = 0; i < THREAD_SLOTS / 64; i++)
		taken[i] = 0;
	if (own < THREAD_SLOT_SHARED)
		taken[own / 64] |= UINT64_C(1) << (own % 64);
	pthread_mutex_unlock(&lock);
}

__attribute__((noinline)) uint32_t sync_thread_index_assign(void)
{
	uint32_t index = THREAD_SLOT_SHARED;

	pthread_once(&once, initialise);
	pthread_mutex_lock(&lock);
	for (uint32_t i = 0; i < THREAD_SLOT_SHARED; i++) {
		if (!(taken[i / 64] & (UINT64_C(1) << (i % 64)))) {
			taken[i / 64] |= UINT64_C(1) << (i % 64);
			index = i;
			break;
		}
	}
	pthread_mutex_unlock(&lock);
	sync_thread_index_cached = index;
	pthread_setspecific(key, &sync_thread_index_cached);
	return index;
}
