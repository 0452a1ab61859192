/* msync: what is left of it where files hold every store at once. */
#include "support/picture.h"

#define ASYNC VMALOCK_MS_ASYNC
#define SYNC VMALOCK_MS_SYNC
#define INVALIDATE VMALOCK_MS_INVALIDATE

static void bad_arguments_are_refused_and_a_length_that_wraps_is_nothing(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 1, RW);
	expect_eq(vmalock_mm_msync(mm, page(0), P, 8), (uint64_t)VMALOCK_EINVAL);
	expect_eq(vmalock_mm_msync(mm, page(0), P, ASYNC | SYNC), (uint64_t)VMALOCK_EINVAL);
	expect_eq(vmalock_mm_msync(mm, page(0) + 1, P, SYNC), (uint64_t)VMALOCK_EINVAL);
	expect_eq(vmalock_mm_msync(mm, page(0), UINT64_MAX - P, SYNC), (uint64_t)VMALOCK_ENOMEM);
	expect_eq(vmalock_mm_msync(mm, page(0), UINT64_MAX, SYNC), 0);
	expect_eq(vmalock_mm_msync(mm, page(0), 0, 0), 0);
	expect_eq(vmalock_mm_msync(mm, page(0), P, 0), 0);
	end_space(mm);
}

static void a_hole_is_told_and_stepped_over_but_by_async_alone(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 1, RW);
	map_at(mm, 2, 1, RW);
	expect_eq(vmalock_mm_mlock(mm, page(2), P, 0), 0);
	expect_eq(vmalock_mm_msync(mm, page(0), 3 * P, SYNC), (uint64_t)VMALOCK_ENOMEM);
	expect_eq(vmalock_mm_msync(mm, page(0), 3 * P, ASYNC), (uint64_t)VMALOCK_ENOMEM);
	expect_eq(vmalock_mm_msync(mm, page(0), 3 * P, ASYNC | INVALIDATE), (uint64_t)VMALOCK_EBUSY);
	expect_eq(vmalock_mm_msync(mm, page(0), 2 * P, SYNC | INVALIDATE), (uint64_t)VMALOCK_ENOMEM);
	expect_eq(vmalock_mm_msync(mm, page(0), P, SYNC | INVALIDATE), 0);
	expect_eq(vmalock_mm_msync(mm, page(5), P, SYNC), (uint64_t)VMALOCK_ENOMEM);
	end_space(mm);
}

static const struct test_case cases[] = {
	CASE(bad_arguments_are_refused_and_a_length_that_wraps_is_nothing),
	CASE(a_hole_is_told_and_stepped_over_but_by_async_alone),
};
TEST_MAIN(cases)
