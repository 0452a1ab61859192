/*
 * mm/mempolicy.h - which node a page comes from: the mapping's policy, else the space's, else where the thread runs
 *
 * A fault reads the mapping's policy while it holds the mapping, and the space's inside an RCU read section: set_mempolicy shuts
 * no fault out. pair [rcu-publish]
 */
#ifndef VMALOCK_MM_MEMPOLICY_H
#define VMALOCK_MM_MEMPOLICY_H

#include "mm/mm.h"

/* Before and after all others. */
void mm_mempolicy_init(struct mm *mm);
void mm_mempolicy_destroy(struct mm *mm);

/* The nodes that there are, a bit each. */
static inline uint64_t mm_existing_nodes(const struct mm *mm)
{
	return mm->numa_nodes == VMALOCK_MAX_NODES ? UINT64_MAX : (UINT64_C(1) << mm->numa_nodes) - 1;
}

/* The space's policy, without a reference. Context: mmap_lock for writing. */
struct mempolicy *mm_mempolicy(struct mm *mm);

/* Takes over @policy, which may be NULL and of which nobody else has a reference. Context: mmap_lock for writing. */
void mm_set_mempolicy(struct mm *mm, struct mempolicy *policy);

/* Where the page at @addr of 4 KiB << @order comes from. Context: @vma held still. */
struct frame_nodes mm_frame_nodes(struct mm *mm, const struct vma *vma, uint64_t addr, unsigned order);

/* A frame for the page of @addr from there, with a count of 1. NULL: there is none. Context: @vma held still. */
must_check void *mm_take_zeroed(struct mm *mm, const struct vma *vma, uint64_t addr);
must_check void *mm_take_copy(struct mm *mm, const struct vma *vma, uint64_t addr, const void *from);

/* The same with any bytes, for frame_copy(). */
must_check void *mm_take(struct mm *mm, const struct vma *vma, uint64_t addr);

/* The same of 2 MiB, zeroed. NULL: no block is whole. */
must_check void *mm_take_huge(struct mm *mm, const struct vma *vma, uint64_t addr);

#endif
