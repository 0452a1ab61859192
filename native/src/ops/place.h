/*
 * ops/place.h - where a new mapping goes
 *
 * Context of all: mmap_lock, either side.
 */
#ifndef VMALOCK_OPS_PLACE_H
#define VMALOCK_OPS_PLACE_H

#include "mm/mm.h"

/* Where a mapping could hold huge pages it is moved up so that 2 MiB of it begin where a huge page may. */
enum place_alignment {
	PLACE_ANYWHERE,    /* shared memory, whose objects have none here: shmem_enabled is never */
	PLACE_WHOLE_HUGE,  /* private anonymous: in multiples of 2 MiB, without a hint */
	PLACE_LIKE_OFFSET, /* a file of a disk: where 2 MiB of the file begin. Linux: ext4, xfs, btrfs ask for it */
};

struct place {
	uint64_t addr;   /* bytes: a hint, or exact */
	uint64_t length; /* bytes, whole pages */
	bool fixed;
	bool low_2g;   /* MAP_32BIT: the second GiB */
	bool above_4g; /* MAP_ABOVE4G: nothing that is found lies lower; a hint may */
	enum place_alignment alignment;
	uint64_t offset; /* bytes into the file, for PLACE_LIKE_OFFSET */
};

/* The lowest address that a stack needs free below it, or the VMA's start where it is none. Linux: vm_start_gap(). */
uint64_t vma_start_gap(const struct vma *vma);

/* Of a mapping of @file; NULL: of private anonymous memory. */
enum place_alignment place_alignment(const struct vma_file *file);

/* Return: 0 and the address; -ENOMEM (no room, or out of range), -EINVAL (fixed and unaligned), -EPERM. */
must_check int mm_place(struct mm *mm, const struct place *where, uint64_t *out);

/* Does any VMA lie in [@start, @end)? */
bool mm_range_is_mapped(struct mm *mm, uint64_t start, uint64_t end);

#endif
