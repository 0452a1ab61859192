/*
 * ops/collapse.c - 2 MiB of small pages become a huge one
 *
 *   look, take a block                         mmap_lock for reading: the block comes from where the mapping's memory policy says
 *   lock, look again, copy, put it in place    mmap_lock for writing
 *
 * Locks    the VMA is write-locked before anything of it is looked at: neither its fields nor its page table says anything while
 *          faults are inside (RFC patch 8; forgotten in 6.4 to 6.16, docs/races.md, F8). And what the first look saw is gone with the lock
 *          that it was seen under.
 * Linux    mm/khugepaged.c: madvise_collapse(), hpage_collapse_scan_pmd(), collapse_huge_page().
 */
#include "ops/collapse.h"

#include <errno.h>

#include "mm/mempolicy.h"
#include "mm/mmap_lock.h"
#include "mm/observer.h"
#include "mm/thp.h"
#include "policy/policy.h"
#include "pt/pte.h"
#include "sync/syncpoint.h"

/* What became of 2 MiB; Linux's SCAN_ results, as far as they differ in what follows. */
enum outcome {
	COLLAPSED,
	IS_HUGE,       /* already */
	UNFIT,         /* here it cannot be done: MADV_COLLAPSE goes on with the next, and fails in the end */
	ENDS_HERE,     /* as above, and MADV_COLLAPSE stops */
	NO_FREE_BLOCK, /* or no memory for what else it takes */
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
	if (c->mm->thp == VMALOCK_THP_NEVER || (c->limits && !thp_wanted(c->mm, vma)))
		return false;
	return !(vma_flags(vma) & (VM_NOHUGEPAGE | VM_SPECIAL));
}

static bool may_collapse(const struct collapse *c, const struct vma *vma)
{
	return is_allowed(c, vma) && vma_is_anonymous(vma) && vma_anon(vma);
}

/*
 * What is asked of a mapping before any 2 MiB of it: those of files, which stand for memfd, need only lie so that a huge page could be in
 * both. (None ever is, see docs/differences.md.)
 */
static bool may_hold_one(const struct collapse *c, const struct vma *vma)
{
	if (pt_huge_up(vma_start(vma)) >= pt_huge_down(vma_end(vma)))
		return false;
	if (vma_is_anonymous(vma))
		return may_collapse(c, vma);
	return is_allowed(c, vma) && ((vma_start(vma) >> PAGE_SHIFT) - vma->pgoff) % PT_HUGE_PAGES == 0;
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
	if (c->limits && (look->empty > c->limits->max_ptes_none || look->shared > c->limits->max_ptes_shared))
		return UNFIT;
	return COLLAPSED;
}

/* Could the 2 MiB at @addr become a huge page? COLLAPSED: yes. @vma may be NULL. Context: the VMA held still. */
static enum outcome look_at(const struct collapse *c, const struct vma *vma, uint64_t addr)
{
	struct pt_huge_look look;

	if (!vma || !may_collapse(c, vma) || !thp_fits(vma, addr))
		return ENDS_HERE;
	pt_huge_look(&c->mm->pt, addr, &look);
	return judge(c, vma, &look);
}

/* Context: mmap_lock for writing. COLLAPSED: @block is used. */
static enum outcome collapse_locked(const struct collapse *c, uint64_t addr, void *block)
{
	struct mm *mm = c->mm;
	struct vma *vma = mm_lookup(mm, addr);
	enum outcome outcome;

	if (vma)
		mm_vma_write_lock(mm, vma);
	syncpoint("collapse-locked");
	outcome = look_at(c, vma, addr);
	if (outcome != COLLAPSED)
		return outcome;
	if (pt_huge_reserve(&mm->pt, addr))
		return NO_FREE_BLOCK;
	mm_invalidate_start(mm, addr, addr + PT_HUGE_SIZE, VMALOCK_INVALIDATE_COLLAPSE);
	pt_huge_collapse(&mm->pt, addr, block, vma_flags(vma) & VM_WRITE ? PTE_WRITE | PTE_DIRTY : 0);
	mm_invalidate_end(mm, addr, addr + PT_HUGE_SIZE, VMALOCK_INVALIDATE_COLLAPSE);
	mm_count(mm, STAT_thp_collapse_alloc);
	return COLLAPSED;
}

static enum outcome collapse_one(const struct collapse *c, uint64_t addr)
{
	struct mm *mm = c->mm;
	enum outcome outcome;
	struct vma *vma;
	void *block = NULL;

	mmap_read_lock(mm);
	vma = mm_lookup(mm, addr);
	outcome = look_at(c, vma, addr);
	if (outcome == COLLAPSED) {
		block = mm_take_huge(mm, vma, addr);
		outcome = block ? COLLAPSED : NO_FREE_BLOCK;
	}
	mmap_read_unlock(mm);
	if (outcome != COLLAPSED)
		return outcome;
	syncpoint("collapse-has-block");
	mmap_write_lock(mm);
	outcome = collapse_locked(c, addr, block);
	mmap_write_unlock(mm);
	if (outcome != COLLAPSED)
		frame_put_huge(mm->pt.frames, block);
	return outcome;
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

int op_collapse(struct mm *mm, uint64_t start, uint64_t end)
{
	struct collapse c = { .mm = mm };
	int hole = 0;

	while (start < end) {
		uint64_t at = start, last = end;
		bool may;
		int err;

		if (!next_part(&c, &at, &last, &may))
			return -ENOMEM;
		if (at > start)
			hole = -ENOMEM;
		err = may ? collapse_part(&c, at, last) : -EINVAL;
		if (err)
			return err;
		start = last;
	}
	return hole;
}

/* --- khugepaged ----------------------------------------------------------------------------------------------------- */

uint64_t op_khugepaged(struct mm *mm, const struct vmalock_khugepaged *limits)
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
