/* mlock changes flags of a VMA only while no fault is inside, and keeps faults out until it is done. RFC patch 6. */
#include "support/racing.h"

static int lock_the_middle(vmalock_mm *mm)
{
	return vmalock_mm_mlock(mm, page(1), P, VMALOCK_MLOCK_ONFAULT);
}

static uint64_t flags_at(vmalock_mm *mm, uint64_t n)
{
	struct vmalock_vma vma;

	expect_eq(vmalock_mm_find(mm, page(n), &vma), 0);
	return vma.vm_flags;
}

static void mlock_waits_for_a_fault_inside_the_vma(void)
{
	vmalock_mm *mm = space_with_anon(3);
	struct racer fault, lock;

	syncpoint_arm("fault-vma-locked");
	syncpoint_arm("vma-write-waits");
	race_fault(&fault, mm, page(1), VMALOCK_WRITE);
	syncpoint_wait_parked("fault-vma-locked");
	race_request(&lock, mm, lock_the_middle);
	expect_parked(&lock, "vma-write-waits");
	syncpoint_release("fault-vma-locked");
	expect_eq(race_end(&fault) & VMALOCK_FAULT_VMA_LOCK, VMALOCK_FAULT_VMA_LOCK);
	syncpoint_release("vma-write-waits");
	expect_eq(race_end(&lock), 0);
	expect(flags_at(mm, 1) & VMALOCK_VM_LOCKED);
	end_space(mm);
}

static void a_fault_beside_mlock_finds_the_vma_busy_and_waits_for_the_whole_change(void)
{
	vmalock_mm *mm = space_with_anon(3);
	struct racer fault, lock;

	syncpoint_arm("split-stored"); /* the first split is made, the flag not yet set */
	race_request(&lock, mm, lock_the_middle);
	syncpoint_wait_parked("split-stored");
	race_fault(&fault, mm, page(1), VMALOCK_WRITE);
	while (busy_so_far(mm) < 1)
		expect(!atomic_load_acquire(&fault.done));
	syncpoint_release("split-stored");
	expect_eq(race_end(&lock), 0);
	expect_eq(race_end(&fault) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_MINOR);
	expect_drawing(mm, "ABC");
	end_space(mm);
}

static const struct test_case cases[] = {
	CASE(mlock_waits_for_a_fault_inside_the_vma),
	CASE(a_fault_beside_mlock_finds_the_vma_busy_and_waits_for_the_whole_change),
};
TEST_MAIN(cases)
