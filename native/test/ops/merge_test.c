/* Which neighbours become one: Linux's rules, each told by one case. */
#include "api/handle.h"
#include "base/alloc.h"
#include "mm/mmap_lock.h"
#include "ops/merge.h"
#include "support/aborting.h"
#include "support/picture.h"

static void protect(vmalock_mm *mm, uint64_t first, uint64_t pages, uint32_t prot)
{
	expect_eq(vmalock_mm_protect(mm, page(first), pages * P, prot), 0);
}

static void new_mappings_join_what_lies_beside_them(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 2, RW);
	map_at(mm, 4, 2, RW);
	expect_drawing(mm, "AA..BB");
	map_at(mm, 2, 2, RW);
	expect_drawing(mm, "AAAAAA");
	map_at(mm, 6, 1, RO);
	expect_drawing(mm, "AAAAAAB");
	end_space(mm);
}

static void two_that_were_written_separately_never_join(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 2, RW);
	map_at(mm, 4, 2, RW);
	write_byte(mm, 0, 1);
	write_byte(mm, 4, 1);
	map_at(mm, 2, 2, RW);
	expect_drawing(mm, "AAAABB"); /* the new one joins the one before only */
	end_space(mm);
}

static void a_read_fault_does_not_stand_in_the_way(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 2, RW);
	map_at(mm, 4, 2, RW);
	read_byte(mm, 0);
	read_byte(mm, 4);
	map_at(mm, 2, 2, RW);
	expect_drawing(mm, "AAAAAA");
	end_space(mm);
}

static void a_neighbours_anon_is_taken_over_so_that_they_may_join_later(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 2, RW);
	map_at(mm, 2, 2, RO); /* its charge differs, its flags too */
	write_byte(mm, 0, 1);
	protect(mm, 2, 2, RW);
	expect_drawing(mm, "AAAA");
	end_space(mm);
}

static void protection_that_comes_back_joins_the_pieces_again(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 6, RW);
	write_byte(mm, 0, 1);
	protect(mm, 2, 2, RO);
	expect_drawing(mm, "AABBCC");
	protect(mm, 2, 2, RW);
	expect_drawing(mm, "AAAAAA");
	end_space(mm);
}

static void a_changed_head_or_tail_goes_to_the_neighbour(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 6, RW);
	write_byte(mm, 5, 1);
	protect(mm, 0, 2, RO);
	expect_drawing(mm, "AABBBB");
	protect(mm, 2, 1, RO); /* the head of B joins A */
	expect_drawing(mm, "AAABBB");
	protect(mm, 2, 1, RW); /* the tail of A joins B */
	expect_drawing(mm, "AABBBB");
	protect(mm, 2, 4, RO); /* all of B */
	expect_drawing(mm, "AAAAAA");
	end_space(mm);
}

static void charged_and_uncharged_memory_never_join(void)
{
	vmalock_mm *mm = space_of(NULL);
	uint64_t at;

	map_at(mm, 0, 2, RW);
	expect_eq(vmalock_mm_map(mm, page(2), 2 * P, RW, FIXED_ANON | VMALOCK_MAP_NORESERVE, NULL, 0, &at), 0);
	expect_drawing(mm, "AABB");
	end_space(mm);
}

static void written_memory_keeps_its_charge_when_it_turns_read_only(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 2, RW);
	map_at(mm, 4, 2, RO);
	protect(mm, 0, 2, RO); /* never written: uncharged now, like the other */
	map_at(mm, 2, 2, RO);
	expect_drawing(mm, "AAAAAA");
	map_at(mm, 8, 2, RW);
	write_byte(mm, 8, 1);
	protect(mm, 8, 2, RO); /* written: still charged */
	map_at(mm, 10, 2, RO);
	expect_drawing(mm, "AAAAAA..BBCC");
	end_space(mm);
}

static void a_forked_childs_written_mappings_do_not_grow_and_the_parents_do(void)
{
	vmalock_mm *mm = space_of(NULL), *child;

	map_at(mm, 0, 2, RW);
	write_byte(mm, 0, 1);
	expect_eq(vmalock_mm_fork(mm, &child), 0);
	map_at(mm, 2, 2, RW);
	map_at(child, 2, 2, RW);
	expect_drawing(mm, "AAAA");
	expect_drawing(child, "AABB");
	end_space(child);
	end_space(mm);
}

static void shared_anonymous_mappings_do_not_join_but_their_pieces_do(void)
{
	vmalock_mm *mm = space_of(NULL);
	uint32_t flags = VMALOCK_MAP_SHARED | VMALOCK_MAP_ANONYMOUS | VMALOCK_MAP_FIXED;
	uint64_t at;

	expect_eq(vmalock_mm_map(mm, page(0), 4 * P, RW, flags, NULL, 0, &at), 0);
	expect_eq(vmalock_mm_map(mm, page(4), 2 * P, RW, flags, NULL, 0, &at), 0);
	expect_drawing(mm, "AAAABB");
	protect(mm, 1, 2, RO);
	expect_drawing(mm, "ABBCDD");
	protect(mm, 1, 2, RW);
	expect_drawing(mm, "AAAABB");
	end_space(mm);
}

static vmalock_file *sixteen_pages(void)
{
	const struct vmalock_file_options options = { .length = 16 * P };
	vmalock_file *file;

	expect_eq(vmalock_file_create(&options, &file), 0);
	return file;
}

static void a_files_pieces_join_where_their_offsets_continue(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_file *file = sixteen_pages();

	map_piece(mm, file, 0, 0, RW);
	map_piece(mm, file, 2, 2, RW);
	map_piece(mm, file, 4, 8, RW);
	expect_drawing(mm, "AAAABB");
	vmalock_file_put(file);
	end_space(mm);
}

static void a_files_piece_joins_the_one_behind_where_the_offset_continues(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_file *file = sixteen_pages();

	map_piece(mm, file, 2, 8, RW);
	map_piece(mm, file, 0, 5, RW);
	expect_drawing(mm, "AABB");
	map_piece(mm, file, 0, 6, RW);
	expect_drawing(mm, "AAAA");
	vmalock_file_put(file);
	end_space(mm);
}

/* What takes a written range in has its anon from then on: fork copies pages of VMAs that have one, and no others. */
static void expect_child_has(vmalock_mm *mm, uint64_t n, uint8_t byte)
{
	vmalock_mm *child;

	expect_eq(vmalock_mm_fork(mm, &child), 0);
	expect_eq(read_byte(child, n), byte);
	end_space(child);
	end_space(mm);
}

/* "AABB", of which the one written is made like the other. */
static void expect_anon_is_taken_in(uint64_t written)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 2, written ? RW : RW | VMALOCK_PROT_EXEC);
	map_at(mm, 2, 2, written ? RW | VMALOCK_PROT_EXEC : RW);
	write_byte(mm, written, 7);
	protect(mm, written, 2, RW);
	expect_drawing(mm, "AAAA");
	expect_child_has(mm, written, 7);
}

/* "AABBCC", of which the last is written and the middle joins the three, or is new. */
static void expect_anon_of_the_next_is_taken_in(bool new)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 2, RW);
	if (!new)
		map_at(mm, 2, 2, RO);
	map_at(mm, 4, 2, RW);
	write_byte(mm, 4, 7);
	if (new)
		map_at(mm, 2, 2, RW);
	else
		protect(mm, 2, 2, RW);
	expect_drawing(mm, "AAAAAA");
	expect_child_has(mm, 4, 7);
}

static void whoever_takes_in_written_memory_takes_in_its_anon(void)
{
	expect_anon_is_taken_in(0);
	expect_anon_is_taken_in(2);
	expect_anon_of_the_next_is_taken_in(false);
	expect_anon_of_the_next_is_taken_in(true);
}

static bool has_anon(vmalock_mm *mm, uint64_t n)
{
	bool has;

	mmap_read_lock(mm_of(mm));
	has = vma_anon(mm_lookup(mm_of(mm), page(n))) != NULL;
	mmap_read_unlock(mm_of(mm));
	return has;
}

/*
 * "AABBCC", of which the last is written. Whoever would take it in must not have its anon when it comes to nothing: nothing
 * would keep it from joining others, and others from joining it. F5 of docs/races.md.
 */
static void expect_no_anon_is_left(int (*join)(vmalock_mm *mm), uint32_t middle)
{
	uint64_t refusals = 0;

	for (uint64_t n = 1; n; n++) {
		vmalock_mm *mm = space_of(NULL);

		map_at(mm, 0, 2, RW);
		if (middle)
			map_at(mm, 2, 2, middle);
		map_at(mm, 4, 2, RW);
		write_byte(mm, 4, 7);
		alloc_fail_after(n);
		(void)join(mm);
		if (!alloc_failure_happened())
			n = UINT64_MAX; /* the last */
		alloc_fail_after(0);
		if (strncmp(drawing(mm), "AAAAAA", 6) != 0) {
			refusals++;
			expect(!has_anon(mm, 0));
		}
		end_space(mm);
	}
	expect(refusals > 0);
}

static int map_middle(vmalock_mm *mm)
{
	uint64_t at;

	return vmalock_mm_map(mm, page(2), 2 * P, RW, FIXED_ANON, NULL, 0, &at);
}

static int protect_middle(vmalock_mm *mm)
{
	return vmalock_mm_protect(mm, page(2), 2 * P, RW);
}

static void a_merge_that_finds_no_memory_leaves_no_anon_behind(void)
{
	expect_no_anon_is_left(map_middle, 0);
	expect_no_anon_is_left(protect_middle, RO);
}

static void what_changes_between_two_that_were_written_separately_joins_the_one_before(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 2, RW);
	map_at(mm, 2, 2, RO);
	map_at(mm, 4, 2, RW);
	write_byte(mm, 0, 1);
	write_byte(mm, 4, 1);
	protect(mm, 2, 2, RW);
	expect_drawing(mm, "AAAABB");
	end_space(mm);
}

static void a_change_does_not_join_what_lies_behind_and_was_written_separately(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 2, RW);
	map_at(mm, 4, 2, RW | VMALOCK_PROT_EXEC);
	write_byte(mm, 0, 1);
	write_byte(mm, 4, 1);
	map_at(mm, 2, 2, RW);
	expect_drawing(mm, "AAAABB");
	protect(mm, 2, 2, RW | VMALOCK_PROT_EXEC);
	expect_drawing(mm, "AABBCC");
	end_space(mm);
}

static void what_a_forked_child_inherited_joins_nothing_when_it_changes(void)
{
	vmalock_mm *mm = space_of(NULL), *child;

	map_at(mm, 0, 2, RW);
	map_at(mm, 2, 2, RW | VMALOCK_PROT_EXEC);
	write_byte(mm, 0, 1);
	expect_eq(vmalock_mm_fork(mm, &child), 0);
	protect(mm, 0, 2, RW | VMALOCK_PROT_EXEC);
	protect(child, 0, 2, RW | VMALOCK_PROT_EXEC);
	expect_drawing(mm, "AAAA");
	expect_drawing(child, "AABB"); /* the unwritten B would need a copy of A's chain */
	end_space(child);
	end_space(mm);
}

static void pieces_of_two_files_never_join(void)
{
	vmalock_mm *mm = space_of(NULL);

	for (uint64_t n = 0; n < 4; n += 2) {
		vmalock_file *file = sixteen_pages();

		map_piece(mm, file, n, n, RW);
		vmalock_file_put(file);
	}
	expect_drawing(mm, "AABB");
	end_space(mm);
}

static void mappings_of_two_names_never_join(void)
{
	vmalock_mm *mm = space_of(NULL);

	for (uint64_t n = 0; n < 4; n += 2) {
		const struct vmalock_initial_vma vma = { .start = page(n),
							 .end = page(n + 2),
							 .pgoff = page(n) / P,
							 .prot = RO,
							 .flags = VMALOCK_MAP_PRIVATE,
							 .name = n ? "[two]" : "[one]" };

		expect_eq(vmalock_mm_map_initial(mm, &vma), 0);
	}
	protect(mm, 0, 4, RW);
	expect_drawing(mm, "AABB");
	end_space(mm);
}

/* As [vvar]: neither when a piece changes nor when it moves. */
static void pieces_of_a_special_mapping_never_join(void)
{
	const struct vmalock_initial_vma special = { .start = page(0),
						     .end = page(6),
						     .pgoff = page(0) / P,
						     .prot = RO,
						     .flags = VMALOCK_MAP_PRIVATE,
						     .special = 1 };
	uint32_t move = VMALOCK_MREMAP_MAYMOVE | VMALOCK_MREMAP_FIXED;
	vmalock_mm *mm = space_of(NULL);
	uint64_t at;

	expect_eq(vmalock_mm_map_initial(mm, &special), 0);
	protect(mm, 2, 2, VMALOCK_PROT_NONE);
	protect(mm, 2, 2, RO);
	expect_drawing(mm, "AABBCC");
	expect_eq(vmalock_mm_remap(mm, page(4), 2 * P, 2 * P, move, page(8), &at), 0);
	expect_eq(vmalock_mm_remap(mm, page(8), 2 * P, 2 * P, move, page(4), &at), 0);
	expect_drawing(mm, "AABBCC");
	end_space(mm);
}

static void ask_unmarked(void *arg)
{
	struct mm *mm = mm_of(arg);

	mmap_write_lock(mm);
	(void)merge_like(mm, mm_lookup(mm, page(0)));
}

static void what_a_vma_is_like_is_asked_when_it_is_write_locked(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 2, RW);
	expect(aborts(ask_unmarked, mm));
	end_space(mm);
}

static const struct test_case cases[] = {
	CASE(what_a_vma_is_like_is_asked_when_it_is_write_locked), /* forks: before there are threads, for TSan */
	CASE(new_mappings_join_what_lies_beside_them),
	CASE(two_that_were_written_separately_never_join),
	CASE(a_read_fault_does_not_stand_in_the_way),
	CASE(a_neighbours_anon_is_taken_over_so_that_they_may_join_later),
	CASE(protection_that_comes_back_joins_the_pieces_again),
	CASE(a_changed_head_or_tail_goes_to_the_neighbour),
	CASE(charged_and_uncharged_memory_never_join),
	CASE(written_memory_keeps_its_charge_when_it_turns_read_only),
	CASE(a_forked_childs_written_mappings_do_not_grow_and_the_parents_do),
	CASE(shared_anonymous_mappings_do_not_join_but_their_pieces_do),
	CASE(a_files_pieces_join_where_their_offsets_continue),
	CASE(a_files_piece_joins_the_one_behind_where_the_offset_continues),
	CASE(pieces_of_two_files_never_join),
	CASE(mappings_of_two_names_never_join),
	CASE(pieces_of_a_special_mapping_never_join),
	CASE(whoever_takes_in_written_memory_takes_in_its_anon),
	CASE(a_merge_that_finds_no_memory_leaves_no_anon_behind),
	CASE(what_changes_between_two_that_were_written_separately_joins_the_one_before),
	CASE(a_change_does_not_join_what_lies_behind_and_was_written_separately),
	CASE(what_a_forked_child_inherited_joins_nothing_when_it_changes),
};
TEST_MAIN(cases)
