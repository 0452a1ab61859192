#include "ops/msync.h"

#include <errno.h>

#include "mm/mmap_lock.h"
#include "ops/writeback.h"
#include "pt/file.h"

#define MS_KNOWN (VMALOCK_MS_ASYNC | VMALOCK_MS_INVALIDATE | VMALOCK_MS_SYNC)
#define MS_BOTH (VMALOCK_MS_ASYNC | VMALOCK_MS_SYNC)

/* Other files stand for memfd, which has nowhere to write to. Context: mmap_lock. */
static void write_back(const struct vma *vma, uint64_t start, uint64_t end)
{
	if (vma->file && (vma_flags(vma) & VM_SHARED) && file_is_written_back(vma->file))
		op_writeback(vma->file, vma_offset_at(vma, start), end - start);
}

/* A hole is remembered and stepped over, but for MS_ASYNC alone, which stops there. */
static int look_at_range(struct mm *mm, uint64_t start, uint64_t end, uint32_t flags)
{
	int hole = 0;

	while (start < end) {
		struct vma *vma = mm_find(mm, start);

		if (!vma || vma_start(vma) >= end)
			return -ENOMEM;
		if (vma_start(vma) > start) {
			start = vma_start(vma);
			hole = -ENOMEM;
			if (flags == VMALOCK_MS_ASYNC)
				break;
		}
		if ((flags & VMALOCK_MS_INVALIDATE) && (vma_flags(vma) & VM_LOCKED))
			return -EBUSY;
		if (flags & VMALOCK_MS_SYNC)
			write_back(vma, start, min_u64(vma_end(vma), end));
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
