/*
 * policy/policy.h - how a fault gets a VMA that holds still, and how a writer shuts faults out of it
 *
 * One file a policy, each ending in one const struct policy; registry.c lists them. Tests and benchmarks walk the
 * registry, so that a new file is covered the moment it is listed.
 */
#ifndef VMALOCK_POLICY_POLICY_H
#define VMALOCK_POLICY_POLICY_H

#include "mm/mm.h"

/* What a fast path's attempt came to. All but LOCKED mean: go the long way, under mmap_lock. */
enum policy_start {
	POLICY_LOCKED,
	POLICY_NO_VMA,   /* nothing covers the address */
	POLICY_VMA_KIND, /* the space's era keeps this kind of VMA from the fast path */
	POLICY_BUSY,     /* a writer has it */
	POLICY_MISS,     /* it was locked, but detached, moved or another space's by then */
};

struct policy {
	const char *name;    /* as users give it */
	const char *summary; /* one line, for help texts and tables */

	bool waits; /* start_read() may wait for a write section to end; else it never waits */

	/*
	 * Holds the VMA of @addr still, without mmap_lock. NULL: the policy has no fast path.
	 * held before: nothing; after LOCKED: @*out is held until end_read(), else nothing.
	 */
	enum policy_start (*start_read)(struct mm *mm, uint64_t addr, struct vma **out);
	void (*end_read)(struct mm *mm, struct vma *vma);

	/*
	 * The same, and never waits: for a second VMA. (Waiting for a writer while it may wait for the first one would be for ever.)
	 * held before: one VMA.
	 */
	enum policy_start (*try_read)(struct mm *mm, uint64_t addr, struct vma **out);

	/*
	 * Shuts faults out of @vma until the write section ends; idempotent; may sleep.
	 * held before and after: mmap_lock for writing. Returns whether it waited for a fault.
	 */
	bool (*write_lock)(struct vma *vma);
};

/* The n-th of the registry, NULL behind the last; the first is the baseline. */
const struct policy *policy_at(uint32_t n);

/* By name; NULL: there is none. */
const struct policy *policy_find(const char *name);

/* mm_create() under @policy; fork makes the child so, too. */
must_check int policy_mm_create(const struct vmalock_options *options, const struct policy *policy,
				struct frames *frames, enum lock_rank rank, struct mm **out);

/* write_lock() of the space's policy, counted. Context: mmap_lock for writing. */
void mm_vma_write_lock(struct mm *mm, struct vma *vma);

/* Until the write section ends no fault is inside any VMA. Context: mmap_lock for writing. */
void mm_lock_all_vmas(struct mm *mm);

/* May a fault on @vma take a fast path in @era? Context: the VMA held still, or RCU (then asked again later). */
bool policy_era_allows(enum vmalock_faults era, const struct vma *vma);

#endif
