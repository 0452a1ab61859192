/* A fault has found its VMA, or has it locked, when munmap comes. RFC patches 5, 14, 21. */
#include "support/racing.h"
#include "sync/rcu.h"

static void a_fault_that_loses_to_detach_finds_the_replacement(void)
{
	vmalock_mm *mm = space_with_anon(4);
	struct racer r;

	syncpoint_arm("fault-found-vma");
	race_fault(&r, mm, page(2), VMALOCK_WRITE);
	syncpoint_wait_parked("fault-found-vma");
	map_at(mm, 0, 4, RO); /* over all of it */
	syncpoint_release("fault-found-vma");
	expect_eq(race_end(&r), VMALOCK_FAULT_SIGSEGV_ACCERR);
	expect_eq(stats_of(mm).vma_lock_miss, 1);
	end_space(mm);
}

static void a_fault_that_found_a_vma_which_has_moved_away_looks_again(void)
{
	vmalock_mm *mm = space_with_anon(4);
	struct racer r;

	syncpoint_arm("fault-found-vma");
	race_fault(&r, mm, page(3), VMALOCK_WRITE);
	syncpoint_wait_parked("fault-found-vma");
	expect_eq(vmalock_mm_unmap(mm, page(2), 2 * P), 0); /* what it found now ends at page 2 */
	syncpoint_release("fault-found-vma");
	expect_eq(race_end(&r), VMALOCK_FAULT_SIGSEGV_MAPERR);
	expect_eq(stats_of(mm).vma_lock_miss, 1);
	end_space(mm);
}

static void wait_for_grace_period(void *arg)
{
	rcu_wait_for_batches();
	atomic_store_release((atomic_u32 *)arg, 1);
}

/* Found, and not yet locked: the read section alone keeps its memory, which the next mapping would be given. */
static void a_vma_that_a_fault_has_found_is_not_freed_before_the_fault_has_looked_at_it(void)
{
	vmalock_mm *mm = space_with_anon(4);
	struct sync_thread waiter;
	atomic_u32 over = { 0 };
	struct racer r;

	syncpoint_arm("fault-found-vma");
	race_fault(&r, mm, page(2), VMALOCK_WRITE);
	syncpoint_wait_parked("fault-found-vma");
	expect_eq(vmalock_mm_unmap(mm, page(0), 4 * P), 0);
	for (int i = 1; i < RCU_BATCH; i++) {
		map_at(mm, 8, 1, RW);
		expect_eq(vmalock_mm_unmap(mm, page(8), P), 0);
	}
	expect_eq(sync_thread_start(&waiter, wait_for_grace_period, &over), 0);
	sync_sleep_ns(100000000); /* it must not end: nothing to wait for but time */
	expect(!atomic_load_acquire(&over));
	map_at(mm, 0, 4, RO);
	syncpoint_release("fault-found-vma");
	expect_eq(race_end(&r), VMALOCK_FAULT_SIGSEGV_ACCERR);
	expect_eq(stats_of(mm).vma_lock_miss, 1);
	sync_thread_join(&waiter);
	end_space(mm);
}

static int unmap_all(vmalock_mm *mm)
{
	return vmalock_mm_unmap(mm, page(0), 4 * P);
}

static int unmap_head(vmalock_mm *mm)
{
	return vmalock_mm_unmap(mm, page(0), 2 * P);
}

static int unmap_tail(vmalock_mm *mm)
{
	return vmalock_mm_unmap(mm, page(2), 2 * P);
}

/* The VMA shrinks where it stands: what is left of it is busy until the section ends, and so is what goes. */
static void expect_trim_shuts_out_faults(int (*trim)(vmalock_mm *mm), uint64_t gone, uint64_t kept, const char *left)
{
	vmalock_mm *mm = space_with_anon(4);
	struct racer unmap, in_gone, in_kept;

	write_byte(mm, gone, 1);
	syncpoint_arm("unmap-stored");
	race_request(&unmap, mm, trim);
	syncpoint_wait_parked("unmap-stored");
	/* The index gives nothing for the part that has gone, and a VMA that is marked for the part that stays. */
	race_fault(&in_gone, mm, page(gone), VMALOCK_WRITE);
	race_fault(&in_kept, mm, page(kept), VMALOCK_WRITE);
	while (busy_so_far(mm) < 1)
		sync_yield();
	syncpoint_release("unmap-stored");
	expect_eq(race_end(&unmap), 0);
	expect_eq(race_end(&in_gone), VMALOCK_FAULT_SIGSEGV_MAPERR);
	expect_eq(race_end(&in_kept), VMALOCK_FAULT_MINOR);
	expect_drawing(mm, left);
	end_space(mm);
}

static void a_fault_beside_an_end_that_munmap_takes_waits_and_one_in_it_finds_nothing(void)
{
	expect_trim_shuts_out_faults(unmap_head, 1, 3, "..AA");
	expect_trim_shuts_out_faults(unmap_tail, 2, 1, "AA");
}

/* A fault in page 3 is inside its VMA when @request comes, which waits for it and takes the page along. */
static void expect_unmap_waits(int (*request)(vmalock_mm *mm), uint64_t frames_left)
{
	vmalock_mm *mm = space_with_anon(4);
	struct vmalock_status status;
	struct racer fault, unmap;

	syncpoint_arm("fault-vma-locked");
	race_fault(&fault, mm, page(3), VMALOCK_WRITE);
	syncpoint_wait_parked("fault-vma-locked");
	syncpoint_arm("vma-write-waits");
	race_request(&unmap, mm, request);
	expect_parked(&unmap, "vma-write-waits");
	syncpoint_release("fault-vma-locked");
	expect_eq(race_end(&fault), VMALOCK_FAULT_MINOR | VMALOCK_FAULT_VMA_LOCK);
	syncpoint_release("vma-write-waits");
	expect_eq(race_end(&unmap), 0);
	vmalock_mm_status(mm, &status);
	expect_eq(status.frames_used, frames_left);
	expect_eq(stats_of(mm).vma_lock_write_waits, 1);
	end_space(mm);
}

static void munmap_waits_for_the_fault_inside_and_takes_its_page_along(void)
{
	expect_unmap_waits(unmap_all, 0);
}

static void munmap_of_an_end_waits_for_the_fault_inside_and_takes_its_page_along(void)
{
	expect_unmap_waits(unmap_tail, 1); /* that of page 0 stays */
}

static int split_in_the_middle(vmalock_mm *mm)
{
	return vmalock_mm_split(mm, page(2));
}

static void both_halves_of_a_split_are_busy_until_its_section_ends(void)
{
	vmalock_mm *mm = space_with_anon(4);
	struct racer split, low, high;

	syncpoint_arm("split-stored");
	race_request(&split, mm, split_in_the_middle);
	syncpoint_wait_parked("split-stored");
	race_fault(&low, mm, page(1), VMALOCK_WRITE);
	race_fault(&high, mm, page(3), VMALOCK_WRITE);
	while (busy_so_far(mm) < 2)
		sync_yield();
	syncpoint_release("split-stored");
	expect_eq(race_end(&split), 0);
	expect_eq(race_end(&low), VMALOCK_FAULT_MINOR);
	expect_eq(race_end(&high), VMALOCK_FAULT_MINOR);
	end_space(mm);
}

/* Also the fault in the half that keeps the VMA: nothing of it is read, or changed, before. */
static void a_split_waits_for_the_fault_inside(void)
{
	vmalock_mm *mm = space_with_anon(4);
	struct racer split, fault;

	syncpoint_arm("fault-vma-locked");
	race_fault(&fault, mm, page(1), VMALOCK_WRITE);
	syncpoint_wait_parked("fault-vma-locked");
	syncpoint_arm("vma-write-waits");
	race_request(&split, mm, split_in_the_middle);
	expect_parked(&split, "vma-write-waits");
	syncpoint_release("fault-vma-locked");
	expect_eq(race_end(&fault), VMALOCK_FAULT_MINOR | VMALOCK_FAULT_VMA_LOCK);
	syncpoint_release("vma-write-waits");
	expect_eq(race_end(&split), 0);
	expect_drawing(mm, "AABB");
	end_space(mm);
}

static const struct test_case cases[] = {
	CASE(a_fault_that_loses_to_detach_finds_the_replacement),
	CASE(a_fault_that_found_a_vma_which_has_moved_away_looks_again),
	CASE(a_vma_that_a_fault_has_found_is_not_freed_before_the_fault_has_looked_at_it),
	CASE(munmap_waits_for_the_fault_inside_and_takes_its_page_along),
	CASE(a_fault_beside_an_end_that_munmap_takes_waits_and_one_in_it_finds_nothing),
	CASE(munmap_of_an_end_waits_for_the_fault_inside_and_takes_its_page_along),
	CASE(both_halves_of_a_split_are_busy_until_its_section_ends),
	CASE(a_split_waits_for_the_fault_inside),
};
TEST_MAIN(cases)
