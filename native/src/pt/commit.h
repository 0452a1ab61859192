/*
 * pt/commit.h - the commit account of a simulated machine: memory promised to those who map, and how much may be
 *
 * A space and its forks share one, as they share the frames. Charged are mappings with VM_ACCOUNT (mm/account.c) and shared
 * anonymous memory, which is an object's and not a mapping's (pt/file.c).
 *
 * Locks   none: who asks and then charges may find that spaces of other threads have charged in between, and together go
 *         beyond the limit. Linux counts on each processor by itself, and is no more exact.
 *         The settings are words that may change at any time, each by itself, as sysctls do.
 * Linux   mm/util.c: __vm_enough_memory(), vm_commit_limit().
 */
#ifndef VMALOCK_PT_COMMIT_H
#define VMALOCK_PT_COMMIT_H

#include <stdbool.h>

#include "base/atomic.h"
#include "vmalock.h"

struct commit {
	atomic_u64 pages; /* charged now; sums modulo 2^64 */
	atomic_u32 mode;  /* enum vmalock_overcommit_mode */
	/* pages */
	atomic_u64 limit, admin_reserve, user_reserve;
};

void commit_set(struct commit *c, const struct vmalock_overcommit *how);
void commit_get(const struct commit *c, struct vmalock_overcommit *how);

/* Takes @pages more or, where that is negative, less. */
static inline void commit_charge(struct commit *c, int64_t pages)
{
	(void)atomic_fetch_add_relaxed(&c->pages, (uint64_t)pages);
}

/* May a space of @total_pages take @pages more? */
bool commit_allows(const struct commit *c, uint64_t pages, uint64_t total_pages, bool privileged);

/* Does MAP_NORESERVE mean anything? */
static inline bool commit_heeds_noreserve(const struct commit *c)
{
	return atomic_load_relaxed(&c->mode) != VMALOCK_OVERCOMMIT_NEVER;
}

#endif
