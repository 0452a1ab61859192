#include "locks/held.h"

#if VMALOCK_CHECK_LEVEL >= 1

#include <stdio.h>

#include "base/check.h"
#include "sync/rcu.h"

static const char *const rank_names[] = {
#define LOCK_RANK_NAME(name, text) #name,
	LOCK_RANKS(LOCK_RANK_NAME)
#undef LOCK_RANK_NAME
};

/* Guard: the thread itself. */
static __thread unsigned held[LOCK_RANK_COUNT];

void held_wait(enum lock_rank rank)
{
	/* Page tables are taken in pairs and caches all at once, in the order of their addresses: ranks held more than once. */
	bool many = rank == RANK_TABLE_UPPER || rank == RANK_TABLE || rank == RANK_FRAME_CACHE;
	unsigned first = many ? rank + 1 : rank;

	check(!rcu_read_held());
	for (unsigned above = first; above < LOCK_RANK_COUNT; above++) {
		if (!held[above])
			continue;
		fprintf(stderr, "lock order: waits for %s while it holds %s\n", rank_names[rank], rank_names[above]);
		check(!"lock order");
	}
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
