/*
 * mbind shuts faults out before it looks at pages and before it lets go of the policy that a fault may be using. RFC patch 9; Linux
 * lost the lock between the RFC and 6.5.
 */
#include "support/nodes.h"
#include "support/racing.h"
#include "sync/rcu.h"

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

static void expect_strict_sees_page_that_comes(bool in_second_vma)
{
	vmalock_mm *mm = bound_space();
	struct racer fault, bind;

	if (in_second_vma)
		expect_eq(vmalock_mm_split(mm, page(1)), 0);
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

static void a_page_that_a_fault_is_bringing_is_seen_by_strict(void)
{
	expect_strict_sees_page_that_comes(false);
	expect_strict_sees_page_that_comes(true);
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

static void wait_for_grace_period(void *arg)
{
	rcu_wait_for_batches();
	atomic_store_release((atomic_u32 *)arg, 1);
}

/* The space's own policy has no lock: the fault reads it in a read section, and what it reads stays until it has left. */
static void the_policy_of_the_space_outlives_the_fault_that_reads_it(void)
{
	vmalock_mm *mm = space_on_nodes(2, 64);
	vmalock_nodemask first = { { 1 } }, second = { { 2 } };
	struct sync_thread waiter;
	atomic_u32 over = { 0 };
	struct racer fault;

	map_at(mm, 0, 2, RW);
	write_byte(mm, 0, 1);
	expect_eq(vmalock_mm_set_mempolicy(mm, BIND, &second), 0);
	syncpoint_arm("fault-reads-mempolicy");
	race_fault(&fault, mm, page(1), VMALOCK_WRITE);
	syncpoint_wait_parked("fault-reads-mempolicy");
	for (int i = 0; i < RCU_BATCH; i++)
		expect_eq(vmalock_mm_set_mempolicy(mm, BIND, &first),
			  0); /* a new one each time, where the old ones were */
	expect_eq(sync_thread_start(&waiter, wait_for_grace_period, &over), 0);
	sync_sleep_ns(100000000); /* it must not end: nothing to wait for but time */
	expect(!atomic_load_acquire(&over));
	syncpoint_release("fault-reads-mempolicy");
	expect_eq(race_end(&fault) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_MINOR);
	expect_nodes(mm, 0, "01");
	sync_thread_join(&waiter);
	end_space(mm);
}

static const struct test_case cases[] = {
	CASE(mbind_waits_for_a_fault_that_uses_the_policy),
	CASE(a_page_that_a_fault_is_bringing_is_seen_by_strict),
	CASE(a_fault_beside_mbind_waits_and_takes_a_frame_by_the_new_policy),
	CASE(the_policy_of_the_space_outlives_the_fault_that_reads_it),
};
TEST_MAIN(cases)
