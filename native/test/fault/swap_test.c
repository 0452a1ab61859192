/* Pages that are out: MADV_PAGEOUT takes them, faults bring them back byte for byte, and slots go with the last who uses them. */
#include "support/swapping.h"

static void pages_leave_and_come_back_byte_for_byte(void)
{
	vmalock_mm *mm = written(4, 16);
	uint8_t all[4 * P], again[4 * P];

	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)(i * 7 + i / P);
	expect_eq(vmalock_mm_write(mm, page(0), all, sizeof(all), NULL), 0);
	page_out(mm, 0, 4);
	expect_out(mm, 0, 4);
	expect_eq(status_of(mm).frames_used, 0);
	expect(!is_resident(mm, 2));
	expect_eq(fault_at(mm, 2, VMALOCK_READ), MAJOR);
	expect(is_resident(mm, 2));
	expect_out(mm, 1, 3);
	expect_eq(vmalock_mm_read(mm, page(0), again, sizeof(again), NULL), 0);
	expect_eq(memcmp(all, again, sizeof(all)), 0);
	expect_out(mm, 4, 0);
	end_space(mm);
}

static void a_write_brings_the_page_and_may_write_it_at_once(void)
{
	vmalock_mm *mm = written(2, 16);

	page_out(mm, 0, 2);
	expect_eq(fault_at(mm, 1, VMALOCK_WRITE), MAJOR);
	write_byte(mm, 1, 99);
	expect_eq(read_byte(mm, 1), 99);
	expect_eq(read_byte(mm, 0), 1);
	page_out(mm, 1, 1);
	expect_eq(read_byte(mm, 1), 99);
	end_space(mm);
}

static void without_room_in_swap_pages_stay(void)
{
	vmalock_mm *mm = written(4, 2), *none = written(4, 0);

	page_out(mm, 0, 4);
	expect_out(mm, 2, 2);
	page_out(none, 0, 4);
	expect_out(none, 4, 0);
	for (uint64_t n = 0; n < 4; n++)
		expect_eq(read_byte(mm, n), n + 1);
	end_space(mm);
	end_space(none);
}

static void what_several_spaces_use_stays(void)
{
	vmalock_mm *mm = written(2, 16), *child = fork_of(mm);

	page_out(mm, 0, 2);
	expect_out(mm, 2, 0);
	write_byte(child, 0, 50);
	page_out(mm, 0, 2);
	expect_out(mm, 1, 1);
	expect_eq(read_byte(mm, 0), 1);
	expect_eq(read_byte(child, 0), 50);
	end_space(child);
	end_space(mm);
}

static void fork_shares_slots_and_each_reads_its_own_copy(void)
{
	vmalock_mm *mm = written(3, 3), *child;

	page_out(mm, 0, 3);
	child = fork_of(mm);
	expect_out(child, 0, 3);
	write_byte(mm, 0, 70);
	expect_eq(read_byte(child, 0), 1);
	write_byte(child, 1, 80);
	expect_eq(read_byte(mm, 1), 2);
	end_space(mm); /* the slot of page 2 stays for the child */
	expect_eq(read_byte(child, 2), 3);
	expect_out(child, 3, 0);
	page_out(child, 0, 3); /* all three slots are free again */
	expect_out(child, 0, 3);
	end_space(child);
}

static void slots_go_with_what_they_stand_for(void)
{
	vmalock_mm *mm = written(6, 6);

	page_out(mm, 0, 6);
	drop_pages(mm, 0, 1);
	expect_eq(vmalock_mm_unmap(mm, page(1), P), 0);
	expect_eq(vmalock_mm_advise(mm, page(2), P, MADV_IS_FREE), 0);
	expect_eq(vmalock_mm_advise(mm, page(3), P, 102 /* MADV_GUARD_INSTALL */), 0);
	expect_out(mm, 0, 2);
	expect_eq(read_byte(mm, 0), 0);
	expect_eq(read_byte(mm, 2), 0);
	expect_eq(read_byte(mm, 5), 6);
	end_space(mm);
}

static void mremap_takes_along_what_is_out(void)
{
	vmalock_mm *mm = written(2, 16);
	uint64_t at;

	page_out(mm, 0, 2);
	expect_eq(
		vmalock_mm_remap(mm, page(0), 2 * P, 2 * P, VMALOCK_MREMAP_MAYMOVE | VMALOCK_MREMAP_FIXED, page(9), &at),
		0);
	expect_out(mm, 0, 2);
	expect_eq(read_byte(mm, 9), 1);
	expect_eq(read_byte(mm, 10), 2);
	end_space(mm);
}

static void locked_pages_stay_and_locking_brings_pages_in(void)
{
	vmalock_mm *mm = written(2, 16);

	page_out(mm, 0, 2);
	expect_eq(vmalock_mm_mlock(mm, page(0), 2 * P, 0), 0);
	expect_out(mm, 2, 0);
	expect_eq(vmalock_mm_advise(mm, page(0), 2 * P, MADV_IS_PAGEOUT), VMALOCK_EINVAL);
	expect_out(mm, 2, 0);
	end_space(mm);
}

static void read_only_memory_comes_back_read_only(void)
{
	vmalock_mm *mm = written(1, 16);

	expect_eq(vmalock_mm_protect(mm, page(0), P, RO), 0);
	page_out(mm, 0, 1);
	expect_eq(read_byte(mm, 0), 1);
	expect_eq(fault_at(mm, 0, VMALOCK_WRITE), VMALOCK_FAULT_SIGSEGV_ACCERR);
	expect_eq(vmalock_mm_protect(mm, page(0), P, RW), 0);
	write_byte(mm, 0, 5);
	expect_eq(read_byte(mm, 0), 5);
	end_space(mm);
}

static void private_copies_of_a_file_leave_and_its_pages_stay(void)
{
	vmalock_mm *mm = space_with_swap(VMALOCK_FAULTS_LINUX_6_18, VMALOCK_BACKING_MEMORY, 64, 16);
	vmalock_file *file = file_with(4, 7, 0);

	map_file(mm, file, 0, 2, RW, VMALOCK_MAP_PRIVATE);
	write_byte(mm, 0, 42);
	expect_eq(read_byte(mm, 1), 7);
	page_out(mm, 0, 2);
	expect_out(mm, 0, 1);
	expect(!is_resident(mm, 0)); /* though the file has a page there */
	expect(is_resident(mm, 1));
	expect_eq(read_byte(mm, 0), 42);
	end_space(mm);
	vmalock_file_put(file);
}

static void a_hole_leaves_private_copies_that_are_out_and_truncation_takes_them(void)
{
	vmalock_mm *mm = space_with_swap(VMALOCK_FAULTS_LINUX_6_18, VMALOCK_BACKING_MEMORY, 64, 16);
	vmalock_file *file = file_with(4, 7, 0);

	map_file(mm, file, 0, 4, RW, VMALOCK_MAP_PRIVATE);
	write_byte(mm, 0, 42);
	write_byte(mm, 3, 43);
	page_out(mm, 0, 4);
	expect_eq(vmalock_file_punch_hole(file, 0, 4 * P), 0);
	expect_out(mm, 0, 2);
	expect_eq(vmalock_file_truncate(file, P), 0);
	expect_out(mm, 0, 1);
	expect_eq(read_byte(mm, 0), 42);
	end_space(mm);
	vmalock_file_put(file);
}

static void what_was_freed_and_not_written_since_is_lost_and_takes_no_slot(void)
{
	vmalock_mm *mm = written(4, 16);

	expect_eq(vmalock_mm_advise(mm, page(0), 4 * P, MADV_IS_FREE), 0);
	write_byte(mm, 1, 60);
	expect_eq(fault_at(mm, 2, VMALOCK_WRITE), MINOR); /* a store that only the fault tells of */
	page_out(mm, 0, 4);
	expect_out(mm, 2, 0); /* wanted after all: spared once */
	page_out(mm, 0, 4);
	expect_out(mm, 0, 2);
	expect_eq(read_byte(mm, 0), 0);
	expect_eq(read_byte(mm, 1), 60);
	expect_eq(read_byte(mm, 2), 3);
	expect_eq(read_byte(mm, 3), 0);
	end_space(mm);
}

static void droppable_memory_is_lost(void)
{
	vmalock_mm *mm = space_with_swap(VMALOCK_FAULTS_LINUX_6_18, VMALOCK_BACKING_MEMORY, 64, 16);
	uint64_t at;

	expect_eq(vmalock_mm_map(mm, page(0), P, RW, VMALOCK_MAP_DROPPABLE | VMALOCK_MAP_ANONYMOUS | VMALOCK_MAP_FIXED,
				 NULL, 0, &at),
		  0);
	write_byte(mm, 0, 1);
	page_out(mm, 0, 1);
	expect_out(mm, 0, 0);
	expect_eq(read_byte(mm, 0), 0);
	end_space(mm);
}

static void counted_pages_leave_and_come_back_as_well(void)
{
	vmalock_mm *mm = space_with_swap(VMALOCK_FAULTS_LINUX_6_18, VMALOCK_BACKING_NONE, 64, 16);

	map_at(mm, 0, 3, RW);
	expect_eq(fault_at(mm, 1, VMALOCK_WRITE), MINOR);
	page_out(mm, 0, 3);
	expect_out(mm, 0, 1);
	expect_eq(fault_at(mm, 1, VMALOCK_READ), MAJOR);
	expect_out(mm, 1, 0);
	end_space(mm);
}

static void no_frame_for_a_page_that_is_out_is_out_of_memory(void)
{
	vmalock_mm *mm = space_with_swap(VMALOCK_FAULTS_LINUX_6_18, VMALOCK_BACKING_MEMORY, 1, 1);

	map_at(mm, 0, 1, RW);
	map_at(mm, 4, 1, RW);
	write_byte(mm, 0, 9);
	page_out(mm, 0, 1);
	write_byte(mm, 4, 1); /* takes the frame, and no slot is left for it */
	expect_eq(fault_at(mm, 0, VMALOCK_READ), VMALOCK_FAULT_OOM);
	expect_out(mm, 1, 1);
	drop_pages(mm, 4, 1);
	expect_eq(read_byte(mm, 0), 9);
	end_space(mm);
}

/* RFC patch 19, and history's F14: nobody lets go of a lock that is not his, and every attempt is counted once. */
static void the_era_says_whether_the_vma_lock_is_enough(void)
{
	static const struct {
		enum vmalock_faults era;
		uint64_t retries;
	} eras[] = {
		{ VMALOCK_FAULTS_RFC, 1 },       { VMALOCK_FAULTS_LINUX_6_4, 1 },  { VMALOCK_FAULTS_LINUX_6_6, 0 },
		{ VMALOCK_FAULTS_LINUX_6_7, 0 }, { VMALOCK_FAULTS_LINUX_6_10, 0 }, { VMALOCK_FAULTS_LINUX_6_18, 0 },
	};

	for (size_t i = 0; i < sizeof(eras) / sizeof(eras[0]); i++) {
		vmalock_mm *mm = space_with_swap(eras[i].era, VMALOCK_BACKING_MEMORY, 64, 16);
		uint32_t how = eras[i].retries ? VMALOCK_FAULT_RETRIED : VMALOCK_FAULT_VMA_LOCK;
		struct vmalock_stats stats;

		map_at(mm, 0, 2, RW);
		write_byte(mm, 0, 1);
		page_out(mm, 0, 1);
		expect_eq(vmalock_mm_fault(mm, page(0), VMALOCK_READ), MAJOR | how);
		vmalock_mm_stats(mm, &stats);
		expect_eq(stats.retry_swap, eras[i].retries);
		expect_eq(stats.vma_lock_attempts, stats.vma_lock_success + stats.vma_lock_abort + stats.vma_lock_retry +
							   stats.vma_lock_miss + stats.vma_lock_access_error);
		expect_eq(vmalock_mm_unmap(mm, page(0), P), 0); /* would wait for a lock that was left behind */
		end_space(mm);
	}
}

static int drop_and_write_anew(vmalock_mm *mm)
{
	drop_pages(mm, 0, 1);
	write_byte(mm, 0, 200);
	return vmalock_mm_advise(mm, page(0), P, MADV_IS_PAGEOUT);
}

/* Without the pin the slot would be used anew, the entry be equal to what it was, and the old bytes come back. */
static void a_slot_that_a_fault_reads_is_not_used_anew(void)
{
	vmalock_mm *mm = written(1, 1);
	struct racer fault;

	page_out(mm, 0, 1);
	syncpoint_arm("swap-copied");
	race_fault(&fault, mm, page(0), VMALOCK_READ);
	syncpoint_wait_parked("swap-copied");
	expect_eq(drop_and_write_anew(mm), 0);
	syncpoint_release("swap-copied");
	expect_eq(race_end(&fault) & VMALOCK_FAULT_OUTCOME, MINOR); /* found what was written meanwhile */
	expect_eq(read_byte(mm, 0), 200);
	end_space(mm);
}

/* The slot is nobody's by the time the fault wants to pin it. */
static void a_page_that_has_come_back_meanwhile_is_not_read_from_its_slot(void)
{
	vmalock_mm *mm = written(1, 1);
	struct racer fault;

	page_out(mm, 0, 1);
	syncpoint_arm("swap-found");
	race_fault(&fault, mm, page(0), VMALOCK_READ);
	syncpoint_wait_parked("swap-found");
	write_byte(mm, 0, 200);
	syncpoint_release("swap-found");
	expect_eq(race_end(&fault) & VMALOCK_FAULT_OUTCOME, MINOR);
	expect_eq(read_byte(mm, 0), 200);
	expect_out(mm, 1, 0);
	end_space(mm);
}

static void a_part_of_a_huge_page_leaves_and_the_rest_becomes_small_pages(void)
{
	struct vmalock_options options;
	vmalock_mm *mm;

	vmalock_options_init(&options);
	options.thp = VMALOCK_THP_ALWAYS;
	options.swap = 64;
	expect_eq(vmalock_mm_create(&options, &mm), 0);
	map_at(mm, 0, 512, RW);
	for (uint64_t n = 0; n < 512; n++)
		write_byte(mm, n, (uint8_t)(n * 3));
	expect_eq(stats_of(mm).thp_fault_alloc, 1);
	page_out(mm, 100, 64);
	expect_out(mm, 512 - 64, 64);
	expect_eq(status_of(mm).frames_used, 512 - 64);
	expect_eq(stats_of(mm).thp_split_pmd, 1);
	for (uint64_t n = 0; n < 512; n++)
		expect_eq(read_byte(mm, n), (uint8_t)(n * 3));
	expect_out(mm, 512, 0);
	end_space(mm);
}

static const struct test_case cases[] = {
	CASE(pages_leave_and_come_back_byte_for_byte),
	CASE(a_write_brings_the_page_and_may_write_it_at_once),
	CASE(without_room_in_swap_pages_stay),
	CASE(what_several_spaces_use_stays),
	CASE(fork_shares_slots_and_each_reads_its_own_copy),
	CASE(slots_go_with_what_they_stand_for),
	CASE(mremap_takes_along_what_is_out),
	CASE(locked_pages_stay_and_locking_brings_pages_in),
	CASE(read_only_memory_comes_back_read_only),
	CASE(private_copies_of_a_file_leave_and_its_pages_stay),
	CASE(a_hole_leaves_private_copies_that_are_out_and_truncation_takes_them),
	CASE(what_was_freed_and_not_written_since_is_lost_and_takes_no_slot),
	CASE(droppable_memory_is_lost),
	CASE(counted_pages_leave_and_come_back_as_well),
	CASE(no_frame_for_a_page_that_is_out_is_out_of_memory),
	CASE(the_era_says_whether_the_vma_lock_is_enough),
	CASE(a_slot_that_a_fault_reads_is_not_used_anew),
	CASE(a_page_that_has_come_back_meanwhile_is_not_read_from_its_slot),
	CASE(a_part_of_a_huge_page_leaves_and_the_rest_becomes_small_pages),
};
TEST_MAIN(cases)
