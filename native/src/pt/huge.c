/*
 * pt/huge.c - pages of 2 MiB: an entry of level 1 that stands in for a table
 *
 * The table stays that span's all the while. It is kept in the `away` array of the table above, where Linux deposits one: so a split
 * allocates nothing and cannot fail. Its entries are PTE_AWAY then, so that a fault which found one before
 * finds it changed when it looks again under the table's lock.
 *
 *         table ──── install: empty, all entries PTE_AWAY ────> huge page
 *               <─── split: 512 entries of the same frames ────
 *               <─── zap, move: vacant ────────────────────────
 *
 * Locks       the table above (RANK_TABLE_UPPER; two in the order of their addresses), then the table itself (RANK_TABLE): both for each
 *             change of places. The upper one alone for a change of the huge page's own bits.
 * Invariants  H1  away[i] is a table exactly when entry i is a huge page.
 *             H2  a huge page lies inside one VMA (who cuts a VMA splits first).
 * Beside it   huge_range.c: what operations do to those of a range; huge_collapse.c: small pages become one
 */
#include <errno.h>

#include "base/alloc.h"
#include "pt/huge.h"

void huge_count_pages(struct pt *pt, uint64_t pte, int n)
{
	struct rss_change change = { 0 };

	rss_change_add(&change, pte, n * (int)PT_ENTRIES);
	rss_change_apply(pt, &change);
}

/* --- changing places. Context: both locks --------------------------------------------------------------------------- */

void huge_put_away(struct pt *pt, const struct huge *h, struct pt_table *table, uint64_t pte)
{
	spinlock_assert_held(&h->upper->lock);
	spinlock_assert_held(&table->lock);
	check(pte_is_huge(pte) && table->live == 0 && !h->upper->away[h->index]);
	table_occupy(pt, table);
	for (uint32_t i = 0; i < PT_ENTRIES; i++)
		atomic_store_relaxed(&table->entry[i], PTE_AWAY);
	h->upper->away[h->index] = table;
	atomic_store_relaxed(&h->upper->entry[h->index], pte);
}

/* pair [pt-link]: table_child(). The entries before the link. */
static void bring_back(const struct huge *h, struct pt_table *table)
{
	spinlock_assert_held(&h->upper->lock);
	spinlock_assert_held(&table->lock);
	h->upper->away[h->index] = NULL;
	atomic_store_release(&h->upper->entry[h->index], (uint64_t)(uintptr_t)table);
}

void huge_bring_back_empty(struct pt *pt, const struct huge *h, struct pt_table *table)
{
	for (uint32_t i = 0; i < PT_ENTRIES; i++)
		atomic_store_relaxed(&table->entry[i], 0);
	table_set_vacant(pt, table, true);
	bring_back(h, table);
}

/* --- mapping one ---------------------------------------------------------------------------------------------------- */

bool pt_huge_is_open(const struct pt *pt, uint64_t addr)
{
	struct pt_table *upper = table_find_upper(pt, addr);
	uint64_t link = upper ? rcu_deref(&upper->entry[table_index(1, addr)]) : 0;

	return !link || (!(link & PTE_PRESENT) && table_is_vacant(table_of_link(link)));
}

static int make_room_away(struct pt_table *upper)
{
	struct pt_table **away = NULL;
	bool there;

	huge_lock_upper(upper);
	there = upper->away != NULL;
	huge_unlock_upper(upper);
	if (there)
		return 0;
	away = alloc_zeroed(PT_ENTRIES * sizeof(*away));
	if (!away)
		return -ENOMEM;
	huge_lock_upper(upper);
	if (!upper->away) {
		upper->away = away;
		away = NULL;
	}
	huge_unlock_upper(upper);
	alloc_free(away);
	return 0;
}

/* A table made for a huge page counts as none until that has come: another fault there is to find the place as open as this one. */
static void stay_open(struct pt *pt, struct pt_table *table)
{
	table_lock(table);
	if (table->live == 0 && !table_is_vacant(table) && !table_is_away(table))
		table_set_vacant(pt, table, true);
	table_unlock(table);
}

int pt_huge_reserve(struct pt *pt, uint64_t addr)
{
	bool open = pt_huge_is_open(pt, addr);
	struct pt_table *table = table_make(pt, addr);

	if (!table)
		return -ENOMEM;
	if (open && table->level == 0)
		stay_open(pt, table);
	return make_room_away(table_find_upper(pt, addr));
}

bool pt_huge_install(struct pt *pt, uint64_t addr, uint64_t pte)
{
	struct huge h = huge_at(pt, addr);
	struct pt_table *table;
	bool empty;

	check(h.addr == addr && h.upper);
	atomic_store_relaxed(&pt->has_huge, 1);
	huge_lock_upper(h.upper);
	table = table_child(h.upper, h.index);
	if (!table) {
		huge_unlock_upper(h.upper);
		return false;
	}
	table_lock(table);
	empty = table->live == 0;
	if (empty) {
		huge_put_away(pt, &h, table, pte);
		huge_count_pages(pt, pte, 1);
	}
	table_unlock(table);
	huge_unlock_upper(h.upper);
	return empty;
}

bool pt_slot_is_huge(const struct pt_slot *slot)
{
	return container_of(slot->lock, struct pt_table, lock)->level != 0;
}

void huge_slot_set(struct pt *pt, const struct pt_slot *slot, uint64_t pte)
{
	uint64_t old = atomic_load_relaxed(slot->entry);

	spinlock_assert_held(slot->lock);
	check(pte_is_huge(old) && pte_is_huge(pte));
	if (pte_kind(old) != pte_kind(pte)) {
		huge_count_pages(pt, old, -1);
		huge_count_pages(pt, pte, 1);
	}
	atomic_store_relaxed(slot->entry, pte);
}

/* --- splitting ------------------------------------------------------------------------------------------------------ */

void huge_split(struct pt *pt, const struct huge *h)
{
	struct pt_table *table;
	uint64_t pte;

	huge_lock_upper(h->upper);
	pte = huge_entry(h);
	if (pte_is_huge(pte)) {
		table = h->upper->away[h->index];
		table_lock(table);
		for (uint32_t i = 0; i < PT_ENTRIES; i++)
			atomic_store_relaxed(&table->entry[i], pte_huge_part(pte, i));
		table->live = PT_ENTRIES;
		bring_back(h, table);
		table_unlock(table);
		counters_add(pt->counters, PT_COUNT_SPLITS, 1);
	}
	huge_unlock_upper(h->upper);
}

void pt_huge_split(struct pt *pt, uint64_t addr)
{
	struct huge h = huge_at(pt, addr);

	if (h.upper && pte_is_huge(huge_entry(&h)))
		huge_split(pt, &h);
}

void pt_huge_split_inside(struct pt *pt, uint64_t addr)
{
	if (pt_has_huge(pt) && addr != pt_huge_down(addr))
		pt_huge_split(pt, addr);
}

void huge_split_ends(struct pt *pt, uint64_t start, uint64_t end)
{
	pt_huge_split_inside(pt, start);
	pt_huge_split_inside(pt, end);
}

void huge_split_all(struct pt *pt, uint64_t start, uint64_t end)
{
	struct huge h;

	while (huge_next(pt, &start, end, &h))
		huge_split(pt, &h);
}

/* --- walking -------------------------------------------------------------------------------------------------------- */

bool huge_next(const struct pt *pt, uint64_t *at, uint64_t end, struct huge *out)
{
	while (*at < end) {
		struct pt_table *table = pt->root;
		unsigned level = PT_LEVELS - 1;

		for (; table && level > 1; level--)
			table = table_child(table, table_index(level, *at));
		if (!table) {
			*at = table_next(level + 1, *at);
			continue;
		}
		*out = (struct huge){ table, table_index(1, *at), pt_huge_down(*at) };
		*at = table_next(1, *at);
		if (pte_is_huge(huge_entry(out)))
			return true;
	}
	return false;
}

bool huge_next_whole(const struct pt *pt, uint64_t *at, uint64_t end, struct huge *out)
{
	uint64_t start = *at;

	while (huge_next(pt, at, end, out))
		if (out->addr >= start && out->addr + PT_HUGE_SIZE <= end)
			return true;
	return false;
}

uint64_t pt_huge_pages(const struct pt *pt, uint64_t start, uint64_t end)
{
	struct huge h;
	uint64_t n = 0;

	while (pt_has_huge(pt) && huge_next_whole(pt, &start, end, &h))
		n += pte_is_frame(huge_entry(&h));
	return n;
}
