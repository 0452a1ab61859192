/*
 * locks/held.h - checked builds remember which ranks each thread holds
 *
 * Nothing in shipped builds. held_wait() is called before a thread may block for a lock, held_add() when it has it.
 */
#ifndef VMALOCK_LOCKS_HELD_H
#define VMALOCK_LOCKS_HELD_H

#include <stdbool.h>

#include "base/config.h"
#include "locks/rank.h"

#if VMALOCK_CHECK_LEVEL >= 1

/* About to wait for a lock of this rank: asserts the order, and that no RCU read section is open. */
void held_wait(enum lock_rank rank);

/*
 * The same where a thread may hold several of a rank: asserts that it takes them in the order of their addresses, so that of two who
 * want the same two neither waits for the other. They are let go of all together before one is taken anew.
 */
void held_wait_for(enum lock_rank rank, const void *lock);

void held_add(enum lock_rank rank);
void held_remove(enum lock_rank rank);

/* How many locks of this rank the calling thread holds. */
unsigned held_count(enum lock_rank rank);

#else

static inline void held_wait(enum lock_rank rank)
{
	(void)rank;
}

static inline void held_wait_for(enum lock_rank rank, const void *lock)
{
	(void)rank;
	(void)lock;
}

static inline void held_add(enum lock_rank rank)
{
	(void)rank;
}

static inline void held_remove(enum lock_rank rank)
{
	(void)rank;
}

unsigned held_count(enum lock_rank rank); /* named in check() only */

#endif

#endif
