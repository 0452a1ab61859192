/*
 * huge_test.c - faults that bring huge pages: when, what they cost, and what becomes of them afterwards
 */
#include <errno.h>

#include "base/alloc.h"
#include "fault/faulting.h"
#include "ops/advise.h"

/* Pages of a huge page; the window of picture.h begins at one. */
#define HUGE UINT64_C(512)
#define FIRST UINT64_C(0)

static void advise(vmalock_mm *mm, uint64_t first, uint64_t pages, int advice)
{
	expect_eq(vmalock_mm_advise(mm, page(first), pages * P, advice), 0);
}

/* @blocks of 2 MiB that may have huge pages. */
static vmalock_mm *huge_space(uint64_t blocks)
{
	vmalock_mm *mm = space_thp(VMALOCK_THP_MADVISE, 16384);

	map_at(mm, FIRST, blocks * HUGE, RW);
	advise(mm, FIRST, blocks * HUGE, MADV_IS_HUGEPAGE);
	return mm;
}

static uint64_t resident(vmalock_mm *mm, uint64_t first, uint64_t pages)
{
	static uint8_t out[8192];
	uint64_t n = 0;

	expect_eq(vmalock_mm_mincore(mm, page(first), pages * P, out), 0);
	for (uint64_t i = 0; i < pages; i++)
		n += out[i];
	return n;
}

static struct vmalock_stats stats_now(vmalock_mm *mm)
{
	struct vmalock_stats stats;

	vmalock_mm_stats(mm, &stats);
	return stats;
}

static void one_fault_brings_512_pages(void)
{
	vmalock_mm *mm = huge_space(2);

	expect_eq(fault_at(mm, FIRST + 600, VMALOCK_WRITE), MINOR);
	expect_pages(mm, 512, 0, 0, 512);
	expect_eq(resident(mm, FIRST, 2 * HUGE), 512);
	expect_eq(resident(mm, FIRST + HUGE, HUGE), 512);
	expect_eq(stats_now(mm).thp_fault_alloc, 1);
	write_byte(mm, FIRST + 1023, 7);
	expect_eq(stats_now(mm).minor_faults, 1); /* the page was there, writable */
	expect_eq(read_byte(mm, FIRST + 1023), 7);
	expect_eq(read_byte(mm, FIRST + 1022), 0);
	vmalock_mm_put(mm);
}

static void it_runs_under_the_vma_lock_once_there_is_an_anon(void)
{
	vmalock_mm *mm = huge_space(2);

	(void)vmalock_mm_fault(mm, page(FIRST), VMALOCK_WRITE);
	expect(vmalock_mm_fault(mm, page(FIRST + HUGE), VMALOCK_WRITE) & VMALOCK_FAULT_VMA_LOCK);
	expect_pages(mm, 1024, 0, 0, 1024);
	vmalock_mm_put(mm);
}

static void the_option_and_the_advice_say_where(void)
{
	static const struct {
		enum vmalock_thp thp;
		int advice; /* 0: none */
		uint64_t pages;
	} rows[] = {
		{ VMALOCK_THP_NEVER, 0, 1 },
		{ VMALOCK_THP_NEVER, MADV_IS_HUGEPAGE, 1 },
		{ VMALOCK_THP_MADVISE, 0, 1 },
		{ VMALOCK_THP_MADVISE, MADV_IS_HUGEPAGE, 512 },
		{ VMALOCK_THP_MADVISE, MADV_IS_NOHUGEPAGE, 1 },
		{ VMALOCK_THP_ALWAYS, 0, 512 },
		{ VMALOCK_THP_ALWAYS, MADV_IS_HUGEPAGE, 512 },
		{ VMALOCK_THP_ALWAYS, MADV_IS_NOHUGEPAGE, 1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		vmalock_mm *mm = space_thp(rows[i].thp, 4096), *child;

		map_at(mm, FIRST, 2 * HUGE, RW);
		if (rows[i].advice)
			advise(mm, FIRST, 2 * HUGE, rows[i].advice);
		write_byte(mm, FIRST, 1);
		expect_eq(resident(mm, FIRST, HUGE), rows[i].pages);
		child = fork_of(mm);
		write_byte(child, FIRST + HUGE, 1);
		expect_eq(resident(child, FIRST + HUGE, HUGE), rows[i].pages);
		vmalock_mm_put(child);
		vmalock_mm_put(mm);
	}
}

static void a_mapping_that_does_not_hold_all_2_mib_has_none(void)
{
	vmalock_mm *mm = space_thp(VMALOCK_THP_ALWAYS, 4096);

	map_at(mm, FIRST + 1, HUGE - 1, RW);
	write_byte(mm, FIRST + 1, 1);
	expect_eq(resident(mm, FIRST + 1, HUGE - 1), 1);
	map_at(mm, FIRST + HUGE, HUGE - 1, RW);
	write_byte(mm, FIRST + HUGE, 1);
	expect_eq(resident(mm, FIRST + HUGE, HUGE - 1), 1);
	expect_pages(mm, 2, 0, 0, 2);
	vmalock_mm_put(mm);
}

static void where_a_small_page_was_no_huge_one_comes_until_all_2_mib_are_dropped(void)
{
	vmalock_mm *mm = huge_space(1);

	write_byte(mm, FIRST, 1);
	drop_pages(mm, FIRST + 1, HUGE - 1);
	drop_pages(mm, FIRST, 1);
	expect_eq(resident(mm, FIRST, HUGE), 0);
	write_byte(mm, FIRST, 1);
	expect_eq(resident(mm, FIRST, HUGE), 1);
	drop_pages(mm, FIRST, HUGE);
	write_byte(mm, FIRST, 1);
	expect_eq(resident(mm, FIRST, HUGE), 512);
	drop_pages(mm, FIRST, HUGE);
	write_byte(mm, FIRST, 1);
	expect_pages(mm, 512, 0, 0, 512);
	vmalock_mm_put(mm);
}

static void without_a_whole_block_small_pages_come(void)
{
	vmalock_mm *mm = space_thp(VMALOCK_THP_ALWAYS, 1000);

	map_at(mm, FIRST, 3 * HUGE, RW);
	write_byte(mm, FIRST, 1);
	for (uint64_t i = 0; i < 488; i++)
		write_byte(mm, FIRST + HUGE + i, (uint8_t)i);
	expect_eq(vmalock_mm_fault(mm, page(FIRST + 2 * HUGE), VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME,
		  VMALOCK_FAULT_OOM);
	expect_eq(stats_now(mm).thp_fault_alloc, 1);
	expect(stats_now(mm).thp_fault_fallback >= 1);
	expect_pages(mm, 1000, 0, 0, 1000);
	drop_pages(mm, FIRST + HUGE, HUGE);
	drop_pages(mm, FIRST, HUGE);
	write_byte(mm, FIRST + HUGE, 9); /* not where the fallback left a table */
	expect_pages(mm, 512, 0, 0, 512);
	vmalock_mm_put(mm);
}

/* --- the huge zero page --------------------------------------------------------------------------------------------- */

static void reading_maps_the_huge_zero_page_and_writing_replaces_it(void)
{
	vmalock_mm *mm = huge_space(1);

	expect_eq(read_byte(mm, FIRST + 100), 0);
	expect_eq(resident(mm, FIRST, HUGE), 512);
	expect_pages(mm, 0, 0, 0, 0);
	expect_eq(stats_now(mm).thp_fault_alloc, 0);
	expect_eq(fault_at(mm, FIRST + 5, VMALOCK_WRITE), MINOR | COW);
	expect_pages(mm, 512, 0, 0, 512);
	write_byte(mm, FIRST + 100, 3);
	expect_eq(read_byte(mm, FIRST + 100), 3);
	expect_eq(read_byte(mm, FIRST + 101), 0);
	vmalock_mm_put(mm);
}

static void without_a_block_the_huge_zero_page_splits(void)
{
	vmalock_mm *mm = space_thp(VMALOCK_THP_ALWAYS, 100);

	map_at(mm, FIRST, HUGE, RW);
	expect_eq(read_byte(mm, FIRST), 0);
	expect_eq(fault_at(mm, FIRST + 5, VMALOCK_WRITE), MINOR | COW);
	expect_eq(resident(mm, FIRST, HUGE), 512);
	expect_pages(mm, 1, 0, 0, 1);
	expect_eq(stats_now(mm).thp_split_pmd, 1);
	vmalock_mm_put(mm);
}

static void where_the_zero_page_is_forbidden_reading_brings_a_huge_page(void)
{
	struct vmalock_options options;
	vmalock_mm *mm;

	vmalock_options_init(&options);
	options.forbids_zero_page = 1;
	expect_eq(vmalock_mm_create(&options, &mm), 0);
	map_at(mm, FIRST, HUGE, RW);
	advise(mm, FIRST, HUGE, MADV_IS_HUGEPAGE);
	expect_eq(read_byte(mm, FIRST + 9), 0);
	expect_pages(mm, 512, 0, 0, 512);
	vmalock_mm_put(mm);
}

/* --- fork ----------------------------------------------------------------------------------------------------------- */

static void a_shared_huge_page_splits_for_the_writer_and_stays_whole_for_the_other(void)
{
	vmalock_mm *mm = huge_space(1), *child;

	for (uint64_t i = 0; i < HUGE; i++)
		write_byte(mm, FIRST + i, (uint8_t)i);
	child = fork_of(mm);
	expect_pages(child, 512, 0, 0, 512);
	expect_eq(fault_at(child, FIRST + 7, VMALOCK_WRITE), MINOR | COW);
	write_byte(child, FIRST + 7, 0xee);
	expect_pages(child, 512, 0, 0, 513);
	expect_eq(stats_now(child).thp_split_pmd, 1);
	expect_eq(stats_now(mm).thp_split_pmd, 0);
	expect_eq(read_byte(mm, FIRST + 7), 7);
	for (uint64_t i = 8; i < HUGE; i++)
		expect_eq(read_byte(child, FIRST + i), (uint8_t)i);
	vmalock_mm_put(child);
	expect_eq(fault_at(mm, FIRST + 7, VMALOCK_WRITE), MINOR | COW); /* nobody else's any more: taken over */
	expect_eq(stats_now(mm).thp_split_pmd, 0);
	expect_pages(mm, 512, 0, 0, 512);
	vmalock_mm_put(mm);
}

/* --- operations over them ------------------------------------------------------------------------------------------- */

static void fill(vmalock_mm *mm, uint64_t first, uint64_t pages)
{
	for (uint64_t i = 0; i < pages; i++)
		write_byte(mm, first + i, (uint8_t)(i * 3));
}

static void expect_filled(vmalock_mm *mm, uint64_t at, uint64_t first, uint64_t pages)
{
	for (uint64_t i = 0; i < pages; i++)
		expect_eq(read_byte(mm, at + i), (uint8_t)((first + i) * 3));
}

static void cutting_a_mapping_splits_the_huge_page_under_the_cut(void)
{
	static const struct {
		uint64_t first, pages;
		uint32_t prot; /* or RW: munmap */
		uint64_t left;
	} rows[] = {
		{ 100, 10, RW, 1014 },
		{ 0, 10, RW, 1014 },
		{ 1000, 24, RW, 1000 },
		{ 0, 512, RW, 512 },
		{ 10, 10, VMALOCK_PROT_READ, 1024 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		vmalock_mm *mm = huge_space(2);

		fill(mm, FIRST, 2 * HUGE);
		if (rows[i].prot == RW)
			expect_eq(vmalock_mm_unmap(mm, page(FIRST + rows[i].first), rows[i].pages * P), 0);
		else
			expect_eq(vmalock_mm_protect(mm, page(FIRST + rows[i].first), rows[i].pages * P, rows[i].prot),
				  0);
		expect_pages(mm, rows[i].left, 0, 0, rows[i].left);
		expect_eq(stats_now(mm).thp_split_pmd, rows[i].pages == 512 ? 0 : 1);
		expect_filled(mm, FIRST + rows[i].first + rows[i].pages, rows[i].first + rows[i].pages,
			      2 * HUGE - rows[i].first - rows[i].pages);
		vmalock_mm_put(mm);
	}
}

static void protecting_and_freeing_a_whole_one_leaves_it_whole(void)
{
	vmalock_mm *mm = huge_space(1);

	fill(mm, FIRST, HUGE);
	expect_eq(vmalock_mm_protect(mm, page(FIRST), HUGE * P, VMALOCK_PROT_READ), 0);
	expect_eq(vmalock_mm_protect(mm, page(FIRST), HUGE * P, RW), 0);
	advise(mm, FIRST, HUGE, MADV_IS_FREE);
	expect_eq(fault_at(mm, FIRST, VMALOCK_WRITE), MINOR | COW);
	expect_filled(mm, FIRST, 0, HUGE);
	expect_eq(stats_now(mm).thp_split_pmd, 0);
	vmalock_mm_put(mm);
}

static void a_border_that_a_merge_moves_splits_too(void)
{
	vmalock_mm *mm = huge_space(2);

	fill(mm, FIRST, 2 * HUGE);
	expect_eq(vmalock_mm_protect(mm, page(FIRST), HUGE * P, VMALOCK_PROT_READ), 0);
	expect_eq(stats_now(mm).thp_split_pmd, 0);
	expect_eq(vmalock_mm_protect(mm, page(FIRST + HUGE), 9 * P, VMALOCK_PROT_READ), 0);
	expect_eq(stats_now(mm).thp_split_pmd, 1);
	expect_eq(vmalock_mm_protect(mm, page(FIRST + HUGE - 5), 14 * P, RW), 0);
	expect_eq(stats_now(mm).thp_split_pmd, 2);
	expect_filled(mm, FIRST, 0, 2 * HUGE);
	expect_pages(mm, 1024, 0, 0, 1024);
	vmalock_mm_put(mm);
}

static void mremap_moves_it_whole_or_in_parts(void)
{
	vmalock_mm *mm = huge_space(1);
	uint64_t out;

	fill(mm, FIRST, HUGE);
	expect_eq(vmalock_mm_remap(mm, page(FIRST), HUGE * P, HUGE * P, 3, page(FIRST + 8 * HUGE), &out), 0);
	expect_eq(stats_now(mm).thp_split_pmd, 0);
	expect_filled(mm, FIRST + 8 * HUGE, 0, HUGE);
	expect_eq(vmalock_mm_remap(mm, page(FIRST + 8 * HUGE), HUGE * P, HUGE * P, 3, page(FIRST + 3), &out), 0);
	expect_eq(stats_now(mm).thp_split_pmd, 1);
	expect_filled(mm, FIRST + 3, 0, HUGE);
	expect_pages(mm, 512, 0, 0, 512);
	vmalock_mm_put(mm);
}

static void mremap_that_leaves_the_old_place_leaves_it_open_for_a_huge_page(void)
{
	vmalock_mm *mm = space_thp(VMALOCK_THP_MADVISE, 4096);
	uint64_t out;

	map_at(mm, FIRST, HUGE, RW);
	write_byte(mm, FIRST, 1);
	advise(mm, FIRST, HUGE, MADV_IS_HUGEPAGE);
	expect_eq(vmalock_mm_remap(mm, page(FIRST), HUGE * P, HUGE * P, 7, page(FIRST + 8 * HUGE), &out), 0);
	write_byte(mm, FIRST, 1);
	expect_eq(resident(mm, FIRST, HUGE), 512);
	expect_eq(resident(mm, FIRST + 8 * HUGE, HUGE), 1);
	expect_pages(mm, 513, 0, 0, 513);
	vmalock_mm_put(mm);
}

/* --- no memory ------------------------------------------------------------------------------------------------------ */

static void no_memory_is_oom_and_nothing_is_lost(void)
{
	for (uint64_t n = 1;; n++) {
		vmalock_mm *mm = huge_space(1);
		uint32_t result;

		alloc_fail_after(n);
		result = vmalock_mm_fault(mm, page(FIRST), VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME;
		alloc_fail_after(0);
		if (result == MINOR) {
			expect_pages(mm, 512, 0, 0, 512);
			expect(n > 4);
			vmalock_mm_put(mm);
			break;
		}
		expect_eq(result, VMALOCK_FAULT_OOM);
		expect_pages(mm, 0, 0, 0, 0);
		write_byte(mm, FIRST, 1);
		expect_valid(mm);
		vmalock_mm_put(mm);
	}
}

static void an_operation_that_fails_over_a_huge_page_changes_no_byte(void)
{
	for (uint64_t n = 1, failed = 1; failed; n++) {
		vmalock_mm *mm = huge_space(1), *child = NULL;

		failed = 0;
		fill(mm, FIRST, HUGE);
		alloc_fail_after(n);
		failed += vmalock_mm_protect(mm, page(FIRST + 3), P, VMALOCK_PROT_READ) != 0;
		alloc_fail_after(n);
		failed += vmalock_mm_fork(mm, &child) != 0;
		alloc_fail_after(n);
		failed += vmalock_mm_unmap(mm, page(FIRST + 3), P) != 0;
		alloc_fail_after(0);
		expect_filled(mm, FIRST, 0, 3);
		expect_filled(mm, FIRST + 4, 4, HUGE - 4);
		expect_valid(mm);
		if (child) {
			expect_filled(child, FIRST, 0, HUGE);
			expect_valid(child);
			vmalock_mm_put(child);
		}
		vmalock_mm_put(mm);
		expect(n < 100);
	}
}

static const struct test_case cases[] = {
	CASE(one_fault_brings_512_pages),
	CASE(it_runs_under_the_vma_lock_once_there_is_an_anon),
	CASE(the_option_and_the_advice_say_where),
	CASE(a_mapping_that_does_not_hold_all_2_mib_has_none),
	CASE(where_a_small_page_was_no_huge_one_comes_until_all_2_mib_are_dropped),
	CASE(without_a_whole_block_small_pages_come),
	CASE(reading_maps_the_huge_zero_page_and_writing_replaces_it),
	CASE(without_a_block_the_huge_zero_page_splits),
	CASE(where_the_zero_page_is_forbidden_reading_brings_a_huge_page),
	CASE(a_shared_huge_page_splits_for_the_writer_and_stays_whole_for_the_other),
	CASE(cutting_a_mapping_splits_the_huge_page_under_the_cut),
	CASE(protecting_and_freeing_a_whole_one_leaves_it_whole),
	CASE(a_border_that_a_merge_moves_splits_too),
	CASE(mremap_moves_it_whole_or_in_parts),
	CASE(mremap_that_leaves_the_old_place_leaves_it_open_for_a_huge_page),
	CASE(no_memory_is_oom_and_nothing_is_lost),
	CASE(an_operation_that_fails_over_a_huge_page_changes_no_byte),
};
TEST_MAIN(cases)
