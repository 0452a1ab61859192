/*
 * ops/remap.c - mremap(2) as Linux has it since 6.17: first every check, then the change
 *
 *   in place    the mapping keeps its address: nothing, or its tail goes, or it grows where nothing is in the way
 *   a move      a copy of the VMA at the new place (joined with its neighbours there), the page table entries moved over,
 *               the old place unmapped, or with DONTUNMAP left empty
 *   many        with MREMAP_FIXED and equal lengths a range may span several mappings: each is moved in turn, the
 *               holes between them kept
 *
 * Locks       mmap_lock for writing throughout. A move write-locks the source before it copies anything from it;
 *             the destination is born locked or was locked as a merge candidate: a fault in either waits for the whole
 *             move (RFC patch 12).
 */
#include "ops/remap.h"

#include <errno.h>

#include "base/check.h"
#include "mm/account.h"
#include "mm/mmap_lock.h"
#include "mm/observer.h"
#include "ops/merge.h"
#include "ops/place.h"
#include "ops/remap_move.h"
#include "ops/seal.h"
#include "ops/split.h"
#include "ops/unmap.h"
#include "policy/policy.h"
#include "sync/syncpoint.h"

#define KNOWN_FLAGS (VMALOCK_MREMAP_MAYMOVE | VMALOCK_MREMAP_FIXED | VMALOCK_MREMAP_DONTUNMAP)

static bool names_new_addr(const struct remap *r)
{
	return r->flags & (VMALOCK_MREMAP_FIXED | VMALOCK_MREMAP_DONTUNMAP);
}

static bool grows(const struct remap *r)
{
	return r->new_length > r->old_length;
}

static bool shrinks(const struct remap *r)
{
	return r->new_length < r->old_length;
}

/* --- checks -------------------------------------------------------------------------------------------------------- */

static int check_arguments(const struct remap *r)
{
	if ((r->flags & ~KNOWN_FLAGS) || !page_aligned(r->addr) || !r->new_length || r->new_length > MM_TASK_SIZE)
		return -EINVAL;
	if (!names_new_addr(r))
		return 0;
	if (r->new_addr > MM_TASK_SIZE - r->new_length || !page_aligned(r->new_addr))
		return -EINVAL;
	if (!(r->flags & VMALOCK_MREMAP_MAYMOVE))
		return -EINVAL;
	if ((r->flags & VMALOCK_MREMAP_DONTUNMAP) && r->old_length != r->new_length)
		return -EINVAL;
	if (r->addr + r->old_length > r->new_addr && r->new_addr + r->new_length > r->addr)
		return -EINVAL;
	return 0;
}

static int check_growth(const struct remap *r)
{
	uint64_t pgoff = vma_index_at(r->vma, r->addr);
	uint64_t flags = vma_flags(r->vma);

	if (pgoff + (r->new_length >> PAGE_SHIFT) < pgoff)
		return -EINVAL;
	if (flags & VM_SPECIAL)
		return -EFAULT;
	if (!mm_may_lock(r->mm, flags, remap_pages_more(r)))
		return -EAGAIN;
	return mm_may_expand(r->mm, flags, remap_pages_more(r)) ? 0 : -ENOMEM;
}

static int check_vma(struct remap *r)
{
	uint64_t flags, kept = shrinks(r) ? r->new_length : r->old_length;

	if (!r->vma)
		return -EFAULT;
	if (vma_is_sealed(r->vma)) /* even where nothing would change */
		return -EPERM;
	flags = vma_flags(r->vma);
	if (!grows(r) && !names_new_addr(r))
		return 0;
	/* A length of 0 makes a second mapping of shared memory; for private memory it means nothing. */
	if (!r->old_length && !(flags & (VM_SHARED | VM_MAYSHARE)))
		return -EINVAL;
	if ((r->flags & VMALOCK_MREMAP_DONTUNMAP) && (flags & VM_SPECIAL))
		return -EINVAL;
	if (kept > vma_end(r->vma) - r->addr)
		return -EFAULT;
	return grows(r) ? check_growth(r) : 0;
}

/* --- in place ------------------------------------------------------------------------------------------------------ */

static bool may_grow_in_place(const struct remap *r)
{
	uint64_t end = vma_end(r->vma), new_end = end + (r->new_length - r->old_length);

	if (r->addr + r->old_length != end || new_end < end || new_end > MM_TASK_SIZE)
		return false;
	return !mm_range_is_mapped(r->mm, end, new_end);
}

/* The new part merges with its own VMA before it, and perhaps with the one after: anything else is a failure. */
static int grow_in_place(const struct remap *r)
{
	struct vma *vma = r->vma;
	struct merge merge;

	if (!remap_may_charge(r))
		return -ENOMEM;
	mm_vma_write_lock(r->mm, vma);
	merge = merge_like(r->mm, vma);
	merge.start = vma_end(vma);
	merge.end = vma_end(vma) + (r->new_length - r->old_length);
	merge.pgoff = vma_pgoff_end(vma);
	if (!vma_merge_new(&merge))
		return -ENOMEM;
	mm_account(r->mm, merge.flags, (int64_t)remap_pages_more(r));
	return 0;
}

/* --- to another place ----------------------------------------------------------------------------------------------- */

/* The tail goes. Its end comes from an old length that nobody has looked at: Linux leaves that to munmap's checks. */
static int cut_tail(const struct remap *r)
{
	uint64_t start = r->addr + r->new_length, length = r->old_length - r->new_length;

	return start > MM_TASK_SIZE || length > MM_TASK_SIZE - start
		       ? -EINVAL
		       : unmap_range(r->mm, start, start + length, &r->notices->after);
}

static int choose_new_addr(struct remap *r)
{
	struct place where = {
		.addr = names_new_addr(r) ? r->new_addr : 0,
		.length = r->new_length,
		.fixed = r->flags & VMALOCK_MREMAP_FIXED,
		.alignment = place_alignment(r->vma->file),
		.offset = vma_index_at(r->vma, r->addr) << PAGE_SHIFT,
	};

	return mm_place(r->mm, &where, &r->new_addr);
}

/* MREMAP_FIXED or MREMAP_DONTUNMAP. */
static int move_to(struct remap *r)
{
	struct mm *mm = r->mm;
	int err;

	if (r->flags & VMALOCK_MREMAP_FIXED) {
		err = unmap_range(mm, r->new_addr, r->new_addr + r->new_length, &r->notices->before);
		if (err)
			return err;
		r->vma = mm_lookup(mm, r->addr); /* the unmapping may have cut it */
		if (!r->vma)
			return -EFAULT;
	}
	if (shrinks(r)) {
		err = cut_tail(r);
		if (err)
			return err;
		r->old_length = r->new_length;
		r->vma = mm_lookup(mm, r->addr);
	}
	if ((r->flags & VMALOCK_MREMAP_DONTUNMAP) && !mm_may_expand(mm, vma_flags(r->vma), r->old_length >> PAGE_SHIFT))
		return -ENOMEM;
	err = choose_new_addr(r);
	return err ? err : remap_move(r);
}

/* --- the whole ----------------------------------------------------------------------------------------------------- */

static int remap_one(struct remap *r)
{
	int err;

	r->vma = mm_lookup(r->mm, r->addr);
	err = check_vma(r);
	if (err)
		return err;
	if (names_new_addr(r))
		return move_to(r);
	r->new_addr = r->addr;
	if (shrinks(r))
		return cut_tail(r);
	if (!grows(r))
		return 0;
	if (may_grow_in_place(r))
		return grow_in_place(r);
	if (!(r->flags & VMALOCK_MREMAP_MAYMOVE))
		return -ENOMEM;
	err = choose_new_addr(r);
	return err ? err : remap_move(r);
}

/* Linux lets go of mmap_lock to tell a userfaultfd of a move, and would be amid the others then. */
static bool may_move_with_others(const struct vma *vma, bool others)
{
	return !others || !vma->userfault;
}

/* Every mapping of the range moves to the same distance from the new address as it had from the old. */
static int move_many(struct remap *range)
{
	uint64_t start = range->addr, end = start + range->old_length, at = start;
	struct vma *vma = mm_find(range->mm, start);

	if (!vma || vma_start(vma) > start)
		return -EFAULT;
	while (vma && vma_start(vma) < end) {
		struct remap part = *range;
		int err;

		/* With DONTUNMAP the source stays: what comes next begins where this part ended, not where its VMA does. */
		part.addr = max_u64(vma_start(vma), at);
		if (!may_move_with_others(vma, part.addr > start || vma_end(vma) < end))
			return -EFAULT;
		at = min_u64(vma_end(vma), end);
		part.old_length = part.new_length = at - part.addr;
		part.new_addr = range->new_addr + (part.addr - start);
		err = remap_one(&part);
		if (err)
			return err;
		vma = at < end ? mm_find(range->mm, at) : NULL;
	}
	return 0;
}

static bool moves_only(const struct remap *r)
{
	return (r->flags & VMALOCK_MREMAP_FIXED) && r->old_length == r->new_length;
}

static int remap_locked(struct remap *r, struct populate *populate)
{
	struct vma *vma;
	int err;

	if (names_new_addr(r) && r->mm->map_count + 5 >= r->mm->limits.map_count)
		return -ENOMEM;
	err = moves_only(r) ? move_many(r) : remap_one(r);
	if (err || !grows(r))
		return err;
	vma = mm_lookup(r->mm, r->new_addr);
	if (vma && (vma_flags(vma) & VM_LOCKED))
		*populate =
			(struct populate){ .start = r->new_addr + r->old_length, .end = r->new_addr + r->new_length };
	return 0;
}

/* As Linux: what was unmapped is told also when the request then failed. */
static void tell(struct remap_notices *notices, bool failed)
{
	notices_tell(&notices->before);
	if (failed)
		notices_withdraw(&notices->move);
	else
		notices_tell(&notices->move);
	notices_tell(&notices->after);
}

int op_mremap(struct mm *mm, const struct remap_request *request, uint64_t *out, struct populate *populate)
{
	struct remap_notices notices = { 0 };
	struct remap r = {
		.mm = mm,
		.addr = request->addr,
		.old_length = page_up(request->old_length),
		.new_length = page_up(request->new_length),
		.new_addr = request->new_addr,
		.flags = request->flags,
		.notices = &notices,
	};
	int err = check_arguments(&r);

	if (err)
		return err;
	*populate = (struct populate){ 0 };
	mmap_write_lock(mm);
	err = remap_locked(&r, populate);
	mmap_write_unlock(mm);
	tell(&notices, err != 0);
	if (!err)
		*out = r.new_addr;
	return err;
}
