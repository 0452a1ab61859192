/* Answers and partial effects of each request that surprise people; semantics.md numbers in the names' order. */
#include "support/picture.h"

static int map_flags(vmalock_mm *mm, uint64_t addr, uint64_t length, uint32_t flags, uint64_t *at)
{
	return vmalock_mm_map(mm, addr, length, RW, flags, NULL, 0, at);
}

static void munmap_of_the_middle_leaves_two(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 5, RW);
	expect_eq(vmalock_mm_unmap(mm, page(1), 3 * P), 0);
	expect_drawing(mm, "A...B");
	end_space(mm);
}

static void munmap_of_a_hole_succeeds_and_of_nothing_is_invalid(void)
{
	vmalock_mm *mm = space_of(NULL);

	expect_eq(vmalock_mm_unmap(mm, page(1), P), 0);
	expect_eq(vmalock_mm_unmap(mm, page(1), 0), (uint64_t)VMALOCK_EINVAL);
	expect_eq(vmalock_mm_unmap(mm, page(1) + 1, P), (uint64_t)VMALOCK_EINVAL);
	expect_eq(vmalock_mm_unmap(mm, page(1), UINT64_MAX - P + 2), (uint64_t)VMALOCK_EINVAL);
	end_space(mm);
}

static void mprotect_over_a_hole_has_changed_what_lies_before_it(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 2, RW);
	map_at(mm, 3, 2, RW);
	expect_eq(vmalock_mm_protect(mm, page(1), 3 * P, RO), (uint64_t)VMALOCK_ENOMEM);
	expect_drawing(mm, "AB.CC");
	end_space(mm);
}

static void madvise_over_a_hole_goes_on_behind_it(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 1, RW);
	map_at(mm, 2, 1, RW);
	write_byte(mm, 0, 1);
	write_byte(mm, 2, 1);
	expect_eq(vmalock_mm_advise(mm, page(0), 3 * P, 4), (uint64_t)VMALOCK_ENOMEM);
	expect_eq(read_byte(mm, 0), 0);
	expect_eq(read_byte(mm, 2), 0);
	end_space(mm);
}

static void fixed_out_of_range_is_enomem_also_when_unaligned(void)
{
	vmalock_mm *mm = space_of(NULL);
	uint64_t at = 77;

	expect_eq(map_flags(mm, VMALOCK_TASK_SIZE + 1, P, FIXED_ANON, &at), (uint64_t)VMALOCK_ENOMEM);
	expect_eq(map_flags(mm, page(0) + 1, P, FIXED_ANON, &at), (uint64_t)VMALOCK_EINVAL);
	expect_eq(at, 77);
	end_space(mm);
}

static void a_hint_is_rounded_down_and_taken_when_it_is_free(void)
{
	vmalock_mm *mm = space_of(NULL);
	uint32_t flags = VMALOCK_MAP_PRIVATE | VMALOCK_MAP_ANONYMOUS;
	uint64_t at;

	expect_eq(map_flags(mm, page(3) + 123, P, flags, &at), 0);
	expect_eq(at, page(3));
	expect_eq(map_flags(mm, page(3), P, flags, &at), 0);
	expect(at != page(3));
	end_space(mm);
}

static void a_hint_inside_a_stacks_guard_gap_is_not_taken_and_a_fixed_address_is(void)
{
	vmalock_mm *mm = space_of(NULL);
	uint32_t flags = VMALOCK_MAP_PRIVATE | VMALOCK_MAP_ANONYMOUS;
	uint64_t at;

	expect_eq(map_flags(mm, page(300), P, FIXED_ANON | VMALOCK_MAP_GROWSDOWN, &at), 0);
	expect_eq(map_flags(mm, page(290), P, flags, &at), 0);
	expect(at != page(290));
	expect_eq(map_flags(mm, page(290), P, FIXED_ANON, &at), 0);
	end_space(mm);
}

static void a_stack_grows_to_a_touch_below_it_but_keeps_256_pages_free(void)
{
	vmalock_mm *mm = space_of(NULL);
	uint64_t at;

	expect_eq(map_flags(mm, page(600), P, FIXED_ANON | VMALOCK_MAP_GROWSDOWN, &at), 0);
	map_at(mm, 300, 1, RW);
	expect_eq(vmalock_mm_fault(mm, page(557), VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_MINOR);
	expect_eq(vmalock_mm_fault(mm, page(556), VMALOCK_WRITE), VMALOCK_FAULT_SIGSEGV_MAPERR);
	end_space(mm);
}

static void brk_keeps_one_page_free_and_answers_the_old_break_for_a_refusal(void)
{
	vmalock_mm *mm = space_of(NULL);

	expect_eq(vmalock_mm_brk(mm, page(1)), 0); /* there is no heap yet */
	expect_eq(vmalock_mm_set_brk_start(mm, page(0)), 0);
	expect_eq(vmalock_mm_brk(mm, 0), page(0));
	expect_eq(vmalock_mm_brk(mm, page(2) + 5), page(2) + 5);
	expect_drawing(mm, "AAA");
	map_at(mm, 6, 1, RO);
	expect_eq(vmalock_mm_brk(mm, page(6)), page(2) + 5);
	expect_eq(vmalock_mm_brk(mm, page(5)), page(5));
	expect_drawing(mm, "AAAAA.B");
	expect_eq(vmalock_mm_brk(mm, page(1)), page(1));
	expect_drawing(mm, "A.....B");
	end_space(mm);
}

static void a_written_mapping_keeps_its_offset_when_it_moves_and_joins_only_where_it_belongs(void)
{
	vmalock_mm *mm = space_of(NULL);
	uint64_t at;

	map_at(mm, 0, 4, RW);
	write_byte(mm, 0, 1);
	write_byte(mm, 3, 9);
	expect_eq(vmalock_mm_remap(mm, page(2), 2 * P, 2 * P, 3, page(8), &at), 0);
	expect_drawing(mm, "AA......BB");
	expect_eq(read_byte(mm, 9), 9);
	expect_eq(vmalock_mm_remap(mm, page(8), 2 * P, 2 * P, 3, page(2), &at), 0);
	expect_drawing(mm, "AAAA");
	expect_eq(read_byte(mm, 3), 9);
	end_space(mm);
}

static void an_unwritten_mapping_takes_on_the_offset_of_its_new_place(void)
{
	vmalock_mm *mm = space_of(NULL);
	uint64_t at;

	map_at(mm, 0, 2, RW);
	map_at(mm, 8, 2, RW);
	expect_eq(vmalock_mm_remap(mm, page(8), 2 * P, 2 * P, 3, page(2), &at), 0);
	expect_drawing(mm, "AAAA");
	end_space(mm);
}

static void growing_in_place_takes_what_is_free_and_moves_otherwise(void)
{
	vmalock_mm *mm = space_of(NULL);
	uint64_t at;

	map_at(mm, 0, 2, RW);
	map_at(mm, 4, 1, RO);
	write_byte(mm, 1, 5);
	expect_eq(vmalock_mm_remap(mm, page(0), 2 * P, 4 * P, 0, 0, &at), 0);
	expect_drawing(mm, "AAAAB");
	expect_eq(vmalock_mm_remap(mm, page(0), 4 * P, 5 * P, 0, 0, &at), (uint64_t)VMALOCK_ENOMEM);
	expect_eq(vmalock_mm_remap(mm, page(0), 4 * P, 5 * P, VMALOCK_MREMAP_MAYMOVE, 0, &at), 0);
	expect_drawing(mm, "....A");
	at += P;
	uint8_t byte = 0;
	expect_eq(vmalock_mm_read(mm, at, &byte, 1, NULL), 0);
	expect_eq(byte, 5);
	end_space(mm);
}

static void dontunmap_leaves_the_old_place_empty(void)
{
	vmalock_mm *mm = space_of(NULL);
	uint64_t at;

	map_at(mm, 0, 2, RW);
	write_byte(mm, 0, 7);
	expect_eq(vmalock_mm_remap(mm, page(0), 2 * P, 2 * P, 5, page(10), &at), 0);
	expect_eq(at, page(10));
	expect_eq(read_byte(mm, 10), 7);
	expect_eq(read_byte(mm, 0), 0);
	expect_drawing(mm, "AA........BB");
	end_space(mm);
}

static void one_fixed_move_takes_several_mappings_and_their_holes_along(void)
{
	vmalock_mm *mm = space_of(NULL);
	uint64_t at;

	map_at(mm, 0, 2, RW);
	map_at(mm, 3, 1, RO);
	map_at(mm, 12, 1, VMALOCK_PROT_NONE); /* lies under the hole: stays */
	expect_eq(vmalock_mm_remap(mm, page(0), 4 * P, 4 * P, 3, page(10), &at), 0);
	expect_drawing(mm, "..........AABC");
	end_space(mm);
}

static void at_the_map_limit_a_split_is_refused_and_an_mmap_is_not(void)
{
	struct vmalock_options options;
	vmalock_mm *mm;
	uint64_t at;

	vmalock_options_init(&options);
	options.limits.map_count = 3;
	expect_eq(vmalock_mm_create(&options, &mm), 0);
	map_at(mm, 0, 6, RW);
	map_at(mm, 8, 1, RO);
	map_at(mm, 10, 1, RO);
	expect_eq(vmalock_mm_protect(mm, page(1), P, RO), (uint64_t)VMALOCK_ENOMEM);
	expect_eq(vmalock_mm_unmap(mm, page(1), P), (uint64_t)VMALOCK_ENOMEM);
	expect_eq(vmalock_mm_advise(mm, page(1), P, 10), (uint64_t)VMALOCK_EAGAIN);
	expect_eq(vmalock_mm_map(mm, page(12), P, RO, FIXED_ANON, NULL, 0, &at), 0); /* limit + 1 */
	expect_eq(vmalock_mm_map(mm, page(14), P, RO, FIXED_ANON, NULL, 0, &at), (uint64_t)VMALOCK_ENOMEM);
	end_space(mm);
}

static void when_the_second_of_two_splits_is_refused_the_first_stays(void)
{
	struct vmalock_options options;
	vmalock_mm *mm;

	vmalock_options_init(&options);
	options.limits.map_count = 2;
	expect_eq(vmalock_mm_create(&options, &mm), 0);
	map_at(mm, 0, 6, RW);
	expect_eq(vmalock_mm_protect(mm, page(1), P, RO), (uint64_t)VMALOCK_ENOMEM);
	expect_drawing(mm, "ABBBBB");
	end_space(mm);
}

static void mmap_ignores_unknown_protection_and_mprotect_refuses_it(void)
{
	vmalock_mm *mm = space_of(NULL);
	uint64_t at;

	expect_eq(vmalock_mm_map(mm, page(0), P, 0x40 | RW, FIXED_ANON, NULL, 0, &at), 0);
	expect_eq(vmalock_mm_protect(mm, page(0), P, 0x40 | RW), (uint64_t)VMALOCK_EINVAL);
	end_space(mm);
}

static void a_file_without_write_permission_refuses_shared_writing_now_and_later(void)
{
	vmalock_mm *mm = space_of(NULL);
	struct vmalock_file_options options = { .length = 4 * P, .mode = VMALOCK_FILE_RDONLY };
	uint32_t flags = VMALOCK_MAP_SHARED | VMALOCK_MAP_FIXED;
	vmalock_file *file;
	uint64_t at;

	expect_eq(vmalock_file_create(&options, &file), 0);
	expect_eq(vmalock_mm_map(mm, page(0), P, RW, flags, file, 0, &at), (uint64_t)VMALOCK_EACCES);
	expect_eq(vmalock_mm_map(mm, page(0), P, RO, flags, file, 0, &at), 0);
	expect_eq(vmalock_mm_protect(mm, page(0), P, RW), (uint64_t)VMALOCK_EACCES);
	vmalock_file_put(file);
	end_space(mm);
}

static void split_makes_a_boundary_and_is_content_with_one_that_is_there(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 4, RW);
	expect_eq(vmalock_mm_split(mm, page(2)), 0);
	expect_eq(vmalock_mm_split(mm, page(2)), 0);
	expect_eq(vmalock_mm_split(mm, page(4)), 0);
	expect_eq(vmalock_mm_split(mm, page(5)), (uint64_t)VMALOCK_EFAULT);
	expect_eq(vmalock_mm_split(mm, page(1) + 8), (uint64_t)VMALOCK_EINVAL);
	expect_drawing(mm, "AABB");
	end_space(mm);
}

static void a_forked_child_has_its_own_bytes_after_the_first_write(void)
{
	vmalock_mm *mm = space_of(NULL), *child;

	map_at(mm, 0, 2, RW);
	write_byte(mm, 0, 1);
	expect_eq(vmalock_mm_fork(mm, &child), 0);
	expect_eq(read_byte(child, 0), 1);
	write_byte(child, 0, 2);
	expect_eq(read_byte(mm, 0), 1);
	write_byte(mm, 0, 3);
	expect_eq(read_byte(child, 0), 2);
	end_space(mm);
	expect_eq(read_byte(child, 0), 2);
	end_space(child);
}

static void fork_leaves_out_what_is_advised_so_and_empties_what_is_wiped(void)
{
	vmalock_mm *mm = space_of(NULL), *child;

	map_at(mm, 0, 3, RW);
	write_byte(mm, 1, 4);
	expect_eq(vmalock_mm_advise(mm, page(0), P, 10), 0);
	expect_eq(vmalock_mm_advise(mm, page(1), P, 18), 0);
	expect_eq(vmalock_mm_fork(mm, &child), 0);
	expect_drawing(child, ".AB");
	expect_eq(read_byte(child, 1), 0);
	expect_eq(read_byte(mm, 1), 4);
	end_space(child);
	end_space(mm);
}

static void large_anonymous_mappings_are_aligned_to_huge_pages(void)
{
	vmalock_mm *mm = space_of(NULL);
	uint64_t at;

	expect_eq(map_flags(mm, 0, UINT64_C(4) << 20, VMALOCK_MAP_PRIVATE | VMALOCK_MAP_ANONYMOUS, &at), 0);
	expect_eq(at & ((UINT64_C(2) << 20) - 1), 0);
	end_space(mm);
}

static const struct test_case cases[] = {
	CASE(munmap_of_the_middle_leaves_two),
	CASE(munmap_of_a_hole_succeeds_and_of_nothing_is_invalid),
	CASE(mprotect_over_a_hole_has_changed_what_lies_before_it),
	CASE(madvise_over_a_hole_goes_on_behind_it),
	CASE(fixed_out_of_range_is_enomem_also_when_unaligned),
	CASE(a_hint_is_rounded_down_and_taken_when_it_is_free),
	CASE(a_hint_inside_a_stacks_guard_gap_is_not_taken_and_a_fixed_address_is),
	CASE(a_stack_grows_to_a_touch_below_it_but_keeps_256_pages_free),
	CASE(brk_keeps_one_page_free_and_answers_the_old_break_for_a_refusal),
	CASE(a_written_mapping_keeps_its_offset_when_it_moves_and_joins_only_where_it_belongs),
	CASE(an_unwritten_mapping_takes_on_the_offset_of_its_new_place),
	CASE(growing_in_place_takes_what_is_free_and_moves_otherwise),
	CASE(dontunmap_leaves_the_old_place_empty),
	CASE(one_fixed_move_takes_several_mappings_and_their_holes_along),
	CASE(at_the_map_limit_a_split_is_refused_and_an_mmap_is_not),
	CASE(when_the_second_of_two_splits_is_refused_the_first_stays),
	CASE(mmap_ignores_unknown_protection_and_mprotect_refuses_it),
	CASE(a_file_without_write_permission_refuses_shared_writing_now_and_later),
	CASE(split_makes_a_boundary_and_is_content_with_one_that_is_there),
	CASE(a_forked_child_has_its_own_bytes_after_the_first_write),
	CASE(fork_leaves_out_what_is_advised_so_and_empties_what_is_wiped),
	CASE(large_anonymous_mappings_are_aligned_to_huge_pages),
};
TEST_MAIN(cases)
