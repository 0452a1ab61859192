/*
 * writeback_test.c - which pages of a file are dirty, and how they become clean: vmalock_file_sync(), msync
 */
#include "../fault/faulting.h"

#include "ops/advise.h"
#include "support/observing.h"
#include "support/racing.h"
#include "support/resolving.h"

#define SHARED VMALOCK_MAP_SHARED
#define PRIVATE VMALOCK_MAP_PRIVATE
#define ALL UINT64_MAX

static vmalock_file *file_of_disk(uint64_t pages)
{
	struct vmalock_file_options options = { .length = pages * P, .written_back = 1 };
	vmalock_file *file;

	expect_eq(vmalock_file_create(&options, &file), 0);
	return file;
}

static vmalock_file *file_of_memory(uint64_t pages)
{
	struct vmalock_file_options options = { .length = pages * P };
	vmalock_file *file;

	expect_eq(vmalock_file_create(&options, &file), 0);
	return file;
}

/* @pages: their numbers, each one digit. */
static void expect_dirty(vmalock_file *file, const char *pages)
{
	uint64_t found[16];
	size_t count = vmalock_file_dirty_pages(file, 0, found, 16);

	expect_eq(count, strlen(pages));
	for (size_t i = 0; i < count; i++)
		expect_eq(found[i], (uint64_t)(pages[i] - '0'));
}

static void a_page_is_dirty_from_the_fault_that_lets_it_be_written(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_file *file = file_with(8, 0x41, 0);

	map_file(mm, file, 0, 8, RW, SHARED);
	map_file(mm, file, 10, 8, RW, PRIVATE);
	expect_dirty(file, "");
	read_byte(mm, 1);
	write_byte(mm, 12, 1); /* a copy of page 2 */
	expect_dirty(file, "");
	write_byte(mm, 3, 1);
	write_byte(mm, 1, 1); /* by now it is there, and may not be written */
	expect_eq(fault_at(mm, 5, VMALOCK_WRITE), MAJOR);
	expect_dirty(file, "135");
	expect_eq(vmalock_file_write(file, 6 * P + 10, "x", 1), 0);
	expect_dirty(file, "1356");
	expect_eq(vmalock_file_truncate(file, 3 * P + 5), 0); /* page 3 has zeros from there on */
	expect_dirty(file, "13");
	end_space(mm);
	expect_dirty(file, "13");
	vmalock_file_put(file);
}

static void what_was_written_back_is_clean_in_every_mapping(void)
{
	vmalock_mm *mm = space_of(NULL), *other = space_of(NULL);
	vmalock_file *file = file_with(4, 0, 0);
	struct recorder recorder;

	map_file(mm, file, 0, 4, RW, SHARED);
	map_file(other, file, 20, 4, RW, SHARED);
	for (uint64_t n = 0; n < 4; n++) {
		write_byte(mm, n, (uint8_t)(n + 1));
		write_byte(other, 20 + n, (uint8_t)(n + 1));
	}
	observe(other, &recorder);
	expect_eq(vmalock_file_sync(file, P + 1, P), 2); /* a byte of page 1, and of page 2 */
	expect_told(&recorder, 0, 21, 2, VMALOCK_INVALIDATE_PROTECT);
	expect_dirty(file, "03");
	expect_valid(mm);
	expect_valid(other);
	expect_eq(vmalock_file_sync(file, P, 2 * P), 0);
	expect_eq(vmalock_file_sync(file, 100, 0), 0); /* nothing, also amid a dirty page */
	expect_dirty(file, "03");
	expect_told_times(&recorder, 1);
	expect_eq(read_byte(mm, 2), 3);
	expect_dirty(file, "03");
	write_byte(other, 22, 7);
	expect_dirty(file, "023");
	write_byte(mm, 0, 9); /* dirty already, and no fault */
	expect_eq(vmalock_file_sync(file, 0, ALL), 3);
	expect_dirty(file, "");
	write_byte(mm, 1, 9);
	expect_dirty(file, "1");
	vmalock_mm_unobserve(other, recorder.observation);
	end_space(mm);
	end_space(other);
	vmalock_file_put(file);
}

static void a_userfaultfd_that_lets_a_page_be_written_makes_it_dirty(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_file *file = memory_file_with(4, 0, 0);
	vmalock_uffd *uffd = uffd_with(mm, 0);

	faults_return();
	map_file(mm, file, 0, 4, RW, SHARED);
	read_byte(mm, 1);
	drop_pages(mm, 1, 1);
	expect_eq(register_pages(uffd, 0, 4, MISSING | MINOR_MODE), 0);
	expect_dirty(file, "");
	expect_eq(vmalock_uffd_continue(uffd, page(1), P, VMALOCK_UFFD_COPY_WP, NULL), VMALOCK_EINVAL);
	expect_eq(vmalock_uffd_continue(uffd, page(1), P, 0, NULL), 0);
	expect_dirty(file, "1");
	expect_eq(copy_pages(uffd, 2, 1, 9, 0, 1), 0);
	expect_dirty(file, "12");
	expect_valid(mm);
	vmalock_uffd_put(uffd);
	end_space(mm);
	vmalock_file_put(file);
}

static void what_a_longer_file_fills_its_last_page_with_is_dirty(void)
{
	struct vmalock_file_options options = { .length = 5, .fill = 0x41 };
	vmalock_file *file;
	vmalock_mm *mm = space_of(NULL);

	expect_eq(vmalock_file_create(&options, &file), 0);
	map_file(mm, file, 0, 1, RO, SHARED);
	expect_eq(read_byte(mm, 0), 0x41);
	expect_dirty(file, "");
	expect_eq(vmalock_file_write(file, 2 * P, "x", 1), 0);
	expect_dirty(file, "02");
	end_space(mm);
	vmalock_file_put(file);
}

static void pages_that_only_count_are_marked_too(void)
{
	vmalock_file *file = file_with(4, 0, 1);

	expect_eq(vmalock_file_write(file, P, "x", 1), 0);
	expect_dirty(file, "1");
	expect_eq(vmalock_file_sync(file, 0, ALL), 1);
	vmalock_file_put(file);
}

static void msync_writes_files_of_a_disk_back(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_file *disk = file_of_disk(4), *memory = file_of_memory(4);

	map_file(mm, disk, 0, 4, RW, SHARED);
	map_file(mm, memory, 4, 4, RW, SHARED);
	map_file(mm, disk, 10, 4, RW, PRIVATE);
	for (uint64_t n = 0; n < 8; n++)
		write_byte(mm, n, 1);
	expect_eq(vmalock_mm_msync(mm, page(1), 6 * P, VMALOCK_MS_ASYNC), 0);
	expect_eq(vmalock_mm_msync(mm, page(10), 4 * P, VMALOCK_MS_SYNC), 0);
	expect_dirty(disk, "0123");
	expect_eq(vmalock_mm_msync(mm, page(1), 6 * P, VMALOCK_MS_SYNC), 0);
	expect_dirty(disk, "0");
	expect_dirty(memory, "0123");
	write_byte(mm, 2, 2);
	expect_dirty(disk, "02");
	end_space(mm);
	vmalock_file_put(disk);
	vmalock_file_put(memory);
}

/* In the middle of a range of holes the part that is mapped is written back all the same. */
static void msync_over_a_hole_writes_back_and_says_so(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_file *file = file_of_disk(4);

	map_file(mm, file, 2, 4, RW, SHARED);
	write_byte(mm, 3, 1);
	expect_eq(vmalock_mm_msync(mm, page(0), 4 * P, VMALOCK_MS_SYNC), VMALOCK_ENOMEM);
	expect_dirty(file, "");
	end_space(mm);
	vmalock_file_put(file);
}

struct syncer {
	struct sync_thread thread;
	vmalock_file *file;
	uint64_t count;
};

static void syncer_run(void *arg)
{
	struct syncer *s = arg;

	s->count = vmalock_file_sync(s->file, 0, ALL);
}

/* The marks have gone and the entries still may be written; meanwhile @n is written for the first time, or again. */
static void expect_no_store_is_lost(bool again, bool keeps_mark)
{
	vmalock_mm *mm = space_of("per-vma");
	vmalock_file *file = file_with(4, 0, 0);
	struct syncer syncer = { .file = file };
	uint8_t byte;

	map_file(mm, file, 0, 4, RW, SHARED);
	write_byte(mm, 0, 1);
	if (again)
		write_byte(mm, 2, 1);
	syncpoint_arm("writeback-took-marks");
	expect_eq(sync_thread_start(&syncer.thread, syncer_run, &syncer), 0);
	syncpoint_wait_parked("writeback-took-marks");
	write_byte(mm, 2, 2);
	syncpoint_release("writeback-took-marks");
	sync_thread_join(&syncer.thread);
	expect_eq(syncer.count, again ? 2 : 1);
	expect_valid(mm);
	expect_dirty(file, keeps_mark ? "2" : ""); /* without: who reads the file now reads that store, too */
	expect_eq(vmalock_file_read(file, 2 * P, &byte, 1), 1);
	expect_eq(byte, 2);
	write_byte(mm, 2, 3);
	expect_dirty(file, "2");
	end_space(mm);
	vmalock_file_put(file);
}

static void a_store_beside_it_is_written_back_or_leaves_the_page_dirty(void)
{
	expect_no_store_is_lost(false, true);
	expect_no_store_is_lost(true, false);
}

static void fault_in_page_1(void *arg)
{
	expect_eq(vmalock_mm_fault(arg, page(1), VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME & ~(uint32_t)MAJOR, MINOR);
}

/*
 * Whoever lets a page be written marks it under the lock of its table. Marked before that, the mark could be taken away while the entry may
 * not be written yet, and it would be writable ever after and nobody know.
 */
static void expect_mark_and_right_come_together(bool there)
{
	vmalock_mm *mm = space_of("per-vma");
	vmalock_file *file = file_with(4, 0, 0);
	struct syncer syncer = { .file = file };
	struct sync_thread fault;

	map_file(mm, file, 0, 4, RW, SHARED);
	if (there)
		read_byte(mm, 1);
	syncpoint_arm("file-marked-dirty");
	expect_eq(sync_thread_start(&fault, fault_in_page_1, mm), 0);
	syncpoint_wait_parked("file-marked-dirty");
	expect_eq(sync_thread_start(&syncer.thread, syncer_run, &syncer), 0);
	sync_sleep_ns(20000000); /* by now it waits for the table */
	syncpoint_release("file-marked-dirty");
	sync_thread_join(&fault);
	sync_thread_join(&syncer.thread);
	expect_eq(syncer.count, 1);
	expect_valid(mm); /* no page may be written that is not marked */
	end_space(mm);
	vmalock_file_put(file);
}

static void a_page_is_marked_under_the_lock_under_which_it_becomes_writable(void)
{
	expect_mark_and_right_come_together(false);
	expect_mark_and_right_come_together(true);
}

static const struct test_case cases[] = {
	CASE(a_page_is_dirty_from_the_fault_that_lets_it_be_written),
	CASE(what_was_written_back_is_clean_in_every_mapping),
	CASE(a_userfaultfd_that_lets_a_page_be_written_makes_it_dirty),
	CASE(what_a_longer_file_fills_its_last_page_with_is_dirty),
	CASE(pages_that_only_count_are_marked_too),
	CASE(msync_writes_files_of_a_disk_back),
	CASE(msync_over_a_hole_writes_back_and_says_so),
	CASE(a_store_beside_it_is_written_back_or_leaves_the_page_dirty),
	CASE(a_page_is_marked_under_the_lock_under_which_it_becomes_writable),
};
TEST_MAIN(cases)
