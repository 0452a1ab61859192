/*
 * ops/userfault_register.c - UFFDIO_REGISTER, UFFDIO_UNREGISTER, UFFDIO_WRITEPROTECT, close
 *
 * Registering sets flags of VMAs and the context they point to; both are part of what a VMA is, so that ranges split off and merge
 * as by mprotect.
 *
 * Locks    mmap_lock for writing; each VMA is write-locked before it is changed, so that no fault sees the flags without the context.
 *          Write protection changes entries only: mmap_lock for reading, and each table's lock.
 * Wakes    after the VMA was write-locked and changed. A fault that waits queued itself while it held the VMA, so it is in the queue by
 *          then; one that comes later finds the VMA unregistered. Woken first, a fault could queue itself between the two and sleep for
 *          ever: nobody is left to resolve it.
 * Linux    fs/userfaultfd.c, mm/userfaultfd.c.
 */
#include "ops/userfault_register.h"

#include <errno.h>

#include "mm/mmap_lock.h"
#include "mm/observer.h"
#include "ops/merge.h"
#include "pt/file.h"
#include "policy/policy.h"
#include "sync/syncpoint.h"

#define MODES (VMALOCK_UFFD_MODE_MISSING | VMALOCK_UFFD_MODE_WP | VMALOCK_UFFD_MODE_MINOR)

int userfault_check_range(uint64_t addr, uint64_t length)
{
	if (!page_aligned(addr) || !page_aligned(length) || !length)
		return -EINVAL;
	return addr >= MM_TASK_SIZE || length > MM_TASK_SIZE - addr ? -EINVAL : 0;
}

/* --- which VMAs ------------------------------------------------------------------------------------------------------ */

static uint64_t flags_of_mode(uint64_t mode)
{
	return (mode & VMALOCK_UFFD_MODE_MISSING ? VM_UFFD_MISSING : 0) |
	       (mode & VMALOCK_UFFD_MODE_WP ? VM_UFFD_WP : 0) | (mode & VMALOCK_UFFD_MODE_MINOR ? VM_UFFD_MINOR : 0);
}

/* Anonymous memory, shmem and memfd. Asynchronous write protection alone takes any memory. */
static bool can_userfault(const struct userfault_ctx *ctx, const struct vma *vma, uint64_t modes)
{
	bool async = (ctx->features & VMALOCK_UFFD_FEATURE_WP_ASYNC) && modes == VM_UFFD_WP;

	if (vma_flags(vma) & (async ? VM_DROPPABLE : VM_DROPPABLE | VM_PFNMAP))
		return false;
	if (vma_is_anonymous(vma))
		return !(modes & VM_UFFD_MINOR);
	return async || !vma->file || !file_is_written_back(vma->file);
}

static int check_to_register(const struct userfault_ctx *ctx, const struct vma *vma, uint64_t modes)
{
	if (!can_userfault(ctx, vma, modes))
		return -EINVAL;
	/* Who resolves a fault fills holes of the file. */
	if (!(vma_flags(vma) & VM_MAYWRITE))
		return -EPERM;
	return vma->userfault && vma->userfault != ctx ? -EBUSY : 0;
}

static int check_to_unregister(const struct userfault_ctx *ctx, const struct vma *vma)
{
	if (vma->userfault && vma->userfault != ctx)
		return -EINVAL;
	return can_userfault(ctx, vma, vma_flags(vma) & VM_UFFD_FLAGS) ? 0 : -EINVAL;
}

/* Nothing changes unless every VMA of the range is in order; one must be there. @modes 0: to unregister. */
static int check_vmas(const struct userfault_ctx *ctx, uint64_t start, uint64_t end, uint64_t modes)
{
	struct index_cursor cursor;
	struct index_entry entry;
	bool more = index_cursor_seek(&cursor, &ctx->mm->vmas, start, &entry);
	int err = -EINVAL;

	for (; more && entry.start < end; more = index_cursor_next(&cursor, &entry)) {
		err = modes ? check_to_register(ctx, entry.value, modes) : check_to_unregister(ctx, entry.value);
		if (err)
			return err;
	}
	return err;
}

/* --- register -------------------------------------------------------------------------------------------------------- */

static int register_part(struct userfault_ctx *ctx, struct vma **vma, uint64_t start, uint64_t end, uint64_t modes)
{
	uint64_t flags = (vma_flags(*vma) & ~VM_UFFD_FLAGS) | modes;
	int err;

	/* More than was asked for is enough. */
	if ((*vma)->userfault == ctx && (vma_flags(*vma) & modes) == modes)
		return 0;
	err = vma_modify_userfault(ctx->mm, *vma, start, end, flags, ctx, vma);
	if (!err)
		vma_set_userfault(*vma, ctx, modes);
	return err;
}

/* Write protection ends before the VMA is cut, as in Linux: it has ended, too, where the map limit then forbids the cut. */
static int unregister_part(struct mm *mm, struct vma **vma, uint64_t start, uint64_t end)
{
	struct userfault_ctx *ctx = (*vma)->userfault;
	uint64_t flags = vma_flags(*vma);
	int err;

	if (!ctx)
		return 0;
	mm_vma_write_lock(mm, *vma);
	if (flags & VM_UFFD_WP)
		pt_uffd_unprotect(&mm->pt, start, end);
	err = vma_modify_userfault(mm, *vma, start, end, flags & ~VM_UFFD_FLAGS, NULL, vma);
	if (err)
		return err;
	vma_set_userfault(*vma, NULL, 0);
	syncpoint("userfault-unregistered");
	userfault_wake(ctx, start, end);
	return 0;
}

/* Every VMA of the range in turn; holes are stepped over. @modes 0: unregisters. */
static int change_vmas(struct userfault_ctx *ctx, uint64_t start, uint64_t end, uint64_t modes)
{
	struct vma *vma = mm_find(ctx->mm, start);

	while (vma && vma_start(vma) < end) {
		uint64_t first = max_u64(vma_start(vma), start), last = min_u64(vma_end(vma), end);
		int err = modes ? register_part(ctx, &vma, first, last, modes)
				: unregister_part(ctx->mm, &vma, first, last);

		if (err)
			return err;
		vma = mm_find(ctx->mm, vma_end(vma));
	}
	return 0;
}

static int change(struct userfault_ctx *ctx, uint64_t addr, uint64_t length, uint64_t modes)
{
	int err = userfault_check_range(addr, length);

	if (err)
		return err;
	mmap_write_lock(ctx->mm);
	err = userfault_is_closed(ctx) ? -EBADF : check_vmas(ctx, addr, addr + length, modes);
	if (!err)
		err = change_vmas(ctx, addr, addr + length, modes);
	mmap_write_unlock(ctx->mm);
	return err;
}

int op_userfault_register(struct userfault_ctx *ctx, uint64_t addr, uint64_t length, uint64_t mode)
{
	if (!mode || (mode & ~(uint64_t)MODES))
		return -EINVAL;
	return change(ctx, addr, length, flags_of_mode(mode));
}

int op_userfault_unregister(struct userfault_ctx *ctx, uint64_t addr, uint64_t length)
{
	return change(ctx, addr, length, 0);
}

/* --- close ----------------------------------------------------------------------------------------------------------- */

/* Joined with its neighbours where there is memory for that; it loses the context in any case. */
static struct vma *forget(struct mm *mm, struct vma *vma)
{
	int err;

	mm_vma_write_lock(mm, vma);
	if (vma_flags(vma) & VM_UFFD_WP)
		pt_uffd_unprotect(&mm->pt, vma_start(vma), vma_end(vma));
	/* A whole VMA is never cut, so that there is nothing here to fail: without memory it does not merge. */
	err = vma_modify_userfault(mm, vma, vma_start(vma), vma_end(vma), vma_flags(vma) & ~VM_UFFD_FLAGS, NULL, &vma);
	check(err == 0);
	(void)err;
	vma_set_userfault(vma, NULL, 0);
	return vma;
}

void op_userfault_close(struct userfault_ctx *ctx)
{
	struct mm *mm = ctx->mm;
	struct userfault_notices left;
	struct vma *vma;

	mmap_write_lock(mm);
	for (vma = mm_find(mm, 0); vma; vma = mm_find(mm, vma_end(vma)))
		if (vma->userfault == ctx)
			vma = forget(mm, vma);
	syncpoint("userfault-forgotten");
	userfault_shut(ctx, &left.first, &left.last);
	mmap_write_unlock(mm);
	notices_discard(&left);
}

/* As Linux has it: the mappings stay apart, and protection in their tables means nothing then. */
struct userfault_notices op_userfault_abandon(struct userfault_ctx *ctx)
{
	struct mm *mm = ctx->mm;
	struct userfault_notices left;

	mmap_write_lock(mm);
	for (struct vma *vma = mm_find(mm, 0); vma; vma = mm_find(mm, vma_end(vma))) {
		if (vma->userfault != ctx)
			continue;
		mm_vma_write_lock(mm, vma);
		vma_set_userfault(vma, NULL, 0);
	}
	userfault_shut(ctx, &left.first, &left.last);
	mmap_write_unlock(mm);
	userfault_put(ctx);
	return left;
}

/* --- write protection ------------------------------------------------------------------------------------------------ */

/* Of private anonymous memory only pages that are there, unless the context asked for more. */
static bool wants_markers(const struct userfault_ctx *ctx, const struct vma *vma)
{
	return !vma_is_anonymous(vma) || (ctx->features & VMALOCK_UFFD_FEATURE_WP_UNPOPULATED);
}

static int protect(struct mm *mm, const struct vma *vma, uint64_t start, uint64_t end)
{
	int err;

	mm_invalidate_start(mm, start, end, VMALOCK_INVALIDATE_PROTECT);
	err = pt_uffd_protect(&mm->pt, start, end, wants_markers(vma->userfault, vma));
	mm_invalidate_end(mm, start, end, VMALOCK_INVALIDATE_PROTECT);
	return err;
}

static int protect_vmas(struct mm *mm, uint64_t start, uint64_t end, bool on)
{
	struct vma *vma = mm_find(mm, start);
	int err = -ENOENT;

	for (; vma && vma_start(vma) < end; vma = mm_find(mm, vma_end(vma))) {
		uint64_t first = max_u64(vma_start(vma), start), last = min_u64(vma_end(vma), end);

		if (!(vma_flags(vma) & VM_UFFD_WP))
			return -ENOENT;
		err = 0;
		if (on)
			err = protect(mm, vma, first, last);
		else
			pt_uffd_unprotect(&mm->pt, first, last);
		if (err)
			return err;
	}
	return err;
}

int op_userfault_protect(struct userfault_ctx *ctx, uint64_t addr, uint64_t length, uint64_t mode)
{
	bool on = mode & VMALOCK_UFFD_WRITEPROTECT_WP, wakes = !(mode & VMALOCK_UFFD_WRITEPROTECT_DONTWAKE);
	int err = userfault_is_changing(ctx) ? -EAGAIN : userfault_check_range(addr, length);

	if (err)
		return err;
	if ((mode & ~(uint64_t)(VMALOCK_UFFD_WRITEPROTECT_WP | VMALOCK_UFFD_WRITEPROTECT_DONTWAKE)) || (on && !wakes))
		return -EINVAL;
	syncpoint("uffd-protect-begins");
	mmap_read_lock(ctx->mm);
	err = userfault_is_closed(ctx) ? -EBADF : userfault_fill_begin(ctx);
	if (!err) {
		err = protect_vmas(ctx->mm, addr, addr + length, on);
		userfault_fill_end(ctx);
	}
	mmap_read_unlock(ctx->mm);
	if (!err && !on && wakes)
		userfault_wake(ctx, addr, addr + length);
	return err;
}
