/*
 * fault/huge.c - the first touch of memory that may have huge pages, and the first write to a huge page that may not be written yet
 *
 *                     2 MiB empty                           a huge page is there
 *   read              the huge zero page (*)                -
 *   write             a block of 512 frames                 zero page: a block; a block of nobody else's: taken over;
 *                                                           shared after a fork: split, then 4 KiB are copied
 *
 *   (*) unless the space forbids it: then as a write
 *
 * Without a whole block free all goes on with 4 KiB. Where one small page is there already no huge one comes: that is khugepaged's
 * to change.
 *
 * Locks    as for small pages: the VMA held still; the entry is looked at again under the lock of its table, which is one level up.
 * Linux    mm/huge_memory.c, do_huge_pmd_anonymous_page(), do_huge_pmd_wp_page(). It prepares the anon before a read, too.
 */
#include "fault/huge.h"

#include "mm/mempolicy.h"
#include "mm/observer.h"
#include "mm/thp.h"
#include "pt/pte.h"
#include "sync/syncpoint.h"

/* Bits of a block that comes for a write, or for a read where there is no zero page. */
static uint64_t bits_of(const struct fault *f)
{
	return PTE_HUGE | (vma_flags(f->vma) & VM_WRITE ? PTE_WRITE | PTE_DIRTY : 0);
}

static void *take_block(struct fault *f)
{
	void *block = mm_take_huge(f->mm, f->vma, pt_huge_down(f->addr));

	mm_count(f->mm, block ? STAT_thp_fault_alloc : STAT_thp_fault_fallback);
	return block;
}

static uint32_t install(struct fault *f, uint64_t pte)
{
	struct pt *pt = &f->mm->pt;

	syncpoint("fault-took-block");
	return pt_huge_install(pt, pt_huge_down(f->addr), pte) ? VMALOCK_FAULT_MINOR : FAULT_CHANGED;
}

static uint32_t map_block(struct fault *f)
{
	void *block = take_block(f);
	uint32_t result;

	if (!block)
		return FAULT_SMALL;
	result = install(f, pte_make(block, PTE_ANON, bits_of(f)));
	if (result & FAULT_CHANGED)
		frame_put_huge(f->mm->pt.frames, block);
	return result;
}

uint32_t fault_huge(struct fault *f)
{
	uint32_t result;

	if (!thp_fits(f->vma, f->addr) || !pt_huge_is_open(&f->mm->pt, f->addr))
		return FAULT_SMALL;
	result = fault_prepare_anon(f);
	if (result)
		return result;
	/* Told without a table: who does not wait for the page may have a huge one there later. */
	if (vma_flags(f->vma) & VM_UFFD_MISSING) {
		f->slot.entry = NULL;
		return fault_userfault(f, VMALOCK_UFFD_MISSING);
	}
	if (pt_huge_reserve(&f->mm->pt, pt_huge_down(f->addr)))
		return VMALOCK_FAULT_OOM;
	if (f->access != VMALOCK_WRITE && !f->mm->forbids_zero_page)
		return install(f, pte_make(frame_zero_page(), PTE_ZERO, 0) | PTE_HUGE);
	return map_block(f);
}

static uint32_t replace_zero_page(struct fault *f)
{
	uint64_t page = pt_huge_down(f->addr);
	uint32_t result = FAULT_CHANGED;
	void *block = take_block(f);

	if (!block) {
		pt_huge_split(&f->mm->pt, f->addr);
		return FAULT_CHANGED;
	}
	mm_invalidate_start(f->mm, page, page + PT_HUGE_SIZE, VMALOCK_INVALIDATE_COW);
	if (fault_lock_entry(f)) {
		pt_slot_set(&f->mm->pt, &f->slot, pte_make(block, PTE_ANON, bits_of(f)));
		fault_unlock_entry(f);
		result = VMALOCK_FAULT_MINOR | VMALOCK_FAULT_COW;
	} else {
		frame_put_huge(f->mm->pt.frames, block);
	}
	mm_invalidate_end(f->mm, page, page + PT_HUGE_SIZE, VMALOCK_INVALIDATE_COW);
	return result;
}

/* pair [frame-only]: under the entry's lock nobody becomes a user of its frames, since fork takes that lock too. */
uint32_t fault_write_huge(struct fault *f)
{
	bool only;

	if (pte_kind(f->pte) == PTE_ZERO)
		return replace_zero_page(f);
	if (!fault_lock_entry(f))
		return FAULT_CHANGED;
	only = frame_is_only_huge(f->mm->pt.frames, pte_page(f->pte));
	if (only)
		pt_slot_set(&f->mm->pt, &f->slot, (pte_touched(f->pte, true) | PTE_WRITE) & ~PTE_FORKED);
	fault_unlock_entry(f);
	if (only)
		return VMALOCK_FAULT_MINOR | VMALOCK_FAULT_COW;
	pt_huge_split(&f->mm->pt, f->addr);
	return FAULT_CHANGED;
}
