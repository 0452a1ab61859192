/*
 * sync/sync.h - everything that blocks, or lets another thread run
 *
 * Upper layers use only what stands here and in rcu.h; they name neither pthread nor futex nor urcu. The types come
 * from sync_backend.h, which the include path picks: native/ (pthread, futex) or, in the explored build, fibers
 * under a scheduler that decides at each of these calls.
 *
 * Memory order   taking a lock is an acquire, letting go a release. sync_wait_u32() and sync_wake_u32() order
 *                nothing: the words around them do.
 */
#ifndef VMALOCK_SYNC_SYNC_H
#define VMALOCK_SYNC_SYNC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"
#include "base/cpu.h"
#include "sync_backend.h"

/* --- mutex: one holder --------------------------------------------------------------------------------------- */

void sync_mutex_init(struct sync_mutex *m);
void sync_mutex_destroy(struct sync_mutex *m);
void sync_mutex_lock(struct sync_mutex *m);
must_check bool sync_mutex_try(struct sync_mutex *m);
void sync_mutex_unlock(struct sync_mutex *m);

/* --- rwlock: readers or one writer; a waiting writer shuts out new readers ------------------------------------- */

void sync_rwlock_init(struct sync_rwlock *l);
void sync_rwlock_destroy(struct sync_rwlock *l);
void sync_rwlock_read(struct sync_rwlock *l);
must_check bool sync_rwlock_try_read(struct sync_rwlock *l);
void sync_rwlock_write(struct sync_rwlock *l);
must_check bool sync_rwlock_try_write(struct sync_rwlock *l);
void sync_rwlock_unlock(struct sync_rwlock *l);

/* --- wait on a word -------------------------------------------------------------------------------------------- */

#define SYNC_FOREVER UINT64_MAX

/*
 * Sleeps while *@word is @expected, until a wake-up or @timeout_ns from now. May return early for no reason: look at
 * the word again. False only when the time has run out.
 */
bool sync_wait_u32(atomic_u32 *word, uint32_t expected, uint64_t timeout_ns);

/* Wakes up to @count sleepers on @word. */
void sync_wake_u32(atomic_u32 *word, uint32_t count);

/* --- threads --------------------------------------------------------------------------------------------------- */

/* 0, or a negative errno when the host has no thread to give. */
must_check int sync_thread_start(struct sync_thread *t, void (*run)(void *arg), void *arg);
void sync_thread_join(struct sync_thread *t);

/* For tests: the @n-th start from now on, by whatever thread, finds no thread to be had (1: the next one); 0 turns it off. */
void sync_thread_fail_after(uint32_t n);

/*
 * A small number that no other live thread has, from 0 up; an ended thread's number is given again. For slots of
 * per-thread state. Guard of whatever lies in such a slot: it is written by this thread only.
 */
static inline uint32_t sync_thread_index(void);

/* This thread spins or has nothing to do just now; another may run. */
void sync_yield(void);

/* Sleeps @ns; only for pacing a replay, never for order. */
void sync_sleep_ns(uint64_t ns);

#include "sync_inline.h"

#endif
