/*
 * mm/reclaim.h - when no frame is left: pages of the pool's spaces leave, so that a fault can go on
 */
#ifndef VMALOCK_MM_RECLAIM_H
#define VMALOCK_MM_RECLAIM_H

#include "mm/mm.h"

/* From then on the space may lose pages to its siblings, and before its end no longer. Context: the pool's list is not locked. */
void mm_join_pool(struct mm *mm);
void mm_leave_pool(struct mm *mm);

/*
 * Takes pages from the spaces that share @mm's pool. True: a frame is free now, or was until somebody else took it.
 * Context: no lock; takes mmap_lock of one space after the other for reading.
 */
must_check bool mm_reclaim(struct mm *mm);

#endif
