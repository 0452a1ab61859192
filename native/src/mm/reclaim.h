/*
 * mm/reclaim.h - when no frame is left: pages of the pool's spaces leave, so that a fault can go on
 */
#ifndef VMALOCK_MM_RECLAIM_H
#define VMALOCK_MM_RECLAIM_H

#include "mm/mm.h"

/*
 * From then on other threads may look into the space, and it may lose pages to its siblings: who made it calls this when it is whole.
 * Context: the pool's list is not locked.
 */
void mm_join_pool(struct mm *mm);

/*
 * The end of a space, whether it has joined or not. In between nobody looks into it any more, and who finds no frame waits for what
 * it gives back. Context: nobody else holds the space. @frames: its pool, held by the caller, since the space has let go of it.
 */
void mm_leave_pool(struct mm *mm);
void mm_gave_all_back(struct frames *frames);

/*
 * Takes pages from the spaces that share @mm's pool. True: it is worth another try. A frame is free, or was until somebody else took
 * it, or a page has left one of several spaces that use it, of whom another thread may have in hand the last; or a space has ended,
 * or one that was ending has been waited for. Context: no lock; takes mmap_lock of one space after the other for reading; the wait is
 * 100 ms at most.
 */
must_check bool mm_reclaim(struct mm *mm);

/* Of each space that shares @mm's pool now, one after the other, but for those about to end. Context: no lock; the same is true of @fn. */
void mm_for_each_sharer(struct mm *mm, void (*fn)(struct mm *sharer));

#endif
