/*
 * Which pages a read fault of a file maps beside its own. The windows are those that pagemap showed under Linux 6.18 for the same
 * mapping: 48 pages from the fourth entry of a page table on. The file has all its pages but the 21st and the 41st.
 */
#include "support/resolving.h"

#define PAGES 48
#define FIRST 3

static vmalock_file *file_with_two_holes(uint64_t length)
{
	vmalock_file *file = memory_file_with(0, 0, 0);

	for (uint64_t n = 0; n < length / P; n++)
		if (n != 20 && n != 40)
			expect_eq(vmalock_file_write(file, n * P, "x", 1), 0);
	expect_eq(vmalock_file_write(file, length - 1, "x", 1), 0);
	return file;
}

/* A page that is mapped already is no minor fault for a userfaultfd. */
static void expect_mapped(vmalock_mm *mm, uint64_t first, const char *wanted)
{
	char seen[PAGES + 1] = "";
	vmalock_uffd *uffd = uffd_with(mm, VMALOCK_UFFD_FEATURE_SIGBUS);

	expect_eq(register_pages(uffd, first, PAGES, MISSING | MINOR_MODE), 0);
	for (uint64_t n = 0; n < PAGES; n++)
		seen[n] = fault_at(mm, first + n, VMALOCK_READ) == MINOR ? '1' : '0';
	if (strcmp(seen, wanted) != 0) {
		fprintf(stderr, "mapped   %s\nexpected %s\n", seen, wanted);
		exit(1);
	}
	expect_valid(mm);
	vmalock_uffd_put(uffd);
}

static void expect_after(uint64_t first, uint64_t length, uint32_t type, uint64_t touched, enum vmalock_access access,
			 const char *wanted)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_file *file = file_with_two_holes(length);

	map_file(mm, file, first, PAGES, RW, type);
	expect_eq(fault_at(mm, first + touched, access) & VMALOCK_FAULT_OUTCOME & ~MAJOR, MINOR);
	expect_mapped(mm, first, wanted);
	end_space(mm);
	vmalock_file_put(file);
}

static void a_read_maps_sixteen_pages_from_the_start_of_the_mapping_on(void)
{
	expect_after(FIRST, 64 * P, VMALOCK_MAP_SHARED, 5, VMALOCK_READ,
		     "111111111111111100000000000000000000000000000000");
}

static void a_read_maps_sixteen_pages_from_a_multiple_of_sixteen_entries_on(void)
{
	expect_after(FIRST, 64 * P, VMALOCK_MAP_PRIVATE, 21, VMALOCK_READ,
		     "000000000000011111110111111110000000000000000000");
}

static void a_read_of_a_hole_maps_what_is_around_it_and_then_brings_its_own(void)
{
	expect_after(FIRST, 64 * P, VMALOCK_MAP_PRIVATE, 20, VMALOCK_READ,
		     "000000000000011111111111111110000000000000000000");
}

static void a_write_maps_its_own_page_only(void)
{
	expect_after(FIRST, 64 * P, VMALOCK_MAP_SHARED, 5, VMALOCK_WRITE,
		     "000001000000000000000000000000000000000000000000");
	expect_after(FIRST, 64 * P, VMALOCK_MAP_PRIVATE, 20, VMALOCK_WRITE,
		     "000000000000000000001000000000000000000000000000");
}

static void nothing_beyond_the_page_table_is_mapped(void)
{
	expect_after(504, 64 * P, VMALOCK_MAP_SHARED, 5, VMALOCK_READ,
		     "111111110000000000000000000000000000000000000000");
}

static void nothing_beyond_the_end_of_the_file_is_mapped(void)
{
	expect_after(FIRST, 22 * P + 1, VMALOCK_MAP_SHARED, 18, VMALOCK_READ,
		     "000000000000011111110110000000000000000000000000");
}

static void a_marker_stays_where_it_is(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_file *file = file_with_two_holes(8 * P);
	vmalock_uffd *uffd = uffd_with(mm, VMALOCK_UFFD_FEATURE_SIGBUS);

	map_file(mm, file, 0, 8, RW, VMALOCK_MAP_SHARED);
	expect_eq(register_pages(uffd, 0, 8, WP), 0);
	expect_eq(protect_pages(uffd, 2, 1, true), 0);
	expect_eq(register_pages(uffd, 0, 8, MISSING), 0); /* the marker means nothing for now, and is not forgotten */
	expect_eq(fault_at(mm, 1, VMALOCK_READ), MINOR);
	expect_eq(register_pages(uffd, 0, 8, WP), 0);
	expect_eq(fault_at(mm, 3, VMALOCK_WRITE), MINOR);
	expect_eq(fault_at(mm, 2, VMALOCK_WRITE), VMALOCK_FAULT_SIGBUS);
	vmalock_uffd_put(uffd);
	end_space(mm);
	vmalock_file_put(file);
}

static void one_that_wants_to_know_of_them_gets_its_own_page_only(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_file *file = file_with_two_holes(8 * P);
	vmalock_uffd *uffd = uffd_with(mm, VMALOCK_UFFD_FEATURE_SIGBUS);

	map_file(mm, file, 0, 8, RW, VMALOCK_MAP_SHARED);
	expect_eq(register_pages(uffd, 0, 8, WP), 0);
	expect_eq(fault_at(mm, 1, VMALOCK_READ), MINOR);
	expect_pages(mm, 0, 0, 1, 0);
	vmalock_uffd_put(uffd);
	end_space(mm);
	vmalock_file_put(file);
}

static const struct test_case cases[] = {
	CASE(a_read_maps_sixteen_pages_from_the_start_of_the_mapping_on),
	CASE(a_read_maps_sixteen_pages_from_a_multiple_of_sixteen_entries_on),
	CASE(a_read_of_a_hole_maps_what_is_around_it_and_then_brings_its_own),
	CASE(a_write_maps_its_own_page_only),
	CASE(nothing_beyond_the_page_table_is_mapped),
	CASE(nothing_beyond_the_end_of_the_file_is_mapped),
	CASE(a_marker_stays_where_it_is),
	CASE(one_that_wants_to_know_of_them_gets_its_own_page_only),
};
TEST_MAIN(cases)
