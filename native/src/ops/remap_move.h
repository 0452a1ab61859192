/*
 * ops/remap_move.h - a mapping, or part of one, at another place: the half of mremap(2) that comes after its checks
 *
 * Locks   as ops/remap.c says.
 */
#ifndef VMALOCK_OPS_REMAP_MOVE_H
#define VMALOCK_OPS_REMAP_MOVE_H

#include "mm/mm.h"
#include "ops/userfault_notices.h"

/* What a request tells of, in this order: what lay at the new place, the move, what went from the old. */
struct remap_notices {
	struct userfault_notices before, move, after;
};

/* One mapping, or part of one, on its way. */
struct remap {
	struct mm *mm;
	struct vma *vma;
	uint64_t addr, old_length, new_length, new_addr; /* bytes, whole pages */
	uint32_t flags;
	struct remap_notices *notices; /* the request's */
};

static inline uint64_t remap_pages_more(const struct remap *r)
{
	return (r->new_length - r->old_length) >> PAGE_SHIFT;
}

/* What it leaves behind with MREMAP_DONTUNMAP keeps its charge. */
must_check bool remap_may_charge(const struct remap *r);

/*
 * From addr to new_addr, where nothing is; what can fail comes first. Return: 0; -ENOMEM, and nothing has changed.
 * Context: mmap_lock for writing. Write-locks the source before it copies anything from it.
 */
must_check int remap_move(const struct remap *r);

#endif
