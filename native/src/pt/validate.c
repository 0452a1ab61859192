/*
 * pt/validate.c - tables, entries and counts agree
 */
#include "pt/swap.h"
#include "pt/table.h"

struct walk {
	struct pt *pt;
	bool (*is_mapped)(void *arg, uint64_t start, uint64_t end, bool writable);
	void *arg;
	uint64_t tables;
	struct rss_change resident;
};

static bool has_mapping(const struct walk *w, uint64_t addr, uint64_t length, bool writable)
{
	return !w->is_mapped || w->is_mapped(w->arg, addr, addr + length, writable);
}

static const char *check_entry(struct walk *w, uint64_t pte, uint64_t addr)
{
	if (!has_mapping(w, addr, PAGE_SIZE, false))
		return "a page or a marker is where nothing is mapped";
	if (pte_is_marker(pte))
		return pte_is_uffd_marker(pte) || pte_is_guard(pte) || pte_is_poison(pte)
			       ? NULL
			       : "a page table entry is a marker of no kind";
	if (pte_is_swap(pte)) {
		rss_change_add(&w->resident, pte, 1);
		return swap_users(w->pt->frames, pte_swap_slot(pte)) ? NULL
								     : "a page table entry names a free slot of swap";
	}
	if (!pte_is_present(pte))
		return "a page table entry is neither empty nor present, and no marker";
	if (pte_is_writable(pte) && !has_mapping(w, addr, PAGE_SIZE, true))
		return "a page may be written that its mapping forbids to write";
	if (pte_is_frame(pte) && !frame_is_used(w->pt->frames, pte_page(pte)))
		return "a page table entry names a frame that is free or none";
	if ((pte_kind(pte) == PTE_ZERO) && (pte_page(pte) != frame_zero_page() || pte_is_writable(pte)))
		return "a zero page is writable or is another page";
	if (!pte_page(pte))
		return "a page table entry names no page";
	rss_change_add(&w->resident, pte, 1);
	return NULL;
}

static const char *check_lowest(struct walk *w, struct pt_table *table, uint64_t base)
{
	const char *what = NULL;
	uint32_t live = 0;

	table_lock(table);
	for (uint32_t i = 0; i < PT_ENTRIES && !what; i++) {
		uint64_t pte = atomic_load_relaxed(&table->entry[i]);

		if (!pte)
			continue;
		live++;
		what = check_entry(w, pte, base + ((uint64_t)i << PAGE_SHIFT));
	}
	if (!what && (live != table->live || (live && table_is_vacant(table))))
		what = "a page table's count of its entries is wrong";
	table_unlock(table);
	return what;
}

static const char *check_huge(struct walk *w, struct pt_table *upper, uint32_t index, uint64_t addr)
{
	uint64_t pte = atomic_load_relaxed(&upper->entry[index]);
	struct pt_table *away = upper->away ? upper->away[index] : NULL;

	if (!pte_is_huge(pte))
		return away ? "a table is put away and no huge page stands in for it" : NULL;
	if (!away || away->level || away->live || table_is_vacant(away))
		return "a huge page stands in for no table";
	if (!has_mapping(w, addr, PT_HUGE_SIZE, false))
		return "a huge page is not in one mapping";
	w->tables++;
	for (uint32_t i = 0; i < PT_ENTRIES; i++) {
		const char *what = check_entry(w, pte_huge_part(pte, i), addr + ((uint64_t)i << PAGE_SHIFT));

		if (what)
			return what;
		if (atomic_load_relaxed(&away->entry[i]) != PTE_AWAY)
			return "a table that a huge page stands in for has an entry";
	}
	return NULL;
}

static const char *check_table(struct walk *w, struct pt_table *table, unsigned level, uint64_t base)
{
	if (table->level != level)
		return "a page table is linked at the wrong level";
	if (level == 0)
		return check_lowest(w, table, base);
	for (uint32_t i = 0; i < PT_ENTRIES; i++) {
		struct pt_table *child = table_child(table, i);
		const char *what = level == 1 ? check_huge(w, table, i, base + ((uint64_t)i << table_shift(1))) : NULL;

		if (what)
			return what;
		if (!child)
			continue;
		w->tables += !(level == 1 && table_is_vacant(child));
		what = check_table(w, child, level - 1, base + ((uint64_t)i << table_shift(level)));
		if (what)
			return what;
	}
	return NULL;
}

const char *pt_validate(struct pt *pt, bool (*is_mapped)(void *arg, uint64_t start, uint64_t end, bool writable),
			void *arg)
{
	struct walk w = { .pt = pt, .is_mapped = is_mapped, .arg = arg };
	const char *what = check_table(&w, pt->root, PT_LEVELS - 1, 0);

	if (what)
		return what;
	if (w.tables != counters_sum(pt->counters, PT_COUNT_TABLES))
		return "the number of page tables differs from what is counted";
	for (uint32_t kind = 0; kind < array_size(w.resident.by); kind++)
		if (w.resident.by[kind] != counters_sum(pt->counters, PT_COUNT_RSS_ANON + kind))
			return "the resident pages differ from what is counted";
	return NULL;
}

static bool is_writable_file_page(uint64_t pte)
{
	return pte_is_present(pte) && pte_is_writable(pte) && pte_is_file_page(pte);
}

bool pt_writable_are_marked(struct pt *pt, uint64_t start, uint64_t end, bool (*is_marked)(void *arg, uint64_t addr),
			    void *arg)
{
	struct table_span span;
	bool are = true;

	while (table_span_next(pt, &start, end, &span)) {
		table_lock(span.table);
		for (uint32_t i = span.first; i < span.end; i++)
			if (is_writable_file_page(atomic_load_relaxed(&span.table->entry[i])))
				are &= is_marked(arg, span.addr + ((uint64_t)(i - span.first) << PAGE_SHIFT));
		table_unlock(span.table);
	}
	return are;
}
