/*
 * table_test.c - page tables one rule at a time: growing, counting, zapping, moving, sharing, freeing, and what the
 * validator sees
 */
#include <errno.h>

#include "base/alloc.h"
#include "pt/table.h"
#include "space.h"

#define MIB2 (UINT64_C(2) << 20)
#define GIB (UINT64_C(1) << 30)

static void one_table_serves_two_mebibytes_and_each_page_has_an_entry_of_its_own(void)
{
	struct space s;
	struct pt_slot a, b, c;

	space_init(&s, 100);
	expect(!pt_slot_find(&s.pt, GIB, &a));
	expect_eq(pt_slot_make(&s.pt, GIB, &a), 0);
	expect_eq(pt_slot_make(&s.pt, GIB + MIB2 - 1, &b), 0);
	expect_eq(pt_slot_make(&s.pt, GIB + MIB2, &c), 0);
	expect(a.lock == b.lock && a.lock != c.lock);
	expect_eq(b.entry - a.entry, 511);
	expect_eq(space_tables(&s), 4); /* two lowest, one each above; the root is not counted */
	expect(pt_slot_find(&s.pt, GIB + 17, &b) && b.entry == a.entry);
	space_end(&s);
}

static void the_whole_address_space_can_be_mapped(void)
{
	const uint64_t addrs[] = { 0, GIB, 512 * GIB - PAGE_SIZE, 512 * GIB, 128 * 1024 * GIB - PAGE_SIZE };
	struct space s;
	uint8_t there;

	space_init(&s, 100);
	for (size_t i = 0; i < array_size(addrs); i++)
		space_map_frame(&s, addrs[i], (uint8_t)i);
	for (size_t i = 0; i < array_size(addrs); i++) {
		expect_eq(*space_byte(&s, addrs[i]), i);
		pt_resident(&s.pt, addrs[i], addrs[i] + PAGE_SIZE, &there);
		expect_eq(there, 1);
	}
	space_expect(&s, 5, 0, 0);
	pt_zap(&s.pt, 0, UINT64_C(1) << 47);
	space_expect(&s, 0, 0, 0);
	expect_eq(frames_used(s.frames), 0);
	space_end(&s);
}

static void entries_count_by_kind_and_the_zero_page_not_at_all(void)
{
	static _Alignas(4096) uint8_t file_page[4096];
	struct space s;
	uint8_t there[5];

	space_init(&s, 100);
	space_map_frame(&s, GIB, 1);
	space_set(&s, GIB + PAGE_SIZE, pte_make(file_page, PTE_FILE, 0));
	space_set(&s, GIB + 2 * PAGE_SIZE, pte_make(file_page, PTE_SHMEM, PTE_WRITE));
	space_set(&s, GIB + 3 * PAGE_SIZE, pte_make(frame_zero_page(), PTE_ZERO, 0));
	space_expect(&s, 1, 1, 1);
	pt_resident(&s.pt, GIB, GIB + 5 * PAGE_SIZE, there);
	expect(memcmp(there, "\1\1\1\1\0", 5) == 0);
	space_map_frame(&s, GIB + PAGE_SIZE, 2); /* in place of the file's */
	space_expect(&s, 2, 0, 1);
	pt_zap(&s.pt, GIB, GIB + 3 * PAGE_SIZE);
	space_expect(&s, 0, 0, 0);
	expect(pte_is_present(space_pte(&s, GIB + 3 * PAGE_SIZE)));
	space_end(&s);
}

static void zapping_keeps_what_lies_on_both_sides(void)
{
	struct space s;

	space_init(&s, 2000);
	for (uint64_t i = 0; i < 1100; i++)
		space_map_frame(&s, GIB + i * PAGE_SIZE, 1);
	pt_zap(&s.pt, GIB + 3 * PAGE_SIZE, GIB + 1090 * PAGE_SIZE);
	space_expect(&s, 13, 0, 0);
	expect_eq(frames_used(s.frames), 13);
	expect(pte_is_present(space_pte(&s, GIB + 2 * PAGE_SIZE)) && !space_pte(&s, GIB + 3 * PAGE_SIZE));
	expect(pte_is_present(space_pte(&s, GIB + 1090 * PAGE_SIZE)) && !space_pte(&s, GIB + 1089 * PAGE_SIZE));
	pt_zap(&s.pt, GIB, GIB);
	space_expect(&s, 13, 0, 0);
	space_end(&s);
}

static void write_protecting_and_cleaning_take_one_bit_each(void)
{
	struct space s;

	space_init(&s, 10);
	for (uint64_t i = 0; i < 3; i++)
		space_map_frame(&s, GIB + i * PAGE_SIZE, 1);
	pt_write_protect(&s.pt, GIB + PAGE_SIZE, GIB + 2 * PAGE_SIZE);
	pt_clean(&s.pt, GIB + 2 * PAGE_SIZE, GIB + 3 * PAGE_SIZE);
	expect_eq(space_pte(&s, GIB) & (PTE_WRITE | PTE_DIRTY), PTE_WRITE | PTE_DIRTY);
	expect_eq(space_pte(&s, GIB + PAGE_SIZE) & (PTE_WRITE | PTE_DIRTY), PTE_DIRTY);
	expect_eq(space_pte(&s, GIB + 2 * PAGE_SIZE) & (PTE_WRITE | PTE_DIRTY), PTE_WRITE);
	space_end(&s);
}

static void tables_are_freed_only_when_they_lie_wholly_in_the_hole(void)
{
	struct space s;
	uint64_t first = 3 * GIB, second = first + MIB2, third = second + MIB2;

	space_init(&s, 10);
	space_map_frame(&s, first, 1);
	space_map_frame(&s, second, 1);
	space_map_frame(&s, third, 1);
	expect_eq(space_tables(&s), 5);
	pt_zap(&s.pt, second, second + PAGE_SIZE);
	pt_free_tables(&s.pt, second + PAGE_SIZE, third);
	expect_eq(space_tables(&s), 5);
	pt_free_tables(&s.pt, second, third - PAGE_SIZE);
	expect_eq(space_tables(&s), 5);
	pt_free_tables(&s.pt, second, third);
	expect_eq(space_tables(&s), 4);
	space_expect(&s, 2, 0, 0);
	pt_zap(&s.pt, first, third + MIB2);
	pt_free_tables(&s.pt, 3 * GIB, 4 * GIB); /* two lowest and the one above, but not what spans 512 GiB */
	expect_eq(space_tables(&s), 1);
	pt_free_tables(&s.pt, 0, UINT64_C(1) << 47);
	expect_eq(space_tables(&s), 0);
	space_map_frame(&s, second, 9);
	expect_eq(*space_byte(&s, second), 9);
	space_end(&s);
}

static void freeing_near_a_range_leaves_the_rest_of_the_hole(void)
{
	struct space s;

	space_init(&s, 10);
	space_map_frame(&s, GIB, 1);
	space_map_frame(&s, 2 * GIB, 1);
	pt_zap(&s.pt, GIB, 3 * GIB);
	pt_free_tables_near(&s.pt, GIB, GIB + PAGE_SIZE, 0, UINT64_C(1) << 47);
	expect_eq(space_tables(&s), 0); /* one table of 512 GiB overlaps it and takes all below along */
	space_map_frame(&s, GIB, 1);
	space_map_frame(&s, 2 * GIB, 1);
	pt_zap(&s.pt, GIB, 3 * GIB);
	pt_free_tables_near(&s.pt, GIB, GIB + PAGE_SIZE, GIB, 3 * GIB);
	expect_eq(space_tables(&s), 3);
	space_map_frame(&s, GIB, 1);
	pt_zap(&s.pt, GIB, 2 * GIB);
	pt_free_tables_near(&s.pt, 2 * GIB, 2 * GIB + PAGE_SIZE, GIB, 3 * GIB);
	expect_eq(space_tables(&s), 3);
	space_end(&s);
}

static void moving_takes_entries_along_also_between_unequal_places(void)
{
	/* Apart by whole tables, by less than a table, within one table, and across a boundary of 1 GiB. */
	const uint64_t offsets[] = { 8 * MIB2, 8 * MIB2 + 77 * PAGE_SIZE, 40 * PAGE_SIZE, GIB - 20 * PAGE_SIZE };
	enum { PAGES = 30 };

	for (size_t o = 0; o < array_size(offsets); o++) {
		struct space s;
		uint64_t from = GIB + 500 * PAGE_SIZE, to = from + offsets[o], length = PAGES * PAGE_SIZE;

		space_init(&s, 100);
		for (uint64_t i = 0; i<PAGES; i += i> 10 ? 2 : 1)
			space_map_frame(&s, from + i * PAGE_SIZE, (uint8_t)(i + 1));
		for (int back = 0; back < 2; back++) {
			uint64_t resident = counters_sum(&s.counters, PT_COUNT_RSS_ANON);

			expect_eq(pt_move_reserve(&s.pt, from, to, length), 0);
			pt_move(&s.pt, from, to, length);
			for (uint64_t i = 0; i < PAGES; i++) {
				bool there = i <= 10 || i % 2 == 1;

				expect_eq(space_pte(&s, from + i * PAGE_SIZE), 0);
				expect_eq(pte_is_present(space_pte(&s, to + i * PAGE_SIZE)), there);
				if (there)
					expect_eq(*space_byte(&s, to + i * PAGE_SIZE), i + 1);
			}
			space_expect(&s, resident, 0, 0);
			from = to;
			to = GIB + 500 * PAGE_SIZE;
		}
		space_end(&s);
	}
}

static void a_copy_shares_every_page_of_its_range_write_protected_on_both_sides(void)
{
	static _Alignas(4096) uint8_t file_page[4096];
	struct space parent, child;
	uint64_t addr = GIB + 511 * PAGE_SIZE; /* two tables */

	space_init(&parent, 100);
	space_init_over(&child, parent.frames);
	space_map_frame(&parent, addr, 1);
	space_map_frame(&parent, addr + PAGE_SIZE, 2);
	space_set(&parent, addr + 2 * PAGE_SIZE, pte_make(file_page, PTE_FILE, 0));
	space_set(&parent, addr + 3 * PAGE_SIZE, pte_make(frame_zero_page(), PTE_ZERO, 0));
	space_map_frame(&parent, addr + 4 * PAGE_SIZE, 3); /* not part of the copy */
	expect_eq(pt_copy(&child.pt, &parent.pt, addr, addr + 4 * PAGE_SIZE), 0);
	space_expect(&parent, 3, 1, 0);
	space_expect(&child, 2, 1, 0);
	expect_eq(frames_used(parent.frames), 3);
	for (uint64_t at = addr; at < addr + 4 * PAGE_SIZE; at += PAGE_SIZE) {
		uint64_t pte = space_pte(&parent, at);

		expect_eq(space_pte(&child, at), pte & ~PTE_ACCESSED); /* not yet touched there */
		expect(pte_is_present(pte) && !pte_is_writable(pte));
		if (pte_is_frame(pte))
			expect(!frame_is_only(parent.frames, pte_page(pte)));
	}
	expect_eq(space_pte(&child, addr + 4 * PAGE_SIZE), 0);
	expect(pte_is_writable(space_pte(&parent, addr + 4 * PAGE_SIZE)));
	pt_zap(&parent.pt, addr, addr + PAGE_SIZE);
	expect_eq(*space_byte(&child, addr), 1);
	expect(frame_is_only(child.frames, pte_page(space_pte(&child, addr))));
	space_end(&parent);
	expect_eq(frames_used(child.frames), 2);
	space_end(&child);
}

static void a_range_that_never_had_a_page_costs_a_copy_no_table(void)
{
	struct space parent, child;

	space_init(&parent, 100);
	space_init_over(&child, parent.frames);
	space_map_frame(&parent, GIB, 1);
	expect_eq(pt_copy(&child.pt, &parent.pt, 2 * GIB, UINT64_C(1) << 47), 0);
	expect_eq(space_tables(&child), 0);
	space_end(&child);
	space_end(&parent);
}

/* --- no memory ---------------------------------------------------------------------------------------------------- */

static void growing_without_memory_leaves_valid_tables(void)
{
	struct space s;
	struct pt_slot slot;

	space_init(&s, 10);
	for (uint64_t n = 1; n <= 3; n++) {
		alloc_fail_after(n);
		expect_eq(pt_slot_make(&s.pt, n * 600 * GIB, &slot), (uint64_t)-ENOMEM);
		expect(alloc_failure_happened());
		alloc_fail_after(0);
		expect_eq(space_tables(&s), (n - 1) * n / 2);
		expect(!pt_slot_find(&s.pt, n * 600 * GIB, &slot));
		space_expect(&s, 0, 0, 0);
	}
	space_end(&s);
}

static void reserving_and_copying_without_memory_move_nothing(void)
{
	struct space s, child;

	space_init(&s, 10);
	space_init_over(&child, s.frames);
	space_map_frame(&s, GIB, 5);
	for (uint64_t n = 1; n <= 3; n++) {
		alloc_fail_after(n);
		expect_eq(pt_move_reserve(&s.pt, GIB, 600 * n * GIB, MIB2), (uint64_t)-ENOMEM);
		alloc_fail_after(n);
		expect_eq(pt_copy(&child.pt, &s.pt, 0, UINT64_C(1) << 47), (uint64_t)-ENOMEM);
		alloc_fail_after(0);
		space_end(&child);
		space_init_over(&child, s.frames);
		space_expect(&s, 1, 0, 0);
		expect_eq(*space_byte(&s, GIB), 5);
		expect(pte_is_writable(space_pte(&s, GIB)));
	}
	space_end(&child);
	space_end(&s);
}

/* --- the validator bites ------------------------------------------------------------------------------------------ */

static bool nothing_is_mapped(void *arg, uint64_t start, uint64_t end, bool writable)
{
	(void)arg;
	(void)start;
	(void)end;
	(void)writable;
	return false;
}

static bool nothing_is_writable(void *arg, uint64_t start, uint64_t end, bool writable)
{
	(void)arg;
	(void)start;
	(void)end;
	return !writable;
}

static void expect_broken(struct space *s, const char *part)
{
	const char *what = pt_validate(&s->pt, NULL, NULL);

	if (!what || !strstr(what, part)) {
		fprintf(stderr, "validator says: %s, expected: %s\n", what ? what : "nothing", part);
		exit(1);
	}
}

static void the_validator_finds_what_is_broken(void)
{
	struct space s;
	struct pt_slot slot;
	uint64_t good;

	space_init(&s, 10);
	space_map_frame(&s, GIB, 1);
	expect(pt_slot_find(&s.pt, GIB, &slot));
	good = atomic_load_relaxed(slot.entry);
	expect(strstr(pt_validate(&s.pt, nothing_is_mapped, NULL), "nothing is mapped"));
	atomic_store_relaxed(slot.entry, good | PTE_WRITE);
	expect(strstr(pt_validate(&s.pt, nothing_is_writable, NULL), "forbids to write"));
	atomic_store_relaxed(slot.entry, good & ~PTE_WRITE);
	expect(!pt_validate(&s.pt, nothing_is_writable, NULL));

	atomic_store_relaxed(slot.entry, 0);
	expect_broken(&s, "count of its entries");
	atomic_store_relaxed(slot.entry, good & ~PTE_PRESENT);
	expect_broken(&s, "neither empty nor present");
	atomic_store_relaxed(slot.entry, good + PAGE_SIZE);
	expect_broken(&s, "free or none");
	atomic_store_relaxed(slot.entry, pte_make(frame_zero_page(), PTE_ZERO, 0) | PTE_WRITE);
	expect_broken(&s, "zero page");
	atomic_store_relaxed(slot.entry, pte_make(frame_zero_page(), PTE_FILE, 0));
	expect_broken(&s, "resident pages");
	atomic_store_relaxed(slot.entry, good);
	counters_add(&s.counters, PT_COUNT_TABLES, 1);
	expect_broken(&s, "number of page tables");
	counters_add(&s.counters, PT_COUNT_TABLES, UINT64_MAX);
	space_expect(&s, 1, 0, 0);
	space_end(&s);
}

/* --- threads ------------------------------------------------------------------------------------------------------ */

enum { THREADS = 4 };

struct grower {
	struct space *space;
	uint64_t id;
	atomic_u32 *waiting; /* threads not yet at the start line */
};

static void grow_everywhere(void *arg)
{
	struct grower *g = arg;

	(void)atomic_fetch_sub_release(g->waiting, 1);
	while (atomic_load_acquire(g->waiting))
		sync_yield();
	/* All threads grow the same tables at the same time, each sets entries of its own. */
	for (uint64_t i = 0; i < 300; i++) {
		uint64_t addr = i * 3 * GIB / 2 + g->id * PAGE_SIZE;
		struct pt_slot slot;

		if (pt_slot_make(&g->space->pt, addr, &slot))
			abort();
		spinlock_lock(slot.lock, RANK_TABLE);
		pt_slot_set(&g->space->pt, &slot, pte_make(frame_zero_page(), PTE_ZERO, 0));
		spinlock_unlock(slot.lock, RANK_TABLE);
	}
}

static uint64_t pages_present(struct space *s, uint64_t threads)
{
	uint64_t present = 0;

	for (uint64_t i = 0; i < 300; i++)
		for (uint64_t t = 0; t < threads; t++)
			present += pte_is_present(space_pte(s, i * 3 * GIB / 2 + t * PAGE_SIZE));
	return present;
}

static void threads_that_grow_the_same_tables_link_each_once(void)
{
	int64_t live = alloc_live();
	struct space s, alone;
	atomic_u32 one = { 1 }, waiting = { THREADS };
	struct grower growers[THREADS], single = { &alone, 0, &one };
	struct sync_thread threads[THREADS];

	space_init(&s, 10);
	space_init(&alone, 10);
	grow_everywhere(&single);
	for (uint32_t i = 0; i < THREADS; i++) {
		growers[i] = (struct grower){ &s, i, &waiting };
		expect_eq(sync_thread_start(&threads[i], grow_everywhere, &growers[i]), 0);
	}
	for (uint32_t i = 0; i < THREADS; i++)
		sync_thread_join(&threads[i]);
	expect_eq(space_tables(&s), space_tables(&alone));
	expect_eq(pages_present(&s, THREADS), 300 * THREADS);
	space_expect(&s, 0, 0, 0);
	space_end(&alone);
	space_end(&s);
	expect_eq(alloc_live(), live); /* those that lost a race too */
}

/* Pages that are no frames, as the zero page, could take all memory of the host for their tables. */
static void a_pool_of_few_frames_has_few_tables(void)
{
	int64_t live = alloc_live();
	struct space s, fork;
	struct pt_slot slot;
	uint64_t n = 0;

	space_init(&s, 1);
	space_init_over(&fork, s.frames);
	expect_eq(pt_slot_make(&fork.pt, GIB, &slot), 0);
	while (pt_slot_make(&s.pt, n * MIB2, &slot) == 0)
		n++;
	expect_eq(space_tables(&s) + space_tables(&fork), FRAMES_LEAST_TABLES);
	expect_eq(pt_slot_make(&fork.pt, 2 * GIB, &slot), -ENOMEM);
	expect_eq(pt_slot_make(&fork.pt, GIB + PAGE_SIZE, &slot), 0);
	pt_free_tables(&s.pt, 0, UINT64_C(1) << 47);
	expect_eq(pt_slot_make(&fork.pt, 2 * GIB, &slot), 0);
	space_end(&s);
	for (uint64_t i = 0; i < n; i++)
		expect_eq(pt_slot_make(&fork.pt, i * MIB2, &slot), 0);
	space_end(&fork);
	expect_eq(alloc_live(), live);
}

static const struct test_case cases[] = {
	CASE(one_table_serves_two_mebibytes_and_each_page_has_an_entry_of_its_own),
	CASE(the_whole_address_space_can_be_mapped),
	CASE(entries_count_by_kind_and_the_zero_page_not_at_all),
	CASE(zapping_keeps_what_lies_on_both_sides),
	CASE(write_protecting_and_cleaning_take_one_bit_each),
	CASE(tables_are_freed_only_when_they_lie_wholly_in_the_hole),
	CASE(freeing_near_a_range_leaves_the_rest_of_the_hole),
	CASE(moving_takes_entries_along_also_between_unequal_places),
	CASE(a_copy_shares_every_page_of_its_range_write_protected_on_both_sides),
	CASE(a_range_that_never_had_a_page_costs_a_copy_no_table),
	CASE(growing_without_memory_leaves_valid_tables),
	CASE(reserving_and_copying_without_memory_move_nothing),
	CASE(the_validator_finds_what_is_broken),
	CASE(a_pool_of_few_frames_has_few_tables),
	CASE(threads_that_grow_the_same_tables_link_each_once),
};
TEST_MAIN(cases)
