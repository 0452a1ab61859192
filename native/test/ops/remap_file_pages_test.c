/* remap_file_pages, as Linux emulates it: another part of the same file in a place of a shared mapping. */
#include "support/picture.h"

#define SHARED_FIXED (VMALOCK_MAP_SHARED | VMALOCK_MAP_FIXED)

/* A file of eight pages, each with its number in its first byte, mapped shared at page 0. */
static vmalock_file *map_numbered(vmalock_mm *mm, uint64_t pages)
{
	struct vmalock_file_options options = { .length = 8 * P };
	vmalock_file *file;
	uint64_t at;

	expect_eq(vmalock_file_create(&options, &file), 0);
	for (uint8_t n = 0; n < 8; n++)
		expect_eq(vmalock_file_write(file, n * P, &n, 1), 0);
	expect_eq(vmalock_mm_map(mm, page(0), pages * P, RW, SHARED_FIXED, file, 0, &at), 0);
	return file;
}

static int remap(vmalock_mm *mm, uint64_t first, uint64_t pages, uint64_t pgoff)
{
	return vmalock_mm_remap_file_pages(mm, page(first), pages * P, 0, pgoff, 0);
}

static void another_part_of_the_file_shows_and_is_resident(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_file *file = map_numbered(mm, 4);
	uint8_t here;

	expect_eq(remap(mm, 1, 1, 6), 0);
	expect_drawing(mm, "ABCC");
	expect_eq(vmalock_mm_mincore(mm, page(1), P, &here), 0);
	expect_eq(here & 1, 1);
	expect_eq(read_byte(mm, 0), 0);
	expect_eq(read_byte(mm, 1), 6);
	expect_eq(read_byte(mm, 2), 2);
	write_byte(mm, 1, 77);
	expect_eq(vmalock_file_read(file, 6 * P, &here, 1), 1);
	expect_eq(here, 77);
	expect_eq(remap(mm, 1, 1, 1), 0); /* back in its place it joins both sides */
	expect_drawing(mm, "AAAA");
	vmalock_file_put(file);
	end_space(mm);
}

static void shared_anonymous_memory_can_be_turned_round(void)
{
	vmalock_mm *mm = space_of(NULL);
	uint64_t at;

	expect_eq(vmalock_mm_map(mm, page(0), 4 * P, RW, SHARED_FIXED | VMALOCK_MAP_ANONYMOUS, NULL, 0, &at), 0);
	for (uint8_t n = 0; n < 4; n++)
		write_byte(mm, n, (uint8_t)(10 + n));
	for (uint64_t n = 0; n < 4; n++)
		expect_eq(remap(mm, n, 1, 3 - n), 0);
	expect_drawing(mm, "ABCD");
	for (uint64_t n = 0; n < 4; n++)
		expect_eq(read_byte(mm, n), 13 - n);
	end_space(mm);
}

static void bad_requests_change_nothing(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_file *file = map_numbered(mm, 4);
	uint64_t einval = (uint64_t)VMALOCK_EINVAL;

	map_at(mm, 6, 2, RW);
	expect_eq(vmalock_mm_remap_file_pages(mm, page(0), P, 1, 0, 0), einval);
	expect_eq(remap(mm, 0, 0, 0), einval);
	expect_eq(vmalock_mm_remap_file_pages(mm, page(0), P - 1, 0, 0, 0), einval);
	expect_eq(remap(mm, 0, 1, UINT64_MAX), einval);
	expect_eq(remap(mm, 0, 1, UINT64_MAX - 1), (uint64_t)VMALOCK_EOVERFLOW);
	expect_eq(remap(mm, 6, 1, 1), einval); /* private */
	expect_eq(remap(mm, 10, 1, 1), einval);
	expect_eq(remap(mm, 2, 4, 0), einval); /* a hole behind */
	expect_eq(vmalock_mm_protect(mm, page(3), P, RO), 0);
	expect_eq(remap(mm, 2, 2, 0), einval); /* other flags behind */
	expect_drawing(mm, "AAAB..CC");
	vmalock_file_put(file);
	end_space(mm);
}

static void a_range_may_span_vmas_that_are_alike_and_stays_locked(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_file *file = map_numbered(mm, 4);
	struct vmalock_status status;

	expect_eq(vmalock_mm_mlock(mm, page(0), 4 * P, 0), 0);
	expect_eq(remap(mm, 1, 1, 6), 0);
	expect_drawing(mm, "ABCC");
	expect_eq(vmalock_mm_remap_file_pages(mm, page(0) + 7, 3 * P + 9, 0, 0, VMALOCK_MAP_NONBLOCK), 0);
	expect_drawing(mm, "AAAA");
	vmalock_mm_status(mm, &status);
	expect_eq(status.vm_locked, 4 * P);
	vmalock_file_put(file);
	end_space(mm);
}

static const struct test_case cases[] = {
	CASE(another_part_of_the_file_shows_and_is_resident),
	CASE(shared_anonymous_memory_can_be_turned_round),
	CASE(bad_requests_change_nothing),
	CASE(a_range_may_span_vmas_that_are_alike_and_stays_locked),
};
TEST_MAIN(cases)
