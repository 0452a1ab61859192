#include "ops/advise.h"

#include <errno.h>

#include "mm/anon.h"
#include "mm/mmap_lock.h"
#include "mm/observer.h"
#include "ops/merge.h"
#include "ops/seal.h"
#include "ops/truncate.h"
#include "ops/userfault_notices.h"

static bool is_known(int advice)
{
	if (advice >= MADV_IS_NORMAL && advice <= MADV_IS_DONTNEED)
		return true;
	if (advice >= MADV_IS_FREE && advice <= MADV_IS_COLLAPSE)
		return true;
	return advice == MADV_IS_GUARD_INSTALL || advice == MADV_IS_GUARD_REMOVE;
}

int advise_check(uint64_t addr, uint64_t length, int advice, uint64_t *end)
{
	uint64_t rounded = page_up(length);

	if (!is_known(advice) || !page_aligned(addr))
		return -EINVAL;
	if ((length && !rounded) || addr + rounded < addr)
		return -EINVAL;
	*end = addr + rounded;
	return 0;
}

/* --- advice that sets flags: mmap_lock for writing ------------------------------------------------------------------ */

static bool can_be_ksm(uint64_t flags)
{
	return !(flags & (VM_SHARED | VM_MAYSHARE | VM_SPECIAL | VM_DROPPABLE));
}

static int new_flags(const struct vma *vma, int advice, uint64_t *out)
{
	uint64_t flags = vma_flags(vma);

	switch (advice) {
	case MADV_IS_NORMAL:
		flags &= ~(VM_RAND_READ | VM_SEQ_READ);
		break;
	case MADV_IS_RANDOM:
		flags = (flags & ~VM_SEQ_READ) | VM_RAND_READ;
		break;
	case MADV_IS_SEQUENTIAL:
		flags = (flags & ~VM_RAND_READ) | VM_SEQ_READ;
		break;
	case MADV_IS_DONTFORK:
		flags |= VM_DONTCOPY;
		break;
	case MADV_IS_DOFORK:
		if (flags & VM_SPECIAL)
			return -EINVAL;
		flags &= ~VM_DONTCOPY;
		break;
	case MADV_IS_WIPEONFORK:
		if (vma->file || (flags & VM_SHARED))
			return -EINVAL;
		flags |= VM_WIPEONFORK;
		break;
	case MADV_IS_KEEPONFORK:
		if (flags & VM_DROPPABLE)
			return -EINVAL;
		flags &= ~VM_WIPEONFORK;
		break;
	case MADV_IS_DONTDUMP:
		flags |= VM_DONTDUMP;
		break;
	case MADV_IS_DODUMP:
		if (flags & (VM_SPECIAL | VM_DROPPABLE))
			return -EINVAL;
		flags &= ~VM_DONTDUMP;
		break;
	case MADV_IS_MERGEABLE:
		if (can_be_ksm(flags))
			flags |= VM_MERGEABLE;
		break;
	case MADV_IS_UNMERGEABLE:
		flags &= ~VM_MERGEABLE;
		break;
	case MADV_IS_HUGEPAGE:
		flags = (flags & ~VM_NOHUGEPAGE) | VM_HUGEPAGE;
		break;
	case MADV_IS_NOHUGEPAGE:
		flags = (flags & ~VM_HUGEPAGE) | VM_NOHUGEPAGE;
		break;
	default:
		return -EINVAL;
	}
	*out = flags;
	return 0;
}

static int set_flags(struct mm *mm, struct vma **vma, uint64_t start, uint64_t end, int advice)
{
	uint64_t flags;
	int err = new_flags(*vma, advice, &flags);

	if (err || flags == vma_flags(*vma))
		return err;
	err = vma_modify(mm, *vma, start, end, flags, vma);
	if (err)
		return -EAGAIN; /* as madvise(2) words the map limit and no memory */
	vma_set_flags(*vma, flags);
	return 0;
}

/* --- advice about pages: mmap_lock for reading ---------------------------------------------------------------------- */

uint32_t advise_markers(const struct vma *vma)
{
	if (vma_is_anonymous(vma))
		return 0;
	return PT_KEEP_UFFD_MARKERS | (vma_flags(vma) & VM_UFFD_WP ? PT_LEAVE_UFFD_MARKERS : 0);
}

/*
 * Pages of [@start, @end) are about to go: a userfaultfd that wants to know reads it first, and mmap_lock is let go meanwhile. *@told: was it?
 * Then no VMA that was found before is one now.
 */
static int tell_removal(struct mm *mm, const struct vma *vma, uint64_t start, uint64_t end, bool *told)
{
	struct userfault_notices notices = { 0 };
	int err = notices_add_remove(&notices, vma, start, end);

	*told = notices.first != NULL;
	if (err || !*told)
		return err;
	mmap_read_unlock(mm);
	notices_tell(&notices);
	mmap_read_lock(mm);
	return 0;
}

static bool may_drop(const struct vma *vma, int advice)
{
	return !(vma_flags(vma) & (VM_PFNMAP | (advice == MADV_IS_DONTNEED_LOCKED ? 0 : VM_LOCKED)));
}

static int drop_pages(struct mm *mm, const struct vma *vma, uint64_t start, uint64_t end, int advice)
{
	if (advice == MADV_IS_FREE && !vma_is_anonymous(vma))
		return -EINVAL;
	mm_invalidate_start(mm, start, end, VMALOCK_INVALIDATE_CLEAR);
	if (advice == MADV_IS_FREE) {
		pt_clean(&mm->pt, start, end);
	} else {
		pt_discard(&mm->pt, start, end, advise_markers(vma));
		pt_vacate(&mm->pt, start, end);
	}
	mm_invalidate_end(mm, start, end, VMALOCK_INVALIDATE_CLEAR);
	return 0;
}

/* What it is told of may have changed when it has been read: *@end is then as far as what is there now goes. */
static int tell_and_drop_pages(struct mm *mm, const struct vma *vma, uint64_t start, uint64_t *end, int advice)
{
	bool told;
	int err;

	if (!may_drop(vma, advice))
		return -EINVAL;
	err = tell_removal(mm, vma, start, *end, &told);
	if (err)
		return err;
	if (told) {
		vma = mm_lookup(mm, start);
		if (!vma)
			return -ENOMEM;
		if (!may_drop(vma, advice))
			return -EINVAL;
		*end = min_u64(*end, vma_end(vma));
	}
	return drop_pages(mm, vma, start, *end, advice);
}

/*
 * The VMA is marked before there is a guard in it, so that no fork misses one; private memory gets the anon that its tables call
 * for. To take guards away harms nobody and is allowed in locked memory too.
 */
static int guard(struct mm *mm, struct vma *vma, uint64_t start, uint64_t end, int advice)
{
	int err;

	if (vma_flags(vma) & (VM_SPECIAL | (advice == MADV_IS_GUARD_INSTALL ? VM_LOCKED : 0)))
		return -EINVAL;
	if (advice == MADV_IS_GUARD_REMOVE) {
		pt_guard_remove(&mm->pt, start, end);
		return 0;
	}
	vma_mark_guarded(vma);
	if (vma_is_anonymous(vma) && mm_anon_prepare(mm, vma))
		return -ENOMEM;
	mm_invalidate_start(mm, start, end, VMALOCK_INVALIDATE_CLEAR);
	err = pt_guard_install(&mm->pt, start, end);
	mm_invalidate_end(mm, start, end, VMALOCK_INVALIDATE_CLEAR);
	return err;
}

/* Linux lets go of mmap_lock for this; the lock of a file's mappings ranks above it, so that here it can stay. */
static int remove_pages(struct mm *mm, const struct vma *vma, uint64_t start, uint64_t end)
{
	struct vma_file *file = vma->file;
	uint64_t offset = vma_offset_at(vma, start);
	bool told;
	int err;

	if ((vma_flags(vma) & VM_LOCKED) || !vma->file)
		return -EINVAL;
	if ((vma_flags(vma) & (VM_SHARED | VM_MAYWRITE)) != (VM_SHARED | VM_MAYWRITE))
		return -EACCES;
	vma_file_get(file); /* the mapping that holds it may go */
	err = tell_removal(mm, vma, start, end, &told);
	if (!err)
		err = op_punch_hole(file, offset, end - start);
	vma_file_put(file);
	return err;
}

/* Pages of files and of shared memory stay: there is nothing behind them that they could leave to. */
static int put_aside(struct mm *mm, const struct vma *vma, uint64_t start, uint64_t end, int advice)
{
	uint32_t how = vma_flags(vma) & VM_DROPPABLE ? PT_OUT_DROPPABLE : 0;
	uint64_t freed;

	if (vma_flags(vma) & (VM_LOCKED | VM_PFNMAP))
		return -EINVAL;
	pt_age(&mm->pt, start, end);
	if (advice == MADV_IS_COLD)
		return 0;
	mm_invalidate_start(mm, start, end, VMALOCK_INVALIDATE_CLEAR);
	(void)pt_page_out(&mm->pt, start, end, how, UINT64_MAX, &freed);
	mm_invalidate_end(mm, start, end, VMALOCK_INVALIDATE_CLEAR);
	return 0;
}

/* Lets go of mmap_lock where it tells. *@last: as far as it has been done. */
static int about_pages(struct mm *mm, struct vma *vma, uint64_t start, uint64_t *last, int advice)
{
	uint64_t end = *last;

	switch (advice) {
	case MADV_IS_DONTNEED:
	case MADV_IS_DONTNEED_LOCKED:
	case MADV_IS_FREE:
		return tell_and_drop_pages(mm, vma, start, last, advice);
	case MADV_IS_COLD:
	case MADV_IS_PAGEOUT:
		return put_aside(mm, vma, start, end, advice);
	case MADV_IS_WILLNEED:
		return 0;
	case MADV_IS_GUARD_INSTALL:
	case MADV_IS_GUARD_REMOVE:
		return guard(mm, vma, start, end, advice);
	case MADV_IS_REMOVE:
		return remove_pages(mm, vma, start, end);
	default:
		return -ENOSYS;
	}
}

/* Pages only: the shape of the space stays, so that readers of mmap_lock may do it. */
static bool changes_flags(int advice)
{
	switch (advice) {
	case MADV_IS_WILLNEED:
	case MADV_IS_DONTNEED:
	case MADV_IS_DONTNEED_LOCKED:
	case MADV_IS_FREE:
	case MADV_IS_REMOVE:
	case MADV_IS_COLD:
	case MADV_IS_PAGEOUT:
	case MADV_IS_GUARD_INSTALL:
	case MADV_IS_GUARD_REMOVE:
		return false;
	default:
		return true;
	}
}

/* Every VMA of the range in turn. A hole is remembered and stepped over. */
static int advise_range(struct mm *mm, uint64_t start, uint64_t end, int advice)
{
	bool writer = changes_flags(advice);
	int hole = 0;

	while (start < end) {
		struct vma *vma = mm_find(mm, start);
		uint64_t last;
		int err;

		if (!vma)
			return -ENOMEM;
		if (vma_start(vma) > start) {
			hole = -ENOMEM;
			start = vma_start(vma);
			if (start >= end)
				break;
		}
		last = min_u64(vma_end(vma), end);
		if (!seal_allows_advice(vma, advice))
			return -EPERM;
		err = writer ? set_flags(mm, &vma, start, last, advice) : about_pages(mm, vma, start, &last, advice);
		if (err)
			return err;
		start = last;
	}
	return hole;
}

int op_madvise(struct mm *mm, uint64_t addr, uint64_t length, int advice)
{
	uint64_t end;
	int err = advise_check(addr, length, advice, &end);

	check(advice != MADV_IS_COLLAPSE);
	if (err || end == addr)
		return err;
	if (changes_flags(advice)) {
		mmap_write_lock(mm);
		err = advise_range(mm, addr, end, advice);
		mmap_write_unlock(mm);
	} else {
		mmap_read_lock(mm);
		err = advise_range(mm, addr, end, advice);
		mmap_read_unlock(mm);
	}
	return err;
}
