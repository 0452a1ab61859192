/*
 * anon_test.c - private anonymous memory: the zero page, the first write, the anon it needs
 */
#include "fault/fault.h"
#include "faulting.h"
#include "mm/mmap_lock.h"

static void reading_maps_the_zero_page_which_counts_nowhere(void)
{
	vmalock_mm *mm = space_of(NULL);
	uint8_t there[2];

	map_at(mm, 0, 2, RW);
	expect_eq(vmalock_mm_fault(mm, page(0), VMALOCK_READ), MINOR | VMALOCK_FAULT_VMA_LOCK);
	expect_pages(mm, 0, 0, 0, 0);
	expect_eq(vmalock_mm_mincore(mm, page(0), 2 * P, there), 0);
	expect(there[0] == 1 && there[1] == 0);
	expect_eq(read_byte(mm, 0), 0);
	expect_eq(stats_of(mm).minor_faults, 1);
	end_space(mm);
}

static vmalock_mm *space_without_zero_page(void)
{
	struct vmalock_options options;
	vmalock_mm *mm;

	vmalock_options_init(&options);
	options.forbids_zero_page = 1;
	options.frames = 64;
	expect_eq(vmalock_mm_create(&options, &mm), 0);
	return mm;
}

static void where_the_zero_page_is_forbidden_reading_brings_a_frame_and_ties_the_mapping_to_an_anon(void)
{
	vmalock_mm *mm = space_without_zero_page(), *child;

	map_at(mm, 0, 1, RW);
	map_at(mm, 2, 1, RW);
	expect_eq(fault_at(mm, 0, VMALOCK_READ), MINOR);
	expect_eq(fault_at(mm, 2, VMALOCK_READ), MINOR);
	expect_pages(mm, 2, 0, 0, 2);
	expect_eq(read_byte(mm, 0), 0);
	/* writable at once: no second fault copies it */
	write_byte(mm, 0, 7);
	expect_eq(stats_of(mm).minor_faults, 2);
	map_at(mm, 1, 1, RW);
	expect_drawing(mm, "AAB"); /* two with an anon each never join */
	expect_eq(vmalock_mm_fork(mm, &child), 0);
	expect_eq(fault_at(child, 2, VMALOCK_WRITE), MINOR | COW);
	end_space(child);
	end_space(mm);
}

static void a_page_read_in_read_only_memory_is_written_after_a_fault_once_that_is_permitted(void)
{
	vmalock_mm *mm = space_without_zero_page();

	map_at(mm, 0, 1, RO);
	expect_eq(fault_at(mm, 0, VMALOCK_READ), MINOR);
	expect_eq(vmalock_mm_protect(mm, page(0), P, RW), 0);
	expect_eq(fault_at(mm, 0, VMALOCK_WRITE), MINOR | COW);
	expect_pages(mm, 1, 0, 0, 1);
	end_space(mm);
}

static void the_first_write_brings_one_zeroed_frame(void)
{
	vmalock_mm *mm = space_of(NULL);
	uint8_t bytes[P];

	map_at(mm, 0, 2, RW);
	expect_eq(fault_at(mm, 0, VMALOCK_WRITE), MINOR);
	expect_pages(mm, 1, 0, 0, 1);
	expect_eq(vmalock_mm_read(mm, page(0), bytes, P, NULL), 0);
	for (size_t i = 0; i < P; i++)
		expect_eq(bytes[i], 0);
	end_space(mm);
}

static void a_recycled_frame_does_not_show_what_it_held(void)
{
	vmalock_mm *mm = space_with(VMALOCK_FAULTS_RFC, VMALOCK_BACKING_MEMORY, 1);
	uint8_t bytes[P];

	map_at(mm, 0, 1, RW);
	memset(bytes, 0x77, P);
	expect_eq(vmalock_mm_write(mm, page(0), bytes, P, NULL), 0);
	drop_pages(mm, 0, 1);
	write_byte(mm, 0, 1);
	expect_eq(vmalock_mm_read(mm, page(0), bytes, P, NULL), 0);
	expect_eq(bytes[0], 1);
	for (size_t i = 1; i < P; i++)
		expect_eq(bytes[i], 0);
	end_space(mm);
}

static void a_write_after_a_read_replaces_the_zero_page(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 2, RW);
	expect_eq(fault_at(mm, 0, VMALOCK_READ), MINOR);
	expect_eq(fault_at(mm, 1, VMALOCK_READ), MINOR);
	expect_eq(fault_at(mm, 0, VMALOCK_WRITE), MINOR | COW);
	expect_pages(mm, 1, 0, 0, 1);
	write_byte(mm, 0, 9);
	expect_eq(read_byte(mm, 0), 9);
	expect_eq(read_byte(mm, 1), 0);
	end_space(mm);
}

static void a_fault_on_a_page_that_is_there_changes_nothing(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 1, RW | VMALOCK_PROT_EXEC);
	write_byte(mm, 0, 5);
	for (int access = VMALOCK_READ; access <= VMALOCK_EXEC; access++)
		expect_eq(fault_at(mm, 0, (enum vmalock_access)access), MINOR);
	expect_eq(read_byte(mm, 0), 5);
	expect_pages(mm, 1, 0, 0, 1);
	end_space(mm);
}

static void a_page_that_lost_its_write_bit_is_taken_over_where_it_is(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 1, RW);
	write_byte(mm, 0, 5);
	expect_eq(vmalock_mm_protect(mm, page(0), P, RO), 0);
	expect_eq(fault_at(mm, 0, VMALOCK_WRITE), VMALOCK_FAULT_SIGSEGV_ACCERR);
	expect_eq(fault_at(mm, 0, VMALOCK_READ), MINOR);
	expect_eq(vmalock_mm_protect(mm, page(0), P, RW), 0);
	expect_eq(fault_at(mm, 0, VMALOCK_WRITE), MINOR | COW);
	expect_eq(fault_at(mm, 0, VMALOCK_WRITE), MINOR);
	expect_eq(read_byte(mm, 0), 5);
	expect_pages(mm, 1, 0, 0, 1);
	end_space(mm);
}

static void dontneed_forgets_and_free_keeps(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 2, RW);
	write_byte(mm, 0, 5);
	write_byte(mm, 1, 6);
	drop_pages(mm, 0, 1);
	expect_eq(vmalock_mm_advise(mm, page(1), P, 8 /* MADV_FREE */), 0);
	expect_pages(mm, 1, 0, 0, 1);
	expect_eq(read_byte(mm, 0), 0);
	expect_eq(read_byte(mm, 1), 6);
	end_space(mm);
}

/* --- the anon ----------------------------------------------------------------------------------------------------- */

static void before_6_10_the_first_write_of_a_vma_asks_for_mmap_lock_and_the_next_does_not(void)
{
	vmalock_mm *mm = space_with(VMALOCK_FAULTS_RFC, VMALOCK_BACKING_MEMORY, 16);

	map_at(mm, 0, 3, RW);
	expect_eq(vmalock_mm_fault(mm, page(0), VMALOCK_READ), MINOR | VMALOCK_FAULT_VMA_LOCK);
	expect_eq(vmalock_mm_fault(mm, page(0), VMALOCK_WRITE), MINOR | COW | VMALOCK_FAULT_RETRIED);
	expect_eq(stats_of(mm).retry_anon_vma, 1);
	expect_eq(vmalock_mm_fault(mm, page(1), VMALOCK_WRITE), MINOR | VMALOCK_FAULT_VMA_LOCK);
	expect_eq(stats_of(mm).retry_anon_vma, 1);
	expect_eq(stats_of(mm).vma_lock_retry, 1);
	end_space(mm);
}

static void a_refused_first_write_has_installed_nothing(void)
{
	vmalock_mm *mm = space_with(VMALOCK_FAULTS_RFC, VMALOCK_BACKING_MEMORY, 16);
	struct fault f = { .mm = (struct mm *)mm, .addr = page(0), .access = VMALOCK_WRITE };

	map_at(mm, 0, 1, RW);
	f.flags = FAULT_FLAG_VMA_LOCK;
	f.vma = mm_lookup(f.mm, page(0));
	expect_eq(fault_handle(&f), FAULT_RETRY);
	expect(vma_anon(f.vma) == NULL);
	expect_pages(mm, 0, 0, 0, 0);
	end_space(mm);
}

static void from_6_10_the_first_write_makes_the_anon_under_the_vma_lock(void)
{
	vmalock_mm *mm = space_with(VMALOCK_FAULTS_LINUX_6_10, VMALOCK_BACKING_MEMORY, 16);

	map_at(mm, 0, 3, RW);
	expect_eq(vmalock_mm_fault(mm, page(0), VMALOCK_WRITE), MINOR | VMALOCK_FAULT_VMA_LOCK);
	expect_eq(stats_of(mm).retry_anon_vma, 0);
	end_space(mm);
}

static void from_6_10_a_first_write_that_meets_a_writer_of_mmap_lock_retries_instead_of_waiting(void)
{
	vmalock_mm *mm = space_with(VMALOCK_FAULTS_LINUX_6_10, VMALOCK_BACKING_MEMORY, 16);
	struct vmalock_stats stats;
	struct racer fault;

	map_at(mm, 0, 3, RW);
	syncpoint_arm("fault-vma-locked");
	race_fault(&fault, mm, page(0), VMALOCK_WRITE);
	syncpoint_wait_parked("fault-vma-locked");
	mmap_write_lock((struct mm *)mm);
	syncpoint_release("fault-vma-locked");
	do {
		vmalock_mm_stats(mm, &stats);
		expect(!atomic_load_acquire(&fault.done));
	} while (stats.retry_anon_vma == 0);
	mmap_write_unlock((struct mm *)mm);
	expect_eq(race_end(&fault), MINOR | VMALOCK_FAULT_RETRIED);
	expect_pages(mm, 1, 0, 0, 1);
	end_space(mm);
}

/* --- frames that are only counted --------------------------------------------------------------------------------- */

static void without_backing_pages_are_counted_reads_give_zeros_and_writes_are_dropped(void)
{
	vmalock_mm *mm = space_with(VMALOCK_FAULTS_RFC, VMALOCK_BACKING_NONE, UINT64_C(1) << 24), *child;

	map_at(mm, 0, 3, RW);
	write_byte(mm, 0, 5);
	expect_eq(read_byte(mm, 0), 0);
	expect_eq(fault_at(mm, 1, VMALOCK_READ), MINOR);
	expect_pages(mm, 1, 0, 0, 1);
	child = fork_of(mm);
	write_byte(child, 0, 6);
	expect_eq(stats_of(child).cow_faults, 1);
	expect_pages(child, 1, 0, 0, 2);
	end_space(child);
	expect_pages(mm, 1, 0, 0, 1);
	end_space(mm);
}

static const struct test_case cases[] = {
	CASE(reading_maps_the_zero_page_which_counts_nowhere),
	CASE(where_the_zero_page_is_forbidden_reading_brings_a_frame_and_ties_the_mapping_to_an_anon),
	CASE(a_page_read_in_read_only_memory_is_written_after_a_fault_once_that_is_permitted),
	CASE(the_first_write_brings_one_zeroed_frame),
	CASE(a_recycled_frame_does_not_show_what_it_held),
	CASE(a_write_after_a_read_replaces_the_zero_page),
	CASE(a_fault_on_a_page_that_is_there_changes_nothing),
	CASE(a_page_that_lost_its_write_bit_is_taken_over_where_it_is),
	CASE(dontneed_forgets_and_free_keeps),
	CASE(before_6_10_the_first_write_of_a_vma_asks_for_mmap_lock_and_the_next_does_not),
	CASE(a_refused_first_write_has_installed_nothing),
	CASE(from_6_10_the_first_write_makes_the_anon_under_the_vma_lock),
	CASE(from_6_10_a_first_write_that_meets_a_writer_of_mmap_lock_retries_instead_of_waiting),
	CASE(without_backing_pages_are_counted_reads_give_zeros_and_writes_are_dropped),
};
TEST_MAIN(cases)
