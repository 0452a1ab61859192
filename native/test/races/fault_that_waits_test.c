/*
 * The policy whose faults wait for the writer and look again: what they wait for, what they do not, and that nobody
 * waits for them.
 */
#include "api/handle.h"
#include "support/racing.h"

static vmalock_mm *space(uint64_t pages)
{
	return space_with_anon_under("per-vma-wait", pages);
}

static uint64_t waits_so_far(vmalock_mm *mm)
{
	struct vmalock_stats stats;

	vmalock_mm_stats(mm, &stats);
	return stats.vma_lock_waits;
}

static int split_in_the_middle(vmalock_mm *mm)
{
	return vmalock_mm_split(mm, page(2));
}

static void a_fault_that_finds_its_vma_taken_waits_and_is_served_under_the_vmas_lock(void)
{
	vmalock_mm *mm = space(4);
	uint64_t reads = stats_of(mm).mmap_lock_reads;
	struct racer split, fault;

	syncpoint_arm("split-stored");
	race_request(&split, mm, split_in_the_middle);
	syncpoint_wait_parked("split-stored");
	syncpoint_arm("section-wait-sleeps");
	race_fault(&fault, mm, page(3), VMALOCK_WRITE);
	expect_parked(&fault, "section-wait-sleeps");
	syncpoint_release("section-wait-sleeps");
	syncpoint_release("split-stored");
	expect_eq(race_end(&split), 0);
	expect_eq(race_end(&fault), VMALOCK_FAULT_MINOR | VMALOCK_FAULT_VMA_LOCK);
	expect_eq(waits_so_far(mm), 1);
	expect_eq(stats_of(mm).abort_vma_busy, 0);
	expect_eq(stats_of(mm).mmap_lock_reads, reads);
	end_space(mm);
}

/* It was taken, and before the fault waits the section is over: there is nothing to wait for, and nobody who writes. */
static void a_section_that_ends_before_the_wait_sends_no_fault_the_long_way(void)
{
	vmalock_mm *mm = space(4);
	struct racer split, fault;

	syncpoint_arm("split-stored");
	race_request(&split, mm, split_in_the_middle);
	syncpoint_wait_parked("split-stored");
	syncpoint_arm("fault-vma-busy");
	race_fault(&fault, mm, page(3), VMALOCK_WRITE);
	expect_parked(&fault, "fault-vma-busy");
	syncpoint_release("split-stored");
	expect_eq(race_end(&split), 0);
	syncpoint_release("fault-vma-busy");
	expect_eq(race_end(&fault), VMALOCK_FAULT_MINOR | VMALOCK_FAULT_VMA_LOCK);
	expect_eq(stats_of(mm).abort_vma_busy, 0);
	end_space(mm);
}

/* One second, and then it stands in line for mmap_lock like the others. */
static void a_section_without_end_is_not_waited_for_for_ever(void)
{
	vmalock_mm *mm = space(4);
	struct racer split, fault;

	syncpoint_arm("split-stored");
	race_request(&split, mm, split_in_the_middle);
	syncpoint_wait_parked("split-stored");
	race_fault(&fault, mm, page(3), VMALOCK_WRITE);
	while (busy_so_far(mm) == 0)
		sync_yield();
	expect_eq(waits_so_far(mm), 1);
	expect(!atomic_load_acquire(&fault.done));
	syncpoint_release("split-stored");
	expect_eq(race_end(&split), 0);
	expect_eq(race_end(&fault), VMALOCK_FAULT_MINOR);
	end_space(mm);
}

static vmalock_mm *child;

static int fork_it(vmalock_mm *mm)
{
	return vmalock_mm_fork(mm, &child);
}

static void faults_of_a_child_wait_as_those_of_its_parent(void)
{
	vmalock_mm *mm = space(4);
	struct racer split, fault;

	expect_eq(fork_it(mm), 0);
	syncpoint_arm("split-stored");
	race_request(&split, child, split_in_the_middle);
	syncpoint_wait_parked("split-stored");
	syncpoint_arm("section-wait-counted");
	race_fault(&fault, child, page(1), VMALOCK_WRITE);
	expect_parked(&fault, "section-wait-counted");
	syncpoint_release("split-stored"); /* ends its section before the fault looks at the sequence */
	expect_eq(race_end(&split), 0);
	syncpoint_release("section-wait-counted");
	expect(race_end(&fault) & VMALOCK_FAULT_VMA_LOCK);
	expect_eq(waits_so_far(child), 1);
	end_space(child);
	end_space(mm);
}

static void what_waiting_would_not_change_goes_the_long_way_at_once(void)
{
	vmalock_mm *mm = space(4);
	uint64_t at;

	expect_eq(vmalock_mm_fault(mm, page(9), VMALOCK_READ), VMALOCK_FAULT_SIGSEGV_MAPERR);
	expect_eq(stats_of(mm).abort_no_vma, 1);
	expect_eq(vmalock_mm_map(mm, page(6), P, RW, VMALOCK_MAP_SHARED | VMALOCK_MAP_ANONYMOUS | VMALOCK_MAP_FIXED,
				 NULL, 0, &at),
		  0);
	expect_eq(vmalock_mm_fault(mm, page(6), VMALOCK_WRITE), VMALOCK_FAULT_MINOR);
	expect_eq(stats_of(mm).abort_vma_kind, 1);
	expect_eq(waits_so_far(mm), 0);
	end_space(mm);
}

static void a_fault_whose_vma_has_gone_looks_again_before_it_goes_the_long_way(void)
{
	vmalock_mm *mm = space(4);
	struct racer fault;

	syncpoint_arm("fault-found-vma");
	race_fault(&fault, mm, page(0), VMALOCK_WRITE);
	syncpoint_wait_parked("fault-found-vma");
	expect_eq(vmalock_mm_unmap(mm, page(0), 4 * P), 0);
	map_at(mm, 0, 4, RW); /* another VMA at the same place */
	write_byte(mm, 1, 1);
	syncpoint_release("fault-found-vma");
	expect_eq(race_end(&fault), VMALOCK_FAULT_MINOR | VMALOCK_FAULT_VMA_LOCK);
	expect_eq(stats_of(mm).vma_lock_miss, 0);
	end_space(mm);
}

static int unmap_all(vmalock_mm *mm)
{
	return vmalock_mm_unmap(mm, page(0), 8 * P);
}

/* The fault inside A holds the writer up, the writer holds the fault of B up, and that one holds nothing that A needs. */
static void a_waiter_and_a_writer_that_waits_for_another_fault_all_get_on(void)
{
	vmalock_mm *mm = space(8);
	struct racer inside, unmap, waiter;

	expect_eq(vmalock_mm_split(mm, page(4)), 0);
	syncpoint_arm("fault-vma-locked");
	race_fault(&inside, mm, page(5), VMALOCK_WRITE);
	syncpoint_wait_parked("fault-vma-locked");
	syncpoint_arm("vma-write-waits");
	race_request(&unmap, mm, unmap_all); /* marks the first, and waits for the fault in the second */
	expect_parked(&unmap, "vma-write-waits");
	syncpoint_release("vma-write-waits");
	syncpoint_arm("section-wait-sleeps");
	race_fault(&waiter, mm, page(1), VMALOCK_WRITE);
	expect_parked(&waiter, "section-wait-sleeps");
	syncpoint_release("section-wait-sleeps");
	syncpoint_release("fault-vma-locked");
	expect_eq(race_end(&inside), VMALOCK_FAULT_MINOR | VMALOCK_FAULT_VMA_LOCK);
	expect_eq(race_end(&unmap), 0);
	expect_eq(race_end(&waiter), VMALOCK_FAULT_SIGSEGV_MAPERR);
	expect_eq(waits_so_far(mm), 1);
	expect_eq(stats_of(mm).abort_no_vma, 1);
	end_space(mm);
}

static void writers_back_to_back_do_not_keep_a_fault_for_ever(void)
{
	enum { LOOKS = 16 };
	vmalock_mm *mm = space(4);
	struct racer fault, writers[LOOKS + 1];
	uint64_t reads = stats_of(mm).mmap_lock_reads;

	syncpoint_arm("fault-found-vma");
	race_fault(&fault, mm, page(1), VMALOCK_WRITE);
	for (int i = 0; i < LOOKS; i++) {
		syncpoint_wait_parked("fault-found-vma");
		syncpoint_arm("vma-marked");
		race_request(&writers[i], mm, split_in_the_middle);
		syncpoint_wait_parked("vma-marked");
		syncpoint_arm("section-wait-counted");
		syncpoint_release("fault-found-vma");
		expect_parked(&fault, "section-wait-counted");
		syncpoint_arm("fault-found-vma");
		syncpoint_release("vma-marked");
		expect_eq(race_end(&writers[i]), 0);
		expect_eq(vmalock_mm_protect(mm, page(0), 4 * P, RO), 0);
		expect_eq(vmalock_mm_protect(mm, page(0), 4 * P, RW), 0); /* one VMA again */
		syncpoint_release("section-wait-counted");
	}
	expect_eq(race_end(&fault), VMALOCK_FAULT_MINOR);
	syncpoint_release("fault-found-vma");
	expect_eq(waits_so_far(mm), LOOKS);
	expect_eq(stats_of(mm).abort_vma_busy, 1);
	expect_eq(stats_of(mm).mmap_lock_reads, reads + 1);
	end_space(mm);
}

/* Nobody writes, but the narrow number has come round to what the VMA was last marked with: there is no end to wait for. */
static void a_vma_that_only_looks_locked_is_not_waited_for(void)
{
#if VMALOCK_SEQ_BITS < 16
	vmalock_mm *mm = space(4);
	struct domain *d = &mm_of(mm)->domain;
	uint64_t mark = atomic_load_relaxed(&mm_lookup(mm_of(mm), page(0))->lock_seq);

	map_at(mm, 100, 1, RO); /* far from the others */
	while (atomic_load_relaxed(&d->seq) != mark)
		expect_eq(vmalock_mm_protect(mm, page(100), P, RO), 0);
	expect_eq(vmalock_mm_fault(mm, page(1), VMALOCK_WRITE), VMALOCK_FAULT_MINOR);
	expect_eq(waits_so_far(mm), 0);
	expect_eq(stats_of(mm).abort_vma_busy, 1);
	end_space(mm);
#endif
}

static const struct test_case cases[] = {
	CASE(a_fault_that_finds_its_vma_taken_waits_and_is_served_under_the_vmas_lock),
	CASE(a_section_that_ends_before_the_wait_sends_no_fault_the_long_way),
	CASE(a_section_without_end_is_not_waited_for_for_ever),
	CASE(faults_of_a_child_wait_as_those_of_its_parent),
	CASE(what_waiting_would_not_change_goes_the_long_way_at_once),
	CASE(a_fault_whose_vma_has_gone_looks_again_before_it_goes_the_long_way),
	CASE(a_waiter_and_a_writer_that_waits_for_another_fault_all_get_on),
	CASE(writers_back_to_back_do_not_keep_a_fault_for_ever),
	CASE(a_vma_that_only_looks_locked_is_not_waited_for),
};
TEST_MAIN(cases)
