#include "ops/unmap.h"

#include <errno.h>

#include "base/check.h"
#include "mm/account.h"
#include "mm/mmap_lock.h"
#include "mm/observer.h"
#include "ops/seal.h"
#include "ops/split.h"
#include "policy/policy.h"
#include "sync/syncpoint.h"

/*
 * Up to the first mapping that is sealed: what lies before it is told to userfaultfds although it stays, as Linux does, which finds the
 * seal on the same way.
 */
static int announce(struct mm *mm, uint64_t start, uint64_t end, struct userfault_notices *notices)
{
	int err = 0;

	for (struct vma *vma = mm_find(mm, start); vma && vma_start(vma) < end && !err; vma = mm_find(mm, vma_end(vma)))
		err = vma_is_sealed(vma) ? -EPERM : notices_add_unmap(notices, vma, start, end);
	return err;
}

/*
 * Cuts the VMAs at both ends. Linux asks the map limit only when a hole is punched into one VMA: then there will be
 * one more for good. A seal further on is found when the start has been cut, and that cut stays.
 */
static int split_ends(struct mm *mm, uint64_t start, uint64_t end, struct userfault_notices *notices)
{
	struct vma *vma = mm_lookup(mm, start);
	int err;

	if (vma && vma_start(vma) < start) {
		if (end < vma_end(vma) && mm->map_count >= mm->limits.map_count)
			return -ENOMEM;
		if (vma_is_sealed(vma))
			return -EPERM;
		err = vma_split(mm, vma, start, NULL);
		if (err)
			return err;
	}
	err = announce(mm, start, end, notices);
	if (err)
		return err;
	vma = mm_lookup(mm, end - 1);
	return vma && vma_end(vma) > end ? vma_split(mm, vma, end, NULL) : 0;
}

static void take(struct mm *mm, struct unmapping *u, struct vma *vma)
{
	mm_vma_write_lock(mm, vma);
	vma->rcu.next = u->first;
	u->first = &vma->rcu;
	u->count++;
	u->pages += vma_pages(vma);
	u->accounted_pages += vma_flags(vma) & VM_ACCOUNT ? vma_pages(vma) : 0;
}

static void look_around(struct mm *mm, struct unmapping *u)
{
	struct vma *prev = mm_prev(mm, u->start), *next = mm_find(mm, u->end);

	u->floor = prev ? vma_end(prev) : 0;
	u->ceiling = next ? vma_start(next) : MM_TASK_SIZE + PAGE_SIZE;
	if (next && (vma_flags(next) & VM_GROWSDOWN)) {
		mm_vma_write_lock(mm, next);
		u->neighbour_grows = true;
	}
}

int unmap_prepare(struct mm *mm, uint64_t start, uint64_t end, struct unmapping *u, struct userfault_notices *notices)
{
	struct index_cursor cursor;
	struct index_entry entry;
	bool more;
	int err;

	mmap_assert_write_locked(mm);
	check(start < end && page_aligned(start | end));
	*u = (struct unmapping){ .start = start, .end = end };
	err = split_ends(mm, start, end, notices);
	if (err)
		return err;
	more = index_cursor_seek(&cursor, &mm->vmas, start, &entry);
	for (; more && entry.start < end; more = index_cursor_next(&cursor, &entry))
		take(mm, u, entry.value);
	if (u->count)
		look_around(mm, u);
	return 0;
}

void unmap_detach(struct mm *mm, struct unmapping *u)
{
	for (struct rcu_node *node = u->first; node; node = node->next) {
		struct vma *vma = container_of(node, struct vma, rcu);

		vma_detach(vma);
		mm_account(mm, vma_flags(vma), -(int64_t)vma_pages(vma));
	}
	mm->map_count -= u->count;
}

void unmap_pages(struct mm *mm, struct unmapping *u)
{
	if (!u->pages)
		return;
	mmap_assert_locked(mm); /* nobody maps anything there before it is over */
	syncpoint("unmap-pages");
	mm_invalidate_start(mm, u->start, u->end, VMALOCK_INVALIDATE_UNMAP);
	pt_zap(&mm->pt, u->start, u->end);
	mm_invalidate_end(mm, u->start, u->end, VMALOCK_INVALIDATE_UNMAP);
	pt_free_tables_near(&mm->pt, u->start, u->end, u->floor, u->ceiling);
}

void unmap_finish(struct mm *mm, struct unmapping *u)
{
	struct rcu_node *next;

	mmap_assert_locked(mm); /* which guards the batch */
	for (struct rcu_node *node = u->first; node; node = next) {
		next = node->next;
		vma_retire(container_of(node, struct vma, rcu), &mm->retired_vmas);
	}
	u->first = NULL;
}

/* Is [@start, @end) one end of @vma, and not all of it? */
static bool is_one_end(const struct vma *vma, uint64_t start, uint64_t end)
{
	return (vma_start(vma) == start && end < vma_end(vma)) || (vma_start(vma) < start && end == vma_end(vma));
}

/*
 * The range is one end of a VMA, which shrinks where it stands. To split it first, as any other, would cost a VMA and
 * two nodes that live until the next grace period.
 */
static int trim(struct mm *mm, struct vma *vma, struct unmapping *u)
{
	uint64_t start = vma_start(vma), end = vma_end(vma), pages = (u->end - u->start) >> PAGE_SHIFT;
	bool head = u->start == start;
	struct index_entry rest = { head ? u->end : start, head ? end : u->start, vma };
	int err;

	mm_vma_write_lock(mm, vma);
	err = index_reserve(&mm->vmas, 1);
	if (err)
		return err;
	pt_huge_split_inside(&mm->pt, head ? u->end : u->start);
	vma_set_range(vma, rest.start, rest.end, vma->pgoff + (head ? pages : 0));
	index_replace(&mm->vmas, start, end, &rest, 1);
	mm_account(mm, vma_flags(vma), -(int64_t)pages);
	u->pages = pages;
	look_around(mm, u);
	syncpoint("unmap-stored");
	return 0;
}

/* Up to and including the store. */
static int take_out(struct mm *mm, uint64_t start, uint64_t end, struct unmapping *u, struct userfault_notices *notices)
{
	struct vma *vma = mm_lookup(mm, start);
	int err;

	if (vma && is_one_end(vma, start, end)) {
		err = announce(mm, start, end, notices);
		if (err)
			return err;
		*u = (struct unmapping){ .start = start, .end = end };
		return trim(mm, vma, u);
	}
	err = unmap_prepare(mm, start, end, u, notices);
	if (err || !u->count)
		return err;
	err = index_reserve(&mm->vmas, 1);
	if (err)
		return err;
	unmap_detach(mm, u);
	index_replace(&mm->vmas, start, end, NULL, 0);
	syncpoint("unmap-stored");
	return 0;
}

int unmap_range(struct mm *mm, uint64_t start, uint64_t end, struct userfault_notices *notices)
{
	struct unmapping u;
	int err = take_out(mm, start, end, &u, notices);

	if (err)
		return err;
	unmap_pages(mm, &u);
	unmap_finish(mm, &u);
	return 0;
}

int unmap_all(struct mm *mm)
{
	struct unmapping u = { .end = MM_TASK_SIZE, .ceiling = MM_TASK_SIZE + PAGE_SIZE };
	struct index_cursor cursor;
	struct index_entry entry;
	bool more;
	int err = index_reserve(&mm->vmas, 1);

	if (err)
		return err;
	more = index_cursor_seek(&cursor, &mm->vmas, 0, &entry);
	for (; more; more = index_cursor_next(&cursor, &entry))
		take(mm, &u, entry.value);
	if (!u.count)
		return 0;
	unmap_detach(mm, &u);
	index_replace(&mm->vmas, u.start, u.end, NULL, 0);
	unmap_pages(mm, &u);
	unmap_finish(mm, &u);
	return 0;
}

/* Takes mmap_lock, and lets go of it. */
static int unmap_locking(struct mm *mm, uint64_t start, uint64_t end, struct userfault_notices *notices)
{
	struct unmapping u;
	int err;

	mmap_write_lock(mm);
	err = take_out(mm, start, end, &u, notices);
	if (err || !u.pages || u.neighbour_grows) {
		if (!err) {
			unmap_pages(mm, &u);
			unmap_finish(mm, &u);
		}
		mmap_write_unlock(mm);
		return err;
	}
	/*
	 * Nothing is mapped there any more, no other writer can come before the gate opens, and no stack can grow into
	 * the hole: pages and tables go while faults elsewhere run. The batch of retired VMAs stays guarded by the gate.
	 */
	mmap_write_downgrade(mm);
	unmap_pages(mm, &u);
	unmap_finish(mm, &u);
	mmap_downgraded_unlock(mm);
	return 0;
}

int op_munmap(struct mm *mm, uint64_t addr, uint64_t length)
{
	uint64_t end = addr + page_up(length);
	struct userfault_notices notices = { 0 };
	int err;

	if (!page_aligned(addr) || addr > MM_TASK_SIZE || length > MM_TASK_SIZE - addr || end == addr)
		return -EINVAL;
	err = unmap_locking(mm, addr, end, &notices);
	notices_tell(&notices);
	return err;
}
