#include "ops/msync.h"

#include <errno.h>

#include "mm/mmap_lock.h"

#define MS_KNOWN (VMALOCK_MS_ASYNC | VMALOCK_MS_INVALIDATE | VMALOCK_MS_SYNC)
#define MS_BOTH (VMALOCK_MS_ASYNC | VMALOCK_MS_SYNC)

/* A hole is remembered and stepped over, but for MS_ASYNC alone, which stops there. */
static int look_at_range(struct mm *mm, uint64_t start, uint64_t end, uint32_t flags)
{
	int hole = 0;

	while (start < end) {
		struct vma *vma = mm_find(mm, start);

		if (!vma || vma_start(vma) >= end)
			return -ENOMEM;
		if (vma_start(vma) > start) {
			hole = -ENOMEM;
			if (flags == VMALOCK_MS_ASYNC)
				break;
		}
		if ((flags & VMALOCK_MS_INVALIDATE) && (vma_flags(vma) & VM_LOCKED))
			return -EBUSY;
		start = vma_end(vma);
	}
	return hole;
}

int op_msync(struct mm *mm, uint64_t addr, uint64_t length, uint32_t flags)
{
	uint64_t end = addr + page_up(length);
	int err;

	if ((flags & ~MS_KNOWN) || !page_aligned(addr) || (flags & MS_BOTH) == MS_BOTH)
		return -EINVAL;
	if (end < addr)
		return -ENOMEM;
	mmap_read_lock(mm);
	err = look_at_range(mm, addr, end, flags);
	mmap_read_unlock(mm);
	return err;
}
