/* Faults on 2 MiB that another fault, MADV_DONTNEED or the cut of a mapping is changing as a whole. F18 of docs/races.md. */
#include "ops/advise.h"
#include "support/racing.h"

#define HUGE UINT64_C(512)

/* Two huge pages' worth of memory that wants them; the first byte of the second is written. */
static vmalock_mm *huge_space(void)
{
	vmalock_mm *mm = space_of("per-vma");

	map_at(mm, 0, 2 * HUGE, RW);
	expect_eq(vmalock_mm_advise(mm, page(0), 2 * HUGE * P, MADV_IS_HUGEPAGE), 0);
	write_byte(mm, HUGE, 1);
	return mm;
}

static struct vmalock_status status_of(vmalock_mm *mm)
{
	struct vmalock_status status;

	vmalock_mm_status(mm, &status);
	return status;
}

static uint64_t splits_so_far(vmalock_mm *mm)
{
	struct vmalock_stats stats;

	vmalock_mm_stats(mm, &stats);
	return stats.thp_split_pmd;
}

static void drop(vmalock_mm *mm, uint64_t first, uint64_t pages)
{
	expect_eq(vmalock_mm_advise(mm, page(first), pages * P, MADV_IS_DONTNEED), 0);
}

static void of_two_faults_on_one_huge_page_one_block_is_left(void)
{
	vmalock_mm *mm = huge_space();
	struct racer r;

	syncpoint_arm("fault-took-block");
	race_fault(&r, mm, page(5), VMALOCK_WRITE);
	syncpoint_wait_parked("fault-took-block");
	write_byte(mm, 6, 7);
	syncpoint_release("fault-took-block");
	expect_eq(race_end(&r) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_MINOR);
	expect_eq(read_byte(mm, 6), 7);
	expect_eq(status_of(mm).frames_used, 1024);
	end_space(mm);
}

static void a_small_page_that_was_faster_stays_and_the_block_goes_back(void)
{
	vmalock_mm *mm = huge_space();
	struct racer r;

	syncpoint_arm("fault-took-block");
	race_fault(&r, mm, page(5), VMALOCK_WRITE);
	syncpoint_wait_parked("fault-took-block");
	write_byte(mm, 6, 7);
	drop(mm, 7, 1); /* split */
	syncpoint_release("fault-took-block");
	expect_eq(race_end(&r) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_MINOR);
	expect_eq(read_byte(mm, 6), 7);
	expect_eq(status_of(mm).frames_used, 1023);
	end_space(mm);
}

/* Its entry is in a table that a huge page has been put in the place of: PTE_AWAY says so. */
static void a_fault_on_a_small_page_finds_the_huge_page_that_came_meanwhile(void)
{
	vmalock_mm *mm = huge_space();
	struct racer r;

	write_byte(mm, 5, 1);
	drop(mm, 5, 1); /* split: from now on small pages come */
	syncpoint_arm("fault-took-frame");
	race_fault(&r, mm, page(5), VMALOCK_WRITE);
	syncpoint_wait_parked("fault-took-frame");
	drop(mm, 0, HUGE);
	write_byte(mm, 6, 7);
	expect_eq(status_of(mm).rss_anon, 2 * HUGE * P);
	syncpoint_release("fault-took-frame");
	expect_eq(race_end(&r) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_MINOR);
	write_byte(mm, 5, 9);
	expect_eq(read_byte(mm, 6), 7);
	expect_eq(status_of(mm).frames_used, 1024);
	end_space(mm);
}

/* --- who cuts splits only what is locked ----------------------------------------------------------------------------- */

static int unmap_inside(vmalock_mm *mm)
{
	return vmalock_mm_unmap(mm, page(HUGE + 3), 2 * P);
}

static int unmap_end(vmalock_mm *mm)
{
	return vmalock_mm_unmap(mm, page(HUGE + 3), (HUGE - 3) * P);
}

static int protect_head(vmalock_mm *mm)
{
	return vmalock_mm_protect(mm, page(0), (HUGE + 3) * P, RO);
}

static void expect_cut_waits(int (*cut)(vmalock_mm *mm))
{
	vmalock_mm *mm = huge_space();
	struct racer fault, cutter;

	syncpoint_arm("fault-vma-locked");
	race_fault(&fault, mm, page(2), VMALOCK_WRITE);
	syncpoint_wait_parked("fault-vma-locked");
	syncpoint_arm("vma-write-waits");
	race_request(&cutter, mm, cut);
	expect_parked(&cutter, "vma-write-waits");
	expect_eq(splits_so_far(mm), 0);
	syncpoint_release("vma-write-waits");
	syncpoint_release("fault-vma-locked");
	expect_eq(race_end(&fault) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_MINOR);
	expect_eq(race_end(&cutter), 0);
	expect_eq(splits_so_far(mm), 1);
	expect_eq(read_byte(mm, HUGE), 1);
	end_space(mm);
}

static void a_huge_page_under_a_cut_is_split_when_the_faults_inside_are_out(void)
{
	expect_cut_waits(unmap_inside);
	expect_cut_waits(unmap_end);
	expect_cut_waits(protect_head);
}

/* Whoever looks from the store on finds a mapping that ends there: no fault must find a page that reaches over its end. */
static void expect_split_when_stored(int (*cut)(vmalock_mm *mm), const char *stored)
{
	vmalock_mm *mm = huge_space();
	struct racer cutter;

	syncpoint_arm(stored);
	race_request(&cutter, mm, cut);
	expect_parked(&cutter, stored);
	expect_eq(splits_so_far(mm), 1);
	syncpoint_release(stored);
	expect_eq(race_end(&cutter), 0);
	end_space(mm);
}

static void a_huge_page_under_a_cut_is_split_when_the_border_is_there(void)
{
	expect_split_when_stored(unmap_inside, "split-stored");
	expect_split_when_stored(unmap_end, "unmap-stored");
	expect_split_when_stored(protect_head, "split-stored");
}

static int drop_first(vmalock_mm *mm)
{
	drop(mm, 0, HUGE);
	return 0;
}

/*
 * Two threads drop the same 2 MiB: when the second comes to the empty table, the first has been there, and a fault has put a huge
 * page in the table's place. Called vacant, it would be taken for open as long as its pages were there, and faults went round for ever.
 */
static vmalock_mm *dropped_twice(bool a_fault_comes)
{
	vmalock_mm *mm = huge_space();
	struct racer second;

	write_byte(mm, 0, 1);
	drop(mm, 5, 1); /* 511 small pages */
	syncpoint_arm("vacate-found-table");
	race_request(&second, mm, drop_first);
	syncpoint_wait_parked("vacate-found-table");
	drop(mm, 0, HUGE);
	if (a_fault_comes)
		write_byte(mm, 0, 7);
	syncpoint_release("vacate-found-table");
	expect_eq(race_end(&second), 0);
	expect_valid(mm);
	return mm;
}

static void a_table_that_a_huge_page_stands_in_for_is_not_left_vacant(void)
{
	vmalock_mm *mm = dropped_twice(true);

	drop(mm, 5, 1);
	expect_valid(mm);
	expect_eq(read_byte(mm, 0), 7);
	write_byte(mm, 5, 8);
	end_space(mm);
}

static void a_table_that_another_has_left_vacant_is_not_left_so_twice(void)
{
	vmalock_mm *mm = dropped_twice(false);

	expect_eq(read_byte(mm, 0), 0);
	end_space(mm);
}

/* The table is empty, and then it is not. */
static void a_table_with_a_page_that_has_just_come_is_not_left_vacant(void)
{
	vmalock_mm *mm = huge_space();
	struct racer dropper;

	write_byte(mm, 0, 1);
	drop(mm, 5, 1); /* 511 small pages */
	syncpoint_arm("vacate-found-table");
	race_request(&dropper, mm, drop_first);
	syncpoint_wait_parked("vacate-found-table");
	write_byte(mm, 3, 7);
	syncpoint_release("vacate-found-table");
	expect_eq(race_end(&dropper), 0);
	expect_valid(mm);
	expect_eq(read_byte(mm, 3), 7);
	end_space(mm);
}

/* --- many at once ---------------------------------------------------------------------------------------------------- */

enum { THREADS = 4, ROUNDS = 400 };

struct job {
	vmalock_mm *mm;
	uint64_t id;
	bool wrong;
};

/* Each thread owns every fourth page and reads back what it wrote, while all drop pages of all and huge pages come and go. */
static void write_and_drop(void *arg)
{
	struct job *job = arg;

	for (uint64_t round = 0; round < ROUNDS; round++) {
		uint64_t n = (round * 37 % (HUGE / 2)) * THREADS + job->id;
		uint8_t value = (uint8_t)(round + 1), seen = 0;

		write_byte(job->mm, n, value);
		seen = read_byte(job->mm, n);
		job->wrong |= seen != value && seen != 0;
		if (round % 16 == job->id)
			drop(job->mm, round % 3 * 100, round % 2 ? 2 * HUGE - 200 : 200);
	}
}

static void threads_that_fault_split_and_drop_lose_no_page(void)
{
	vmalock_mm *mm = huge_space();
	struct sync_thread threads[THREADS];
	struct job jobs[THREADS];

	for (uint64_t i = 0; i < THREADS; i++) {
		jobs[i] = (struct job){ .mm = mm, .id = i };
		expect_eq(sync_thread_start(&threads[i], write_and_drop, &jobs[i]), 0);
	}
	for (uint64_t i = 0; i < THREADS; i++)
		sync_thread_join(&threads[i]);
	for (uint64_t i = 0; i < THREADS; i++)
		expect(!jobs[i].wrong);
	expect_eq(status_of(mm).frames_used * P, status_of(mm).rss_anon);
	end_space(mm);
}

static const struct test_case cases[] = {
	CASE(of_two_faults_on_one_huge_page_one_block_is_left),
	CASE(a_small_page_that_was_faster_stays_and_the_block_goes_back),
	CASE(a_fault_on_a_small_page_finds_the_huge_page_that_came_meanwhile),
	CASE(a_huge_page_under_a_cut_is_split_when_the_faults_inside_are_out),
	CASE(a_huge_page_under_a_cut_is_split_when_the_border_is_there),
	CASE(a_table_that_a_huge_page_stands_in_for_is_not_left_vacant),
	CASE(a_table_that_another_has_left_vacant_is_not_left_so_twice),
	CASE(a_table_with_a_page_that_has_just_come_is_not_left_vacant),
	CASE(threads_that_fault_split_and_drop_lose_no_page),
};
TEST_MAIN(cases)
