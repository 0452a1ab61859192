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
	CASE(a_fault_on_its_way_finds_the_guard_and_puts_no_page_over_it),
};
TEST_MAIN(cases)
