/*
 * pt/guard.c - guard regions: places of a mapping that no page may come to
 *
 * A guard is an entry and no VMA, so that a program may have one beside every small object: it costs a table where there was
 * none, and nothing else. It outlives MADV_DONTNEED and changes of protection, goes along with mremap and fork, and goes when
 * its mapping does. (Linux: mm/madvise.c, madvise_guard_install(), since 6.13.)
 *
 * Poison (UFFDIO_POISON, fault/userfault_fill.c) is the other marker that makes a touch a signal. Of the same calls it outlives all but
 * MADV_DONTNEED; MADV_FREE takes it away, too.
 *
 * Locks   each table's own. A fault that decided by what the entry was before looks at it again under the same lock
 *         (fault_lock_entry()), and begins again when a guard stands there now.
 */
#include <errno.h>

#include "pt/table.h"

/*
 * [@start, @end) of what one lowest table spans. False: a fault beside us has put a huge page in the table's place since the last one
 * was split.
 */
static bool install_in_table(struct pt *pt, uint64_t start, uint64_t end, struct rss_change *change)
{
	struct pt_table *table;
	bool there;

	if (pt_has_huge(pt))
		huge_split_all(pt, start, end);
	table = table_make(pt, start);
	check(table); /* table_make_range() */
	if (table->level)
		return false;
	table_lock(table);
	there = !table_is_away(table);
	if (there)
		table_occupy(pt, table);
	for (uint32_t i = table_index(0, start); there && i <= table_index(0, end - 1); i++)
		table_drop_entry(pt, table, i, PTE_GUARD, change);
	table_unlock(table);
	return there;
}

int pt_guard_install(struct pt *pt, uint64_t start, uint64_t end)
{
	struct rss_change change = { 0 };

	check(page_aligned(start | end));
	if (table_make_range(pt, start, end))
		return -ENOMEM;
	while (start < end) {
		uint64_t stop = min_u64(table_next(1, start), end);

		if (install_in_table(pt, start, stop, &change))
			start = stop;
	}
	rss_change_apply(pt, &change);
	return 0;
}

static void remove_markers(struct pt *pt, uint64_t start, uint64_t end, uint64_t marker)
{
	struct rss_change none = { 0 };
	struct table_span span;

	check(page_aligned(start | end));
	while (table_span_next(pt, &start, end, &span)) {
		table_lock(span.table);
		for (uint32_t i = span.first; i < span.end && span.table->live; i++)
			if (atomic_load_relaxed(&span.table->entry[i]) == marker)
				table_drop_entry(pt, span.table, i, 0, &none);
		table_unlock(span.table);
	}
}

void pt_guard_remove(struct pt *pt, uint64_t start, uint64_t end)
{
	remove_markers(pt, start, end, PTE_GUARD);
}

void pt_heal(struct pt *pt, uint64_t start, uint64_t end)
{
	remove_markers(pt, start, end, PTE_POISON);
}
