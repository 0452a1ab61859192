#include "ops/remap_move.h"

#include <errno.h>

#include "base/check.h"
#include "mm/account.h"
#include "mm/mmap_lock.h"
#include "mm/observer.h"
#include "ops/merge.h"
#include "ops/split.h"
#include "ops/unmap.h"
#include "policy/policy.h"
#include "sync/syncpoint.h"

/* Splits at both ends of source and destination, and the copy: Linux wants that much room below the map limit. */
static bool map_count_allows_move(const struct mm *mm)
{
	return mm->map_count + 3 < mm->limits.map_count;
}

bool remap_may_charge(const struct remap *r)
{
	bool leaves = r->flags & VMALOCK_MREMAP_DONTUNMAP;

	return !(vma_flags(r->vma) & VM_ACCOUNT) ||
	       mm_may_commit(r->mm, leaves ? r->new_length >> PAGE_SHIFT : remap_pages_more(r));
}

/* Where the copy's pages belong: an anonymous mapping never written takes on the offset of its new place. */
static uint64_t pgoff_of_copy(const struct remap *r)
{
	if (vma_is_anonymous(r->vma) && !vma_anon(r->vma))
		return r->new_addr >> PAGE_SHIFT;
	return vma_index_at(r->vma, r->addr);
}

static struct vma *store_copy(const struct remap *r, const struct merge *m)
{
	struct vma *copy = vma_create(&r->mm->domain, m->start, m->end, m->pgoff, m->flags, m->file);
	struct index_entry entry = { m->start, m->end, copy };

	if (!copy)
		return NULL;
	if (index_reserve(&r->mm->vmas, 1)) {
		vma_discard(copy);
		return NULL;
	}
	vma_dup_holdings(copy, r->vma);
	vma_attach(copy);
	index_replace(&r->mm->vmas, entry.start, entry.end, &entry, 1);
	r->mm->map_count++;
	return copy;
}

/*
 * The VMA at the new place, joined with its neighbours there if they are equal. One of them may be the source itself:
 * then the source grows over both, and is cut again when the old place is unmapped.
 */
static struct vma *make_copy(const struct remap *r)
{
	struct merge merge = merge_like(r->mm, r->vma);
	struct vma *merged;

	merge.start = r->new_addr;
	merge.end = r->new_addr + r->new_length;
	merge.pgoff = pgoff_of_copy(r);
	merged = vma_merge_new(&merge);
	return merged ? merged : store_copy(r, &merge);
}

/*
 * The old place loses its mapping. What it had charged moves with it: the copy was accounted in full, so that the
 * unmapping may take off the source's share.
 */
static int leave_old_place(const struct remap *r)
{
	return r->old_length ? unmap_range(r->mm, r->addr, r->addr + r->old_length, &r->notices->after) : 0;
}

/* Linux clears the flag alone: the pages count as locked until the process ends. */
static void forget_to_unlock(struct mm *mm, uint64_t flags, uint64_t pages)
{
	if (!(flags & VM_LOCKED))
		return;
	mm->locked_pages += pages;
	mm->forgotten_locked_pages += pages;
}

/*
 * MREMAP_DONTUNMAP: the old place stays, empty and "not faulted", no longer locked. What covers it is the source, write-locked from the
 * start, or what the source merged with, which was as well.
 */
static void empty_old_place(const struct remap *r, struct vma *copy)
{
	struct vma *vma = mm_lookup(r->mm, r->addr);
	uint64_t flags = vma_flags(vma), cleared = flags & ~(VM_LOCKED | VM_LOCKONFAULT);

	if (flags != cleared) {
		mm_account(r->mm, flags, -(int64_t)vma_pages(vma));
		mm_account(r->mm, cleared, (int64_t)vma_pages(vma));
		forget_to_unlock(r->mm, flags, vma_pages(vma));
		vma_set_flags(vma, cleared);
	}
	if (vma != copy && vma_start(vma) == r->addr && vma_end(vma) == r->addr + r->old_length && vma_anon(vma))
		vma_drop_anon(vma);
}

/*
 * Nobody is told of the move, so that what has moved is registered with no userfaultfd any more. As in Linux the whole VMA at the
 * new place is not, also the part of it that was there before and merged with what came.
 */
static void leave_userfault(struct vma *copy)
{
	vma_set_userfault(copy, NULL, 0);
}

/* Is the move told, so that the new place is registered, too, and what was protected stays so? */
static bool stays_registered(const struct vma *vma)
{
	return vma->userfault && (vma->userfault->features & VMALOCK_UFFD_FEATURE_EVENT_REMAP);
}

static void move_pages(const struct remap *r, bool leaves)
{
	struct pt *pt = &r->mm->pt;

	if (!leaves) {
		pt_move(pt, r->addr, r->new_addr, r->old_length);
		return;
	}
	pt_uffd_unprotect(pt, r->addr, r->addr + r->old_length);
	pt_move_entries(pt, r->addr, r->new_addr, r->old_length);
}

/*
 * Memory for the copy's store, and for cutting the source out afterwards: two splits and a store.
 */
static int reserve_move(const struct remap *r)
{
	int err = split_reserve(r->mm, 2);

	if (!err)
		err = index_reserve(&r->mm->vmas, 4);
	return err ? err : pt_move_reserve(&r->mm->pt, r->addr, r->new_addr, r->old_length);
}

/* @source: that the old place is unmapped, which no longer can fail when it comes to that. */
static int announce(const struct remap *r, struct userfault_notices *source)
{
	int err = notices_add_remap(&r->notices->move, r->vma, r->addr, r->new_addr, r->old_length);

	if (err || !r->old_length || (r->flags & VMALOCK_MREMAP_DONTUNMAP))
		return err;
	return notices_add_unmap(source, r->vma, r->addr, r->addr + r->old_length);
}

static void move_entries(const struct remap *r, struct vma_file *file, bool leaves)
{
	struct mm *mm = r->mm;

	mm_invalidate_start(mm, r->addr, r->addr + r->old_length, VMALOCK_INVALIDATE_MOVE);
	vma_file_lock_mappings(file); /* a truncation sees each entry at the old place or at the new */
	move_pages(r, leaves);
	vma_file_unlock_mappings(file);
	mm_invalidate_end(mm, r->addr, r->addr + r->old_length, VMALOCK_INVALIDATE_MOVE);
}

/* Where the source merged with its copy, and that is registered no more, the old place is neither. */
static void keep_if_registered(const struct remap *r, struct userfault_notices *source)
{
	const struct vma *vma = mm_lookup(r->mm, r->addr);

	if (vma && vma->userfault)
		notices_append(&r->notices->after, source);
	else
		notices_withdraw(source);
}

/* What can fail comes first. */
int remap_move(const struct remap *r)
{
	struct mm *mm = r->mm;
	uint64_t flags = vma_flags(r->vma);
	bool leaves = r->vma->userfault && !stays_registered(r->vma);
	struct userfault_notices source = { 0 };
	struct vma *copy;
	int err;

	if (!map_count_allows_move(mm) || !remap_may_charge(r))
		return -ENOMEM;
	mm_vma_write_lock(mm, r->vma);
	err = announce(r, &source);
	if (!err)
		err = reserve_move(r);
	copy = err ? NULL : make_copy(r);
	if (!copy) {
		notices_withdraw(&source);
		return -ENOMEM;
	}
	syncpoint("remap-copied");
	move_entries(r, copy->file, leaves);
	if (leaves)
		leave_userfault(copy);
	keep_if_registered(r, &source);
	mm_account(mm, flags, (int64_t)(r->new_length >> PAGE_SHIFT));
	if (r->flags & VMALOCK_MREMAP_DONTUNMAP)
		empty_old_place(r, copy);
	else
		err = leave_old_place(r);
	return err;
}
