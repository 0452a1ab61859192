/* A move is one thing for a fault: it sees the source before it, or the destination after it. RFC patch 12. */
#include "support/racing.h"

static int move_two_pages(vmalock_mm *mm)
{
	uint64_t at;

	return vmalock_mm_remap(mm, page(0), 2 * P, 2 * P, 3, page(10), &at);
}

static void faults_in_source_and_destination_wait_for_the_whole_move(void)
{
	vmalock_mm *mm = space_with_anon(2);
	struct racer move, source, destination;

	syncpoint_arm("remap-copied");
	race_request(&move, mm, move_two_pages);
	syncpoint_wait_parked("remap-copied"); /* both are in the index, the pages still at the source */
	race_fault(&source, mm, page(0), VMALOCK_READ);
	race_fault(&destination, mm, page(10), VMALOCK_READ);
	while (busy_so_far(mm) < 2)
		expect(!atomic_load_acquire(&source.done) && !atomic_load_acquire(&destination.done));
	syncpoint_release("remap-copied");
	expect_eq(race_end(&move), 0);
	expect_eq(race_end(&source), VMALOCK_FAULT_SIGSEGV_MAPERR);
	expect_eq(race_end(&destination), VMALOCK_FAULT_MINOR);
	expect_eq(read_byte(mm, 10), 1);
	end_space(mm);
}

static const struct test_case cases[] = {
	CASE(faults_in_source_and_destination_wait_for_the_whole_move),
};
TEST_MAIN(cases)
