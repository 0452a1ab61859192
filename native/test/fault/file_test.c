/*
 * file_test.c - pages of files and of shared anonymous memory: who sees a write, what is counted, where the file ends
 */
#include "faulting.h"

#define SHARED VMALOCK_MAP_SHARED
#define PRIVATE VMALOCK_MAP_PRIVATE

static void the_first_touch_of_a_files_page_is_major_and_later_ones_are_minor(void)
{
	vmalock_mm *mm = space_of(NULL), *other = space_of(NULL);
	vmalock_file *file = file_with(4, 0x41, 0);

	map_file(mm, file, 0, 4, RW, PRIVATE);
	map_file(other, file, 0, 4, RO, SHARED);
	expect_eq(fault_at(mm, 1, VMALOCK_READ), MAJOR);
	expect_eq(fault_at(mm, 1, VMALOCK_READ), MINOR);
	expect_eq(fault_at(other, 1, VMALOCK_READ), MINOR);
	expect_eq(fault_at(other, 2, VMALOCK_READ), MAJOR);
	expect_eq(stats_of(mm).major_faults, 1);
	expect_eq(read_byte(mm, 1), 0x41);
	expect_pages(mm, 0, 1, 0, 0);
	expect_pages(other, 0, 2, 0, 0);
	vmalock_file_put(file); /* the mappings hold it */
	expect_eq(read_byte(mm, 3), 0x41);
	end_space(mm);
	end_space(other);
}

static void a_private_write_copies_and_the_file_never_knows(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_file *file = file_with(4, 0x41, 0);

	map_file(mm, file, 0, 4, RW, PRIVATE);
	expect_eq(fault_at(mm, 0, VMALOCK_WRITE), MAJOR | COW);
	expect_pages(mm, 1, 0, 0, 1);
	expect_eq(fault_at(mm, 1, VMALOCK_READ), MAJOR);
	expect_pages(mm, 1, 1, 0, 1);
	expect_eq(fault_at(mm, 1, VMALOCK_WRITE), MINOR | COW);
	expect_pages(mm, 2, 0, 0, 2);
	write_byte(mm, 0, 7);
	write_byte(mm, 1, 8);
	expect_eq(read_byte(mm, 0), 7);
	expect_eq(byte_of_file(file, 0), 0x41);
	expect_eq(byte_of_file(file, P), 0x41);
	expect_eq(fault_at(mm, 0, VMALOCK_WRITE), MINOR);
	/* And the file's bytes come back when the copy is dropped. */
	drop_pages(mm, 0, 1);
	expect_eq(read_byte(mm, 0), 0x41);
	expect_pages(mm, 1, 1, 0, 1);
	end_space(mm);
	vmalock_file_put(file);
}

static void a_copy_has_all_bytes_of_its_page(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_file *file = file_with(2, 0, 0);
	uint8_t bytes[P], back[P];

	for (size_t i = 0; i < P; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	expect_eq(vmalock_file_write(file, P, bytes, P), 0);
	map_file(mm, file, 0, 2, RW, PRIVATE);
	write_byte(mm, 1, bytes[0] ^ 0xff);
	expect_eq(vmalock_mm_read(mm, page(1), back, P, NULL), 0);
	expect_eq(back[0], bytes[0] ^ 0xff);
	expect(memcmp(back + 1, bytes + 1, P - 1) == 0);
	end_space(mm);
	vmalock_file_put(file);
}

static void a_shared_write_is_seen_by_the_file_and_by_every_mapping(void)
{
	vmalock_mm *mm = space_of(NULL), *other = space_of(NULL);
	vmalock_file *file = file_with(4, 0x41, 0);

	map_file(mm, file, 0, 4, RW, SHARED);
	map_file(other, file, 4, 4, RO, SHARED);
	expect_eq(fault_at(mm, 2, VMALOCK_READ), MAJOR);
	expect_eq(fault_at(mm, 2, VMALOCK_WRITE), MINOR);
	write_byte(mm, 2, 9);
	write_byte(mm, 3, 10);
	expect_eq(read_byte(other, 6), 9);
	expect_eq(read_byte(other, 7), 10);
	expect_eq(byte_of_file(file, 2 * P), 9);
	expect_eq(vmalock_file_write(file, 3 * P, "x", 1), 0);
	expect_eq(read_byte(mm, 3), 'x');
	expect_pages(mm, 0, 2, 0, 0);
	end_space(mm);
	end_space(other);
	expect_eq(byte_of_file(file, 2 * P), 9);
	vmalock_file_put(file);
}

static void a_shared_page_that_lost_its_write_bit_is_never_copied(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_file *file = file_with(1, 0, 0);

	map_file(mm, file, 0, 1, RW, SHARED);
	write_byte(mm, 0, 1);
	expect_eq(vmalock_mm_protect(mm, page(0), P, RO), 0);
	expect_eq(fault_at(mm, 0, VMALOCK_WRITE), VMALOCK_FAULT_SIGSEGV_ACCERR);
	expect_eq(vmalock_mm_protect(mm, page(0), P, RW), 0);
	expect_eq(fault_at(mm, 0, VMALOCK_WRITE), MINOR);
	write_byte(mm, 0, 2);
	expect_eq(byte_of_file(file, 0), 2);
	expect_pages(mm, 0, 1, 0, 0);
	end_space(mm);
	vmalock_file_put(file);
}

static void shared_anonymous_memory_is_minor_counts_as_shmem_and_outlives_a_fork(void)
{
	vmalock_mm *mm = space_of(NULL), *child;

	map_shared_anonymous(mm, 0, 4);
	expect_eq(fault_at(mm, 0, VMALOCK_READ), MINOR);
	expect_eq(fault_at(mm, 1, VMALOCK_WRITE), MINOR);
	write_byte(mm, 1, 3);
	expect_pages(mm, 0, 0, 2, 0);
	child = fork_of(mm);
	expect_pages(child, 0, 0, 0, 0); /* comes back by faults */
	expect_eq(read_byte(child, 1), 3);
	write_byte(child, 2, 4);
	expect_eq(read_byte(mm, 2), 4);
	drop_pages(mm, 0, 4);
	expect_eq(read_byte(mm, 2), 4);
	end_space(mm);
	expect_eq(read_byte(child, 1), 3);
	end_space(child);
}

static void beyond_the_end_of_the_file_is_sigbus_until_the_file_grows(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_file *file = file_with(1, 0x41, 0);
	uint8_t byte = 0;

	expect_eq(vmalock_file_write(file, P, "ab", 2), 0);
	map_file(mm, file, 0, 4, RW, PRIVATE);
	expect_eq(read_byte(mm, 1), 'a');
	expect_eq(vmalock_mm_read(mm, page(1) + 2, &byte, 1, NULL), 0);
	expect_eq(byte, 0);
	for (int access = VMALOCK_READ; access <= VMALOCK_WRITE; access++)
		expect_eq(fault_at(mm, 2, (enum vmalock_access)access), VMALOCK_FAULT_SIGBUS);
	expect_eq(vmalock_mm_read(mm, page(2), &byte, 1, NULL), (uint64_t)VMALOCK_SIGBUS);
	expect_eq(fault_at(mm, 2, VMALOCK_EXEC),
		  VMALOCK_FAULT_SIGBUS); /* x86: what may be executed is asked only of a page */
	expect_eq(fault_at(mm, 1, VMALOCK_EXEC), VMALOCK_FAULT_SIGSEGV_ACCERR);
	expect_eq(vmalock_file_write(file, 3 * P - 1, "z", 1), 0);
	expect_eq(fault_at(mm, 2, VMALOCK_WRITE), MINOR | COW); /* the write has made the page */
	expect_eq(fault_at(mm, 3, VMALOCK_WRITE), VMALOCK_FAULT_SIGBUS);
	expect_eq(read_byte(mm, 2), 0x41);
	end_space(mm);
	vmalock_file_put(file);
}

static void a_mapping_with_an_offset_shows_that_part_of_the_file_also_after_it_moved_and_split(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_file *file = file_with(8, 0, 0);
	uint64_t at;

	for (uint8_t i = 0; i < 8; i++)
		expect_eq(vmalock_file_write(file, i * P, &i, 1), 0);
	expect_eq(vmalock_mm_map(mm, page(0), 4 * P, RW, PRIVATE | VMALOCK_MAP_FIXED, file, 3 * P, &at), 0);
	expect_eq(read_byte(mm, 1), 4);
	expect_eq(vmalock_mm_remap(mm, page(0), 4 * P, 4 * P, 3, page(12), &at), 0);
	expect_eq(read_byte(mm, 12), 3);
	expect_eq(vmalock_mm_unmap(mm, page(13), P), 0);
	expect_eq(read_byte(mm, 14), 5);
	expect_eq(read_byte(mm, 15), 6);
	end_space(mm);
	vmalock_file_put(file);
}

/* --- under the VMA lock, era by era ------------------------------------------------------------------------------- */

static void file_faults_take_the_vma_lock_from_6_7_on_and_6_6_sends_them_back(void)
{
	const struct {
		enum vmalock_faults era;
		uint32_t how;
		uint64_t kind, retry;
	} eras[] = {
		{ VMALOCK_FAULTS_RFC, 0, 1, 0 },
		{ VMALOCK_FAULTS_LINUX_6_4, 0, 1, 0 },
		{ VMALOCK_FAULTS_LINUX_6_6, VMALOCK_FAULT_RETRIED, 0, 1 },
		{ VMALOCK_FAULTS_LINUX_6_7, VMALOCK_FAULT_VMA_LOCK, 0, 0 },
		{ VMALOCK_FAULTS_LINUX_6_18, VMALOCK_FAULT_VMA_LOCK, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(eras) / sizeof(eras[0]); i++) {
		vmalock_mm *mm = space_with(eras[i].era, VMALOCK_BACKING_MEMORY, 16);
		vmalock_file *file = file_with(4, 0, 0);

		map_file(mm, file, 0, 4, RW, SHARED);
		expect_eq(vmalock_mm_fault(mm, page(0), VMALOCK_READ), MAJOR | eras[i].how);
		expect_eq(stats_of(mm).abort_vma_kind, eras[i].kind);
		expect_eq(stats_of(mm).retry_file, eras[i].retry);
		expect_eq(vmalock_mm_fault(mm, page(0), VMALOCK_WRITE), MINOR | eras[i].how);
		expect_eq(stats_of(mm).retry_file, 2 * eras[i].retry);
		end_space(mm);
		vmalock_file_put(file);
	}
}

/* What is sent back is a page of the file: a copy of it is memory like any other. */
static void a_private_copy_is_written_under_the_vma_lock_in_6_6(void)
{
	vmalock_mm *mm = space_with(VMALOCK_FAULTS_LINUX_6_6, VMALOCK_BACKING_MEMORY, 16), *child;
	vmalock_file *file = file_with(4, 1, 0);

	map_file(mm, file, 0, 4, RW, PRIVATE);
	write_byte(mm, 0, 1);
	expect_eq(vmalock_mm_fork(mm, &child), 0); /* takes the right to write away */
	end_space(child);
	expect_eq(vmalock_mm_fault(mm, page(0), VMALOCK_WRITE), MINOR | COW | VMALOCK_FAULT_VMA_LOCK);
	end_space(mm);
	vmalock_file_put(file);
}

static void a_private_copy_under_the_vma_lock_wants_an_anon_first(void)
{
	vmalock_mm *mm = space_with(VMALOCK_FAULTS_LINUX_6_7, VMALOCK_BACKING_MEMORY, 16);
	vmalock_file *file = file_with(4, 1, 0);

	map_file(mm, file, 0, 4, RW, PRIVATE);
	expect_eq(vmalock_mm_fault(mm, page(0), VMALOCK_WRITE), MAJOR | COW | VMALOCK_FAULT_RETRIED);
	expect_eq(stats_of(mm).retry_anon_vma, 1);
	expect_eq(vmalock_mm_fault(mm, page(1), VMALOCK_READ), MAJOR | VMALOCK_FAULT_VMA_LOCK);
	expect_eq(vmalock_mm_fault(mm, page(1), VMALOCK_WRITE), MINOR | COW | VMALOCK_FAULT_VMA_LOCK);
	end_space(mm);
	vmalock_file_put(file);
}

/* --- no bytes ----------------------------------------------------------------------------------------------------- */

static void pages_of_a_counted_file_read_as_zeros_drop_writes_and_copy_into_real_frames(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_file *file = file_with(8, 0x41, 1);

	map_file(mm, file, 0, 4, RW, SHARED);
	map_file(mm, file, 4, 4, RW, PRIVATE);
	expect_eq(fault_at(mm, 0, VMALOCK_WRITE), MAJOR);
	write_byte(mm, 0, 5);
	expect_eq(read_byte(mm, 0), 0);
	expect_eq(fault_at(mm, 5, VMALOCK_READ), MAJOR);
	write_byte(mm, 5, 6);
	expect_eq(read_byte(mm, 5), 6);
	expect_eq(read_byte(mm, 6), 0);
	expect_pages(mm, 1, 3, 0, 1); /* the read of the sixth mapped the fifth, which the file had */
	end_space(mm);
	vmalock_file_put(file);
}

static void a_space_without_backing_maps_real_files_and_reads_zeros(void)
{
	vmalock_mm *mm = space_with(VMALOCK_FAULTS_RFC, VMALOCK_BACKING_NONE, 16);
	vmalock_file *file = file_with(4, 0x41, 0);

	map_file(mm, file, 0, 4, RW, PRIVATE);
	map_file(mm, file, 4, 4, RW, SHARED);
	expect_eq(read_byte(mm, 0), 0);
	write_byte(mm, 1, 1);
	write_byte(mm, 5, 1);
	expect_eq(byte_of_file(file, P), 0x41);
	expect_pages(mm, 1, 2, 0, 1);
	end_space(mm);
	vmalock_file_put(file);
}

static const struct test_case cases[] = {
	CASE(the_first_touch_of_a_files_page_is_major_and_later_ones_are_minor),
	CASE(a_private_write_copies_and_the_file_never_knows),
	CASE(a_copy_has_all_bytes_of_its_page),
	CASE(a_shared_write_is_seen_by_the_file_and_by_every_mapping),
	CASE(a_shared_page_that_lost_its_write_bit_is_never_copied),
	CASE(shared_anonymous_memory_is_minor_counts_as_shmem_and_outlives_a_fork),
	CASE(beyond_the_end_of_the_file_is_sigbus_until_the_file_grows),
	CASE(a_mapping_with_an_offset_shows_that_part_of_the_file_also_after_it_moved_and_split),
	CASE(file_faults_take_the_vma_lock_from_6_7_on_and_6_6_sends_them_back),
	CASE(a_private_copy_is_written_under_the_vma_lock_in_6_6),
	CASE(a_private_copy_under_the_vma_lock_wants_an_anon_first),
	CASE(pages_of_a_counted_file_read_as_zeros_drop_writes_and_copy_into_real_frames),
	CASE(a_space_without_backing_maps_real_files_and_reads_zeros),
};
TEST_MAIN(cases)
