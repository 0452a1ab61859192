#include "ops/lock_memory.h"

#include <errno.h>

#include "mm/account.h"
#include "mm/mmap_lock.h"
#include "ops/merge.h"

#define MCL_KNOWN (VMALOCK_MCL_CURRENT | VMALOCK_MCL_FUTURE | VMALOCK_MCL_ONFAULT)

static uint64_t lock_flags(bool on_fault)
{
	return VM_LOCKED | (on_fault ? VM_LOCKONFAULT : 0);
}

/* [@start, @end) of one VMA gets @lock of the lock bits. *@vma: the VMA that covers it afterwards. */
static int lock_vma(struct mm *mm, struct vma **vma, uint64_t start, uint64_t end, uint64_t lock)
{
	uint64_t old = vma_flags(*vma), new = (old & ~VM_LOCKED_MASK) | lock;
	int64_t pages = (int64_t)((end - start) >> PAGE_SHIFT);
	int err;

	if (new == old || !flags_may_lock(old))
		return 0;
	err = vma_modify(mm, *vma, start, end, new, vma);
	if (err)
		return err;
	vma_set_flags(*vma, new);
	mm_account(mm, old, -pages);
	mm_account(mm, new, pages);
	return 0;
}

/* Every VMA of the range, up to the first hole. */
static int lock_range(struct mm *mm, uint64_t start, uint64_t end, uint64_t lock)
{
	while (start < end) {
		struct vma *vma = mm_lookup(mm, start);
		uint64_t last;
		int err;

		if (!vma)
			return -ENOMEM;
		last = min_u64(vma_end(vma), end);
		err = lock_vma(mm, &vma, start, last, lock);
		if (err)
			return err;
		start = last;
	}
	return 0;
}

/* Whole VMAs cannot fail but by a merge that lacks memory, and then do without it. */
static void lock_every_vma(struct mm *mm, uint64_t lock)
{
	struct vma *vma = mm_find(mm, 0);

	while (vma) {
		uint64_t end = vma_end(vma);

		if (lock_vma(mm, &vma, vma_start(vma), end, lock) == 0)
			end = vma_end(vma);
		vma = mm_find(mm, end);
	}
}

/* --- limits: RLIMIT_MEMLOCK ---------------------------------------------------------------------------------------- */

/* Context: mmap_lock for writing. */
static bool may_lock_at_all(const struct mm *mm)
{
	return mm_is_privileged(mm) || mm->limits.memlock != 0;
}

/* Pages of the range that are locked already. */
static uint64_t locked_in(struct mm *mm, uint64_t start, uint64_t end)
{
	uint64_t pages = 0;

	for (struct vma *vma = mm_find(mm, start); vma && vma_start(vma) < end; vma = mm_find(mm, vma_end(vma))) {
		if (vma_flags(vma) & VM_LOCKED)
			pages += (min_u64(vma_end(vma), end) - max_u64(vma_start(vma), start)) >> PAGE_SHIFT;
	}
	return pages;
}

static bool limit_allows(struct mm *mm, uint64_t start, uint64_t length)
{
	uint64_t limit = mm->limits.memlock >> PAGE_SHIFT;
	uint64_t wanted = mm->locked_pages + (length >> PAGE_SHIFT);
	uint64_t end = start + length < start ? UINT64_MAX : start + length;

	return mm_is_privileged(mm) || wanted <= limit || wanted - locked_in(mm, start, end) <= limit;
}

/* --- requests ------------------------------------------------------------------------------------------------------ */

/* The start is rounded down and the end up; a length that wraps to nothing is nothing. */
static void whole_pages(uint64_t *addr, uint64_t *length)
{
	*length = page_up(*length + (*addr & (PAGE_SIZE - 1)));
	*addr = page_down(*addr);
}

int op_mlock(struct mm *mm, uint64_t addr, uint64_t length, uint32_t flags, struct populate *populate)
{
	int err;

	if (flags & ~VMALOCK_MLOCK_ONFAULT)
		return -EINVAL;
	whole_pages(&addr, &length);
	mmap_write_lock(mm);
	err = may_lock_at_all(mm) ? 0 : -EPERM;
	if (!err && !limit_allows(mm, addr, length))
		err = -ENOMEM;
	if (!err && addr + length < addr)
		err = -EINVAL;
	if (!err)
		err = lock_range(mm, addr, addr + length, lock_flags(flags & VMALOCK_MLOCK_ONFAULT));
	mmap_write_unlock(mm);
	*populate = (struct populate){ .start = addr, .end = addr + length };
	return err;
}

int op_munlock(struct mm *mm, uint64_t addr, uint64_t length)
{
	int err;

	whole_pages(&addr, &length);
	if (addr + length < addr)
		return -EINVAL;
	mmap_write_lock(mm);
	err = lock_range(mm, addr, addr + length, 0);
	mmap_write_unlock(mm);
	return err;
}

int op_mlockall(struct mm *mm, uint32_t flags, struct populate *populate)
{
	uint64_t lock = lock_flags(flags & VMALOCK_MCL_ONFAULT);
	int err = 0;

	if (!flags || (flags & ~MCL_KNOWN) || flags == VMALOCK_MCL_ONFAULT)
		return -EINVAL;
	*populate = (struct populate){ 0 };
	mmap_write_lock(mm);
	if (!may_lock_at_all(mm)) {
		err = -EPERM;
	} else if ((flags & VMALOCK_MCL_CURRENT) && !mm_is_privileged(mm) &&
		   mm->total_pages > mm->limits.memlock >> PAGE_SHIFT) {
		err = -ENOMEM;
	} else {
		mm->default_flags = flags & VMALOCK_MCL_FUTURE ? lock : 0;
		if (flags & VMALOCK_MCL_CURRENT) {
			lock_every_vma(mm, lock);
			*populate = (struct populate){ .end = MM_TASK_SIZE };
		}
	}
	mmap_write_unlock(mm);
	return err;
}

void op_munlockall(struct mm *mm)
{
	mmap_write_lock(mm);
	mm->default_flags = 0;
	lock_every_vma(mm, 0);
	mmap_write_unlock(mm);
}
