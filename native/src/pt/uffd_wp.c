/*
 * pt/uffd_wp.c - write protection for a userfaultfd
 *
 * A page that is there gets the bit and loses the one that lets it be written. Where none is, memory of a file needs a marker: the
 * page may be in the file, and the next fault finds it there without asking anybody. (Linux: mm/mprotect.c,
 * change_pte_range() with MM_CP_UFFD_WP and MM_CP_UFFD_WP_RESOLVE.)
 *
 * Huge pages in the range are split, so that only small ones are ever protected; where protection ends, only those that lie across an end
 * of the range: Linux splits them, protected or not.
 *
 * Locks   each table's own. A fault that has decided by an entry looks at it again under the same lock.
 */
#include "pt/table.h"

static void protect_entry(struct pt *pt, struct pt_table *table, uint32_t i, bool markers)
{
	uint64_t pte = atomic_load_relaxed(&table->entry[i]);

	if (pte_is_present(pte)) {
		atomic_store_relaxed(&table->entry[i], (pte & ~PTE_WRITE) | PTE_UFFD_WP);
	} else if (pte_is_swap(pte)) {
		atomic_store_relaxed(&table->entry[i], pte | PTE_UFFD_WP);
	} else if (!pte && markers) {
		table_occupy(pt, table);
		atomic_store_relaxed(&table->entry[i], PTE_MARKER | PTE_UFFD_WP);
		table->live++;
	}
}

int pt_uffd_protect(struct pt *pt, uint64_t start, uint64_t end, bool markers)
{
	struct table_span span;
	int err;

	check(page_aligned(start | end));
	if (pt_has_huge(pt))
		huge_split_all(pt, start, end);
	err = markers ? table_make_range(pt, start, end) : 0;
	while (!err && table_span_next(pt, &start, end, &span)) {
		table_lock(span.table);
		for (uint32_t i = span.first; i < span.end; i++)
			protect_entry(pt, span.table, i, markers);
		table_unlock(span.table);
	}
	return err;
}

static void unprotect_entry(struct pt_table *table, uint32_t i)
{
	uint64_t pte = atomic_load_relaxed(&table->entry[i]);

	if (pte_is_uffd_marker(pte)) {
		atomic_store_relaxed(&table->entry[i], 0);
		table->live--;
	} else if (pte & PTE_UFFD_WP) {
		atomic_store_relaxed(&table->entry[i], pte & ~PTE_UFFD_WP);
	}
}

void pt_uffd_unprotect(struct pt *pt, uint64_t start, uint64_t end)
{
	struct table_span span;

	check(page_aligned(start | end));
	if (pt_has_huge(pt))
		huge_split_ends(pt, start, end);
	while (table_span_next(pt, &start, end, &span)) {
		table_lock(span.table);
		for (uint32_t i = span.first; i < span.end && span.table->live; i++)
			unprotect_entry(span.table, i);
		table_unlock(span.table);
	}
}
