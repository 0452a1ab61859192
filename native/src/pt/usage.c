/*
 * pt/usage.c - Linux: smaps_account() and smaps_page_accumulate() in fs/proc/task_mmu.c
 */
#include "pt/usage.h"

#include "pt/file.h"
#include "pt/swap.h"
#include "pt/table.h"

static uint64_t *share_of_kind(struct pt_usage *usage, enum pte_kind kind)
{
	switch (kind) {
	case PTE_FILE:
		return &usage->share_file;
	case PTE_SHMEM:
		return &usage->share_shmem;
	default:
		return &usage->share_anon;
	}
}

/* @dirty: it was written, by this entry or another. */
static void add_page(struct pt *pt, uint64_t pte, bool dirty, const struct pt_usage_range *range, struct pt_usage *usage)
{
	uint32_t users = pte_is_frame(pte) ? frame_users(pt->frames, pte_page(pte)) : 1;
	uint64_t share = (PAGE_SIZE << PT_SHARE_SHIFT) / users;

	usage->resident += PAGE_SIZE;
	usage->referenced += pte & PTE_ACCESSED ? PAGE_SIZE : 0;
	if (pte_is_frame(pte)) {
		usage->anonymous += PAGE_SIZE;
		usage->lazy_free += ((pte & PTE_LAZY_FREE) || range->droppable) && !dirty ? PAGE_SIZE : 0;
	}
	if (users > 1)
		*(dirty ? &usage->shared_dirty : &usage->shared_clean) += PAGE_SIZE;
	else
		*(dirty ? &usage->private_dirty : &usage->private_clean) += PAGE_SIZE;
	usage->share += share;
	*share_of_kind(usage, pte_kind(pte)) += share;
	usage->share_dirty += dirty ? share : 0;
	usage->share_locked += range->locked ? share : 0;
}

static void add_swapped(struct pt *pt, uint64_t pte, struct pt_usage *usage)
{
	usage->swap += PAGE_SIZE;
	usage->share_swap += (PAGE_SIZE << PT_SHARE_SHIFT) / swap_users(pt->frames, pte_swap_slot(pte));
}

/* Linux asks the folio, too. */
static bool is_dirty(const struct pt_usage_range *range, uint64_t addr, uint64_t pte)
{
	if ((pte & PTE_DIRTY) || pte_is_frame(pte))
		return pte & PTE_DIRTY;
	return file_page_state(range->file, range->index + ((addr - range->start) >> PAGE_SHIFT)) == FILE_PAGE_DIRTY;
}

static void add_huge(struct pt *pt, const struct pt_usage_range *range, struct pt_usage *usage)
{
	uint64_t start = range->start, end = range->end;
	struct huge huge;

	while (huge_next_whole(pt, &start, end, &huge)) {
		struct pt_slot slot;
		uint64_t pte;

		if (!pt_slot_find(pt, huge.addr, &slot))
			continue;
		spinlock_lock(slot.lock, RANK_TABLE);
		pte = atomic_load_relaxed(slot.entry);
		/* Split meanwhile: its small pages are counted with the others. */
		if (pte_is_huge(pte) && pte_is_frame(pte)) {
			for (uint32_t i = 0; i < PT_HUGE_PAGES; i++)
				add_page(pt, pte_huge_part(pte, i), pte & PTE_DIRTY, range, usage);
			usage->huge += PT_HUGE_SIZE;
		}
		spinlock_unlock(slot.lock, RANK_TABLE);
	}
}

void pt_add_usage(struct pt *pt, const struct pt_usage_range *range, struct pt_usage *usage)
{
	uint64_t at = range->start;
	struct table_span span;

	check(page_aligned(range->start | range->end));
	if (pt_has_huge(pt))
		add_huge(pt, range, usage);
	while (table_span_next(pt, &at, range->end, &span)) {
		table_lock(span.table);
		for (uint32_t i = span.first; i < span.end && span.table->live; i++) {
			uint64_t pte = atomic_load_relaxed(&span.table->entry[i]);
			uint64_t addr = span.addr + ((uint64_t)(i - span.first) << PAGE_SHIFT);

			if (pte_is_present(pte) && pte_kind(pte) != PTE_ZERO)
				add_page(pt, pte, is_dirty(range, addr, pte), range, usage);
			else if (pte_is_swap(pte))
				add_swapped(pt, pte, usage);
		}
		table_unlock(span.table);
	}
}
