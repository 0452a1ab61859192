#include "ops/brk.h"

#include <errno.h>

#include "mm/account.h"
#include "mm/mmap_lock.h"
#include "ops/map.h"
#include "ops/place.h"
#include "ops/unmap.h"

#define HEAP_FLAGS (VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC)

/*
 * The part from @new_end on goes. Linux refuses when the first mapping there begins beyond the heap; a split that the
 * unmapping made before it was refused stays.
 */
static bool shrink(struct mm *mm, uint64_t new_end, uint64_t old_end, struct userfault_notices *notices)
{
	struct vma *vma = mm_find(mm, new_end);

	return vma && vma_start(vma) < old_end && unmap_range(mm, new_end, old_end, notices) == 0;
}

/* One page, and a stack's guard gap, stay free below the next mapping. */
static bool has_room(struct mm *mm, uint64_t old_end, uint64_t new_end)
{
	struct vma *next = mm_find(mm, old_end);

	if (new_end > MM_TASK_SIZE || new_end < old_end)
		return false;
	return !next || new_end + PAGE_SIZE <= vma_start_gap(next);
}

static bool limits_allow(struct mm *mm, uint64_t more)
{
	return mm->map_count <= mm->limits.map_count && mm_may_lock(mm, mm->default_flags, more >> PAGE_SHIFT);
}

static bool grow(struct mm *mm, uint64_t old_end, uint64_t new_end)
{
	struct region region = {
		.start = old_end,
		.length = new_end - old_end,
		.pgoff = old_end >> PAGE_SHIFT,
		.flags = HEAP_FLAGS | mm->default_flags,
		.only_grow = true,
	};

	return has_room(mm, old_end, new_end) && limits_allow(mm, region.length) && map_region(mm, &region) == 0;
}

static uint64_t brk_locked(struct mm *mm, uint64_t addr, struct populate *populate, struct userfault_notices *notices)
{
	uint64_t start = atomic_load_relaxed(&mm->brk_start), old = atomic_load_relaxed(&mm->brk);
	uint64_t old_end = page_up(old), new_end = page_up(addr);
	bool done;

	if (!start || addr < start || addr > MM_TASK_SIZE || addr - start > mm->limits.data)
		return old;
	if (new_end == old_end)
		done = true;
	else if (addr <= old)
		done = shrink(mm, new_end, old_end, notices);
	else
		done = grow(mm, old_end, new_end);
	if (!done) {
		notices_withdraw(notices);
		return old;
	}
	if (new_end > old_end && (mm->default_flags & VM_LOCKED))
		*populate = (struct populate){ .start = old_end, .end = new_end };
	atomic_store_relaxed(&mm->brk, addr);
	return addr;
}

uint64_t op_brk(struct mm *mm, uint64_t addr, struct populate *populate)
{
	struct userfault_notices notices = { 0 };
	uint64_t result;

	*populate = (struct populate){ 0 };
	mmap_write_lock(mm);
	result = brk_locked(mm, addr, populate, &notices);
	mmap_write_unlock(mm);
	notices_tell(&notices);
	return result;
}

int op_set_brk_start(struct mm *mm, uint64_t addr)
{
	int err = 0;

	if (addr >= MM_TASK_SIZE || !addr)
		return -EINVAL;
	mmap_write_lock(mm);
	if (atomic_load_relaxed(&mm->brk) != atomic_load_relaxed(&mm->brk_start)) {
		err = -EBUSY;
	} else {
		atomic_store_relaxed(&mm->brk_start, addr);
		atomic_store_relaxed(&mm->brk, addr);
	}
	mmap_write_unlock(mm);
	return err;
}
