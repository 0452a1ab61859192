/*
 * mm/reclaim.h - when no frame is left: pages of the pool's spaces leave, so that a fault can go on
 */
#ifndef VMALOCK_MM_RECLAIM_H
#define VMALOCK_MM_RECLAIM_H

#include "mm/mm.h"

/*
 * From then on other threads may look into the space, and it may lose pages to its siblings: who made it calls this when it is whole.
 * Before its end no longer; one that never joined may leave. Context: the pool's list is not locked.
 */
void mm_join_pool(struct mm *mm);
void mm_leave_pool(struct mm *mm);

/*
 * Takes pages from the spaces that share @mm's pool. True: it is worth another try. A frame is free, or was until somebody else took
 * it, or a page has left one of several spaces that use it, of whom another thread may have in hand the last.
 * Context: no lock; takes mmap_lock of one space after the other for reading.
 */
must_check bool mm_reclaim(struct mm *mm);

#endif
