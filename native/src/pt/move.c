/*
 * pt/move.c - mremap: entries change their place, frames keep theirs
 *
 * Source and destination need not be equally far into their tables, so one source table may feed two others, or a
 * part of itself.
 *
 * Locks   both tables' locks, in the order of their addresses.
 */
#include <errno.h>

#include "pt/table.h"

/* A source table's part, cut so that its destination lies in one table as well. */
static bool next_part(const struct pt *pt, uint64_t *at, uint64_t end, uint64_t offset, struct table_span *out)
{
	uint64_t stop;

	if (!table_span_next(pt, at, end, out))
		return false;
	/* As many bytes as the destination's table has left. */
	stop = out->addr + (table_next(1, out->addr + offset) - (out->addr + offset));
	if (stop < out->addr + ((uint64_t)(out->end - out->first) << PAGE_SHIFT)) {
		out->end = out->first + (uint32_t)((stop - out->addr) >> PAGE_SHIFT);
		*at = stop;
	}
	return true;
}

static bool is_empty(const struct table_span *span)
{
	for (uint32_t i = span->first; i < span->end; i++)
		if (atomic_load_relaxed(&span->table->entry[i]))
			return false;
	return true;
}

int pt_move_reserve(struct pt *pt, uint64_t from, uint64_t to, uint64_t length)
{
	uint64_t at = from, offset = to - from; /* modulo 2^64 */
	struct table_span span;

	check(page_aligned(from | to | length));
	if (pt_has_huge(pt) && huge_move_reserve(pt, from, to, length))
		return -ENOMEM;
	while (next_part(pt, &at, from + length, offset, &span))
		if (!table_is_vacant(span.table) && !table_make(pt, span.addr + offset))
			return -ENOMEM;
	return 0;
}

/* A table that moves as a whole leaves none behind, as in Linux. */
static void leave_vacant(struct pt *pt, const struct table_span *span, uint32_t first)
{
	if (span->first == 0 && span->end == PT_ENTRIES && first == 0 && !table_is_vacant(span->table))
		table_set_vacant(pt, span->table, true);
}

static void move_span(struct pt *pt, const struct table_span *span, struct pt_table *to, uint32_t first, bool vacate)
{
	table_lock_both(span->table, to);
	if (!table_is_vacant(span->table))
		table_occupy(pt, to); /* also for a part with no page: Linux makes a table there for each table here */
	for (uint32_t i = span->first, k = first; i < span->end; i++, k++) {
		uint64_t pte = atomic_load_relaxed(&span->table->entry[i]);

		if (!pte)
			continue;
		check(atomic_load_relaxed(&to->entry[k]) == 0);
		atomic_store_relaxed(&span->table->entry[i], 0);
		span->table->live--;
		atomic_store_relaxed(&to->entry[k], pte);
		to->live++;
	}
	if (vacate)
		leave_vacant(pt, span, first);
	table_unlock_both(span->table, to);
}

static void move_range(struct pt *pt, uint64_t from, uint64_t to, uint64_t length, bool vacate)
{
	uint64_t at = from, offset = to - from;
	struct table_span span;

	check(page_aligned(from | to | length) && (to + length <= from || from + length <= to));
	if (pt_has_huge(pt))
		huge_move(pt, from, to, length);
	while (next_part(pt, &at, from + length, offset, &span)) {
		struct pt_table *table = table_find(pt, span.addr + offset);

		check((table && table->level == 0) || is_empty(&span));
		if (table && table->level == 0)
			move_span(pt, &span, table, table_index(0, span.addr + offset), vacate);
	}
}

void pt_move(struct pt *pt, uint64_t from, uint64_t to, uint64_t length)
{
	move_range(pt, from, to, length, true);
}

void pt_move_entries(struct pt *pt, uint64_t from, uint64_t to, uint64_t length)
{
	move_range(pt, from, to, length, false);
}
