/*
 * sync/native/sync.c - locks and threads on pthread, waiting on futex(2)
 */
#define _GNU_SOURCE
#include "sync/sync.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"

void sync_mutex_init(struct sync_mutex *m)
{
	pthread_mutex_init(&m->native, NULL);
}

void sync_mutex_destroy(struct sync_mutex *m)
{
	pthread_mutex_destroy(&m->native);
}

void sync_mutex_lock(struct sync_mutex *m)
{
	int err = pthread_mutex_lock(&m->native);

	check(err == 0);
	(void)err;
}

bool sync_mutex_try(struct sync_mutex *m)
{
	return pthread_mutex_trylock(&m->native) == 0;
}

void sync_mutex_unlock(struct sync_mutex *m)
{
	pthread_mutex_unlock(&m->native);
}

/*
 * glibc's default kind lets readers in while a writer waits, for ever if they keep coming. The other kind shuts them
 * out from the moment a writer waits; it forbids a reader to lock twice, which nothing here does.
 */
void sync_rwlock_init(struct sync_rwlock *l)
{
	pthread_rwlockattr_t attr;

	pthread_rwlockattr_init(&attr);
#if defined(__GLIBC__)
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
#endif
	pthread_rwlock_init(&l->native, &attr);
	pthread_rwlockattr_destroy(&attr);
}

void sync_rwlock_destroy(struct sync_rwlock *l)
{
	pthread_rwlock_destroy(&l->native);
}

void sync_rwlock_read(struct sync_rwlock *l)
{
	int err;

	/* EAGAIN: as many readers as the lock can count. Let some go. */
	while ((err = pthread_rwlock_rdlock(&l->native)) == EAGAIN)
		sync_yield();
	check(err == 0);
}

bool sync_rwlock_try_read(struct sync_rwlock *l)
{
	return pthread_rwlock_tryrdlock(&l->native) == 0;
}

void sync_rwlock_write(struct sync_rwlock *l)
{
	int err = pthread_rwlock_wrlock(&l->native);

	check(err == 0);
	(void)err;
}

bool sync_rwlock_try_write(struct sync_rwlock *l)
{
	return pthread_rwlock_trywrlock(&l->native) == 0;
}

void sync_rwlock_unlock(struct sync_rwlock *l)
{
	pthread_rwlock_unlock(&l->native);
}

bool sync_wait_u32(atomic_u32 *word, uint32_t expected, uint64_t timeout_ns)
{
	struct timespec ts = { .tv_sec = (time_t)(timeout_ns / UINT64_C(1000000000)),
			       .tv_nsec = (long)(timeout_ns % UINT64_C(1000000000)) };

	if (syscall(SYS_futex, &word->v, FUTEX_WAIT_PRIVATE, expected, timeout_ns == SYNC_FOREVER ? NULL : &ts, NULL,
		    0) == 0)
		return true;
	return errno != ETIMEDOUT;
}

void sync_wake_u32(atomic_u32 *word, uint32_t count)
{
	syscall(SYS_futex, &word->v, FUTEX_WAKE_PRIVATE, count > INT_MAX ? INT_MAX : (int)count, NULL, NULL, 0);
}

static void *thread_main(void *arg)
{
	struct sync_thread *t = arg;

	t->run(t->arg);
	return NULL;
}

static atomic_u32 starts_until_failure; /* 0: none is ordered */

void sync_thread_fail_after(uint32_t n)
{
	atomic_store_relaxed(&starts_until_failure, n);
}

static bool failure_is_due(void)
{
	uint32_t left = atomic_load_relaxed(&starts_until_failure);

	while (left && !atomic_cas_acquire(&starts_until_failure, &left, left - 1))
		;
	return left == 1;
}

int sync_thread_start(struct sync_thread *t, void (*run)(void *arg), void *arg)
{
	if (failure_is_due())
		return -EAGAIN;
	t->run = run;
	t->arg = arg;
	return -pthread_create(&t->native, NULL, thread_main, t);
}

void sync_thread_join(struct sync_thread *t)
{
	pthread_join(t->native, NULL);
}

void sync_yield(void)
{
	sched_yield();
}

void sync_sleep_ns(uint64_t ns)
{
	struct timespec ts = { .tv_sec = (time_t)(ns / UINT64_C(1000000000)),
			       .tv_nsec = (long)(ns % UINT64_C(1000000000)) };

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &ts) == EINTR) {
	}
}
