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
void held_add(enum lock_rank rank);
void held_remove(enum lock_rank rank);

/* How many locks of this rank the calling thread holds. */
unsigned held_count(enum lock_rank rank);

#else

static inline void held_wait(enum lock_rank rank)
{
	(void)rank;
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
