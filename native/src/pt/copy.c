/*
 * pt/copy.c - fork: two spaces share the frames of one, until one of them writes
 *
 * Only frames are copied. Pages of files and the zero page come back by a fault, as Linux leaves them to.
 *
 * Locks   both tables' locks, in the order of their addresses: a frame gets its second user, and both entries lose their write
 *         bit, in one step, so that no fault finds itself the only user of a frame that is being shared. pair [frame-only]
 */
#include <errno.h>

#include "pt/table.h"

static bool has_frames(const struct table_span *span)
{
	for (uint32_t i = span->first; i < span->end; i++)
		if (pte_is_frame(atomic_load_relaxed(&span->table->entry[i])))
			return true;
	return false;
}

static void share_frame(struct pt *dst, struct pt_table *to, struct pt_table *from, uint32_t i)
{
	uint64_t pte = atomic_load_relaxed(&from->entry[i]);

	if (!pte_is_frame(pte))
		return;
	check(atomic_load_relaxed(&to->entry[i]) == 0);
	frame_get(dst->frames, pte_page(pte));
	pte &= ~PTE_WRITE;
	atomic_store_relaxed(&from->entry[i], pte);
	atomic_store_relaxed(&to->entry[i], pte);
	to->live++;
}

int pt_copy(struct pt *dst, struct pt *src, uint64_t start, uint64_t end)
{
	struct table_span span;

	check(page_aligned(start | end) && dst->frames == src->frames);
	while (table_span_next(src, &start, end, &span)) {
		struct rss_change change = { 0 };
		struct pt_table *to;
		uint32_t before;

		if (!has_frames(&span))
			continue;
		to = table_make(dst, span.addr);
		if (!to)
			return -ENOMEM;
		table_lock_both(span.table, to);
		before = to->live;
		for (uint32_t i = span.first; i < span.end; i++)
			share_frame(dst, to, span.table, i);
		change.by[PTE_ANON] = to->live - before;
		table_unlock_both(span.table, to);
		rss_change_apply(dst, &change);
	}
	return 0;
}
