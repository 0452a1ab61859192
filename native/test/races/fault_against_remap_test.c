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

static int grow_in_place(vmalock_mm *mm)
{
	uint64_t at;

	return vmalock_mm_remap(mm, page(0), 2 * P, 4 * P, 0, 0, &at);
}

/* A fault in page 1 is inside when @request comes, which waits for it; the byte is then at @there. */
static void expect_waits_for_the_fault_inside(int (*request)(vmalock_mm *mm), uint64_t there)
{
	vmalock_mm *mm = space_with_anon(2);
	struct racer change, fault;

	syncpoint_arm("fault-took-frame");
	race_fault(&fault, mm, page(1), VMALOCK_WRITE);
	syncpoint_wait_parked("fault-took-frame");
	syncpoint_arm("vma-write-waits");
	race_request(&change, mm, request);
	expect_parked(&change, "vma-write-waits");
	syncpoint_release("fault-took-frame");
	expect_eq(race_end(&fault), VMALOCK_FAULT_MINOR | VMALOCK_FAULT_VMA_LOCK);
	syncpoint_release("vma-write-waits");
	expect_eq(race_end(&change), 0);
	expect_eq(vmalock_mm_fault(mm, page(there), VMALOCK_WRITE), VMALOCK_FAULT_MINOR | VMALOCK_FAULT_VMA_LOCK);
	end_space(mm);
}

static void a_move_waits_for_the_fault_inside_and_takes_its_page_along(void)
{
	expect_waits_for_the_fault_inside(move_two_pages, 11);
}

static void growth_in_place_waits_for_the_fault_inside(void)
{
	expect_waits_for_the_fault_inside(grow_in_place, 3);
}

static const struct test_case cases[] = {
	CASE(faults_in_source_and_destination_wait_for_the_whole_move),
	CASE(a_move_waits_for_the_fault_inside_and_takes_its_page_along),
	CASE(growth_in_place_waits_for_the_fault_inside),
};
TEST_MAIN(cases)
