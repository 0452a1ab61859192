/*
 * mm/observer.h - who is told when translations of a space stop being true: Linux's MMU notifiers
 *
 * Whoever takes an entry away, or takes rights from it, does so between mm_invalidate_start() and mm_invalidate_end(). Without
 * observers each costs one look at a list that is empty.
 *
 * Argument   An observer is told of every change that it could notice, in pairs, because it is registered while no change is under way
 *            (ops/observe.c): a change asks for observers at its start, and finds either none, and then it ends before the
 *            registration does, or the new one, twice. Who changes what is kept out by what he holds:
 *
 *              a fault that replaces a page     its VMA: registration write-locks every VMA (RFC patch 17)
 *              a request                        mmap_lock, for reading at least
 *              a truncation                     neither: observers_lock, one mapping after the other (ops/truncate.c)
 *
 * Guard      the list: written with all of these, read with any of them.
 * Linux      mm/mmu_notifier.c; mm/vma.c, mm_take_all_locks().
 */
#ifndef VMALOCK_MM_OBSERVER_H
#define VMALOCK_MM_OBSERVER_H

#include "mm/mm.h"

struct observation {
	struct list_node node;            /* in mm->observers. Guard: as that */
	struct vmalock_observer observer; /* fixed */
};

void mm_observers_init(struct mm *mm);

/* Tells that all goes, and forgets who was told. Nobody else uses the space. */
void mm_observers_release(struct mm *mm);
void mm_observers_destroy(struct mm *mm);

/* Context: the caller's part of the argument above, and mm_observers_lock(). */
void mm_observers_lock(struct mm *mm);
void mm_observers_unlock(struct mm *mm);

/* There are some. */
void mm_tell_start(struct mm *mm, uint64_t start, uint64_t end, enum vmalock_invalidation why);
void mm_tell_end(struct mm *mm, uint64_t start, uint64_t end, enum vmalock_invalidation why);

static inline void mm_invalidate_start(struct mm *mm, uint64_t start, uint64_t end, enum vmalock_invalidation why)
{
	if (unlikely(!list_is_empty(&mm->observers)))
		mm_tell_start(mm, start, end, why);
}

/* No entry says any more what it said. */
static inline void mm_invalidate_end(struct mm *mm, uint64_t start, uint64_t end, enum vmalock_invalidation why)
{
	if (unlikely(!list_is_empty(&mm->observers)))
		mm_tell_end(mm, start, end, why);
}

#endif
