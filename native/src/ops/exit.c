#include "ops/exit.h"

#include <errno.h>

#include "mm/mmap_lock.h"
#include "mm/observer.h"
#include "ops/unmap.h"
#include "sync/syncpoint.h"

static void take_pages(struct mm *mm, const struct vma *vma)
{
	mm_invalidate_start(mm, vma_start(vma), vma_end(vma), VMALOCK_INVALIDATE_CLEAR);
	pt_discard(&mm->pt, vma_start(vma), vma_end(vma), 0);
	mm_invalidate_end(mm, vma_start(vma), vma_end(vma), VMALOCK_INVALIDATE_CLEAR);
}

int op_exit(struct mm *mm)
{
	int err;

	mmap_read_lock(mm);
	for (const struct vma *vma = mm_find(mm, 0); vma; vma = mm_find(mm, vma_end(vma))) {
		syncpoint("exit-takes-pages");
		take_pages(mm, vma);
	}
	mmap_read_unlock(mm);
	mmap_write_lock(mm);
	err = unmap_all(mm);
	if (!err) {
		atomic_store_relaxed(&mm->brk_start, 0);
		atomic_store_relaxed(&mm->brk, 0);
		mm->default_flags = 0;
	}
	mmap_write_unlock(mm);
	return err;
}

/* Linux: the reaper leaves shared memory alone, which others may still want. */
static bool is_reaped(const struct vma *vma)
{
	return !(vma_flags(vma) & (VM_SHARED | VM_PFNMAP));
}

int op_reap(struct mm *mm)
{
	if (!mmap_read_trylock(mm))
		return -EAGAIN;
	atomic_store_relaxed(&mm->unstable, 1);
	atomic_fence_full(); /* pair [reaped]: the flag, then the tables; fault_handle() */
	for (const struct vma *vma = mm_find(mm, 0); vma; vma = mm_find(mm, vma_end(vma))) {
		syncpoint("reap-takes-pages");
		if (is_reaped(vma))
			take_pages(mm, vma);
	}
	mmap_read_unlock(mm);
	return 0;
}
