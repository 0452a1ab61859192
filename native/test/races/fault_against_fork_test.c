/*
 * fork write-locks every VMA before it reads any of its fields (RFC patch 7). Without that, a fault beside it gives the
 * parent pages or an anon that the child has no share in: the bug that came back as memory corruption in Linux 6.4.
 */
#include "support/racing.h"

static vmalock_mm *child;

static int fork_it(vmalock_mm *mm)
{
	return vmalock_mm_fork(mm, &child);
}

static void a_fault_during_fork_waits_and_its_page_is_the_parents_alone(void)
{
	vmalock_mm *mm = space_with_anon(4);
	struct racer fork, fault;

	syncpoint_arm("fork-locked-vma");
	race_request(&fork, mm, fork_it);
	syncpoint_wait_parked("fork-locked-vma");
	race_fault(&fault, mm, page(2), VMALOCK_WRITE);
	while (busy_so_far(mm) == 0)
		expect(!atomic_load_acquire(&fault.done));
	syncpoint_release("fork-locked-vma");
	expect_eq(race_end(&fork), 0);
	expect_eq(race_end(&fault), VMALOCK_FAULT_MINOR);
	write_byte(mm, 2, 5);
	expect_eq(read_byte(child, 2), 0);
	expect_eq(read_byte(child, 0), 1);
	end_space(child);
	end_space(mm);
}

static void fork_waits_for_the_fault_inside_and_the_child_gets_its_page(void)
{
	vmalock_mm *mm = space_with_anon(4);
	struct racer fork, fault;

	syncpoint_arm("fault-vma-locked");
	race_fault(&fault, mm, page(2), VMALOCK_WRITE);
	syncpoint_wait_parked("fault-vma-locked");
	syncpoint_arm("vma-write-waits");
	race_request(&fork, mm, fork_it);
	expect_parked(&fork, "vma-write-waits");
	syncpoint_release("fault-vma-locked");
	expect_eq(race_end(&fault), VMALOCK_FAULT_MINOR | VMALOCK_FAULT_VMA_LOCK);
	syncpoint_release("vma-write-waits");
	expect_eq(race_end(&fork), 0);
	/* Shared now: the parent's next write copies, and the child keeps what there was. */
	expect(vmalock_mm_fault(mm, page(2), VMALOCK_WRITE) & VMALOCK_FAULT_COW);
	end_space(child);
	end_space(mm);
}

/* Whatever is or is not copied of it: fork asks nothing of a VMA before the faults inside are out. */
static void expect_fork_waits(vmalock_mm *mm, uint64_t n)
{
	struct racer fork, fault;

	syncpoint_arm("fault-vma-locked");
	race_fault(&fault, mm, page(n), VMALOCK_READ);
	syncpoint_wait_parked("fault-vma-locked");
	syncpoint_arm("vma-write-waits");
	race_request(&fork, mm, fork_it);
	expect_parked(&fork, "vma-write-waits");
	syncpoint_release("fault-vma-locked");
	expect(race_end(&fault) & VMALOCK_FAULT_VMA_LOCK);
	syncpoint_release("vma-write-waits");
	expect_eq(race_end(&fork), 0);
	end_space(child);
	end_space(mm);
}

static vmalock_mm *space_with_pages_at_4(uint32_t flags)
{
	struct vmalock_options options;
	vmalock_mm *mm;
	uint64_t at;

	vmalock_options_init(&options);
	options.faults = VMALOCK_FAULTS_LINUX_6_18;
	expect_eq(vmalock_mm_create(&options, &mm), 0);
	expect_eq(
		vmalock_mm_map(mm, page(4), 2 * P, RW, flags | VMALOCK_MAP_ANONYMOUS | VMALOCK_MAP_FIXED, NULL, 0, &at),
		0);
	return mm;
}

static void fork_waits_for_the_fault_inside_a_vma_without_an_anon(void)
{
	expect_fork_waits(space_with_pages_at_4(VMALOCK_MAP_PRIVATE), 4);
}

static void fork_waits_for_the_fault_inside_shared_memory(void)
{
	expect_fork_waits(space_with_pages_at_4(VMALOCK_MAP_SHARED), 4);
}

static void fork_waits_for_the_fault_inside_a_vma_that_is_not_copied(void)
{
	vmalock_mm *mm = space_with_pages_at_4(VMALOCK_MAP_PRIVATE);

	write_byte(mm, 5, 1);
	expect_eq(vmalock_mm_advise(mm, page(4), 2 * P, 10 /* MADV_DONTFORK */), 0);
	expect_fork_waits(mm, 4);
}

static const struct test_case cases[] = {
	CASE(a_fault_during_fork_waits_and_its_page_is_the_parents_alone),
	CASE(fork_waits_for_the_fault_inside_and_the_child_gets_its_page),
	CASE(fork_waits_for_the_fault_inside_a_vma_without_an_anon),
	CASE(fork_waits_for_the_fault_inside_shared_memory),
	CASE(fork_waits_for_the_fault_inside_a_vma_that_is_not_copied),
};
TEST_MAIN(cases)
