/*
 * pt/huge_collapse.c - the small pages of 2 MiB become a huge one
 */
#include "pt/huge.h"

static void look_at_entry(const struct pt *pt, uint64_t pte, struct pt_huge_look *look)
{
	look->uffd_wp += (pte & PTE_UFFD_WP) != 0;
	if (!pte || (pte_is_present(pte) && pte_kind(pte) == PTE_ZERO))
		look->empty++;
	else if (pte_is_swap(pte))
		look->swapped++;
	else if (!pte_is_frame(pte))
		look->others++;
	else if (!frame_is_only(pt->frames, pte_page(pte)))
		look->shared++;
	look->referenced += pte_is_frame(pte) && (pte & PTE_ACCESSED);
}

void pt_huge_look(const struct pt *pt, uint64_t addr, struct pt_huge_look *out)
{
	struct huge h = huge_at(pt, addr);
	uint64_t link = h.upper ? rcu_deref(&h.upper->entry[h.index]) : 0;
	struct pt_table *table = table_of_link(link);

	*out = (struct pt_huge_look){ .huge = pte_is_huge(link) };
	if (!link || out->huge)
		return;
	table_lock(table);
	out->table = !table_is_vacant(table);
	for (uint32_t i = 0; i < PT_ENTRIES; i++)
		look_at_entry(pt, atomic_load_relaxed(&table->entry[i]), out);
	table_unlock(table);
}

/* Takes all pages out of @table. Context: its lock. */
static void move_into_block(struct pt *pt, struct pt_table *table, uint8_t *block)
{
	struct rss_change change = { 0 };

	for (uint32_t i = 0; i < PT_ENTRIES; i++) {
		uint64_t pte = atomic_load_relaxed(&table->entry[i]);

		if (pte_is_frame(pte)) {
			frame_copy(pt->frames, block + ((uint64_t)i << PAGE_SHIFT), pte_page(pte));
			frame_put(pt->frames, pte_page(pte));
		}
		rss_change_add(&change, pte, -1);
	}
	table->live = 0;
	rss_change_apply(pt, &change);
}

/* Bytes move under the table's own lock: the upper one is also that of a whole GiB's other huge pages. */
void pt_huge_collapse(struct pt *pt, uint64_t addr, void *block, uint64_t bits)
{
	struct huge h = huge_at(pt, addr);
	struct pt_table *table = table_child(h.upper, h.index);
	uint64_t pte = pte_make(block, PTE_ANON, bits) | PTE_HUGE;

	check(table && h.addr == addr);
	atomic_store_relaxed(&pt->has_huge, 1);
	table_lock(table);
	move_into_block(pt, table, block);
	table_unlock(table);
	huge_lock_upper(h.upper);
	table_lock(table);
	huge_put_away(pt, &h, table, pte);
	huge_count_pages(pt, pte, 1);
	table_unlock(table);
	huge_unlock_upper(h.upper);
}
