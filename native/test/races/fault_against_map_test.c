/*
 * A mapping that is just being made, joined, grown or emptied: no fault gets in before it is finished, and no change begins
 * before the faults inside are out. RFC patches 6, 10, 11, 12, 15; docs/races.md has the bugs of Linux.
 */
#include "support/racing.h"

static int map_two_pages(vmalock_mm *mm)
{
	uint64_t at;

	return vmalock_mm_map(mm, page(0), 2 * P, RW, FIXED_ANON, NULL, 0, &at);
}

static void a_new_mapping_is_busy_until_the_request_that_makes_it_is_over(void)
{
	vmalock_mm *mm = space_of("per-vma");
	struct racer map, fault;

	syncpoint_arm("map-stored");
	race_request(&map, mm, map_two_pages);
	syncpoint_wait_parked("map-stored"); /* to be found, but not finished */
	race_fault(&fault, mm, page(1), VMALOCK_READ);
	while (busy_so_far(mm) == 0)
		expect(!atomic_load_acquire(&fault.done));
	syncpoint_release("map-stored");
	expect_eq(race_end(&map), 0);
	expect_eq(race_end(&fault), VMALOCK_FAULT_MINOR);
	end_space(mm);
}

static int protect_middle(vmalock_mm *mm)
{
	return vmalock_mm_protect(mm, page(2), 2 * P, RW);
}

/* AABBCC, and B becomes like the others. */
static vmalock_mm *three_pieces(void)
{
	vmalock_mm *mm = space_with_anon(6);

	expect_eq(vmalock_mm_protect(mm, page(2), 2 * P, RO), 0);
	expect_drawing(mm, "AABBCC");
	return mm;
}

static void all_that_a_merge_joins_is_busy_until_its_section_ends(void)
{
	static const uint64_t pages[] = { 1, 2, 5 };
	vmalock_mm *mm = three_pieces();
	struct racer protect, faults[3];

	syncpoint_arm("merge-stored");
	race_request(&protect, mm, protect_middle);
	syncpoint_wait_parked("merge-stored");
	for (int i = 0; i < 3; i++)
		race_fault(&faults[i], mm, page(pages[i]), VMALOCK_WRITE);
	while (busy_so_far(mm) < 3)
		for (int i = 0; i < 3; i++)
			expect(!atomic_load_acquire(&faults[i].done));
	syncpoint_release("merge-stored");
	expect_eq(race_end(&protect), 0);
	for (int i = 0; i < 3; i++)
		expect_eq(race_end(&faults[i]), VMALOCK_FAULT_MINOR);
	expect_drawing(mm, "AAAAAA");
	end_space(mm);
}

/* The one that the request names, the one before it, and the one after it: a fault is inside each in turn. */
static void expect_each_is_waited_for(int (*request)(vmalock_mm *mm), const char *then)
{
	static const uint64_t pages[] = { 1, 3, 5 };

	for (int i = 0; i < 3; i++) {
		vmalock_mm *mm = three_pieces();
		struct racer protect, fault;

		syncpoint_arm("fault-vma-locked");
		race_fault(&fault, mm, page(pages[i]), VMALOCK_READ);
		syncpoint_wait_parked("fault-vma-locked");
		syncpoint_arm("vma-write-waits");
		race_request(&protect, mm, request);
		expect_parked(&protect, "vma-write-waits");
		syncpoint_release("fault-vma-locked");
		expect_eq(race_end(&fault), VMALOCK_FAULT_MINOR | VMALOCK_FAULT_VMA_LOCK);
		syncpoint_release("vma-write-waits");
		expect_eq(race_end(&protect), 0);
		expect_drawing(mm, then);
		end_space(mm);
	}
}

static void a_merge_waits_for_the_fault_inside_each_of_those_it_joins(void)
{
	expect_each_is_waited_for(protect_middle, "AAAAAA");
}

static int forbid_middle(vmalock_mm *mm)
{
	return vmalock_mm_protect(mm, page(2), 2 * P, VMALOCK_PROT_NONE);
}

/* Locked before they are asked, also those that will not be joined (RFC patch 11). */
static void whether_to_merge_is_asked_when_the_faults_inside_the_neighbours_are_out(void)
{
	expect_each_is_waited_for(forbid_middle, "AABBCC");
}

/* --- stacks -------------------------------------------------------------------------------------------------------- */

/* Two pages of a stack at page 400, the upper one written. */
static vmalock_mm *space_with_stack(void)
{
	vmalock_mm *mm = space_of("per-vma");
	uint64_t at;

	expect_eq(vmalock_mm_map(mm, page(400), 2 * P, RW, FIXED_ANON | VMALOCK_MAP_GROWSDOWN, NULL, 0, &at), 0);
	write_byte(mm, 401, 1);
	return mm;
}

static void a_stack_grows_only_when_the_faults_inside_are_out(void)
{
	vmalock_mm *mm = space_with_stack();
	struct racer inside, below;

	syncpoint_arm("fault-vma-locked");
	race_fault(&inside, mm, page(400), VMALOCK_WRITE);
	syncpoint_wait_parked("fault-vma-locked");
	syncpoint_arm("vma-write-waits");
	race_fault(&below, mm, page(390), VMALOCK_WRITE);
	expect_parked(&below, "vma-write-waits");
	syncpoint_release("fault-vma-locked");
	expect_eq(race_end(&inside), VMALOCK_FAULT_MINOR | VMALOCK_FAULT_VMA_LOCK);
	syncpoint_release("vma-write-waits");
	expect_eq(race_end(&below), VMALOCK_FAULT_MINOR);
	end_space(mm);
}

static int unmap_stack(vmalock_mm *mm)
{
	return vmalock_mm_unmap(mm, page(400), 2 * P);
}

/* mmap_lock cannot be upgraded: between reader and writer everything may go. */
static void a_stack_that_has_gone_meanwhile_does_not_grow(void)
{
	vmalock_mm *mm = space_with_stack();
	struct racer below;

	syncpoint_arm("fault-lets-go-to-grow");
	race_fault(&below, mm, page(390), VMALOCK_WRITE);
	syncpoint_wait_parked("fault-lets-go-to-grow");
	expect_eq(unmap_stack(mm), 0);
	syncpoint_release("fault-lets-go-to-grow");
	expect_eq(race_end(&below), VMALOCK_FAULT_SIGSEGV_MAPERR);
	end_space(mm);
}

static int protect_all(vmalock_mm *mm)
{
	return vmalock_mm_protect(mm, page(0), 4 * P, RO);
}

/* The fault brings a page that may be written, as its VMA says: rights are taken away when it is out, or that page would keep them. */
static void mprotect_takes_the_right_to_write_from_the_page_of_the_fault_inside(void)
{
	vmalock_mm *mm = space_with_anon(4);
	struct racer fault, protect;

	syncpoint_arm("fault-took-frame");
	race_fault(&fault, mm, page(2), VMALOCK_WRITE);
	syncpoint_wait_parked("fault-took-frame");
	syncpoint_arm("vma-write-waits");
	race_request(&protect, mm, protect_all);
	expect_parked(&protect, "vma-write-waits");
	syncpoint_release("fault-took-frame");
	expect_eq(race_end(&fault), VMALOCK_FAULT_MINOR | VMALOCK_FAULT_VMA_LOCK);
	syncpoint_release("vma-write-waits");
	expect_eq(race_end(&protect), 0);
	end_space(mm); /* looks whether an entry may what its VMA may not */
}

static int unmap_below(vmalock_mm *mm)
{
	return vmalock_mm_unmap(mm, page(100), 2 * P);
}

/* Pages 100 and 101 go: a VMA of their own, or the upper end of one. */
static void expect_stack_above_is_busy(uint64_t start)
{
	vmalock_mm *mm = space_with_stack();
	struct racer unmap, fault;

	map_at(mm, start, 102 - start, RW);
	write_byte(mm, 100, 1);
	syncpoint_arm("unmap-pages");
	race_request(&unmap, mm, unmap_below);
	syncpoint_wait_parked("unmap-pages"); /* where others have downgraded mmap_lock by now */
	race_fault(&fault, mm, page(400), VMALOCK_WRITE);
	while (busy_so_far(mm) == 0)
		expect(!atomic_load_acquire(&fault.done));
	syncpoint_release("unmap-pages");
	expect_eq(race_end(&unmap), 0);
	expect_eq(race_end(&fault), VMALOCK_FAULT_MINOR);
	end_space(mm);
}

static void a_stack_that_could_grow_into_the_hole_is_busy_until_the_pages_are_gone(void)
{
	expect_stack_above_is_busy(100);
	expect_stack_above_is_busy(98);
}

static int map_where_it_was(vmalock_mm *mm)
{
	uint64_t at;

	return vmalock_mm_map(mm, page(100), 2 * P, RW, FIXED_ANON, NULL, 0, &at);
}

/* mmap_lock is held as a reader by now, and the gate still shut: what comes there would lose its pages. */
static void no_mapping_comes_where_pages_are_still_being_freed(void)
{
	vmalock_mm *mm = space_with_anon(4);
	struct racer unmap, map;

	map_at(mm, 100, 2, RW);
	write_byte(mm, 100, 1);
	syncpoint_arm("unmap-pages");
	race_request(&unmap, mm, unmap_below);
	syncpoint_wait_parked("unmap-pages");
	race_request(&map, mm, map_where_it_was);
	for (int i = 0; i < 1000 && !atomic_load_acquire(&map.done); i++)
		sync_yield(); /* it must not get past: nothing to wait for but time */
	expect(!atomic_load_acquire(&map.done));
	syncpoint_release("unmap-pages");
	expect_eq(race_end(&unmap), 0);
	expect_eq(race_end(&map), 0);
	expect_eq(read_byte(mm, 100), 0);
	end_space(mm);
}

/* Also in what is left of the VMA that shrinks: the section has ended, though mmap_lock is still held as a reader. */
static void expect_faults_elsewhere_go_on(uint64_t pages, uint64_t elsewhere)
{
	vmalock_mm *mm = space_with_anon(4);
	struct racer unmap;

	map_at(mm, 100, pages, RW);
	write_byte(mm, 100, 1);
	syncpoint_arm("unmap-pages");
	race_request(&unmap, mm, unmap_below);
	syncpoint_wait_parked("unmap-pages");
	expect_eq(vmalock_mm_fault(mm, page(elsewhere), VMALOCK_WRITE), VMALOCK_FAULT_MINOR | VMALOCK_FAULT_VMA_LOCK);
	expect_eq(vmalock_mm_fault(mm, page(50), VMALOCK_WRITE),
		  VMALOCK_FAULT_SIGSEGV_MAPERR); /* mmap_lock, as a reader */
	syncpoint_release("unmap-pages");
	expect_eq(race_end(&unmap), 0);
	end_space(mm);
}

static void faults_elsewhere_go_on_while_pages_are_freed(void)
{
	expect_faults_elsewhere_go_on(2, 2);
	expect_faults_elsewhere_go_on(4, 103);
}

/* --- an anon that goes --------------------------------------------------------------------------------------------- */

/* 6.4 asks before it locks whether the VMA has its anon: MREMAP_DONTUNMAP may take it away in between. */
static void an_anon_that_was_there_before_the_lock_is_asked_for_again_under_it(void)
{
	struct vmalock_options options;
	struct racer fault;
	vmalock_mm *mm;
	uint64_t at;

	vmalock_options_init(&options);
	options.policy = "per-vma";
	options.faults = VMALOCK_FAULTS_LINUX_6_4;
	expect_eq(vmalock_mm_create(&options, &mm), 0);
	map_at(mm, 0, 2, RW);
	write_byte(mm, 0, 1);
	syncpoint_arm("fault-kind-allowed");
	race_fault(&fault, mm, page(1), VMALOCK_WRITE);
	syncpoint_wait_parked("fault-kind-allowed");
	expect_eq(vmalock_mm_remap(mm, page(0), 2 * P, 2 * P, 5, page(10), &at), 0); /* MAYMOVE | DONTUNMAP */
	syncpoint_release("fault-kind-allowed");
	expect_eq(race_end(&fault), VMALOCK_FAULT_MINOR | VMALOCK_FAULT_RETRIED);
	expect_eq(stats_of(mm).retry_anon_vma, 1);
	expect_eq(read_byte(mm, 10), 1);
	end_space(mm);
}

static const struct test_case cases[] = {
	CASE(a_new_mapping_is_busy_until_the_request_that_makes_it_is_over),
	CASE(all_that_a_merge_joins_is_busy_until_its_section_ends),
	CASE(a_merge_waits_for_the_fault_inside_each_of_those_it_joins),
	CASE(whether_to_merge_is_asked_when_the_faults_inside_the_neighbours_are_out),
	CASE(a_stack_grows_only_when_the_faults_inside_are_out),
	CASE(a_stack_that_has_gone_meanwhile_does_not_grow),
	CASE(mprotect_takes_the_right_to_write_from_the_page_of_the_fault_inside),
	CASE(a_stack_that_could_grow_into_the_hole_is_busy_until_the_pages_are_gone),
	CASE(no_mapping_comes_where_pages_are_still_being_freed),
	CASE(faults_elsewhere_go_on_while_pages_are_freed),
	CASE(an_anon_that_was_there_before_the_lock_is_asked_for_again_under_it),
};
TEST_MAIN(cases)
