/*
 * fault/collapse.c - 2 MiB of small pages become a huge one
 *
 *   look, take a block, bring in what is out   mmap_lock for reading: the block comes from where the mapping's memory policy says
 *   lock, look again, copy, put it in place    mmap_lock for writing
 *
 * Locks    the VMA is write-locked before anything of it is looked at: neither its fields nor its page table says anything while
 *          faults are inside (RFC patch 8; forgotten in 6.4 to 6.16, docs/races.md, F8). And what the first look saw is gone with the lock
 *          that it was seen under.
 * Linux    mm/khugepaged.c: madvise_collapse(), hpage_collapse_scan_pmd(), collapse_huge_page().
 */
#include "fault/collapse.h"

#include <errno.h>

#include "fault/fault.h"
#include "fault/no_frame.h"
#include "mm/mempolicy.h"
#include "mm/mmap_lock.h"
#include "mm/observer.h"
#include "mm/thp.h"
#include "ops/advise.h"
#include "policy/policy.h"
#include "pt/file.h"
#include "pt/pte.h"
#include "sync/syncpoint.h"

/* What became of 2 MiB; Linux's SCAN_ results, as far as they differ in what follows. */
enum outcome {
	COLLAPSED,
	IS_HUGE,       /* already */
	UNFIT,         /* here it cannot be done: MADV_COLLAPSE goes on with the next, and fails in the end */
	ENDS_HERE,     /* as above, and MADV_COLLAPSE stops */
	NO_FREE_BLOCK, /* or no memory for what else it takes */
	NO_FRAME,      /* for a page that is out */
};

/* Who asks. */
struct collapse {
	struct mm *mm;
	const struct vmalock_khugepaged
		*limits; /* NULL: MADV_COLLAPSE, which has none, nor asks for the advice HUGEPAGE */
};

/* May a mapping of its kind have huge pages, now that somebody asks for them? Context: the VMA held still. */
static bool is_allowed(const struct collapse *c, const struct vma *vma)
{
	if (c->limits ? !thp_wanted(c->mm, vma) : thp_is_disabled(c->mm, true))
		return false;
	return !(vma_flags(vma) & (VM_NOHUGEPAGE | VM_SPECIAL));
}

static bool may_collapse(const struct collapse *c, const struct vma *vma)
{
	return is_allowed(c, vma) && vma_is_anonymous(vma) && vma_anon(vma);
}

/*
 * What is asked of a mapping before any 2 MiB of it: files of memory need only lie so that a huge page could be in both (none ever is, see
 * docs/differences.md), and files of a disk have none in Linux either, unless it was built with CONFIG_READ_ONLY_THP_FOR_FS.
 */
static bool may_hold_one(const struct collapse *c, const struct vma *vma)
{
	if (pt_huge_up(vma_start(vma)) >= pt_huge_down(vma_end(vma)))
		return false;
	if (vma_is_anonymous(vma))
		return may_collapse(c, vma);
	return is_allowed(c, vma) && !file_is_written_back(vma->file) &&
	       ((vma_start(vma) >> PAGE_SHIFT) - vma->pgoff) % PT_HUGE_PAGES == 0;
}

/* Pages enough, and of those enough in use, that a daemon should go to the trouble. */
static bool is_worth_it(const struct vmalock_khugepaged *limits, const struct pt_huge_look *look)
{
	if (look->empty > limits->max_ptes_none || look->shared > limits->max_ptes_shared ||
	    look->swapped > limits->max_ptes_swap)
		return false;
	return look->referenced && (!look->swapped || look->referenced >= PT_HUGE_PAGES / 2);
}

static enum outcome judge(const struct collapse *c, const struct vma *vma, const struct pt_huge_look *look)
{
	if (look->huge)
		return IS_HUGE;
	if (!look->table)
		return ENDS_HERE;
	if (look->uffd_wp)
		return UNFIT;
	if (look->others || (look->empty && (vma_flags(vma) & VM_UFFD_FLAGS)))
		return ENDS_HERE;
	return c->limits && !is_worth_it(c->limits, look) ? UNFIT : COLLAPSED;
}

/* Could the 2 MiB at @addr become a huge page? COLLAPSED: yes, once @look->swapped is 0. @vma may be NULL. Context: the VMA held still. */
static enum outcome look_at(const struct collapse *c, const struct vma *vma, uint64_t addr, struct pt_huge_look *look)
{
	*look = (struct pt_huge_look){ 0 };
	if (!vma || !may_collapse(c, vma) || !thp_fits(vma, addr))
		return ENDS_HERE;
	pt_huge_look(&c->mm->pt, addr, look);
	return judge(c, vma, look);
}

/* Context: mmap_lock for writing. COLLAPSED: @block is used. */
static enum outcome collapse_locked(const struct collapse *c, uint64_t addr, void *block)
{
	struct mm *mm = c->mm;
	struct vma *vma = mm_lookup(mm, addr);
	struct pt_huge_look look;
	enum outcome outcome;

	if (vma)
		mm_vma_write_lock(mm, vma);
	syncpoint("collapse-locked");
	outcome = look_at(c, vma, addr, &look);
	if (outcome != COLLAPSED)
		return outcome;
	if (look.swapped) /* gone again, since the lock was let go */
		return UNFIT;
	if (pt_huge_reserve(&mm->pt, addr))
		return NO_FREE_BLOCK;
	mm_invalidate_start(mm, addr, addr + PT_HUGE_SIZE, VMALOCK_INVALIDATE_COLLAPSE);
	pt_huge_collapse(&mm->pt, addr, block, vma_flags(vma) & VM_WRITE ? PTE_WRITE | PTE_DIRTY : 0);
	mm_invalidate_end(mm, addr, addr + PT_HUGE_SIZE, VMALOCK_INVALIDATE_COLLAPSE);
	mm_count(mm, STAT_thp_collapse_alloc);
	return COLLAPSED;
}

/* COLLAPSED: *@block is there for it. Context: mmap_lock for reading. */
static enum outcome prepare(const struct collapse *c, uint64_t addr, void **block)
{
	struct mm *mm = c->mm;
	struct vma *vma = mm_lookup(mm, addr);
	struct pt_huge_look look;
	enum outcome outcome = look_at(c, vma, addr, &look);

	if (outcome != COLLAPSED)
		return outcome;
	*block = mm_take_huge(mm, vma, addr);
	if (!*block)
		return NO_FREE_BLOCK;
	if (!look.swapped || fault_swap_in(mm, vma, addr, addr + PT_HUGE_SIZE) == 0)
		return COLLAPSED;
	frame_put_huge(mm->pt.frames, *block);
	return NO_FRAME;
}

static enum outcome try_one(const struct collapse *c, uint64_t addr)
{
	struct mm *mm = c->mm;
	enum outcome outcome;
	void *block = NULL;

	mmap_read_lock(mm);
	outcome = prepare(c, addr, &block);
	mmap_read_unlock(mm);
	if (outcome != COLLAPSED)
		return outcome;
	syncpoint("collapse-has-block");
	mmap_write_lock(mm);
	outcome = collapse_locked(c, addr, block);
	if (outcome != COLLAPSED)
		frame_put_huge(mm->pt.frames, block);
	mmap_write_unlock(mm);
	return outcome;
}

static enum outcome collapse_one(const struct collapse *c, uint64_t addr)
{
	enum outcome outcome = try_one(c, addr);
	struct no_frame no_frame = { .has_waited = c->limits != NULL }; /* khugepaged comes by again */

	while (outcome == NO_FRAME && no_frame_try_again(c->mm, &no_frame))
		outcome = try_one(c, addr);
	return outcome == NO_FRAME ? ENDS_HERE : outcome;
}

/* --- MADV_COLLAPSE -------------------------------------------------------------------------------------------------- */

/* One mapping's part of the range, as Linux counts it: a part that holds no 2 MiB at all fails, one that ends where it starts does not. */
static int collapse_part(const struct collapse *c, uint64_t start, uint64_t end)
{
	uint64_t first = pt_huge_up(start), last = pt_huge_down(end), made = 0;
	enum outcome outcome = UNFIT;

	for (uint64_t addr = first; addr < last; addr += PT_HUGE_SIZE) {
		outcome = collapse_one(c, addr);
		made += outcome == COLLAPSED || outcome == IS_HUGE;
		if (outcome == NO_FREE_BLOCK)
			return -ENOMEM;
		if (outcome == ENDS_HERE)
			return -EINVAL;
	}
	return made * PT_HUGE_SIZE == last - first ? 0 : -EINVAL;
}

/* The first mapping at or above @start, cut to [@start, @end): and whether it could hold a huge page. False: there is none. */
static bool next_part(const struct collapse *c, uint64_t *start, uint64_t *end, bool *may)
{
	struct vma *vma;

	mmap_read_lock(c->mm);
	vma = mm_find(c->mm, *start);
	if (vma && vma_start(vma) < *end) {
		*start = max_u64(*start, vma_start(vma));
		*end = min_u64(*end, vma_end(vma));
		*may = may_hold_one(c, vma);
	} else {
		vma = NULL;
	}
	mmap_read_unlock(c->mm);
	return vma != NULL;
}

int collapse_advised(struct mm *mm, uint64_t addr, uint64_t length)
{
	struct collapse c = { .mm = mm };
	int hole = 0, err;
	uint64_t end;

	err = advise_check(addr, length, MADV_IS_COLLAPSE, &end);
	while (!err && addr < end) {
		uint64_t at = addr, last = end;
		bool may;

		if (!next_part(&c, &at, &last, &may))
			return -ENOMEM;
		if (at > addr)
			hole = -ENOMEM;
		err = may ? collapse_part(&c, at, last) : -EINVAL;
		addr = last;
	}
	return err ? err : hole;
}

/* --- khugepaged ----------------------------------------------------------------------------------------------------- */

uint64_t collapse_khugepaged(struct mm *mm, const struct vmalock_khugepaged *limits)
{
	struct collapse c = { .mm = mm, .limits = limits };
	uint64_t start = 0, end = MM_TASK_SIZE, made = 0;
	bool may;

	for (; next_part(&c, &start, &end, &may); start = end, end = MM_TASK_SIZE) {
		uint64_t last = may ? pt_huge_down(end) : 0;

		for (uint64_t addr = pt_huge_up(start); addr < last; addr += PT_HUGE_SIZE) {
			enum outcome outcome = collapse_one(&c, addr);

			if (outcome == NO_FREE_BLOCK)
				return made;
			made += outcome == COLLAPSED;
		}
	}
	return made;
}
