/*
 * pt/copy.c - fork: two spaces share the frames of one, until one of them writes
 *
 * All entries are copied, pages of files and the zero page too: what a parent's mapping has resident its child's has,
 * as in Linux, which also makes a table for an empty one; guards and poison too. (Mappings without an anon or guards are left out by the
 * caller: a fault finds their pages again.) The child's are protected for a userfaultfd only where its mapping is registered for that, too:
 * pt_copy_uffd_wp().
 *
 * Locks   both tables' locks, in the order of their addresses: a frame gets its second user, and both entries lose
 *         their write bit, in one step, so that no fault finds itself the only user of a frame that is being shared.
 *         pair [frame-only]
 */
#include <errno.h>

#include "pt/swap.h"
#include "pt/table.h"

static bool is_shared(uint64_t pte, uint64_t kept)
{
	return pte_is_present(pte) || pte_is_fatal(pte) || pte_is_swap(pte) || (kept && pte_is_uffd_marker(pte));
}

/* What the child's entry does not say. Linux: pte_mkold(), of a shared mapping pte_mkclean(). */
static uint64_t untouched(uint64_t pte)
{
	if (!pte_is_present(pte))
		return 0;
	return PTE_ACCESSED | (pte_is_frame(pte) ? 0 : PTE_DIRTY);
}

/* @kept: PTE_UFFD_WP, or nothing. */
static void share_entry(struct pt *dst, struct pt_table *to, struct pt_table *from, uint32_t i, uint64_t kept,
			struct rss_change *change)
{
	uint64_t pte = atomic_load_relaxed(&from->entry[i]);

	if (!is_shared(pte, kept))
		return;
	check(atomic_load_relaxed(&to->entry[i]) == 0);
	table_occupy(dst, to);
	if (pte_is_frame(pte)) {
		frame_get(dst->frames, pte_page(pte));
		pte = (pte | PTE_FORKED) & ~PTE_WRITE;
	} else if (pte_is_swap(pte)) {
		swap_get(dst->frames, pte_swap_slot(pte));
		pte |= PTE_FORKED;
	}
	/* Whoever may write a page of a file may go on: it is to be shared. */
	atomic_store_relaxed(&from->entry[i], pte);
	/* The child has not touched it. */
	atomic_store_relaxed(&to->entry[i], pte & (~(untouched(pte) | PTE_UFFD_WP) | kept));
	to->live++;
	rss_change_add(change, pte, 1);
}

static int copy(struct pt *dst, struct pt *src, uint64_t start, uint64_t end, uint64_t kept)
{
	struct table_span span;

	check(page_aligned(start | end) && dst->frames == src->frames);
	if (pt_has_huge(src) && huge_copy(dst, src, start, end))
		return -ENOMEM;
	while (table_span_next(src, &start, end, &span)) {
		struct rss_change change = { 0 };
		struct pt_table *to;

		if (table_is_vacant(span.table)) /* nobody changes it: every VMA of the source is write-locked */
			continue;
		to = table_make(dst, span.addr);
		if (!to)
			return -ENOMEM;
		table_lock_both(span.table, to);
		for (uint32_t i = span.first; i < span.end; i++)
			share_entry(dst, to, span.table, i, kept, &change);
		table_unlock_both(span.table, to);
		rss_change_apply(dst, &change);
	}
	return 0;
}

int pt_copy(struct pt *dst, struct pt *src, uint64_t start, uint64_t end)
{
	return copy(dst, src, start, end, 0);
}

int pt_copy_uffd_wp(struct pt *dst, struct pt *src, uint64_t start, uint64_t end)
{
	return copy(dst, src, start, end, PTE_UFFD_WP);
}
