/*
 * pt/page_out.c - pages leave: into a slot of swap, or for good where their bytes may be lost
 *
 *   after MADV_FREE, not written since     gone; the next touch finds zeros
 *   after MADV_FREE, written since         stays this once, as a page like any other
 *   a frame of nobody else's               into a slot, if one is free
 *   a frame that several use               stays (Linux, MADV_PAGEOUT: folio_maybe_mapped_shared()); under pressure, the same for each
 *                                          who uses it (PT_OUT_SHARED): the last one's leaving frees it. Nobody here could find the
 *                                          other entries, so that each has a slot of its own
 *   the zero page, a page of a file        stays
 *
 * Locks   each table's own, while a page is written out as well: a store through the entry would be lost otherwise. That of another
 *         user cannot come: it may write the frame only when it is the only one, which it is not while this entry stands.
 */
#include "pt/swap.h"
#include "pt/table.h"

static bool may_be_lost(uint64_t pte, uint32_t how)
{
	return (how & PT_OUT_DROPPABLE) || ((pte & PTE_LAZY_FREE) && !(pte & PTE_DIRTY));
}

/* What the entry becomes; present: the page stays. Context: the table's lock. */
static uint64_t out_entry(struct pt *pt, uint64_t pte, uint32_t how)
{
	uint64_t slot;

	if (!pte_is_frame(pte) || (!(how & PT_OUT_SHARED) && !frame_is_only(pt->frames, pte_page(pte))))
		return pte;
	if (may_be_lost(pte, how))
		return pte & PTE_UFFD_WP ? PTE_MARKER | PTE_UFFD_WP : 0;
	if (pte & PTE_LAZY_FREE)
		return pte & ~PTE_LAZY_FREE;
	if ((how & PT_OUT_IDLE_ONLY) && (pte & PTE_ACCESSED))
		return pte & ~PTE_ACCESSED;
	if ((how & PT_OUT_LAZYFREE_ONLY) || !swap_out(pt->frames, pte_page(pte), &slot))
		return pte;
	return pte_make_swap(slot, pte & (PTE_UFFD_WP | PTE_FORKED));
}

/* What left so far, and how many frames that made free. */
struct gone {
	uint64_t pages, freed;
	struct rss_change change;
};

static void page_out_entry(struct pt *pt, struct pt_table *table, uint32_t i, uint32_t how, struct gone *gone)
{
	uint64_t pte = atomic_load_relaxed(&table->entry[i]), out = out_entry(pt, pte, how);

	if (out == pte)
		return;
	if (pte_is_present(out)) {
		atomic_store_relaxed(&table->entry[i], out);
		return;
	}
	gone->pages++;
	gone->freed += frame_is_only(pt->frames, pte_page(pte));
	table_drop_entry(pt, table, i, out, &gone->change);
}

uint64_t pt_page_out(struct pt *pt, uint64_t start, uint64_t end, uint32_t how, uint64_t most, uint64_t *freed)
{
	struct gone gone = { 0 };
	struct table_span span;

	check(page_aligned(start | end));
	/* What MADV_FREE gave up as a huge page counts as not touched, and goes with those. */
	if (pt_has_huge(pt) && (how & (PT_OUT_LAZYFREE_ONLY | PT_OUT_DROPPABLE)) != PT_OUT_LAZYFREE_ONLY)
		huge_split_all(pt, start, end);
	while (gone.pages < most && table_span_next(pt, &start, end, &span)) {
		table_lock(span.table);
		for (uint32_t i = span.first; i < span.end && span.table->live && gone.pages < most; i++)
			page_out_entry(pt, span.table, i, how, &gone);
		table_unlock(span.table);
	}
	table_apply_drops(pt, &gone.change);
	*freed = gone.freed;
	return gone.pages;
}

void pt_free_swap(struct pt *pt, uint64_t start, uint64_t end)
{
	struct rss_change change = { 0 };
	struct table_span span;

	check(page_aligned(start | end));
	while (table_span_next(pt, &start, end, &span)) {
		table_lock(span.table);
		for (uint32_t i = span.first; i < span.end && span.table->live; i++)
			if (pte_is_swap(atomic_load_relaxed(&span.table->entry[i])))
				table_drop_entry(pt, span.table, i, 0, &change);
		table_unlock(span.table);
	}
	table_apply_drops(pt, &change);
}
