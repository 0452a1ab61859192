/* Guard regions: what refuses a touch, what a guard outlives, what takes it away. Ideas of Linux's guard-regions selftest. */
#include "ops/advise.h"
#include "support/racing.h"

static void guard_pages(vmalock_mm *mm, uint64_t first, uint64_t count)
{
	expect_eq(vmalock_mm_advise(mm, page(first), count * P, MADV_IS_GUARD_INSTALL), 0);
}

static uint32_t touch(vmalock_mm *mm, uint64_t n, enum vmalock_access access)
{
	return vmalock_mm_fault(mm, page(n), access) & VMALOCK_FAULT_OUTCOME;
}

/* 'g': any touch is a SIGSEGV that says "not mapped"; '.': pages come. */
static void expect_guards(vmalock_mm *mm, const char *wanted)
{
	for (uint64_t n = 0; wanted[n]; n++) {
		uint32_t outcome = wanted[n] == 'g' ? VMALOCK_FAULT_SIGSEGV_MAPERR : VMALOCK_FAULT_MINOR;

		expect_eq(touch(mm, n, VMALOCK_READ), outcome);
		expect_eq(touch(mm, n, VMALOCK_WRITE), outcome);
	}
}

static void a_guard_takes_pages_away_and_splits_nothing(void)
{
	vmalock_mm *mm = space_of(NULL);
	struct vmalock_status status;

	map_at(mm, 0, 5, RW);
	for (uint64_t n = 0; n < 5; n++)
		write_byte(mm, n, (uint8_t)(n + 1));
	guard_pages(mm, 1, 2);
	expect_drawing(mm, "AAAAA");
	vmalock_mm_status(mm, &status);
	expect_eq(status.vm_rss, 3 * P);
	expect_guards(mm, ".gg..");
	expect_eq(read_byte(mm, 0), 1);
	expect_eq(vmalock_mm_advise(mm, page(0), 5 * P, MADV_IS_GUARD_REMOVE), 0);
	expect_guards(mm, ".....");
	expect_eq(read_byte(mm, 1), 0);
	expect_eq(read_byte(mm, 3), 4);
	end_space(mm);
}

static void a_guard_outlives_dontneed_and_mprotect_and_moves_along(void)
{
	vmalock_mm *mm = space_of(NULL);
	uint64_t at;

	map_at(mm, 0, 4, RW);
	guard_pages(mm, 1, 1);
	expect_eq(vmalock_mm_advise(mm, page(0), 4 * P, MADV_IS_DONTNEED), 0);
	expect_eq(vmalock_mm_protect(mm, page(0), 4 * P, RO), 0);
	expect_eq(vmalock_mm_protect(mm, page(0), 4 * P, RW), 0);
	expect_guards(mm, ".g..");
	expect_eq(
		vmalock_mm_remap(mm, page(0), 4 * P, 4 * P, VMALOCK_MREMAP_MAYMOVE | VMALOCK_MREMAP_FIXED, page(8), &at),
		0);
	expect_eq(touch(mm, 9, VMALOCK_READ), VMALOCK_FAULT_SIGSEGV_MAPERR);
	expect_eq(touch(mm, 8, VMALOCK_READ), VMALOCK_FAULT_MINOR);
	end_space(mm);
}

static void a_new_mapping_has_no_guard_of_an_old_one(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 3, RW);
	guard_pages(mm, 0, 3);
	map_at(mm, 0, 3, RW);
	expect_guards(mm, "...");
	end_space(mm);
}

/* Of a file as well, whose mappings have no anon that would tell fork to copy their tables. */
static void fork_copies_guards_of_every_kind_of_memory(void)
{
	static const uint32_t kinds[] = { VMALOCK_MAP_PRIVATE, VMALOCK_MAP_SHARED };
	vmalock_mm *mm = space_of(NULL), *child;
	uint64_t at;

	for (uint64_t i = 0; i < 2; i++) {
		expect_eq(vmalock_mm_map(mm, page(4 * i), 2 * P, RW,
					 kinds[i] | VMALOCK_MAP_ANONYMOUS | VMALOCK_MAP_FIXED, NULL, 0, &at),
			  0);
		guard_pages(mm, 4 * i + 1, 1);
	}
	expect_eq(vmalock_mm_fork(mm, &child), 0);
	for (uint64_t i = 0; i < 2; i++) {
		expect_eq(touch(child, 4 * i, VMALOCK_READ), VMALOCK_FAULT_MINOR);
		expect_eq(touch(child, 4 * i + 1, VMALOCK_READ), VMALOCK_FAULT_SIGSEGV_MAPERR);
	}
	expect_eq(vmalock_mm_advise(child, page(0), P, MADV_IS_GUARD_REMOVE), 0);
	end_space(child);
	end_space(mm);
}

static void what_wipes_on_fork_has_no_guards_afterwards(void)
{
	vmalock_mm *mm = space_of(NULL), *child;

	map_at(mm, 0, 2, RW);
	guard_pages(mm, 0, 1);
	expect_eq(vmalock_mm_advise(mm, page(0), 2 * P, 18), 0); /* MADV_WIPEONFORK */
	expect_eq(vmalock_mm_fork(mm, &child), 0);
	expect_guards(child, "..");
	end_space(child);
	end_space(mm);
}

static void locked_memory_takes_no_guard_but_loses_one(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 2, RW);
	guard_pages(mm, 0, 1);
	expect_eq(vmalock_mm_mlock(mm, page(0), 2 * P, VMALOCK_MLOCK_ONFAULT), 0);
	expect_eq(vmalock_mm_advise(mm, page(1), P, MADV_IS_GUARD_INSTALL), VMALOCK_EINVAL);
	expect_eq(vmalock_mm_advise(mm, page(0), P, MADV_IS_GUARD_REMOVE), 0);
	expect_guards(mm, "..");
	end_space(mm);
}

static void what_brings_pages_in_stops_at_a_guard(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 3, RW);
	guard_pages(mm, 1, 1);
	expect_eq(vmalock_mm_advise(mm, page(0), 3 * P, 22), VMALOCK_EFAULT); /* MADV_POPULATE_READ */
	expect_eq(vmalock_mm_advise(mm, page(0), 3 * P, 23), VMALOCK_EFAULT); /* MADV_POPULATE_WRITE */
	expect_eq(vmalock_mm_mlock(mm, page(0), 3 * P, 0), VMALOCK_ENOMEM);
	end_space(mm);
}

static void neighbours_merge_whichever_has_had_a_guard(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 2, RW);
	guard_pages(mm, 0, 1);
	map_at(mm, 2, 2, RW);
	expect_drawing(mm, "AAAA");
	expect_guards(mm, "g...");
	end_space(mm);
}

/* --- what is merged has had a guard when one of the parts has -------------------------------------------------------- */

/* Of one shared file, whose mappings have no anon: nothing but the flag tells fork that there are guards to copy. */
static void map_three(vmalock_mm *mm, vmalock_file *file, uint32_t middle)
{
	map_piece(mm, file, 0, 0, RW);
	map_piece(mm, file, 2, 2, middle);
	map_piece(mm, file, 4, 4, RW);
}

/* The middle joins the one beside it that is left when @gone goes. */
static void join_without(vmalock_mm *mm, vmalock_file *file, uint64_t gone)
{
	map_three(mm, file, RO);
	expect_eq(vmalock_mm_unmap(mm, page(gone), 2 * P), 0);
	guard_pages(mm, 3, 1);
	expect_eq(vmalock_mm_protect(mm, page(2), 2 * P, RW), 0);
}

static void join_before(vmalock_mm *mm, vmalock_file *file)
{
	join_without(mm, file, 4);
}

static void join_after(vmalock_mm *mm, vmalock_file *file)
{
	join_without(mm, file, 0);
}

/* Whose policy changes: nobody sets the flags of what has been joined. */
static void join_by_policy(vmalock_mm *mm, vmalock_file *file)
{
	const vmalock_nodemask first = { { 1 } };

	map_piece(mm, file, 0, 0, RW);
	map_piece(mm, file, 2, 2, RW);
	expect_eq(vmalock_mm_mbind(mm, page(2), 2 * P, VMALOCK_MPOL_BIND, &first, 0), 0);
	expect_drawing(mm, "AABB");
	guard_pages(mm, 3, 1);
	expect_eq(vmalock_mm_mbind(mm, page(2), 2 * P, VMALOCK_MPOL_DEFAULT, NULL, 0), 0);
}

static void join_all_three(vmalock_mm *mm, vmalock_file *file)
{
	map_three(mm, file, RO);
	guard_pages(mm, 5, 1);
	expect_eq(vmalock_mm_protect(mm, page(2), 2 * P, RW), 0);
}

static void map_between(vmalock_mm *mm, vmalock_file *file)
{
	map_three(mm, file, RW);
	expect_eq(vmalock_mm_unmap(mm, page(2), 2 * P), 0);
	guard_pages(mm, 5, 1);
	map_piece(mm, file, 2, 2, RW);
}

static void move_beside(vmalock_mm *mm, vmalock_file *file)
{
	uint64_t at;

	map_piece(mm, file, 0, 0, RW);
	map_piece(mm, file, 10, 2, RW);
	guard_pages(mm, 11, 1);
	expect_eq(vmalock_mm_remap(mm, page(10), 2 * P, 2 * P, VMALOCK_MREMAP_MAYMOVE | VMALOCK_MREMAP_FIXED, page(2),
				   &at),
		  0);
}

static void what_is_merged_takes_its_guards_through_fork(void)
{
	static const struct {
		void (*join)(vmalock_mm *mm, vmalock_file *file);
		const char *drawing;
		uint64_t guard;
	} ways[] = {
		{ join_before, "AAAA", 3 },      { join_after, "..AAAA", 3 },  { join_by_policy, "AAAA", 3 },
		{ join_all_three, "AAAAAA", 5 }, { map_between, "AAAAAA", 5 }, { move_beside, "AAAA", 3 },
	};
	const struct vmalock_file_options options = { .length = 6 * P };

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		vmalock_mm *mm = space_of(NULL), *child;
		vmalock_file *file;

		expect_eq(vmalock_file_create(&options, &file), 0);
		ways[i].join(mm, file);
		expect_drawing(mm, ways[i].drawing);
		expect_eq(vmalock_mm_fork(mm, &child), 0);
		expect_eq(touch(child, ways[i].guard, VMALOCK_READ), VMALOCK_FAULT_SIGSEGV_MAPERR);
		end_space(child);
		end_space(mm);
		vmalock_file_put(file);
	}
}

/* The fault has its frame and has not yet looked at the entry again. */
static void a_fault_on_its_way_finds_the_guard_and_puts_no_page_over_it(void)
{
	vmalock_mm *mm = space_with_anon(2);
	struct racer fault;

	syncpoint_arm("fault-took-frame");
	race_fault(&fault, mm, page(1), VMALOCK_WRITE);
	syncpoint_wait_parked("fault-took-frame");
	guard_pages(mm, 1, 1);
	syncpoint_release("fault-took-frame");
	expect_eq(race_end(&fault) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_SIGSEGV_MAPERR);
	end_space(mm);
}

static const struct test_case cases[] = {
	CASE(a_guard_takes_pages_away_and_splits_nothing),
	CASE(a_guard_outlives_dontneed_and_mprotect_and_moves_along),
	CASE(a_new_mapping_has_no_guard_of_an_old_one),
	CASE(fork_copies_guards_of_every_kind_of_memory),
	CASE(what_wipes_on_fork_has_no_guards_afterwards),
	CASE(locked_memory_takes_no_guard_but_loses_one),
	CASE(what_brings_pages_in_stops_at_a_guard),
	CASE(neighbours_merge_whichever_has_had_a_guard),
	CASE(what_is_merged_takes_its_guards_through_fork),
	CASE(a_fault_on_its_way_finds_the_guard_and_puts_no_page_over_it),
};
TEST_MAIN(cases)
