/*
 * truncate_test.c - files that lose pages: who sees it, what stays, what is read when the file grows again
 */
#include "../fault/faulting.h"

#include "base/alloc.h"
#include "ops/advise.h"
#include "sync/rcu.h"

#define SHARED VMALOCK_MAP_SHARED
#define PRIVATE VMALOCK_MAP_PRIVATE

static void truncate_to(vmalock_file *file, uint64_t length)
{
	expect_eq(vmalock_file_truncate(file, length), 0);
	expect_eq(vmalock_file_length(file), length);
}

static void put_byte(vmalock_file *file, uint64_t offset, uint8_t value)
{
	expect_eq(vmalock_file_write(file, offset, &value, 1), 0);
}

static void shrinking_takes_pages_from_every_mapping_in_every_space_and_private_copies_too(void)
{
	vmalock_mm *mm = space_of(NULL), *other = space_of(NULL);
	vmalock_file *file = file_with(8, 0x41, 0);

	map_file(mm, file, 0, 8, RW, SHARED);
	map_file(mm, file, 10, 8, RW, PRIVATE);
	map_file(other, file, 0, 8, RO, SHARED);
	for (uint64_t n = 0; n < 8; n++) {
		write_byte(mm, n, 1);
		write_byte(mm, 10 + n, 2); /* a copy each */
		read_byte(other, n);
	}
	expect_pages(mm, 8, 8, 0, 8);
	truncate_to(file, 3 * P);
	expect_pages(mm, 3, 3, 0, 3);
	expect_pages(other, 0, 3, 0, 0);
	expect_eq(fault_at(mm, 3, VMALOCK_READ), VMALOCK_FAULT_SIGBUS);
	expect_eq(fault_at(mm, 13, VMALOCK_WRITE), VMALOCK_FAULT_SIGBUS);
	expect_eq(fault_at(other, 7, VMALOCK_READ), VMALOCK_FAULT_SIGBUS);
	expect_eq(fault_at(other, 7, VMALOCK_WRITE), VMALOCK_FAULT_SIGSEGV_ACCERR); /* it wins */
	expect_eq(read_byte(mm, 2), 1);
	expect_eq(read_byte(mm, 12), 2);
	end_space(mm);
	end_space(other);
	vmalock_file_put(file);
}

static void what_was_cut_off_reads_zero_when_the_file_grows_again(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_file *file = file_with(4, 0x41, 0);

	map_file(mm, file, 0, 6, RW, SHARED);
	expect_eq(read_byte(mm, 1), 0x41); /* page 1 is touched, page 0 is not */
	truncate_to(file, P + 100);
	expect_eq(byte_of_file(file, P + 99), 0x41);
	truncate_to(file, 6 * P);
	expect_eq(byte_of_file(file, P + 99), 0x41);
	expect_eq(byte_of_file(file, P + 100), 0);
	expect_eq(byte_of_file(file, 2 * P), 0);
	expect_eq(read_byte(mm, 2), 0);
	expect_eq(read_byte(mm, 5), 0);
	truncate_to(file, 10); /* in a page that nobody has touched */
	truncate_to(file, P);
	expect_eq(byte_of_file(file, 9), 0x41);
	expect_eq(byte_of_file(file, 10), 0);
	expect_eq(read_byte(mm, 0), 0x41);
	end_space(mm);
	vmalock_file_put(file);
}

/* Linux zeroes the tail of the page in the file, which shared mappings see; a private copy keeps what it has. */
static void the_tail_of_the_last_page_is_zeroed_where_it_is_shared(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_file *file = file_with(2, 0x41, 0);
	uint8_t value;

	map_file(mm, file, 0, 2, RW, SHARED);
	map_file(mm, file, 4, 2, RW, PRIVATE);
	write_byte(mm, 0, 1);
	write_byte(mm, 4, 2);
	truncate_to(file, 100);
	expect_eq(vmalock_mm_read(mm, page(0) + 100, &value, 1, NULL), 0);
	expect_eq(value, 0);
	expect_eq(vmalock_mm_read(mm, page(4) + 100, &value, 1, NULL), 0);
	expect_eq(value, 0x41);
	expect_pages(mm, 1, 1, 0, 1);
	end_space(mm);
	vmalock_file_put(file);
}

static void a_hole_takes_the_files_pages_and_leaves_private_copies(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_file *file = file_with(6, 0x41, 0);
	uint8_t there[6];

	map_file(mm, file, 0, 6, RW, SHARED);
	map_file(mm, file, 10, 6, RW, PRIVATE);
	for (uint64_t n = 0; n < 6; n++)
		write_byte(mm, n, (uint8_t)(n + 1));
	write_byte(mm, 12, 9);
	expect_eq(read_byte(mm, 13), 4); /* the file's own page, by the private mapping, and those around it */
	expect_pages(mm, 1, 11, 0, 1);
	expect_eq(vmalock_file_punch_hole(file, P + 50, 3 * P + 10), 0); /* pages 2 and 3 whole */
	expect_pages(mm, 1, 8, 0, 1);
	expect_eq(read_byte(mm, 1), 2);
	expect_eq(byte_of_file(file, P + 49), 0x41);
	expect_eq(byte_of_file(file, P + 50), 0);
	expect_eq(byte_of_file(file, 4 * P), 0);
	expect_eq(byte_of_file(file, 4 * P + 59), 0);
	expect_eq(byte_of_file(file, 4 * P + 60), 0x41);
	expect_eq(vmalock_mm_mincore(mm, page(0), 6 * P, there), 0);
	expect(!memcmp(there, "\1\1\0\0\1\1", 6));
	expect_eq(read_byte(mm, 12), 9);
	expect_eq(read_byte(mm, 13), 0);
	expect_eq(read_byte(mm, 3), 0);
	expect_eq(vmalock_file_length(file), 6 * P);
	end_space(mm);
	vmalock_file_put(file);
}

/* Far from every page, and page by page: what reads 0 is remembered as ranges, joined where they touch. */
static void holes_of_a_file_with_a_fill_byte_are_told_apart(void)
{
	vmalock_file *file = file_with(UINT64_C(1) << 30, 0x41, 0);
	static const uint8_t order[] = { 9, 3, 5, 7, 1, 4, 12, 2, 11, 15, 8, 17, 19, 21 };
	bool cut[24] = { 0 };

	expect_eq(vmalock_file_punch_hole(file, UINT64_C(100) << 30, UINT64_C(1) << 40), 0);
	for (size_t i = 0; i < sizeof(order); i++) {
		expect_eq(vmalock_file_punch_hole(file, order[i] * 10, 10), 0);
		cut[order[i]] = true;
		for (uint64_t n = 0; n < 240; n++)
			expect_eq(byte_of_file(file, n), cut[n / 10] ? 0 : 0x41);
	}
	expect_eq(byte_of_file(file, (UINT64_C(100) << 30) - 1), 0x41);
	expect_eq(byte_of_file(file, UINT64_C(100) << 30), 0);
	vmalock_file_put(file);
}

static void madv_remove_punches_shared_memory_and_refuses_as_linux_does(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_file *file = file_with(8, 0x41, 0);
	struct vmalock_file_options options = { .length = 8 * P, .mode = VMALOCK_FILE_RDONLY };
	vmalock_file *readonly;
	uint64_t at;

	expect_eq(vmalock_file_create(&options, &readonly), 0);
	map_file(mm, file, 0, 4, RW, SHARED);
	map_file(mm, file, 4, 2, RW, PRIVATE);
	map_at(mm, 6, 2, RW);
	map_shared_anonymous(mm, 8, 2);
	map_file(mm, readonly, 10, 2, RO, SHARED);
	map_file(mm, file, 12, 2, RO, SHARED); /* not writable, but it could be */
	for (uint64_t n = 0; n < 10; n++)
		write_byte(mm, n, 7);
	expect_eq(vmalock_mm_advise(mm, page(1), 2 * P, MADV_IS_REMOVE), 0);
	expect_eq(vmalock_mm_advise(mm, page(4), P, MADV_IS_REMOVE), VMALOCK_EACCES);
	expect_eq(vmalock_mm_advise(mm, page(6), P, MADV_IS_REMOVE), VMALOCK_EINVAL);
	expect_eq(vmalock_mm_advise(mm, page(8), P, MADV_IS_REMOVE), 0);
	expect_eq(vmalock_mm_advise(mm, page(10), P, MADV_IS_REMOVE), VMALOCK_EACCES);
	expect_eq(vmalock_mm_advise(mm, page(12), P, MADV_IS_REMOVE), 0);
	expect_eq(read_byte(mm, 0), 0); /* page 12 is the file's page 0 as well */
	expect_eq(read_byte(mm, 1), 0);
	expect_eq(read_byte(mm, 3), 7);
	expect_eq(read_byte(mm, 4), 7);
	expect_eq(read_byte(mm, 8), 0);
	expect_eq(read_byte(mm, 9), 7);
	expect_eq(vmalock_mm_mlock(mm, page(3), P, 0), 0);
	expect_eq(vmalock_mm_advise(mm, page(3), P, MADV_IS_REMOVE), VMALOCK_EINVAL);
	/* A hole of the address space: the rest is removed all the same. */
	expect_eq(vmalock_mm_unmap(mm, page(1), P), 0);
	write_byte(mm, 2, 8);
	expect_eq(vmalock_mm_advise(mm, page(0), 3 * P, MADV_IS_REMOVE), VMALOCK_ENOMEM);
	expect_eq(read_byte(mm, 2), 0);
	/* Beyond the largest offset of a file: mmap refuses that, mremap does not look. */
	expect_eq(
		vmalock_mm_map(mm, page(20), P, RW, SHARED | VMALOCK_MAP_FIXED, file, (UINT64_C(1) << 63) - 2 * P, &at),
		0);
	expect_eq(vmalock_mm_remap(mm, page(20), P, 2 * P, 0, 0, &at), 0);
	expect_eq(vmalock_mm_advise(mm, page(21), P, MADV_IS_REMOVE), VMALOCK_EFBIG);
	end_space(mm);
	vmalock_file_put(readonly);
	vmalock_file_put(file);
}

static void requests_that_ftruncate_and_fallocate_refuse(void)
{
	vmalock_file *file = file_with(2, 0, 0);
	struct vmalock_file_options options = { .length = P, .mode = VMALOCK_FILE_RDONLY };
	vmalock_file *readonly;
	uint64_t most = INT64_MAX;

	expect_eq(vmalock_file_create(&options, &readonly), 0);
	expect_eq(vmalock_file_truncate(file, most + 1), VMALOCK_EINVAL);
	expect_eq(vmalock_file_truncate(readonly, 0), VMALOCK_EINVAL);
	expect_eq(vmalock_file_punch_hole(file, 0, 0), VMALOCK_EINVAL);
	expect_eq(vmalock_file_punch_hole(file, most + 1, 1), VMALOCK_EINVAL);
	expect_eq(vmalock_file_punch_hole(file, 0, most + 1), VMALOCK_EINVAL);
	expect_eq(vmalock_file_punch_hole(file, most, 1), VMALOCK_EFBIG);
	expect_eq(vmalock_file_punch_hole(readonly, 0, P), VMALOCK_EBADF);
	truncate_to(file, most);
	expect_eq(vmalock_file_punch_hole(file, most - 1, 1), 0);
	truncate_to(file, 0);
	put_byte(file, 3, 4);
	expect_eq(byte_of_file(file, 2), 0);
	vmalock_file_put(file);
	vmalock_file_put(readonly);
}

/* Each of these moves a mapping of the file about; after each a truncation must still find the page. */
static void mappings_are_found_wherever_they_have_gone(void)
{
	static const char *const ways[] = { "stay", "split", "merge", "move", "trim", "fork", "remap" };

	for (size_t way = 0; way < sizeof(ways) / sizeof(ways[0]); way++) {
		vmalock_mm *mm = space_of(NULL), *child = NULL;
		vmalock_file *file = file_with(8, 0x41, 0);
		uint64_t n = 7, at;

		map_file(mm, file, 0, 8, RW, PRIVATE);
		write_byte(mm, 7, 1);
		switch (way) {
		case 1:
			expect_eq(vmalock_mm_protect(mm, page(4), 4 * P, RO), 0);
			break;
		case 2:
			expect_eq(vmalock_mm_protect(mm, page(4), 4 * P, RO), 0);
			expect_eq(vmalock_mm_protect(mm, page(0), 4 * P, RO), 0);
			expect_drawing(mm, "AAAAAAAA");
			break;
		case 3:
			expect_eq(vmalock_mm_remap(mm, page(6), 2 * P, 2 * P, 3, page(12), &at), 0);
			n = 13;
			break;
		case 4:
			expect_eq(vmalock_mm_unmap(mm, page(0), 7 * P), 0);
			break;
		case 5:
			child = fork_of(mm);
			break;
		case 6:
			expect_eq(vmalock_mm_unmap(mm, page(0), 8 * P), 0);
			map_file(mm, file, 0, 8, RW, SHARED);
			expect_eq(vmalock_mm_remap_file_pages(mm, page(0), P, 0, 7, 0), 0);
			n = 0;
			break;
		}
		truncate_to(file, 7 * P);
		expect_eq(fault_at(mm, n, VMALOCK_READ), VMALOCK_FAULT_SIGBUS);
		expect_eq(status_of(mm).rss_anon, 0);
		if (child) {
			expect_eq(fault_at(child, n, VMALOCK_READ), VMALOCK_FAULT_SIGBUS);
			expect_eq(status_of(child).rss_anon, 0);
			end_space(child);
		}
		end_space(mm);
		vmalock_file_put(file);
	}
}

/* Pages go back to the host, not only from sight. */
static void pages_that_were_cut_are_freed(void)
{
	vmalock_file *file = file_with(64, 0, 0);
	int64_t before = 0;

	for (uint64_t round = 0; round < 3; round++) {
		for (uint64_t n = 0; n < 64; n++)
			put_byte(file, n * P, 1);
		rcu_wait_for_batches();
		if (round == 0)
			before = alloc_live();
		expect_eq(vmalock_file_truncate(file, P), 0);
		rcu_wait_for_batches();
		expect_eq(alloc_live(), before - 2 * 63); /* a page is its bytes and a few words */
	}
	vmalock_file_put(file);
}

static void counted_files_and_spaces_lose_pages_as_well(void)
{
	vmalock_mm *mm = space_with(VMALOCK_FAULTS_LINUX_6_18, VMALOCK_BACKING_NONE, 64);
	vmalock_file *file = file_with(4, 0x41, 1);

	map_file(mm, file, 0, 4, RW, PRIVATE);
	write_byte(mm, 3, 1);
	read_byte(mm, 2);
	expect_pages(mm, 1, 1, 0, 1);
	truncate_to(file, P + 1);
	expect_pages(mm, 0, 0, 0, 0);
	expect_eq(fault_at(mm, 2, VMALOCK_READ), VMALOCK_FAULT_SIGBUS);
	expect_eq(fault_at(mm, 1, VMALOCK_READ), MAJOR);
	end_space(mm);
	vmalock_file_put(file);
}

static void without_host_memory_nothing_is_cut(void)
{
	vmalock_file *file = file_with(4, 0x41, 0);

	alloc_fail_after(1);
	expect_eq(vmalock_file_truncate(file, P), VMALOCK_ENOMEM);
	expect(alloc_failure_happened());
	alloc_fail_after(1);
	expect_eq(vmalock_file_punch_hole(file, 0, P), VMALOCK_ENOMEM);
	alloc_fail_after(0);
	expect_eq(vmalock_file_length(file), 4 * P);
	expect_eq(byte_of_file(file, 0), 0x41);
	/* The pages of a cut go even if the host cannot give memory to ask for a grace period. */
	put_byte(file, 0, 1);
	expect_eq(vmalock_file_truncate(file, 2 * P), 0);
	alloc_fail_after(1);
	expect_eq(vmalock_file_truncate(file, 0), 0);
	alloc_fail_after(0);
	vmalock_file_put(file);
}

/* Without memory to ask for a grace period they stay where they gathered, at the latest until nobody has the file. */
static void pages_whose_freeing_found_no_memory_go_with_their_file(void)
{
	int64_t before = alloc_live();
	vmalock_file *file = file_with(4, 0, 0);

	expect_eq(vmalock_file_write(file, P, "x", 1), 0);
	alloc_fail_after(1);
	expect_eq(vmalock_file_truncate(file, 0), 0);
	expect(alloc_failure_happened());
	alloc_fail_after(0);
	expect(alloc_live() > before);
	vmalock_file_put(file);
	expect_eq(alloc_live(), before);
}

static const struct test_case cases[] = {
	CASE(shrinking_takes_pages_from_every_mapping_in_every_space_and_private_copies_too),
	CASE(what_was_cut_off_reads_zero_when_the_file_grows_again),
	CASE(the_tail_of_the_last_page_is_zeroed_where_it_is_shared),
	CASE(a_hole_takes_the_files_pages_and_leaves_private_copies),
	CASE(holes_of_a_file_with_a_fill_byte_are_told_apart),
	CASE(madv_remove_punches_shared_memory_and_refuses_as_linux_does),
	CASE(requests_that_ftruncate_and_fallocate_refuse),
	CASE(mappings_are_found_wherever_they_have_gone),
	CASE(pages_that_were_cut_are_freed),
	CASE(counted_files_and_spaces_lose_pages_as_well),
	CASE(without_host_memory_nothing_is_cut),
	CASE(pages_whose_freeing_found_no_memory_go_with_their_file),
};

TEST_MAIN(cases)
