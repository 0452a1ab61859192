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
 *             change of places. The upper one
 *             alone for a change of the huge page's own bits.
 * Invariants  H1  away[i] is a table exactly when entry i is a huge page.
 *             H2  a huge page lies inside one VMA (who cuts a VMA splits first).
 */
#include <errno.h>

#include "base/alloc.h"
#include "pt/table.h"

static void lock_upper(struct pt_table *upper)
{
	check(upper->level == 1);
	spinlock_lock(&upper->lock, RANK_TABLE_UPPER);
}

static void unlock_upper(struct pt_table *upper)
{
	spinlock_unlock(&upper->lock, RANK_TABLE_UPPER);
}

static uint64_t entry_of(const struct huge *h)
{
	return atomic_load_relaxed(&h->upper->entry[h->index]);
}

static struct huge huge_at(const struct pt *pt, uint64_t addr)
{
	return (struct huge){ table_find_upper(pt, addr), table_index(1, addr), pt_huge_down(addr) };
}

/* By @n huge pages (1 or -1) of @pte. */
static void count_pages(struct pt *pt, uint64_t pte, int n)
{
	struct rss_change change = { 0 };

	rss_change_add(&change, pte, n * (int)PT_ENTRIES);
	rss_change_apply(pt, &change);
}

/* --- changing places: Context: both locks --------------------------------------------------------------------------- */

static void put_away(struct pt *pt, const struct huge *h, struct pt_table *table, uint64_t pte)
{
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
	h->upper->away[h->index] = NULL;
	atomic_store_release(&h->upper->entry[h->index], (uint64_t)(uintptr_t)table);
}

static void bring_back_empty(struct pt *pt, const struct huge *h, struct pt_table *table)
{
	for (uint32_t i = 0; i < PT_ENTRIES; i++)
		atomic_store_relaxed(&table->entry[i], 0);
	table_set_vacant(pt, table, true);
	bring_back(h, table);
}

/*
 * The huge page goes, a vacant table is there instead. Return: what it was; 0: it was none any more. Who reads its bytes holds the
 * upper lock, and nobody finds its frames after that: they are the caller's.
 */
static uint64_t take_out(struct pt *pt, const struct huge *h)
{
	uint64_t pte;

	lock_upper(h->upper);
	pte = entry_of(h);
	if (pte_is_huge(pte)) {
		struct pt_table *table = h->upper->away[h->index];

		table_lock(table);
		bring_back_empty(pt, h, table);
		table_unlock(table);
		if (pte_is_frame(pte))
			count_pages(pt, pte, -1);
	} else {
		pte = 0;
	}
	unlock_upper(h->upper);
	return pte;
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

	lock_upper(upper);
	there = upper->away != NULL;
	unlock_upper(upper);
	if (there)
		return 0;
	away = alloc_zeroed(PT_ENTRIES * sizeof(*away));
	if (!away)
		return -ENOMEM;
	lock_upper(upper);
	if (!upper->away) {
		upper->away = away;
		away = NULL;
	}
	unlock_upper(upper);
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
	lock_upper(h.upper);
	table = table_child(h.upper, h.index);
	if (!table) {
		unlock_upper(h.upper);
		return false;
	}
	table_lock(table);
	empty = table->live == 0;
	if (empty) {
		put_away(pt, &h, table, pte);
		count_pages(pt, pte, 1);
	}
	table_unlock(table);
	unlock_upper(h.upper);
	return empty;
}

bool pt_slot_is_huge(const struct pt_slot *slot)
{
	return container_of(slot->lock, struct pt_table, lock)->level != 0;
}

void huge_slot_set(struct pt *pt, const struct pt_slot *slot, uint64_t pte)
{
	uint64_t old = atomic_load_relaxed(slot->entry);

	check(pte_is_huge(old) && pte_is_huge(pte));
	if (pte_kind(old) != pte_kind(pte)) {
		count_pages(pt, old, -1);
		count_pages(pt, pte, 1);
	}
	atomic_store_relaxed(slot->entry, pte);
}

/* --- splitting ------------------------------------------------------------------------------------------------------ */

static void split(struct pt *pt, const struct huge *h)
{
	struct pt_table *table;
	uint64_t pte;

	lock_upper(h->upper);
	pte = entry_of(h);
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
	unlock_upper(h->upper);
}

void pt_huge_split(struct pt *pt, uint64_t addr)
{
	struct huge h = huge_at(pt, addr);

	if (h.upper && pte_is_huge(entry_of(&h)))
		split(pt, &h);
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
		split(pt, &h);
}

/* --- collapsing ----------------------------------------------------------------------------------------------------- */

static void look_at_entry(const struct pt *pt, uint64_t pte, struct pt_huge_look *look)
{
	look->uffd_wp += (pte & PTE_UFFD_WP) != 0;
	if (!pte || (pte_is_present(pte) && pte_kind(pte) == PTE_ZERO))
		look->empty++;
	else if (!pte_is_frame(pte))
		look->others++;
	else if (!frame_is_only(pt->frames, pte_page(pte)))
		look->shared++;
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
	lock_upper(h.upper);
	table_lock(table);
	put_away(pt, &h, table, pte);
	count_pages(pt, pte, 1);
	table_unlock(table);
	unlock_upper(h.upper);
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
		if (pte_is_huge(entry_of(out)))
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
		n += pte_is_frame(entry_of(&h));
	return n;
}

/* --- ranges --------------------------------------------------------------------------------------------------------- */

void huge_zap(struct pt *pt, uint64_t start, uint64_t end)
{
	struct huge h;

	while (huge_next_whole(pt, &start, end, &h)) {
		uint64_t pte = take_out(pt, &h);

		if (pte_is_frame(pte))
			frame_put_huge(pt->frames, pte_page(pte));
	}
}

void huge_change(struct pt *pt, uint64_t start, uint64_t end, pte_change_fn *change)
{
	struct huge h;

	while (huge_next_whole(pt, &start, end, &h)) {
		uint64_t pte;

		lock_upper(h.upper);
		pte = entry_of(&h);
		if (pte_is_huge(pte))
			atomic_store_relaxed(&h.upper->entry[h.index], change(pt, pte));
		unlock_upper(h.upper);
	}
}

void huge_resident(const struct pt *pt, uint64_t start, uint64_t end, uint8_t *out)
{
	uint64_t at = start;
	struct huge h;

	while (huge_next(pt, &at, end, &h)) {
		uint64_t first = max_u64(h.addr, start), last = min_u64(h.addr + PT_HUGE_SIZE, end);

		for (uint64_t page = (first - start) >> PAGE_SHIFT; page < (last - start) >> PAGE_SHIFT; page++)
			out[page] = 1;
	}
}

/* Only where both places are equally far into 2 MiB can it move as a whole. */
static bool moves_whole(uint64_t from, uint64_t to)
{
	return pt_huge_down(to - from) == to - from;
}

int huge_move_reserve(struct pt *pt, uint64_t from, uint64_t to, uint64_t length)
{
	uint64_t at = from;
	struct huge h;

	huge_split_ends(pt, from, from + length);
	while (huge_next_whole(pt, &at, from + length, &h)) {
		if (!moves_whole(from, to))
			split(pt, &h);
		else if (pt_huge_reserve(pt, h.addr + (to - from)))
			return -ENOMEM;
	}
	return 0;
}

void huge_move(struct pt *pt, uint64_t from, uint64_t to, uint64_t length)
{
	uint64_t at = from;
	struct huge h;

	while (huge_next_whole(pt, &at, from + length, &h)) {
		bool moved = pt_huge_install(pt, h.addr + (to - from), take_out(pt, &h));

		check(moved);
		(void)moved;
	}
}

static void lock_upper_both(struct pt_table *a, struct pt_table *b)
{
	lock_upper((uintptr_t)a < (uintptr_t)b ? a : b);
	if (a != b)
		lock_upper((uintptr_t)a < (uintptr_t)b ? b : a);
}

static void unlock_upper_both(struct pt_table *a, struct pt_table *b)
{
	unlock_upper(a);
	if (a != b)
		unlock_upper(b);
}

/* Context: both upper locks; @table is where @target's entry leads. */
static bool change_places(struct pt *pt, const struct huge *source, const struct huge *target, struct pt_table *table,
			  uint64_t arrived)
{
	struct pt_table *away = source->upper->away[source->index];
	bool open;

	table_lock_both(away, table);
	open = table_is_vacant(table);
	if (open) {
		bring_back_empty(pt, source, away);
		put_away(pt, target, table, arrived);
	}
	table_unlock_both(away, table);
	return open;
}

bool huge_move_one(struct pt *pt, uint64_t from, uint64_t to, uint64_t pte, uint64_t arrived)
{
	struct huge source = huge_at(pt, from), target = huge_at(pt, to);
	struct pt_table *table;
	bool moved;

	check(source.addr == from && target.addr == to && source.upper && target.upper);
	lock_upper_both(source.upper, target.upper);
	table = table_child(target.upper, target.index);
	moved = table && entry_of(&source) == pte && change_places(pt, &source, &target, table, arrived);
	unlock_upper_both(source.upper, target.upper);
	return moved;
}

int huge_copy(struct pt *dst, struct pt *src, uint64_t start, uint64_t end)
{
	struct huge h;

	while (huge_next_whole(src, &start, end, &h)) {
		uint64_t pte;
		bool copied;

		if (pt_huge_reserve(dst, h.addr))
			return -ENOMEM;
		lock_upper(h.upper);
		pte = entry_of(&h) & ~PTE_WRITE;
		if (pte_is_frame(pte)) {
			frame_get_huge(src->frames, pte_page(pte)); /* pair [frame-only], as in copy.c */
			pte |= PTE_FORKED;
		}
		atomic_store_relaxed(&h.upper->entry[h.index], pte);
		unlock_upper(h.upper);
		copied = pt_huge_install(dst, h.addr, pte & ~PTE_ACCESSED); /* not yet touched there */
		check(copied);
		(void)copied;
	}
	return 0;
}
