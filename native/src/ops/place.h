/*
 * ops/place.h - where a new mapping goes
 *
 * Context of all: mmap_lock, either side.
 */
#ifndef VMALOCK_OPS_PLACE_H
#define VMALOCK_OPS_PLACE_H

#include "mm/mm.h"

struct place {
	uint64_t addr;   /* bytes: a hint, or exact */
	uint64_t length; /* bytes, whole pages */
	bool fixed;
	bool low_2g;       /* MAP_32BIT: the second GiB */
	bool huge_aligned; /* may be aligned to 2 MiB: anonymous memory in multiples of that, without a hint */
};

/* The lowest address that a stack needs free below it, or the VMA's start where it is none. Linux: vm_start_gap(). */
uint64_t vma_start_gap(const struct vma *vma);

/* Return: 0 and the address; -ENOMEM (no room, or out of range), -EINVAL (fixed and unaligned), -EPERM. */
must_check int mm_place(struct mm *mm, const struct place *where, uint64_t *out);

/* Does any VMA lie in [@start, @end)? */
bool mm_range_is_mapped(struct mm *mm, uint64_t start, uint64_t end);

#endif
