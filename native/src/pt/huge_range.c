/*
 * pt/huge_range.c - what range.c, move.c and copy.c do, to the huge pages of a range
 */
#include <errno.h>

#include "pt/huge.h"

/*
 * The huge page goes, a vacant table is there instead. Return: what it was; 0: it was none any more. Who reads its bytes holds the
 * upper lock, and nobody finds its frames after that: they are the caller's.
 */
static uint64_t take_out(struct pt *pt, const struct huge *h)
{
	uint64_t pte;

	huge_lock_upper(h->upper);
	pte = huge_entry(h);
	if (pte_is_huge(pte)) {
		struct pt_table *table = h->upper->away[h->index];

		table_lock(table);
		huge_bring_back_empty(pt, h, table);
		table_unlock(table);
		if (pte_is_frame(pte))
			huge_count_pages(pt, pte, -1);
	} else {
		pte = 0;
	}
	huge_unlock_upper(h->upper);
	return pte;
}

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

		huge_lock_upper(h.upper);
		pte = huge_entry(&h);
		if (pte_is_huge(pte))
			atomic_store_relaxed(&h.upper->entry[h.index], change(pt, pte));
		huge_unlock_upper(h.upper);
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
			huge_split(pt, &h);
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
	huge_lock_upper((uintptr_t)a < (uintptr_t)b ? a : b);
	if (a != b)
		huge_lock_upper((uintptr_t)a < (uintptr_t)b ? b : a);
}

static void unlock_upper_both(struct pt_table *a, struct pt_table *b)
{
	huge_unlock_upper(a);
	if (a != b)
		huge_unlock_upper(b);
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
		huge_bring_back_empty(pt, source, away);
		huge_put_away(pt, target, table, arrived);
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
	moved = table && huge_entry(&source) == pte && change_places(pt, &source, &target, table, arrived);
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
		huge_lock_upper(h.upper);
		pte = huge_entry(&h) & ~PTE_WRITE;
		if (pte_is_frame(pte)) {
			frame_get_huge(src->frames, pte_page(pte)); /* pair [frame-only], as in copy.c */
			pte |= PTE_FORKED;
		}
		atomic_store_relaxed(&h.upper->entry[h.index], pte);
		huge_unlock_upper(h.upper);
		copied = pt_huge_install(dst, h.addr, pte & ~PTE_ACCESSED); /* not yet touched there */
		check(copied);
		(void)copied;
	}
	return 0;
}
