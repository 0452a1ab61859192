/*
 * locks/refcount.h - references to an object; the last one to go frees it
 *
 * Memory order   pair [refcount]: all that any holder did before its put is visible to whoever frees.
 */
#ifndef VMALOCK_LOCKS_REFCOUNT_H
#define VMALOCK_LOCKS_REFCOUNT_H

#include <stdbool.h>

#include "base/atomic.h"
#include "base/check.h"

struct refcount {
	atomic_u32 count;
};

static inline void refcount_init(struct refcount *r)
{
	atomic_init(&r->count, 1);
}

/* The caller holds a reference, or a lock that keeps one alive. */
static inline void refcount_get(struct refcount *r)
{
	uint32_t before = atomic_fetch_add_relaxed(&r->count, 1);

	check(before != 0 && before != UINT32_MAX);
	(void)before;
}

/* Takes a reference unless the last one is gone. */
static inline bool refcount_get_unless_zero(struct refcount *r)
{
	uint32_t count = atomic_load_relaxed(&r->count);

	while (count)
		if (atomic_cas_acquire(&r->count, &count, count + 1))
			return true;
	return false;
}

/* True: that was the last one, and the caller frees. pair [refcount] */
static inline bool refcount_put(struct refcount *r)
{
	uint32_t before = atomic_fetch_sub_acq_rel(&r->count, 1);

	check(before != 0);
	return before == 1;
}

#endif
