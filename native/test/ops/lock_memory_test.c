/* mlock and its kin: what is marked, counted and brought in; the four errors of the limit. */
#include "support/picture.h"

#define LOCKED VMALOCK_VM_LOCKED
#define ON_FAULT (VMALOCK_VM_LOCKED | VMALOCK_VM_LOCKONFAULT)

static vmalock_mm *limited_to(uint64_t pages)
{
	struct vmalock_options options;
	vmalock_mm *mm;

	vmalock_options_init(&options);
	options.privileged = 0;
	options.limits.memlock = pages * P;
	options.frames = 4096;
	expect_eq(vmalock_mm_create(&options, &mm), 0);
	return mm;
}

static uint64_t lock_bits(vmalock_mm *mm, uint64_t n)
{
	struct vmalock_vma vma;

	expect_eq(vmalock_mm_find(mm, page(n), &vma), 0);
	expect(vma.start <= page(n));
	return vma.vm_flags & ON_FAULT;
}

static uint64_t locked_pages(vmalock_mm *mm)
{
	struct vmalock_status status;

	vmalock_mm_status(mm, &status);
	return status.vm_locked / P;
}

/* '1' resident, '0' not. */
static void expect_resident(vmalock_mm *mm, uint64_t first, const char *wanted)
{
	for (uint64_t n = 0; wanted[n]; n++) {
		uint8_t here;

		expect_eq(vmalock_mm_mincore(mm, page(first + n), P, &here), 0);
		expect_eq(here & 1, wanted[n] == '1');
	}
}

static int map_with(vmalock_mm *mm, uint64_t first, uint64_t pages, uint32_t more)
{
	uint64_t at;

	return vmalock_mm_map(mm, page(first), pages * P, RW, FIXED_ANON | more, NULL, 0, &at);
}

static void a_locked_part_is_a_vma_of_its_own_counted_and_resident(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 6, RW);
	expect_eq(vmalock_mm_mlock(mm, page(2), 2 * P, 0), 0);
	expect_drawing(mm, "AABBCC");
	expect_eq(lock_bits(mm, 2), LOCKED);
	expect_eq(lock_bits(mm, 4), 0);
	expect_eq(locked_pages(mm), 2);
	expect_resident(mm, 0, "001100");
	expect_eq(vmalock_mm_munlock(mm, page(2), 2 * P), 0);
	expect_drawing(mm, "AAAAAA");
	expect_eq(locked_pages(mm), 0);
	expect_resident(mm, 0, "001100");
	end_space(mm);
}

static void locked_neighbours_merge_unless_they_were_written_apart(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 6, RW);
	map_at(mm, 8, 6, RW);
	for (uint64_t n = 0; n < 5; n += 4) {
		expect_eq(vmalock_mm_mlock(mm, page(n), 2 * P, VMALOCK_MLOCK_ONFAULT), 0);
		expect_eq(vmalock_mm_mlock(mm, page(n + 8), 2 * P, 0), 0);
	}
	expect_drawing(mm, "AABBCC..DDEEFF");
	expect_eq(vmalock_mm_mlock(mm, page(1), 4 * P, VMALOCK_MLOCK_ONFAULT), 0);
	expect_eq(vmalock_mm_mlock(mm, page(9), 4 * P, 0), 0);
	expect_drawing(mm, "AAAAAA..BBBBCC");
	expect_eq(locked_pages(mm), 12);
	end_space(mm);
}

static void locking_twice_counts_once_and_on_fault_changes_the_kind(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 2, RW);
	expect_eq(vmalock_mm_mlock(mm, page(0), 2 * P, VMALOCK_MLOCK_ONFAULT), 0);
	expect_eq(lock_bits(mm, 0), ON_FAULT);
	expect_resident(mm, 0, "00");
	expect_eq(locked_pages(mm), 2);
	expect_eq(vmalock_mm_mlock(mm, page(0), 2 * P, 0), 0);
	expect_eq(lock_bits(mm, 0), LOCKED);
	expect_resident(mm, 0, "11");
	expect_eq(locked_pages(mm), 2);
	expect_eq(vmalock_mm_mlock(mm, page(0), P, 2), (uint64_t)VMALOCK_EINVAL);
	end_space(mm);
}

static void mlock_over_a_hole_marks_what_lies_before_and_brings_nothing_in(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 2, RW);
	map_at(mm, 3, 2, RW);
	expect_eq(vmalock_mm_mlock(mm, page(1), 3 * P, 0), (uint64_t)VMALOCK_ENOMEM);
	expect_drawing(mm, "AB.CC");
	expect_eq(lock_bits(mm, 1), LOCKED);
	expect_eq(lock_bits(mm, 3), 0);
	expect_eq(locked_pages(mm), 1);
	expect_resident(mm, 0, "00");
	end_space(mm);
}

static void mlock_of_prot_none_is_enomem_and_the_mapping_is_locked(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 1, RW);
	map_at(mm, 1, 1, VMALOCK_PROT_NONE);
	map_at(mm, 2, 1, RW);
	expect_eq(vmalock_mm_mlock(mm, page(0), 3 * P, 0), (uint64_t)VMALOCK_ENOMEM);
	expect_eq(locked_pages(mm), 3);
	expect_resident(mm, 0, "100");
	expect_eq(vmalock_mm_mlock(mm, page(1), P, VMALOCK_MLOCK_ONFAULT), 0);
	end_space(mm);
}

static void the_start_is_rounded_down_and_a_length_that_wraps_is_nothing(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 3, RW);
	expect_eq(vmalock_mm_mlock(mm, page(0) + 5, P, 0), 0);
	expect_eq(locked_pages(mm), 2);
	expect_eq(vmalock_mm_munlock(mm, page(0) + 5, 1), 0);
	expect_eq(locked_pages(mm), 1);
	expect_eq(vmalock_mm_mlock(mm, page(0), UINT64_MAX, 0), 0);
	expect_eq(vmalock_mm_munlock(mm, page(0), UINT64_MAX), 0);
	expect_eq(vmalock_mm_mlock(mm, page(0), UINT64_MAX - P, 0), (uint64_t)VMALOCK_EINVAL);
	expect_eq(locked_pages(mm), 1);
	end_space(mm);
}

static void the_limit_has_four_errors(void)
{
	vmalock_mm *mm = limited_to(0);
	uint64_t at;

	map_at(mm, 0, 4, RW);
	expect_eq(vmalock_mm_mlock(mm, page(0), P, 0), (uint64_t)VMALOCK_EPERM);
	expect_eq(vmalock_mm_mlockall(mm, VMALOCK_MCL_FUTURE), (uint64_t)VMALOCK_EPERM);
	end_space(mm);

	mm = limited_to(3);
	map_at(mm, 0, 4, RW);
	expect_eq(vmalock_mm_mlock(mm, page(0), 4 * P, 0), (uint64_t)VMALOCK_ENOMEM);
	expect_eq(vmalock_mm_mlockall(mm, VMALOCK_MCL_CURRENT), (uint64_t)VMALOCK_ENOMEM);
	expect_eq(locked_pages(mm), 0);
	expect_eq(map_with(mm, 8, 4, VMALOCK_MAP_LOCKED), (uint64_t)VMALOCK_EAGAIN);
	expect_eq(map_with(mm, 8, 3, VMALOCK_MAP_LOCKED), 0);
	expect_eq(vmalock_mm_remap(mm, page(8), 3 * P, 4 * P, 0, 0, &at), (uint64_t)VMALOCK_EAGAIN);
	end_space(mm);
}

static void what_is_locked_already_does_not_count_against_the_limit_again(void)
{
	vmalock_mm *mm = limited_to(3);

	map_at(mm, 0, 4, RW);
	expect_eq(vmalock_mm_mlock(mm, page(1), 2 * P, 0), 0);
	expect_eq(vmalock_mm_mlock(mm, page(0), 3 * P, 0), 0);
	expect_eq(vmalock_mm_mlock(mm, page(0), 4 * P, 0), (uint64_t)VMALOCK_ENOMEM);
	expect_eq(locked_pages(mm), 3);
	end_space(mm);
}

static void mlockall_locks_what_is_there_and_what_comes(void)
{
	vmalock_mm *mm = space_of(NULL), *child;

	map_at(mm, 0, 2, RW);
	map_at(mm, 4, 1, VMALOCK_PROT_NONE);
	map_at(mm, 6, 2, RO);
	expect_eq(vmalock_mm_mlockall(mm, VMALOCK_MCL_CURRENT | VMALOCK_MCL_FUTURE), 0);
	expect_eq(locked_pages(mm), 5);
	expect_resident(mm, 0, "11");
	expect_resident(mm, 6, "11");
	map_at(mm, 2, 2, RW);
	expect_drawing(mm, "AAAAB.CC");
	expect_resident(mm, 2, "11");
	expect_eq(vmalock_mm_fork(mm, &child), 0);
	expect_eq(locked_pages(child), 0);
	map_at(child, 10, 1, RW);
	expect_eq(lock_bits(child, 10), 0);
	end_space(child);
	expect_eq(vmalock_mm_munlockall(mm), 0);
	expect_eq(locked_pages(mm), 0);
	map_at(mm, 10, 1, RW);
	expect_eq(lock_bits(mm, 10), 0);
	end_space(mm);
}

static void mlockall_on_fault_brings_nothing_in_and_bad_flags_change_nothing(void)
{
	static const uint32_t bad[] = { 0, VMALOCK_MCL_ONFAULT, 8, 9 };
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 1, RW);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_eq(vmalock_mm_mlockall(mm, bad[i]), (uint64_t)VMALOCK_EINVAL);
	expect_eq(vmalock_mm_mlockall(mm, VMALOCK_MCL_FUTURE | VMALOCK_MCL_ONFAULT), 0);
	expect_eq(lock_bits(mm, 0), 0);
	map_at(mm, 2, 1, RW);
	expect_eq(lock_bits(mm, 2), ON_FAULT);
	expect_resident(mm, 2, "0");
	expect_eq(vmalock_mm_mlockall(mm, VMALOCK_MCL_CURRENT), 0); /* the future has ended with it */
	expect_eq(lock_bits(mm, 2), LOCKED);
	map_at(mm, 4, 1, RW);
	expect_eq(lock_bits(mm, 4), 0);
	end_space(mm);
}

static void a_heap_that_grows_under_mcl_future_is_locked_and_full(void)
{
	vmalock_mm *mm = limited_to(4);

	expect_eq(vmalock_mm_set_brk_start(mm, page(0)), 0);
	expect_eq(vmalock_mm_mlockall(mm, VMALOCK_MCL_FUTURE), 0);
	expect_eq(vmalock_mm_brk(mm, page(3)), page(3));
	expect_resident(mm, 0, "111");
	expect_eq(locked_pages(mm), 3);
	expect_eq(vmalock_mm_brk(mm, page(5)), page(3));
	expect_eq(vmalock_mm_brk(mm, page(1)), page(1));
	expect_eq(locked_pages(mm), 1);
	end_space(mm);
}

static void the_kernels_own_mappings_are_not_marked(void)
{
	struct vmalock_initial_vma vdso = { page(0), page(1), 0, RO, VMALOCK_MAP_PRIVATE, NULL, "[vdso]", 1 };
	vmalock_mm *mm = space_of(NULL);

	expect_eq(vmalock_mm_map_initial(mm, &vdso), 0);
	expect_eq(vmalock_mm_mlock(mm, page(0), P, 0), 0);
	expect_eq(lock_bits(mm, 0), 0);
	expect_eq(locked_pages(mm), 0);
	end_space(mm);
}

static void mlock_without_frames_says_eagain_and_all_is_marked(void)
{
	struct vmalock_options options;
	vmalock_mm *mm;

	vmalock_options_init(&options);
	options.frames = 2;
	expect_eq(vmalock_mm_create(&options, &mm), 0);
	map_at(mm, 0, 4, RW);
	expect_eq(vmalock_mm_mlock(mm, page(0), 4 * P, 0), (uint64_t)VMALOCK_EAGAIN);
	expect_eq(locked_pages(mm), 4);
	end_space(mm);
}

static void the_map_limit_refuses_a_split_and_what_lies_before_is_locked(void)
{
	struct vmalock_options options;
	vmalock_mm *mm;

	vmalock_options_init(&options);
	options.limits.map_count = 3;
	expect_eq(vmalock_mm_create(&options, &mm), 0);
	map_at(mm, 0, 1, RO);
	map_at(mm, 1, 1, RW);
	map_at(mm, 2, 2, RO);
	expect_eq(vmalock_mm_mlock(mm, page(0), 3 * P, 0), (uint64_t)VMALOCK_ENOMEM);
	expect_drawing(mm, "ABCC");
	expect_eq(locked_pages(mm), 2);
	end_space(mm);
}

/* The first part gets pages of its own, and its anon, before the second is looked at: too late to share, since that is not charged yet. */
static void locked_memory_that_becomes_writable_has_its_anon_before_the_next_mapping_is_looked_at(void)
{
	struct vmalock_options options;
	vmalock_mm *mm;
	uint64_t at;

	vmalock_options_init(&options);
	options.forbids_zero_page = 1;
	expect_eq(vmalock_mm_create(&options, &mm), 0);
	expect_eq(vmalock_mm_map(mm, page(0), 2 * P, 0, FIXED_ANON | VMALOCK_MAP_LOCKED, NULL, 0, &at), 0);
	expect_eq(vmalock_mm_map(mm, page(1), P, RO, FIXED_ANON | VMALOCK_MAP_LOCKED, NULL, 0, &at), 0);
	expect_eq(vmalock_mm_protect(mm, page(0), 2 * P, RW), 0);
	expect_drawing(mm, "AB");
	expect_resident(mm, 0, "11");
	end_space(mm);

	/* as faults bring it: no page, no anon, and the two are one */
	expect_eq(vmalock_mm_create(&options, &mm), 0);
	expect_eq(vmalock_mm_map(mm, page(0), P, 0, FIXED_ANON, NULL, 0, &at), 0);
	expect_eq(vmalock_mm_mlock(mm, page(0), P, VMALOCK_MLOCK_ONFAULT), 0);
	expect_eq(vmalock_mm_map(mm, page(1), P, RO, FIXED_ANON, NULL, 0, &at), 0);
	expect_eq(vmalock_mm_mlock(mm, page(1), P, VMALOCK_MLOCK_ONFAULT), 0);
	(void)read_byte(mm, 1);
	expect_eq(vmalock_mm_protect(mm, page(0), 2 * P, RW), 0);
	expect_drawing(mm, "AA");
	end_space(mm);
}

/* What lies between two of them is not theirs to fill: shared memory waits for its faults. */
static void only_the_locked_mappings_that_became_writable_are_filled(void)
{
	vmalock_mm *mm = space_of(NULL);
	uint64_t at;

	for (uint64_t n = 0; n < 5; n++)
		expect_eq(vmalock_mm_map(mm, page(n), P, RO, FIXED_ANON, NULL, 0, &at), 0);
	for (uint64_t n = 1; n < 5; n += 2)
		expect_eq(vmalock_mm_map(mm, page(n), P, 0,
					 VMALOCK_MAP_SHARED | VMALOCK_MAP_ANONYMOUS | VMALOCK_MAP_FIXED |
						 VMALOCK_MAP_LOCKED,
					 NULL, 0, &at),
			  0);
	for (uint64_t n = 0; n < 5; n += 2)
		expect_eq(vmalock_mm_mlock(mm, page(n), P, 0), 0);
	expect_eq(vmalock_mm_protect(mm, page(0), 5 * P, RW), 0);
	expect_resident(mm, 0, "10101");
	end_space(mm);
}

static const struct test_case cases[] = {
	CASE(a_locked_part_is_a_vma_of_its_own_counted_and_resident),
	CASE(locked_neighbours_merge_unless_they_were_written_apart),
	CASE(locking_twice_counts_once_and_on_fault_changes_the_kind),
	CASE(mlock_over_a_hole_marks_what_lies_before_and_brings_nothing_in),
	CASE(mlock_of_prot_none_is_enomem_and_the_mapping_is_locked),
	CASE(the_start_is_rounded_down_and_a_length_that_wraps_is_nothing),
	CASE(the_limit_has_four_errors),
	CASE(what_is_locked_already_does_not_count_against_the_limit_again),
	CASE(mlockall_locks_what_is_there_and_what_comes),
	CASE(mlockall_on_fault_brings_nothing_in_and_bad_flags_change_nothing),
	CASE(a_heap_that_grows_under_mcl_future_is_locked_and_full),
	CASE(the_kernels_own_mappings_are_not_marked),
	CASE(mlock_without_frames_says_eagain_and_all_is_marked),
	CASE(the_map_limit_refuses_a_split_and_what_lies_before_is_locked),
	CASE(locked_memory_that_becomes_writable_has_its_anon_before_the_next_mapping_is_looked_at),
	CASE(only_the_locked_mappings_that_became_writable_are_filled),
};
TEST_MAIN(cases)
