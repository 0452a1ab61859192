/*
 * mm/anon.h - a VMA's first anon: its own, or that of a neighbour it could later merge with
 */
#ifndef VMALOCK_MM_ANON_H
#define VMALOCK_MM_ANON_H

#include "mm/mm.h"

/*
 * Gives @vma an anon unless it has one. 0 or -ENOMEM.
 * Context: mmap_lock (either side), since it looks at the VMA's neighbours, which the VMA's own lock does not hold still.
 */
must_check int mm_anon_prepare(struct mm *mm, struct vma *vma);

/* Will its first frame need one made? Context: the VMA held still. */
static inline bool mm_anon_is_due(const struct vma *vma)
{
	return !(vma_flags(vma) & VM_SHARED) && !vma_anon(vma);
}

#endif
