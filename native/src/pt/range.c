/*
 * pt/range.c - what operations do to the pages of a range, one lowest table at a time under its lock
 */
#include "pt/swap.h"
#include "pt/table.h"
#include "sync/syncpoint.h"

/* pt_zap(): guards go as well. */
#define DROP_GUARDS 0x100u

/* What stays of an entry: a marker or nothing. */
static uint64_t remains(uint64_t pte, uint32_t how)
{
	if ((how & PT_KEEP_FRAMES) && (pte_is_frame(pte) || pte_is_swap(pte) || pte_is_poison(pte)))
		return pte;
	if (pte_is_guard(pte))
		return how & DROP_GUARDS ? 0 : pte;
	if (!(pte & PTE_UFFD_WP))
		return 0;
	if (pte_is_marker(pte))
		return how & PT_KEEP_UFFD_MARKERS ? pte : 0;
	return how & PT_LEAVE_UFFD_MARKERS ? PTE_MARKER | PTE_UFFD_WP : 0;
}

void table_drop_entry(struct pt *pt, struct pt_table *table, uint32_t i, uint64_t rest, struct rss_change *change)
{
	uint64_t pte = atomic_load_relaxed(&table->entry[i]);

	spinlock_assert_held(&table->lock);
	if (pte == rest)
		return;
	check(!rest || pte_is_marker(rest) || pte_is_swap(rest));
	atomic_store_relaxed(&table->entry[i], rest);
	table->live += (uint32_t)(rest != 0) - (uint32_t)(pte != 0);
	rss_change_add(change, pte, -1);
	rss_change_add(change, rest, 1);
	if (pte_is_frame(pte))
		frame_put(pt->frames, pte_page(pte));
	else if (pte_is_swap(pte))
		swap_put(pt->frames, pte_swap_slot(pte));
}

/* Before pages go: only then can there have been more than there are. */
static uint64_t note_peak(struct pt *pt)
{
	uint64_t now = 0, peak = atomic_load_relaxed(&pt->peak_resident);

	for (uint32_t kind = PT_COUNT_RSS_ANON; kind <= PT_COUNT_RSS_SHMEM; kind++)
		now += counters_sum(pt->counters, kind);
	while (now > peak && !atomic_cas_acquire(&pt->peak_resident, &peak, now))
		;
	return max_u64(now, peak);
}

uint64_t pt_peak_resident(struct pt *pt)
{
	return note_peak(pt);
}

void table_apply_drops(struct pt *pt, const struct rss_change *change)
{
	if (change->by[PT_COUNT_RSS_ANON] | change->by[PT_COUNT_RSS_FILE] | change->by[PT_COUNT_RSS_SHMEM])
		note_peak(pt);
	rss_change_apply(pt, change);
}

void pt_discard(struct pt *pt, uint64_t start, uint64_t end, uint32_t how)
{
	struct rss_change change = { 0 };
	struct table_span span;

	check(page_aligned(start | end));
	if (pt_has_huge(pt)) {
		huge_split_ends(pt, start, end);
		note_peak(pt);
		huge_zap(pt, start, end);
	}
	while (table_span_next(pt, &start, end, &span)) {
		table_lock(span.table);
		for (uint32_t i = span.first; i < span.end && span.table->live; i++) {
			uint64_t pte = atomic_load_relaxed(&span.table->entry[i]);

			table_drop_entry(pt, span.table, i, remains(pte, how), &change);
		}
		table_unlock(span.table);
	}
	table_apply_drops(pt, &change);
}

static bool is_whole(const struct table_span *span)
{
	return span->first == 0 && span->end == PT_ENTRIES;
}

void pt_vacate(struct pt *pt, uint64_t start, uint64_t end)
{
	struct table_span span;

	while (table_span_next(pt, &start, end, &span)) {
		if (!is_whole(&span))
			continue;
		syncpoint("vacate-found-table");
		table_lock(span.table);
		/* Since it was found somebody else may have left it vacant, and a fault have put a huge page in its place. */
		if (!span.table->live && !table_is_vacant(span.table) && !table_is_away(span.table))
			table_set_vacant(pt, span.table, true);
		table_unlock(span.table);
	}
}

void pt_zap(struct pt *pt, uint64_t start, uint64_t end)
{
	pt_discard(pt, start, end, DROP_GUARDS);
}

static uint64_t write_protected(struct pt *pt, uint64_t pte)
{
	(void)pt;
	return pte & ~PTE_WRITE;
}

static uint64_t cleaned(struct pt *pt, uint64_t pte)
{
	(void)pt;
	pte &= ~(PTE_DIRTY | PTE_ACCESSED);
	return pte_is_frame(pte) ? pte | PTE_LAZY_FREE : pte;
}

static uint64_t file_page_cleaned(struct pt *pt, uint64_t pte)
{
	(void)pt;
	return pte_is_file_page(pte) ? pte & ~(PTE_WRITE | PTE_DIRTY) : pte;
}

static uint64_t aged(struct pt *pt, uint64_t pte)
{
	bool shared = pte_is_frame(pte) && (pte_is_huge(pte) ? !frame_is_only_huge(pt->frames, pte_page(pte))
							     : !frame_is_only(pt->frames, pte_page(pte)));

	return shared ? pte : pte & ~PTE_ACCESSED;
}

/* Every entry of a range that is there becomes what @change makes of it; it stays there. */
static void change_entries(struct pt *pt, uint64_t start, uint64_t end, pte_change_fn *change)
{
	struct table_span span;

	check(page_aligned(start | end));
	if (pt_has_huge(pt)) {
		huge_split_ends(pt, start, end);
		huge_change(pt, start, end, change);
	}
	while (table_span_next(pt, &start, end, &span)) {
		table_lock(span.table);
		for (uint32_t i = span.first; i < span.end && span.table->live; i++) {
			atomic_u64 *entry = &span.table->entry[i];
			uint64_t pte = atomic_load_relaxed(entry);

			if (!pte_is_present(pte))
				continue;
			syncpoint("pt-changes-entry");
			atomic_store_relaxed(entry, change(pt, pte));
		}
		table_unlock(span.table);
	}
}

void pt_write_protect(struct pt *pt, uint64_t start, uint64_t end)
{
	change_entries(pt, start, end, write_protected);
}

void pt_clean(struct pt *pt, uint64_t start, uint64_t end)
{
	pt_heal(pt, start, end);
	pt_free_swap(pt, start, end);
	change_entries(pt, start, end, cleaned);
}

void pt_clean_file(struct pt *pt, uint64_t start, uint64_t end)
{
	change_entries(pt, start, end, file_page_cleaned);
}

void pt_age(struct pt *pt, uint64_t start, uint64_t end)
{
	change_entries(pt, start, end, aged);
}

uint64_t pt_next_used(const struct pt *pt, uint64_t start, uint64_t end)
{
	struct table_span span;

	if (pt_has_huge(pt))
		return start;
	return table_span_next(pt, &start, end, &span) ? span.addr : end;
}

static uint8_t residence(uint64_t pte)
{
	return pte_is_swap(pte) ? PT_IS_OUT : pte_is_present(pte);
}

void pt_resident(struct pt *pt, uint64_t start, uint64_t end, uint8_t *out)
{
	struct table_span span;
	uint64_t at = start;

	check(page_aligned(start | end));
	for (uint64_t page = 0; page < (end - start) >> PAGE_SHIFT; page++)
		out[page] = 0;
	while (table_span_next(pt, &at, end, &span)) {
		uint8_t *page = out + ((span.addr - start) >> PAGE_SHIFT);

		for (uint32_t i = span.first; i < span.end; i++)
			*page++ = residence(atomic_load_relaxed(&span.table->entry[i]));
	}
	if (pt_has_huge(pt))
		huge_resident(pt, start, end, out);
}
