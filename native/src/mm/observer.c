#include "mm/observer.h"

#include "base/alloc.h"
#include "locks/held.h"

void mm_observers_init(struct mm *mm)
{
	sync_mutex_init(&mm->observers_lock);
	list_init(&mm->observers);
}

void mm_observers_release(struct mm *mm)
{
	mm_observers_lock(mm); /* a truncation may still come by, as long as there are mappings of its file */
	mm_invalidate_start(mm, 0, MM_TASK_SIZE, VMALOCK_INVALIDATE_RELEASE);
	mm_invalidate_end(mm, 0, MM_TASK_SIZE, VMALOCK_INVALIDATE_RELEASE);
	list_for_each(node, next, &mm->observers)
	{
		list_remove(node);
		alloc_free(container_of(node, struct observation, node));
	}
	mm_observers_unlock(mm);
}

void mm_observers_destroy(struct mm *mm)
{
	sync_mutex_destroy(&mm->observers_lock);
}

void mm_observers_lock(struct mm *mm)
{
	held_wait(RANK_OBSERVERS);
	sync_mutex_lock(&mm->observers_lock);
	held_add(RANK_OBSERVERS);
}

void mm_observers_unlock(struct mm *mm)
{
	held_remove(RANK_OBSERVERS);
	sync_mutex_unlock(&mm->observers_lock);
}

void mm_tell_start(struct mm *mm, uint64_t start, uint64_t end, enum vmalock_invalidation why)
{
	list_for_each(node, next, &mm->observers)
	{
		const struct vmalock_observer *observer = &container_of(node, struct observation, node)->observer;

		if (observer->invalidate_start)
			observer->invalidate_start(observer->arg, start, end, why);
	}
}

void mm_tell_end(struct mm *mm, uint64_t start, uint64_t end, enum vmalock_invalidation why)
{
	list_for_each(node, next, &mm->observers)
	{
		const struct vmalock_observer *observer = &container_of(node, struct observation, node)->observer;

		if (observer->invalidate_end)
			observer->invalidate_end(observer->arg, start, end, why);
	}
}
