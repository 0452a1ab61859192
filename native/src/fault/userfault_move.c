/*
 * fault/userfault_move.c - UFFDIO_MOVE: pages of private anonymous memory go to another place of the same space
 *
 * No byte is copied: who keeps spare memory beside a registered range hands over pages instead of bytes.
 *
 * Locks    two VMAs, held still as by faults: each by its own lock, or both by mmap_lock for reading. (Eras here have 6.10 for
 *          6.9, which brought the former.) Then both tables' for each page.
 * No deadlock. Who holds one VMA must not wait for another: a writer may have marked the other one and wait, in the same section, until
 *          this one's readers are out. So the second lock is only tried, under every policy (policy->try_read()), and when it is not to
 *          be had the first is let go before mmap_lock is waited for. Which of the two is first does not matter, then.
 * Linux    mm/userfaultfd.c, uffd_move_lock(), validate_move_areas(), move_pages().
 */
#include "fault/userfault.h"

#include <errno.h>

#include "fault/fault.h"
#include "mm/anon.h"
#include "mm/mmap_lock.h"
#include "mm/observer.h"
#include "ops/userfault_register.h"
#include "policy/policy.h"
#include "sync/syncpoint.h"

/* --- two VMAs -------------------------------------------------------------------------------------------------------- */

struct hold {
	struct vma *to, *from; /* they may be one */
	bool fast;             /* by the policy's means; else by mmap_lock for reading */
};

static void let_go(struct mm *mm, const struct hold *hold)
{
	if (!hold->fast) {
		mmap_read_unlock(mm);
		return;
	}
	mm->policy->end_read(mm, hold->to);
	if (hold->from != hold->to)
		mm->policy->end_read(mm, hold->from);
}

static bool covers(const struct vma *vma, uint64_t addr)
{
	return addr >= vma_start(vma) && addr < vma_end(vma);
}

/* The other one, while hold->to is held. */
static bool try_second(struct mm *mm, uint64_t from, struct hold *hold)
{
	hold->from = hold->to;
	return covers(hold->to, from) || mm->policy->try_read(mm, from, &hold->from) == POLICY_LOCKED;
}

/* An anon is made under mmap_lock only. */
static bool hold_fast(struct mm *mm, const struct userfault_move *move, struct hold *hold)
{
	if (mm->era < VMALOCK_FAULTS_LINUX_6_10 || !mm->policy->start_read)
		return false;
	if (mm->policy->start_read(mm, move->to, &hold->to) != POLICY_LOCKED)
		return false;
	syncpoint("uffd-move-holds-one");
	hold->fast = true;
	if (!mm_anon_is_due(hold->to) && try_second(mm, move->from, hold))
		return true;
	mm->policy->end_read(mm, hold->to);
	return false;
}

static int find_both(struct mm *mm, const struct userfault_move *move, struct hold *hold)
{
	int err;

	hold->to = mm_lookup(mm, move->to);
	if (!hold->to)
		return -ENOENT;
	err = mm_anon_is_due(hold->to) ? mm_anon_prepare(mm, hold->to) : 0;
	if (err)
		return err;
	hold->from = mm_lookup(mm, move->from);
	return hold->from ? 0 : -ENOENT;
}

static int hold_slowly(struct mm *mm, const struct userfault_move *move, struct hold *hold)
{
	int err;

	hold->fast = false;
	mmap_read_lock(mm);
	err = find_both(mm, move, hold);
	if (err)
		mmap_read_unlock(mm);
	return err;
}

/* --- may they? ------------------------------------------------------------------------------------------------------- */

static bool reaches(const struct vma *vma, uint64_t addr, uint64_t length)
{
	return !(vma_flags(vma) & VM_SHARED) && addr + length <= vma_end(vma);
}

static int check_vmas(const struct userfault_ctx *ctx, const struct userfault_move *move, const struct hold *hold)
{
	uint64_t to = vma_flags(hold->to), from = vma_flags(hold->from);
	uint64_t alike = VM_ACCESS_FLAGS | VM_LOCKED;

	if (!reaches(hold->from, move->from, move->length) || !reaches(hold->to, move->to, move->length))
		return -EINVAL;
	if ((to & alike) != (from & alike) || !(from & VM_WRITE) || ((to | from) & VM_PFNMAP))
		return -EINVAL;
	if (hold->to->userfault != ctx)
		return -EINVAL;
	return vma_is_anonymous(hold->from) && vma_is_anonymous(hold->to) ? 0 : -EINVAL;
}

/* --- the whole ------------------------------------------------------------------------------------------------------- */

static int move_held(struct mm *mm, const struct userfault_move *move, uint64_t *done)
{
	int err = 0;

	while (*done < move->length && !err) {
		struct pt_uffd_move m = {
			.from = move->from + *done,
			.to = move->to + *done,
			.length = move->length - *done,
			.holes = move->mode & VMALOCK_UFFD_MOVE_ALLOW_SRC_HOLES,
		};
		uint64_t step = 0;

		err = pt_uffd_move(&mm->pt, &m, &step);
		*done += err ? 0 : step;
	}
	return err;
}

static int move_pages(struct userfault_ctx *ctx, const struct userfault_move *move, uint64_t *done)
{
	struct mm *mm = ctx->mm;
	struct hold hold;
	int err = hold_fast(mm, move, &hold) ? 0 : hold_slowly(mm, move, &hold);

	if (err)
		return err;
	err = userfault_fill_begin(ctx);
	if (err) {
		let_go(mm, &hold);
		return err;
	}
	err = check_vmas(ctx, move, &hold);
	if (!err) {
		mm_invalidate_start(mm, move->from, move->from + move->length, VMALOCK_INVALIDATE_CLEAR);
		err = move_held(mm, move, done);
		mm_invalidate_end(mm, move->from, move->from + move->length, VMALOCK_INVALIDATE_CLEAR);
	}
	userfault_fill_end(ctx);
	let_go(mm, &hold);
	return err;
}

int userfault_move(struct userfault_ctx *ctx, const struct userfault_move *move, uint64_t *done)
{
	int err = userfault_is_changing(ctx) ? -EAGAIN : userfault_check_range(move->to, move->length);

	*done = 0;
	if (!err)
		err = userfault_check_range(move->from, move->length);
	if (err)
		return err;
	if (move->mode & ~(VMALOCK_UFFD_MOVE_DONTWAKE | VMALOCK_UFFD_MOVE_ALLOW_SRC_HOLES))
		return -EINVAL;
	if (userfault_is_closed(ctx))
		return -EBADF;
	syncpoint("uffd-move-begins");
	err = move_pages(ctx, move, done);
	if (*done && !(move->mode & VMALOCK_UFFD_MOVE_DONTWAKE))
		userfault_wake(ctx, move->to, move->to + *done);
	return err && *done ? -EAGAIN : err;
}
