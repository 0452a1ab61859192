/* Small pages become a huge one while faults are inside, or while the mapping goes. RFC patch 8, F8 of docs/races.md. */
#include <errno.h>

#include "ops/advise.h"
#include "support/racing.h"

#define HUGE UINT64_C(512)

static int collapse(vmalock_mm *mm)
{
	return vmalock_mm_advise(mm, page(0), HUGE * P, MADV_IS_COLLAPSE);
}

static uint64_t khugepaged_found;

static int khugepaged(vmalock_mm *mm)
{
	khugepaged_found = vmalock_mm_khugepaged(mm, &(struct vmalock_khugepaged){ 511, 256, 64 });
	return 0;
}

static uint64_t frames_of(vmalock_mm *mm)
{
	struct vmalock_status status;

	vmalock_mm_status(mm, &status);
	return status.frames_used;
}

static vmalock_mm *space_with_small_pages(void)
{
	struct vmalock_options options;
	vmalock_mm *mm;

	vmalock_options_init(&options);
	options.policy = "per-vma";
	options.frames = 4096;
	options.swap = 8;
	expect_eq(vmalock_mm_create(&options, &mm), 0);
	map_at(mm, 0, HUGE, RW);
	write_byte(mm, 0, 1);
	write_byte(mm, 1, 11);
	expect_eq(vmalock_mm_advise(mm, page(0), HUGE * P, 14 /* MADV_HUGEPAGE */), 0);
	return mm;
}

/* The page of a fault inside belongs to the huge page: so the collapse waits, and looks afterwards. */
static void expect_waits(int (*request)(vmalock_mm *mm))
{
	vmalock_mm *mm = space_with_small_pages();
	struct racer fault, collapser;

	syncpoint_arm("fault-took-frame");
	race_fault(&fault, mm, page(7), VMALOCK_WRITE);
	syncpoint_wait_parked("fault-took-frame");
	syncpoint_arm("vma-write-waits");
	race_request(&collapser, mm, request);
	expect_parked(&collapser, "vma-write-waits");
	syncpoint_release("vma-write-waits");
	syncpoint_release("fault-took-frame");
	expect_eq(race_end(&fault) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_MINOR);
	expect_eq(race_end(&collapser), 0);
	expect_eq(read_byte(mm, 1), 11);
	expect_eq(frames_of(mm), 512);
	end_space(mm);
}

static void a_collapse_waits_for_the_fault_inside(void)
{
	expect_waits(collapse);
	expect_waits(khugepaged);
	expect_eq(khugepaged_found, 1);
}

static void faults_that_come_during_a_collapse_find_the_huge_page(void)
{
	vmalock_mm *mm = space_with_small_pages();
	struct racer fault, collapser;

	syncpoint_arm("collapse-locked");
	race_request(&collapser, mm, collapse);
	expect_parked(&collapser, "collapse-locked");
	race_fault(&fault, mm, page(7), VMALOCK_WRITE);
	while (busy_so_far(mm) < 1)
		sync_yield();
	syncpoint_release("collapse-locked");
	expect_eq(race_end(&collapser), 0);
	expect_eq(race_end(&fault) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_MINOR);
	expect_eq(frames_of(mm), 512);
	end_space(mm);
}

/* What was seen under mmap_lock for reading is looked at again: here nothing of it is left. */
static void expect_looks_again(void (*meanwhile)(vmalock_mm *mm), uint64_t frames)
{
	vmalock_mm *mm = space_with_small_pages();
	struct racer collapser;

	syncpoint_arm("collapse-has-block");
	race_request(&collapser, mm, collapse);
	expect_parked(&collapser, "collapse-has-block");
	meanwhile(mm);
	syncpoint_release("collapse-has-block");
	expect_eq((int)race_end(&collapser), (uint64_t)-EINVAL);
	expect_eq(frames_of(mm), frames);
	end_space(mm);
}

static void unmap(vmalock_mm *mm)
{
	expect_eq(vmalock_mm_unmap(mm, page(0), HUGE * P), 0);
}

static void cut(vmalock_mm *mm)
{
	expect_eq(vmalock_mm_protect(mm, page(1), P, RO), 0);
}

static void drop(vmalock_mm *mm)
{
	expect_eq(vmalock_mm_advise(mm, page(0), HUGE * P, MADV_IS_DONTNEED), 0);
}

static void map_shared(vmalock_mm *mm)
{
	uint64_t at;

	expect_eq(vmalock_mm_map(mm, page(0), HUGE * P, RW,
				 VMALOCK_MAP_SHARED | VMALOCK_MAP_ANONYMOUS | VMALOCK_MAP_FIXED, NULL, 0, &at),
		  0);
	write_byte(mm, 0, 1);
}

/* Its slot would be lost, and zeros stand where it was. */
static void page_out(vmalock_mm *mm)
{
	expect_eq(vmalock_mm_advise(mm, page(1), P, MADV_IS_PAGEOUT), 0);
}

static void a_collapse_finds_a_page_that_has_left_meanwhile_and_leaves_it_where_it_is(void)
{
	vmalock_mm *mm = space_with_small_pages();
	struct racer collapser;

	syncpoint_arm("collapse-has-block");
	race_request(&collapser, mm, collapse);
	expect_parked(&collapser, "collapse-has-block");
	page_out(mm);
	syncpoint_release("collapse-has-block");
	expect_eq((int)race_end(&collapser), (uint64_t)-EINVAL);
	expect_eq(frames_of(mm), 1);
	expect_eq(read_byte(mm, 1), 11);
	end_space(mm);
}

static void a_collapse_looks_again_at_what_may_have_gone_meanwhile(void)
{
	expect_looks_again(unmap, 0);
	expect_looks_again(cut, 2);
	expect_looks_again(drop, 0);
	expect_looks_again(map_shared, 0);
}

/* --- many at once ---------------------------------------------------------------------------------------------------- */

enum { THREADS = 3, ROUNDS = 150 };

struct job {
	vmalock_mm *mm;
	uint64_t id;
	bool wrong;
};

static void write_and_read(void *arg)
{
	struct job *job = arg;

	for (uint64_t round = 0; round < ROUNDS * 20; round++) {
		uint64_t n = (round * 29 % 170) * THREADS + job->id;

		write_byte(job->mm, n, (uint8_t)round);
		job->wrong |= read_byte(job->mm, n) != (uint8_t)round;
	}
}

static void no_byte_is_lost_while_pages_collapse_and_split(void)
{
	vmalock_mm *mm = space_with_small_pages();
	struct sync_thread threads[THREADS];
	struct job jobs[THREADS];

	for (uint64_t i = 0; i < THREADS; i++) {
		jobs[i] = (struct job){ .mm = mm, .id = i };
		expect_eq(sync_thread_start(&threads[i], write_and_read, &jobs[i]), 0);
	}
	for (int round = 0; round < ROUNDS; round++) {
		expect_eq(collapse(mm), 0);
		expect_eq(vmalock_mm_advise(mm, page(510), P, MADV_IS_DONTNEED), 0);
	}
	for (uint64_t i = 0; i < THREADS; i++)
		sync_thread_join(&threads[i]);
	for (uint64_t i = 0; i < THREADS; i++)
		expect(!jobs[i].wrong);
	end_space(mm);
}

static const struct test_case cases[] = {
	CASE(a_collapse_waits_for_the_fault_inside),
	CASE(faults_that_come_during_a_collapse_find_the_huge_page),
	CASE(a_collapse_looks_again_at_what_may_have_gone_meanwhile),
	CASE(a_collapse_finds_a_page_that_has_left_meanwhile_and_leaves_it_where_it_is),
	CASE(no_byte_is_lost_while_pages_collapse_and_split),
};
TEST_MAIN(cases)
