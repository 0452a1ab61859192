/* A fault that finds no frame takes one from somebody: which pages go, and which stay. */
#include "support/resolving.h"
#include "support/swapping.h"

static void more_pages_than_frames_live_on_swap(void)
{
	vmalock_mm *mm = space_with_swap(VMALOCK_FAULTS_LINUX_6_18, VMALOCK_BACKING_MEMORY, 8, 57);

	map_at(mm, 0, 64, RW);
	for (int turn = 0; turn < 3; turn++)
		for (uint64_t n = 0; n < 64; n++) {
			expect_eq(read_byte(mm, n), turn ? n + (uint64_t)turn : 0);
			write_byte(mm, n, (uint8_t)(n + (uint64_t)turn + 1));
		}
	expect_valid(mm);
	expect_eq(status_of(mm).rss_anon + status_of(mm).vm_swap, 64 * P);
	map_at(mm, 100, 2, RW);
	write_byte(mm, 100, 1);
	expect_eq(fault_at(mm, 101, VMALOCK_WRITE), VMALOCK_FAULT_OOM); /* all frames and all slots are taken */
	expect_valid(mm);
	end_space(mm);
}

static void what_was_freed_goes_first_and_without_swap(void)
{
	vmalock_mm *mm = space_with_swap(VMALOCK_FAULTS_LINUX_6_18, VMALOCK_BACKING_MEMORY, 8, 8);

	map_at(mm, 0, 9, RW);
	for (uint64_t n = 0; n < 8; n++)
		write_byte(mm, n, (uint8_t)(n + 1));
	expect_eq(vmalock_mm_advise(mm, page(0), 8 * P, MADV_IS_COLD), 0);
	expect_eq(vmalock_mm_advise(mm, page(6), 2 * P, MADV_IS_FREE), 0);
	write_byte(mm, 8, 9);
	expect_out(mm, 7, 0);
	expect_eq(read_byte(mm, 5), 6);
	expect_eq(read_byte(mm, 6), 0);
	end_space(mm);
}

static void a_touched_page_is_spared_once(void)
{
	vmalock_mm *mm = space_with_swap(VMALOCK_FAULTS_LINUX_6_18, VMALOCK_BACKING_MEMORY, 4, 8);

	map_at(mm, 0, 6, RW);
	for (uint64_t n = 0; n < 4; n++)
		write_byte(mm, n, (uint8_t)(n + 1));
	expect_eq(vmalock_mm_advise(mm, page(0), 4 * P, MADV_IS_COLD), 0);
	expect_eq(read_byte(mm, 0), 1);
	write_byte(mm, 4, 5); /* needs a frame: that of page 1, which nobody has touched since */
	expect(is_resident(mm, 0));
	expect(!is_resident(mm, 1));
	end_space(mm);
}

static void locked_memory_stays_under_pressure(void)
{
	vmalock_mm *mm = space_with_swap(VMALOCK_FAULTS_LINUX_6_18, VMALOCK_BACKING_MEMORY, 4, 8);

	map_at(mm, 0, 2, RW);
	map_at(mm, 4, 3, RW);
	expect_eq(vmalock_mm_mlock(mm, page(0), 2 * P, 0), 0);
	for (uint64_t n = 4; n < 7; n++)
		write_byte(mm, n, 1);
	expect(is_resident(mm, 0) && is_resident(mm, 1));
	expect_eq(vmalock_mm_mlock(mm, page(4), 2 * P, 0), 0);
	expect_eq(fault_at(mm, 6, VMALOCK_READ), VMALOCK_FAULT_OOM);
	end_space(mm);
}

static void a_fork_takes_frames_from_its_parent(void)
{
	vmalock_mm *mm = space_with_swap(VMALOCK_FAULTS_LINUX_6_18, VMALOCK_BACKING_MEMORY, 4, 8), *child = fork_of(mm);

	map_at(mm, 0, 4, RW);
	for (uint64_t n = 0; n < 4; n++)
		write_byte(mm, n, (uint8_t)(n + 1));
	map_at(child, 0, 4, RW);
	for (uint64_t n = 0; n < 4; n++)
		write_byte(child, n, (uint8_t)(n + 11));
	for (uint64_t n = 0; n < 4; n++) {
		expect_eq(read_byte(mm, n), n + 1);
		expect_eq(read_byte(child, n), n + 11);
	}
	expect_valid(mm);
	expect_valid(child);
	end_space(mm);
	write_byte(child, 0, 1);
	end_space(child);
}

static void droppable_memory_goes_under_pressure_without_swap(void)
{
	vmalock_mm *mm = space_with_swap(VMALOCK_FAULTS_LINUX_6_18, VMALOCK_BACKING_MEMORY, 2, 0);
	uint64_t at;

	expect_eq(vmalock_mm_map(mm, page(0), 2 * P, RW,
				 VMALOCK_MAP_DROPPABLE | VMALOCK_MAP_ANONYMOUS | VMALOCK_MAP_FIXED, NULL, 0, &at),
		  0);
	map_at(mm, 4, 3, RW);
	write_byte(mm, 0, 1);
	write_byte(mm, 1, 1);
	write_byte(mm, 4, 2);
	write_byte(mm, 5, 3);
	expect_eq(fault_at(mm, 6, VMALOCK_WRITE), VMALOCK_FAULT_OOM);
	expect_eq(read_byte(mm, 4), 2);
	expect_eq(read_byte(mm, 1), 0);
	end_space(mm);
}

/* The first write to a page of a file, and to one that was read before. */
static void copies_of_a_file_take_frames_from_others(void)
{
	vmalock_mm *mm = space_with_swap(VMALOCK_FAULTS_LINUX_6_18, VMALOCK_BACKING_MEMORY, 1, 4);
	vmalock_file *file = file_with(2, 7, 0);

	map_file(mm, file, 0, 2, RW, VMALOCK_MAP_PRIVATE);
	map_at(mm, 4, 1, RW);
	write_byte(mm, 4, 1);
	write_byte(mm, 0, 42);
	expect_eq(read_byte(mm, 1), 7);
	write_byte(mm, 1, 43);
	expect_eq(read_byte(mm, 0), 42);
	expect_eq(read_byte(mm, 4), 1);
	expect_eq(read_byte(mm, 1), 43);
	end_space(mm);
	vmalock_file_put(file);
}

/* A space ends while a fault of another looks for a page to take. */
static void a_space_may_end_while_its_pages_are_looked_at(void)
{
	vmalock_mm *mm = space_with_swap(VMALOCK_FAULTS_LINUX_6_18, VMALOCK_BACKING_MEMORY, 4, 8), *child = fork_of(mm);
	struct racer fault;

	map_at(child, 0, 4, RW);
	for (uint64_t n = 0; n < 4; n++)
		write_byte(child, n, 1);
	map_at(mm, 0, 1, RW);
	syncpoint_arm("reclaim-has-space");
	race_fault(&fault, mm, page(0), VMALOCK_WRITE);
	syncpoint_wait_parked("reclaim-has-space");
	end_space(child);
	syncpoint_release("reclaim-has-space");
	expect_eq(race_end(&fault) & VMALOCK_FAULT_OUTCOME, MINOR);
	expect_out(mm, 1, 0);
	end_space(mm);
}

static void a_userfaultfd_takes_frames_from_others_as_a_fault_does(void)
{
	vmalock_mm *mm = space_with_swap(VMALOCK_FAULTS_LINUX_6_18, VMALOCK_BACKING_MEMORY, 4, 4);
	vmalock_uffd *uffd = uffd_with(mm, 0);

	map_at(mm, 0, 8, RW);
	map_at(mm, 10, 2, RW);
	expect_eq(register_pages(uffd, 0, 8, MISSING), 0);
	expect_eq(copy_pages(uffd, 0, 8, 9, 0, 8), 0);
	expect_eq(status_of(mm).rss_anon + status_of(mm).vm_swap, 8 * P);
	expect_eq(fault_at(mm, 10, VMALOCK_WRITE), VMALOCK_FAULT_OOM);
	drop_pages(mm, 0, 1);
	write_byte(mm, 10, 1);
	expect_eq(copy_pages(uffd, 0, 1, 9, 0, 0), VMALOCK_ENOMEM); /* all frames and all slots are taken */
	drop_pages(mm, 10, 1); /* a page that comes back needs a frame before its slot is free */
	for (uint64_t n = 1; n < 8; n++)
		expect_eq(read_byte(mm, n), 9);
	expect_valid(mm);
	vmalock_uffd_put(uffd);
	end_space(mm);
}

/* All frames are used by both: neither could write otherwise. Each of the two puts the page into a slot of its own. */
static void what_a_fork_shares_leaves_under_pressure_when_it_has_left_both(void)
{
	vmalock_mm *mm = space_with_swap(VMALOCK_FAULTS_LINUX_6_18, VMALOCK_BACKING_MEMORY, 4, 16), *child;

	map_at(mm, 0, 4, RW);
	map_at(mm, 8, 1, RW);
	for (uint64_t n = 0; n < 4; n++)
		write_byte(mm, n, (uint8_t)(n + 1));
	child = fork_of(mm);
	write_byte(child, 0, 11);
	write_byte(mm, 8, 9);
	for (uint64_t n = 0; n < 4; n++) {
		expect_eq(read_byte(mm, n), n + 1);
		expect_eq(read_byte(child, n), n ? n + 1 : 11);
		write_byte(child, n, (uint8_t)(n + 21));
	}
	for (uint64_t n = 0; n < 4; n++)
		expect_eq(read_byte(mm, n), n + 1);
	expect_valid(mm);
	expect_valid(child);
	end_space(mm);
	for (uint64_t n = 0; n < 4; n++)
		expect_eq(read_byte(child, n), n + 21);
	expect_out(child, 4, 0);
	end_space(child);
}

static void what_was_freed_goes_first_also_where_a_fork_shares_it(void)
{
	vmalock_mm *mm = space_with_swap(VMALOCK_FAULTS_LINUX_6_18, VMALOCK_BACKING_MEMORY, 4, 0), *child;

	map_at(mm, 0, 4, RW);
	for (uint64_t n = 0; n < 4; n++)
		write_byte(mm, n, (uint8_t)(n + 1));
	expect_eq(vmalock_mm_advise(mm, page(2), 2 * P, MADV_IS_FREE), 0);
	child = fork_of(mm);
	write_byte(child, 0, 11); /* frees a frame, and takes it */
	write_byte(mm, 2, 13);
	expect_eq(read_byte(mm, 0), 1);
	expect_eq(read_byte(child, 1), 2);
	expect_eq(fault_at(child, 1, VMALOCK_WRITE), VMALOCK_FAULT_OOM); /* what is not given up has no slot to go to */
	expect_valid(mm);
	expect_valid(child);
	end_space(mm);
	end_space(child);
}

/* A slot for the child's would free nothing: both are needed for its own. */
static void pages_of_its_own_leave_before_those_that_another_has_locked(void)
{
	vmalock_mm *mm = space_with_swap(VMALOCK_FAULTS_LINUX_6_18, VMALOCK_BACKING_MEMORY, 3, 2), *child;

	map_at(mm, 0, 2, RW);
	write_byte(mm, 0, 1);
	write_byte(mm, 1, 2);
	expect_eq(vmalock_mm_mlock(mm, page(0), 2 * P, 0), 0);
	child = fork_of(mm);
	map_at(child, 8, 3, RW);
	for (uint64_t n = 8; n < 11; n++)
		write_byte(child, n, (uint8_t)n);
	expect(is_resident(mm, 0) && is_resident(mm, 1));
	expect(is_resident(child, 0) && is_resident(child, 1));
	expect_eq(status_of(child).vm_swap, 2 * P);
	end_space(child);
	end_space(mm);
}

/* Nobody has a page of its own: what forks share leaves from one after the other, and stays shared in what it says. */
static void what_forks_share_leaves_at_last(void)
{
	vmalock_mm *mm = space_with_swap(VMALOCK_FAULTS_LINUX_6_18, VMALOCK_BACKING_MEMORY, 8, 64), *child, *second;

	map_at(mm, 0, 8, RW);
	for (uint64_t n = 0; n < 8; n++)
		write_byte(mm, n, (uint8_t)(n + 1));
	child = fork_of(mm);
	second = fork_of(child);
	for (uint64_t n = 0; n < 8; n++)
		write_byte(second, n, (uint8_t)(n + 100));
	for (uint64_t n = 0; n < 8; n += 2)
		write_byte(child, n, (uint8_t)(n + 50));
	for (uint64_t n = 0; n < 8; n++) {
		expect_eq(read_byte(mm, n), n + 1);
		expect_eq(read_byte(child, n), n % 2 ? n + 1 : n + 50);
		expect_eq(read_byte(second, n), n + 100);
	}
	expect_valid(mm);
	expect_valid(child);
	end_space(child);
	end_space(second);
	expect_eq(status_of(mm).rss_anon + status_of(mm).vm_swap, 8 * P);
	end_space(mm);
}

static void a_fork_of_memory_that_moved_leaves_as_well(void)
{
	vmalock_mm *mm = space_with_swap(VMALOCK_FAULTS_LINUX_6_18, VMALOCK_BACKING_MEMORY, 16, 64), *child;
	uint64_t at;

	map_at(mm, 0, 16, RW);
	for (uint64_t n = 0; n < 16; n++)
		write_byte(mm, n, (uint8_t)(n + 1));
	child = fork_of(mm);
	for (uint64_t n = 0; n < 16; n++) /* there in the opposite order */
		expect_eq(vmalock_mm_remap(child, page(n), P, P, VMALOCK_MREMAP_MAYMOVE | VMALOCK_MREMAP_FIXED,
					   page(40 - n), &at),
			  0);
	map_at(mm, 20, 1, RW);
	write_byte(mm, 20, 1);
	for (uint64_t n = 0; n < 16; n++) {
		expect_eq(read_byte(mm, n), n + 1);
		expect_eq(read_byte(child, 40 - n), n + 1);
	}
	end_space(child);
	end_space(mm);
}

static const struct test_case cases[] = {
	CASE(more_pages_than_frames_live_on_swap),
	CASE(what_was_freed_goes_first_and_without_swap),
	CASE(a_touched_page_is_spared_once),
	CASE(locked_memory_stays_under_pressure),
	CASE(a_fork_takes_frames_from_its_parent),
	CASE(droppable_memory_goes_under_pressure_without_swap),
	CASE(a_space_may_end_while_its_pages_are_looked_at),
	CASE(copies_of_a_file_take_frames_from_others),
	CASE(a_userfaultfd_takes_frames_from_others_as_a_fault_does),
	CASE(what_a_fork_shares_leaves_under_pressure_when_it_has_left_both),
	CASE(what_was_freed_goes_first_also_where_a_fork_shares_it),
	CASE(pages_of_its_own_leave_before_those_that_another_has_locked),
	CASE(what_forks_share_leaves_at_last),
	CASE(a_fork_of_memory_that_moved_leaves_as_well),
};
TEST_MAIN(cases)
