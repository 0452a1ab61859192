/*
 * mm/thp.h - which mappings may have huge pages
 */
#ifndef VMALOCK_MM_THP_H
#define VMALOCK_MM_THP_H

#include "mm/mm.h"

/*
 * Has PR_SET_THP_DISABLE forbidden them? @advised: somebody asked for them here, so that its exception may hold. Linux:
 * vma_thp_disabled().
 */
static inline bool thp_is_disabled(const struct mm *mm, bool advised)
{
	uint32_t disable = atomic_load_relaxed(&mm->thp_disable);

	return disable && !(advised && (disable & VMALOCK_THP_DISABLE_EXCEPT_ADVISED));
}

/* May faults bring them, by the space's option and the mapping's advice? Context: the VMA held still. */
static inline bool thp_wanted(const struct mm *mm, const struct vma *vma)
{
	uint64_t flags = vma_flags(vma);

	if (likely(!(flags & VM_HUGEPAGE)) && mm->thp != VMALOCK_THP_ALWAYS)
		return false;
	if (mm->thp == VMALOCK_THP_NEVER || thp_is_disabled(mm, flags & VM_HUGEPAGE))
		return false;
	return vma_is_anonymous(vma) && !(flags & (VM_NOHUGEPAGE | VM_SPECIAL));
}

/* Do the 2 MiB around @addr lie inside? */
static inline bool thp_fits(const struct vma *vma, uint64_t addr)
{
	uint64_t start = pt_huge_down(addr);

	return start >= vma_start(vma) && start + PT_HUGE_SIZE <= vma_end(vma);
}

#endif
