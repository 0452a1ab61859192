/*
 * mm/thp.h - which mappings may have huge pages
 */
#ifndef VMALOCK_MM_THP_H
#define VMALOCK_MM_THP_H

#include "mm/mm.h"

/* May faults bring them, by the space's option and the mapping's advice? Context: the VMA held still. */
static inline bool thp_wanted(const struct mm *mm, const struct vma *vma)
{
	uint64_t flags = vma_flags(vma);

	if (likely(!(flags & VM_HUGEPAGE)) && mm->thp != VMALOCK_THP_ALWAYS)
		return false;
	return mm->thp != VMALOCK_THP_NEVER && vma_is_anonymous(vma) && !(flags & (VM_NOHUGEPAGE | VM_SPECIAL));
}

/* Do the 2 MiB around @addr lie inside? */
static inline bool thp_fits(const struct vma *vma, uint64_t addr)
{
	uint64_t start = pt_huge_down(addr);

	return start >= vma_start(vma) && start + PT_HUGE_SIZE <= vma_end(vma);
}

#endif
