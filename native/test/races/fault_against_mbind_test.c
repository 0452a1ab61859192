/*
 * mbind shuts faults out before it looks at pages and before it lets go of the policy that a fault may be using. RFC patch 9; Linux
 * lost the lock between the RFC and 6.5.
 */
#include "support/nodes.h"
#include "support/racing.h"

static vmalock_mm *bound_space(void)
{
	vmalock_mm *mm = space_on_nodes(2, 64);

	map_at(mm, 0, 3, RW);
	expect_eq(bind_pages(mm, 0, 3, BIND, 2, 0), 0);
	write_byte(mm, 0, 1); /* it has an anon: the next fault needs the VMA's lock alone */
	return mm;
}

static int replace_policy(vmalock_mm *mm)
{
	return bind_pages(mm, 0, 3, PREFERRED, 1, 0);
}

static int bind_strictly(vmalock_mm *mm)
{
	return bind_pages(mm, 0, 3, BIND, 1, STRICT);
}

static void mbind_waits_for_a_fault_that_uses_the_policy(void)
{
	vmalock_mm *mm = bound_space();
	struct racer fault, bind;

	syncpoint_arm("fault-holds-mempolicy");
	syncpoint_arm("vma-write-waits");
	race_fault(&fault, mm, page(1), VMALOCK_WRITE);
	syncpoint_wait_parked("fault-holds-mempolicy");
	race_request(&bind, mm, replace_policy);
	expect_parked(&bind, "vma-write-waits");
	syncpoint_release("fault-holds-mempolicy");
	expect_eq(race_end(&fault) & VMALOCK_FAULT_VMA_LOCK, VMALOCK_FAULT_VMA_LOCK);
	syncpoint_release("vma-write-waits");
	expect_eq(race_end(&bind), 0);
	expect_nodes(mm, 0, "11.");
	expect_policy(mm, 1, PREFERRED, 1);
	end_space(mm);
}

static void a_page_that_a_fault_is_bringing_is_seen_by_strict(void)
{
	vmalock_mm *mm = bound_space();
	struct racer fault, bind;

	expect_eq(vmalock_mm_advise(mm, page(0), P, 4), 0); /* nothing is there now */
	syncpoint_arm("fault-took-frame");
	syncpoint_arm("vma-write-waits");
	race_fault(&fault, mm, page(1), VMALOCK_WRITE);
	syncpoint_wait_parked("fault-took-frame");
	race_request(&bind, mm, bind_strictly);
	expect_parked(&bind, "vma-write-waits");
	syncpoint_release("fault-took-frame");
	expect_eq(race_end(&fault) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_MINOR);
	syncpoint_release("vma-write-waits");
	expect_eq((int)race_end(&bind), VMALOCK_EIO);
	expect_policy(mm, 1, BIND, 2);
	end_space(mm);
}

static void a_fault_beside_mbind_waits_and_takes_a_frame_by_the_new_policy(void)
{
	vmalock_mm *mm = bound_space();
	struct racer fault, bind;

	syncpoint_arm("mbind-looked");
	race_request(&bind, mm, replace_policy);
	syncpoint_wait_parked("mbind-looked");
	race_fault(&fault, mm, page(1), VMALOCK_WRITE);
	while (busy_so_far(mm) < 1)
		expect(!atomic_load_acquire(&fault.done));
	syncpoint_release("mbind-looked");
	expect_eq(race_end(&bind), 0);
	expect_eq(race_end(&fault) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_MINOR);
	expect_nodes(mm, 0, "10.");
	end_space(mm);
}

static const struct test_case cases[] = {
	CASE(mbind_waits_for_a_fault_that_uses_the_policy),
	CASE(a_page_that_a_fault_is_bringing_is_seen_by_strict),
	CASE(a_fault_beside_mbind_waits_and_takes_a_frame_by_the_new_policy),
};
TEST_MAIN(cases)
