/*
 * huge_test.c - huge pages in the tables: what stands in for what, what splits, and that no count changes by it
 */
#include <errno.h>

#include "base/alloc.h"
#include "pt/space.h"
#include "pt/table.h"

#define HUGE PT_HUGE_SIZE
#define AT (UINT64_C(5) << 30)
#define PAGES(n) ((uint64_t)(n) << PAGE_SHIFT)

static uint8_t *map_huge(struct space *s, uint64_t addr)
{
	uint8_t *block = frame_take_huge(s->frames);

	expect(block != NULL);
	for (uint64_t i = 0; i < 512; i++)
		block[PAGES(i)] = (uint8_t)i;
	expect_eq(pt_huge_reserve(&s->pt, addr), 0);
	expect(pt_huge_install(&s->pt, addr, pte_make(block, PTE_ANON, PTE_WRITE | PTE_DIRTY) | PTE_HUGE));
	return block;
}

static void expect_parts(struct space *s, uint64_t addr, uint64_t first, uint64_t end)
{
	for (uint64_t i = first; i < end; i++)
		expect_eq(*space_byte(s, addr + PAGES(i)), (uint8_t)i);
}

static uint64_t resident(struct space *s, uint64_t addr, uint64_t pages)
{
	static uint8_t out[4096];
	uint64_t n = 0;

	pt_resident(&s->pt, addr, addr + PAGES(pages), out);
	for (uint64_t i = 0; i < pages; i++)
		n += out[i];
	return n;
}

static void a_huge_page_is_512_resident_pages_and_one_entry(void)
{
	struct space s;

	space_init(&s, 1024);
	expect(pt_huge_is_open(&s.pt, AT));
	map_huge(&s, AT);
	expect(!pt_huge_is_open(&s.pt, AT));
	space_expect(&s, 512, 0, 0);
	expect_eq(space_tables(&s), 3);
	expect(pte_is_huge(space_pte(&s, AT + PAGES(77))));
	expect_eq(resident(&s, AT - HUGE, 1536), 512);
	expect_eq(resident(&s, AT + PAGES(500), 100), 12);
	expect_eq(pt_huge_pages(&s.pt, AT - HUGE, AT + HUGE), 1);
	expect_eq(pt_huge_pages(&s.pt, AT + PAGE_SIZE, AT + HUGE), 0);
	space_end(&s);
}

static void a_split_keeps_every_frame_and_count(void)
{
	struct space s;
	uint8_t *block;

	space_init(&s, 1024);
	block = map_huge(&s, AT);
	alloc_fail_after(1);
	pt_huge_split(&s.pt, AT + PAGES(3));
	expect(!alloc_failure_happened());
	alloc_fail_after(0);
	space_expect(&s, 512, 0, 0);
	expect_eq(space_tables(&s), 3);
	expect_eq(frames_used(s.frames), 512);
	expect_parts(&s, AT, 0, 512);
	for (uint64_t i = 0; i < 512; i++)
		expect(space_byte(&s, AT + PAGES(i)) == block + PAGES(i));
	expect_eq(counters_sum(&s.counters, PT_COUNT_SPLITS), 1);
	pt_huge_split(&s.pt, AT);
	pt_huge_split(&s.pt, AT + HUGE);
	pt_huge_split(&s.pt, 0);
	expect_eq(counters_sum(&s.counters, PT_COUNT_SPLITS), 1);
	expect(!pt_huge_is_open(&s.pt, AT));
	space_end(&s);
}

static void zapping_a_part_splits_and_zapping_all_does_not(void)
{
	struct space s;

	space_init(&s, 1024);
	map_huge(&s, AT);
	map_huge(&s, AT + HUGE);
	pt_zap(&s.pt, AT + PAGES(510), AT + 2 * HUGE);
	space_expect(&s, 510, 0, 0);
	expect_eq(frames_used(s.frames), 510);
	expect_eq(counters_sum(&s.counters, PT_COUNT_SPLITS), 1);
	expect_parts(&s, AT, 0, 510);
	expect(pt_huge_is_open(&s.pt, AT + HUGE) && !pt_huge_is_open(&s.pt, AT));
	expect_eq(space_tables(&s), 3); /* the vacant one counts as none */
	pt_zap(&s.pt, AT, AT + HUGE);
	expect(!pt_huge_is_open(&s.pt, AT));
	pt_vacate(&s.pt, AT + PAGE_SIZE, AT + HUGE);
	expect(!pt_huge_is_open(&s.pt, AT));
	pt_vacate(&s.pt, AT, AT + HUGE);
	expect(pt_huge_is_open(&s.pt, AT));
	expect_eq(space_tables(&s), 2);
	space_map_frame(&s, AT + PAGES(9), 1);
	expect_eq(space_tables(&s), 3);
	expect(!pt_huge_is_open(&s.pt, AT));
	space_expect(&s, 1, 0, 0);
	map_huge(&s, AT + HUGE);
	pt_zap(&s.pt, AT, AT + 2 * HUGE);
	pt_free_tables(&s.pt, 0, UINT64_C(1) << 47);
	space_expect(&s, 0, 0, 0);
	expect_eq(space_tables(&s), 0);
	space_end(&s);
}

/* Two mappings that meet inside it. */
static bool each_page_is_in_one(void *arg, uint64_t start, uint64_t end, bool writable)
{
	(void)arg;
	(void)start;
	(void)writable;
	return end <= start + PAGE_SIZE;
}

static void the_validator_finds_a_huge_page_across_a_border(void)
{
	struct space s;
	const char *what;

	space_init(&s, 2 * PT_HUGE_PAGES);
	map_huge(&s, AT);
	what = pt_validate(&s.pt, each_page_is_in_one, NULL);
	expect(what && strstr(what, "in one mapping"));
	space_end(&s);
}

static void a_huge_page_comes_only_where_none_is(void)
{
	struct space s;
	void *block;
	uint64_t pte;

	space_init(&s, 1536);
	space_map_frame(&s, AT + PAGES(511), 1);
	block = frame_take_huge(s.frames);
	pte = pte_make(block, PTE_ANON, 0) | PTE_HUGE;
	expect_eq(pt_huge_reserve(&s.pt, AT), 0);
	expect(!pt_huge_install(&s.pt, AT, pte));
	pt_zap(&s.pt, AT, AT + HUGE);
	expect(pt_huge_install(&s.pt, AT, pte));
	expect(!pt_huge_install(&s.pt, AT, pte));
	space_expect(&s, 512, 0, 0);
	space_end(&s);
}

/* What a fault that was on its way sees under the lock. */
static void an_entry_found_before_is_seen_to_have_changed(void)
{
	struct pt_slot small, huge;
	struct space s;

	space_init(&s, 1024);
	expect_eq(pt_slot_make(&s.pt, AT + PAGES(7), &small), 0);
	expect_eq(atomic_load_relaxed(small.entry), 0);
	map_huge(&s, AT);
	expect_eq(atomic_load_relaxed(small.entry), PTE_AWAY);
	expect_eq(pt_slot_make(&s.pt, AT + PAGES(7), &huge), 0);
	expect(pt_slot_is_huge(&huge) && !pt_slot_is_huge(&small));
	expect(pte_is_huge(atomic_load_relaxed(huge.entry)));
	pt_huge_split(&s.pt, AT);
	expect(!pte_is_present(atomic_load_relaxed(huge.entry)));
	expect(pte_is_present(atomic_load_relaxed(small.entry)));
	pt_zap(&s.pt, AT, AT + HUGE);
	expect_eq(atomic_load_relaxed(small.entry), 0);
	space_end(&s);
}

static void protecting_a_part_splits_and_protecting_all_does_not(void)
{
	struct space s;

	space_init(&s, 1024);
	map_huge(&s, AT);
	pt_write_protect(&s.pt, AT, AT + HUGE);
	expect_eq(counters_sum(&s.counters, PT_COUNT_SPLITS), 0);
	expect(!pte_is_writable(space_pte(&s, AT)));
	pt_clean(&s.pt, AT - HUGE, AT + 2 * HUGE);
	expect(!(space_pte(&s, AT) & PTE_DIRTY));
	map_huge(&s, AT + HUGE);
	pt_write_protect(&s.pt, AT + HUGE + PAGES(1), AT + HUGE + PAGES(2));
	expect_eq(counters_sum(&s.counters, PT_COUNT_SPLITS), 1);
	expect(pte_is_writable(space_pte(&s, AT + HUGE)) && !pte_is_writable(space_pte(&s, AT + HUGE + PAGES(1))));
	expect_parts(&s, AT + HUGE, 0, 512);
	space_expect(&s, 1024, 0, 0);
	space_end(&s);
}

/* --- fork ---------------------------------------------------------------------------------------------------------- */

static void fork_shares_a_huge_page_whole(void)
{
	struct space parent, child;
	uint8_t *block;

	space_init(&parent, 1024);
	block = map_huge(&parent, AT);
	space_init_over(&child, parent.frames);
	expect_eq(pt_copy(&child.pt, &parent.pt, AT, AT + HUGE), 0);
	space_expect(&parent, 512, 0, 0);
	space_expect(&child, 512, 0, 0);
	expect_eq(frames_used(parent.frames), 512);
	expect(!frame_is_only_huge(parent.frames, block) && !frame_is_only(parent.frames, block + PAGES(511)));
	expect(!pte_is_writable(space_pte(&parent, AT)) && pte_is_huge(space_pte(&child, AT)));
	pt_huge_split(&child.pt, AT);
	pt_zap(&parent.pt, AT, AT + HUGE);
	expect(frame_is_only_huge(parent.frames, block));
	expect_parts(&child, AT, 0, 512);
	space_end(&child);
	expect_eq(frames_used(parent.frames), 0);
	space_end(&parent);
}

static void fork_makes_a_table_for_an_empty_one_and_none_for_a_vacant_one(void)
{
	struct space parent, child;

	space_init(&parent, 1024);
	space_init_over(&child, parent.frames);
	for (int i = 0; i < 2; i++) {
		space_map_frame(&parent, AT + (uint64_t)i * HUGE, 1);
		pt_zap(&parent.pt, AT, AT + 2 * HUGE);
	}
	pt_vacate(&parent.pt, AT, AT + HUGE);
	expect_eq(pt_copy(&child.pt, &parent.pt, AT, AT + 2 * HUGE), 0);
	expect(pt_huge_is_open(&child.pt, AT) && !pt_huge_is_open(&child.pt, AT + HUGE));
	space_expect(&child, 0, 0, 0);
	space_end(&child);
	space_end(&parent);
}

static void the_huge_zero_page_belongs_to_nobody(void)
{
	struct space s, child;
	uint64_t pte = pte_make(frame_zero_page(), PTE_ZERO, 0) | PTE_HUGE;

	space_init(&s, 1024);
	expect_eq(pt_huge_reserve(&s.pt, AT), 0);
	expect(pt_huge_install(&s.pt, AT, pte));
	space_expect(&s, 0, 0, 0);
	expect_eq(resident(&s, AT, 512), 512);
	expect_eq(pt_huge_pages(&s.pt, AT, AT + HUGE), 0);
	space_init_over(&child, s.frames);
	expect_eq(pt_copy(&child.pt, &s.pt, AT, AT + HUGE), 0);
	pt_huge_split(&s.pt, AT);
	for (uint64_t i = 0; i < 512; i++)
		expect(pte_page(space_pte(&s, AT + PAGES(i))) == frame_zero_page());
	space_expect(&s, 0, 0, 0);
	pt_zap(&child.pt, AT, AT + HUGE);
	space_expect(&child, 0, 0, 0);
	expect_eq(frames_used(s.frames), 0);
	space_end(&child);
	space_end(&s);
}

/* --- mremap -------------------------------------------------------------------------------------------------------- */

static void move(struct space *s, uint64_t from, uint64_t to, uint64_t length)
{
	expect_eq(pt_move_reserve(&s->pt, from, to, length), 0);
	alloc_fail_after(1);
	pt_move(&s->pt, from, to, length);
	expect(!alloc_failure_happened());
	alloc_fail_after(0);
}

static void a_move_by_whole_huge_pages_moves_them_whole(void)
{
	struct space s;
	uint64_t to = AT + 8 * HUGE;

	space_init(&s, 1024);
	map_huge(&s, AT);
	space_map_frame(&s, AT + HUGE, 9);
	move(&s, AT, to, 2 * HUGE);
	space_expect(&s, 513, 0, 0);
	expect_eq(counters_sum(&s.counters, PT_COUNT_SPLITS), 0);
	expect_eq(pt_huge_pages(&s.pt, to, to + HUGE), 1);
	expect_eq(*space_byte(&s, to + HUGE), 9);
	expect(pt_huge_is_open(&s.pt, AT) && pt_huge_is_open(&s.pt, AT + HUGE));
	expect_eq(space_tables(&s), 4);
	pt_huge_split(&s.pt, to);
	expect_parts(&s, to, 0, 512);
	space_end(&s);
}

static void any_other_move_splits_them(void)
{
	struct space s;
	uint64_t to = AT + 8 * HUGE + PAGES(5);

	space_init(&s, 1536);
	map_huge(&s, AT);
	map_huge(&s, AT + HUGE);
	move(&s, AT + PAGES(100), to, HUGE);
	space_expect(&s, 1024, 0, 0);
	expect_parts(&s, AT, 0, 100);
	expect_parts(&s, AT + HUGE, 100, 512);
	for (uint64_t i = 0; i < 512; i++)
		expect_eq(*space_byte(&s, to + PAGES(i)), (uint8_t)(i + 100));
	move(&s, AT, AT + 16 * HUGE, PAGES(50));
	expect_parts(&s, AT + 16 * HUGE, 0, 50);
	expect_parts(&s, AT, 50, 100);
	space_expect(&s, 1024, 0, 0);
	space_end(&s);
}

/* --- out of memory -------------------------------------------------------------------------------------------------- */

static void no_memory_for_a_huge_page_leaves_the_space_as_it_was(void)
{
	int64_t before = alloc_live();

	for (uint64_t n = 1;; n++) {
		struct space s;
		int err;

		space_init(&s, 1024);
		alloc_fail_after(n);
		err = pt_huge_reserve(&s.pt, AT);
		alloc_fail_after(0);
		space_expect(&s, 0, 0, 0);
		space_end(&s);
		if (!err) {
			expect_eq(n, 5); /* three tables, and the book of those away */
			break;
		}
		expect_eq(err, (uint64_t)-ENOMEM);
	}
	expect_eq(alloc_live(), before);
}

static void no_memory_for_a_copy_or_a_move_loses_no_page(void)
{
	for (uint64_t n = 1, failures = 1; failures; n++) {
		struct space s, child;

		failures = 0;
		space_init(&s, 1024);
		map_huge(&s, AT);
		space_init_over(&child, s.frames);
		alloc_fail_after(n);
		failures += pt_copy(&child.pt, &s.pt, AT, AT + HUGE) != 0;
		alloc_fail_after(n);
		failures += pt_move_reserve(&s.pt, AT, AT + (UINT64_C(1) << 40), HUGE) != 0;
		alloc_fail_after(0);
		space_expect(&s, 512, 0, 0);
		expect_eq(pt_huge_pages(&s.pt, AT, AT + HUGE), 1);
		space_end(&child);
		expect(frame_is_only_huge(s.frames, pte_page(space_pte(&s, AT))));
		space_end(&s);
		expect(n < 20);
	}
}

static const struct test_case cases[] = {
	CASE(a_huge_page_is_512_resident_pages_and_one_entry),
	CASE(a_split_keeps_every_frame_and_count),
	CASE(zapping_a_part_splits_and_zapping_all_does_not),
	CASE(the_validator_finds_a_huge_page_across_a_border),
	CASE(a_huge_page_comes_only_where_none_is),
	CASE(an_entry_found_before_is_seen_to_have_changed),
	CASE(protecting_a_part_splits_and_protecting_all_does_not),
	CASE(fork_shares_a_huge_page_whole),
	CASE(fork_makes_a_table_for_an_empty_one_and_none_for_a_vacant_one),
	CASE(the_huge_zero_page_belongs_to_nobody),
	CASE(a_move_by_whole_huge_pages_moves_them_whole),
	CASE(any_other_move_splits_them),
	CASE(no_memory_for_a_huge_page_leaves_the_space_as_it_was),
	CASE(no_memory_for_a_copy_or_a_move_loses_no_page),
};
TEST_MAIN(cases)
