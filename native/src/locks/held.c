#include "locks/held.h"

#if VMALOCK_CHECK_LEVEL >= 1

#include <stdint.h>
#include <stdio.h>

#include "base/check.h"
#include "sync/rcu.h"

static const char *const rank_names[] = {
#define LOCK_RANK_NAME(name, text) #name,
	LOCK_RANKS(LOCK_RANK_NAME)
#undef LOCK_RANK_NAME
};

/* Guard, of both: the thread itself. */
static __thread unsigned held[LOCK_RANK_COUNT];
static __thread uintptr_t last[LOCK_RANK_COUNT]; /* address of the lock that was waited for last, while one is held */

/* Nothing of rank @lowest or above is held. */
static void assert_none_from(unsigned lowest, enum lock_rank wanted)
{
	check(!rcu_read_held());
	for (unsigned rank = lowest; rank < LOCK_RANK_COUNT; rank++) {
		if (!held[rank])
			continue;
		fprintf(stderr, "lock order: waits for %s while it holds %s\n", rank_names[wanted], rank_names[rank]);
		check(!"lock order");
	}
}

void held_wait(enum lock_rank rank)
{
	assert_none_from(rank, rank);
}

/* Page tables are taken in pairs, caches all at once. */
static bool may_be_several(enum lock_rank rank)
{
	return rank == RANK_TABLE_UPPER || rank == RANK_TABLE || rank == RANK_FRAME_CACHE;
}

void held_wait_for(enum lock_rank rank, const void *lock)
{
	assert_none_from(may_be_several(rank) ? rank + 1 : rank, rank);
	check(!held[rank] || (uintptr_t)lock > last[rank]);
	last[rank] = (uintptr_t)lock;
}

void held_add(enum lock_rank rank)
{
	held[rank]++;
}

void held_remove(enum lock_rank rank)
{
	check(held[rank] > 0);
	held[rank]--;
}

unsigned held_count(enum lock_rank rank)
{
	return held[rank];
}

#endif
