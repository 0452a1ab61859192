/*
 * locks/spinlock.h - a lock of four bytes for short sections that never sleep: page tables
 *
 * Memory order   pair [spinlock]: the acquire of a locker with the release of the unlocker before it; without it an
 *                entry could be read that an earlier holder has already changed.
 */
#ifndef VMALOCK_LOCKS_SPINLOCK_H
#define VMALOCK_LOCKS_SPINLOCK_H

#include "base/atomic.h"
#include "base/check.h"
#include "base/cpu.h"
#include "locks/held.h"
#include "sync/sync.h"

struct spinlock {
	atomic_u32 word; /* 0 free, 1 held */
};

/* Turns spent waiting on the processor before the thread lets others run: its holder may not be running. */
#define SPIN_TURNS 64

static inline void spinlock_init(struct spinlock *l)
{
	atomic_init(&l->word, 0);
}

static inline bool spinlock_try(struct spinlock *l)
{
	uint32_t free = 0;

	return atomic_cas_acquire(&l->word, &free, 1); /* pair [spinlock] */
}

static inline void spinlock_lock(struct spinlock *l, enum lock_rank rank)
{
	held_wait_for(rank, l);
	for (unsigned turn = 0; unlikely(!spinlock_try(l)); turn++) {
		if (turn < SPIN_TURNS)
			cpu_relax();
		else
			sync_yield();
	}
	held_add(rank);
}

static inline void spinlock_unlock(struct spinlock *l, enum lock_rank rank)
{
	held_remove(rank);
	check(atomic_load_relaxed(&l->word) == 1);
	atomic_store_release(&l->word, 0); /* pair [spinlock] */
}

/* By somebody: enough to find who takes none. */
static inline void spinlock_assert_held(const struct spinlock *l)
{
	check(atomic_load_relaxed(&l->word) == 1);
	(void)l;
}

#endif
