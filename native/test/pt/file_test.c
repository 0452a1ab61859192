/*
 * file_test.c - pages of simulated files: made once, filled as they should be, sparse, never lost by a failure
 */
#include "pt/file.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/bits.h"
#include "base/random.h"
#include "pt/frame.h"
#include "test.h"

static struct vma_file *file_of(uint64_t length, uint8_t fill)
{
	struct vmalock_file_options options = { .length = length, .fill = fill, .name = "/data", .inode = 77 };
	struct vma_file *file;

	expect_eq(file_create(&options, &file), 0);
	return file;
}

static uint8_t *page_of(struct vma_file *file, uint64_t index)
{
	void *page;

	expect_eq(file_page(file, index, &page, NULL), 0);
	return page;
}

static void a_file_keeps_what_it_was_made_with_and_each_has_its_own_number(void)
{
	char name[] = "/tmp/x";
	struct vmalock_file_options options = { .length = 5, .name = name, .dev_major = 8, .dev_minor = 3 };
	struct vma_file *a, *b, *c;

	expect_eq(file_create(&options, &a), 0);
	name[5] = 'y';
	expect_eq(file_create(&options, &b), 0);
	expect_eq(file_create_shared_anonymous(3 * PAGE_SIZE, false, &c), 0);
	expect(strcmp(a->name, "/tmp/x") == 0 && strcmp(b->name, "/tmp/y") == 0);
	expect(strcmp(c->name, "/dev/zero (deleted)") == 0);
	expect(a->id && a->id != b->id && b->id != c->id && a->id != c->id);
	expect(a->inode && a->inode != b->inode && b->inode != c->inode);
	expect(!file_is_shmem(a) && file_is_shmem(c));
	expect_eq(file_length(a), 5);
	expect_eq(file_length(c), 3 * PAGE_SIZE);
	vma_file_put(a);
	vma_file_put(b);
	vma_file_put(c);
}

static void a_page_is_fresh_once_and_stays(void)
{
	struct vma_file *file = file_of(10 * PAGE_SIZE, 0x41);
	bool fresh = false;
	void *first, *second;

	expect(!file_page_is_present(file, 4));
	expect_eq(file_page(file, 4, &first, &fresh), 0);
	expect(fresh && file_page_is_present(file, 4) && !file_page_is_present(file, 5));
	((uint8_t *)first)[9] = 1;
	expect_eq(file_page(file, 4, &second, &fresh), 0);
	expect(!fresh && first == second);
	expect_eq(page_of(file, 4)[8], 0x41);
	expect_eq(page_of(file, 4)[9], 1);
	vma_file_put(file);
}

static void beyond_the_end_there_is_no_page_and_before_it_zeros_follow_the_last_byte(void)
{
	struct vma_file *file = file_of(PAGE_SIZE + 100, 0x41);
	void *page;

	expect_eq(file_page(file, 2, &page, NULL), (uint64_t)-EFAULT);
	expect_eq(file_page(file, UINT64_MAX >> PAGE_SHIFT, &page, NULL), (uint64_t)-EFAULT);
	expect_eq(page_of(file, 1)[99], 0x41);
	expect_eq(page_of(file, 1)[100], 0);
	expect_eq(page_of(file, 1)[PAGE_SIZE - 1], 0);
	expect_eq(page_of(file, 0)[PAGE_SIZE - 1], 0x41);
	vma_file_put(file);
}

static void a_file_of_no_length_has_no_page_and_one_of_the_greatest_has_its_last(void)
{
	struct vma_file *none = file_of(0, 1), *all = file_of(UINT64_MAX, 2);
	void *page;

	expect_eq(file_page(none, 0, &page, NULL), (uint64_t)-EFAULT);
	expect_eq(page_of(all, UINT64_MAX >> PAGE_SHIFT)[5], 2);
	expect_eq(page_of(all, 0)[5], 2);
	expect(!file_page_is_present(all, UINT64_C(1) << 40));
	vma_file_put(none);
	vma_file_put(all);
}

static void a_write_grows_the_file_and_the_gap_holds_the_fill_byte(void)
{
	struct vma_file *file = file_of(100, 0x41);
	uint8_t bytes[3 * PAGE_SIZE], back[20];

	expect_eq(page_of(file, 0)[100], 0); /* there before, with zeros after the end */
	memset(bytes, 0x42, sizeof(bytes));
	expect_eq(file_write(file, 5 * PAGE_SIZE + 50, bytes, sizeof(bytes)), 0);
	expect_eq(file_length(file), 8 * PAGE_SIZE + 50);
	expect_eq(page_of(file, 0)[100], 0x41);
	expect_eq(page_of(file, 0)[PAGE_SIZE - 1], 0x41);
	expect(!file_page_is_present(file, 3));
	expect_eq(page_of(file, 3)[0], 0x41);
	expect_eq(page_of(file, 5)[49], 0x41);
	expect_eq(page_of(file, 5)[50], 0x42);
	expect_eq(page_of(file, 8)[49], 0x42);
	expect_eq(page_of(file, 8)[50], 0);
	expect_eq(file_read(file, 8 * PAGE_SIZE + 40, back, sizeof(back)), 10);
	expect_eq(back[9], 0x42);
	expect_eq(file_read(file, 8 * PAGE_SIZE + 50, back, sizeof(back)), 0);
	expect_eq(file_read(file, UINT64_MAX, back, sizeof(back)), 0);
	expect_eq(file_write(file, UINT64_MAX - 1, bytes, 10), (uint64_t)-ENOMEM);
	vma_file_put(file);
}

/* Were the gap filled page by page this would never end. */
static void a_write_a_quadrillion_bytes_behind_the_end_is_as_cheap_as_any(void)
{
	struct vma_file *file = file_of(10, 0x41);
	uint64_t far = UINT64_C(1) << 50;

	expect_eq(file_write(file, far, "x", 1), 0);
	expect_eq(file_length(file), far + 1);
	expect_eq(page_of(file, far >> PAGE_SHIFT)[0], 'x');
	expect_eq(page_of(file, 0)[10], 0x41);
	expect_eq(page_of(file, (far >> PAGE_SHIFT) - 1)[0], 0x41);
	vma_file_put(file);
}

static void reading_makes_no_page(void)
{
	struct vma_file *file = file_of(2 * PAGE_SIZE, 9);
	uint8_t bytes[PAGE_SIZE + 8];

	expect_eq(file_read(file, 0, bytes, sizeof(bytes)), sizeof(bytes));
	expect(bytes[0] == 9 && bytes[PAGE_SIZE + 7] == 9);
	expect(!file_page_is_present(file, 0));
	vma_file_put(file);
}

static void counted_pages_are_there_without_bytes(void)
{
	struct vmalock_file_options options = { .length = 4 * PAGE_SIZE, .fill = 3, .counted_only = 1 };
	int64_t before = alloc_live();
	struct vma_file *file;
	uint8_t bytes[4] = { 1, 1, 1, 1 };
	bool fresh;
	void *page;

	expect_eq(file_create(&options, &file), 0);
	expect(file->name == NULL);
	expect_eq(file_page(file, 1, &page, &fresh), 0);
	expect(fresh && page == frame_zero_page());
	expect_eq(file_page(file, 1, &page, &fresh), 0);
	expect(!fresh && file_page_is_present(file, 1));
	expect_eq(file_write(file, 4 * PAGE_SIZE, bytes, 4), 0);
	expect_eq(file_length(file), 4 * PAGE_SIZE + 4);
	expect_eq(file_read(file, 4 * PAGE_SIZE, bytes, 4), 4);
	expect_eq(bytes[0], 3);
	vma_file_put(file);
	expect_eq(alloc_live(), before);
}

static void a_write_without_memory_changes_neither_bytes_nor_length(void)
{
	uint8_t bytes[3 * PAGE_SIZE], back[2 * PAGE_SIZE];
	int64_t before = alloc_live();
	uint64_t n = 1, refusals = 0;

	memset(bytes, 0x42, sizeof(bytes));
	for (bool done = false; !done; n++) {
		struct vma_file *file = file_of(PAGE_SIZE + 100, 0x41);
		int err;

		alloc_fail_after(n);
		err = file_write(file, PAGE_SIZE + 50, bytes, sizeof(bytes));
		done = !alloc_failure_happened();
		alloc_fail_after(0);
		if (done) {
			expect_eq(err, 0);
		} else {
			refusals++;
			expect_eq(err, (uint64_t)-ENOMEM);
			expect_eq(file_length(file), PAGE_SIZE + 100);
			expect_eq(file_read(file, 0, back, sizeof(back)), PAGE_SIZE + 100);
			expect(back[PAGE_SIZE + 50] == 0x41 && back[PAGE_SIZE + 99] == 0x41);
			/* What the failed write had made must not show when the file grows past it. */
			expect_eq(file_write(file, 6 * PAGE_SIZE, bytes, 1), 0);
			expect_eq(page_of(file, 1)[100], 0x41);
			expect_eq(page_of(file, 2)[0], 0x41);
			expect_eq(page_of(file, 4)[PAGE_SIZE - 1], 0x41);
		}
		vma_file_put(file);
	}
	expect(refusals >= 4);
	expect_eq(alloc_live(), before);
}

/* A file of 64 pages written at random against an array of bytes. */
static void random_writes_and_reads_agree_with_an_array(uint64_t seed)
{
	enum { SIZE = 64 * 4096 };
	struct random random = { seed };
	uint8_t *model = alloc_zeroed(SIZE), *buffer = alloc_zeroed(SIZE);
	struct vma_file *file = file_of(1234, 0x5a);
	uint64_t length = 1234;

	expect(model && buffer);
	memset(model, 0x5a, 1234);
	for (int turn = 0; turn < 500; turn++) {
		uint64_t offset = random_below(&random, SIZE - 1);
		uint64_t n = 1 + random_below(&random, min_u64(SIZE - offset, 20000));

		switch (random_below(&random, 3)) {
		case 0:
			memset(buffer, (int)random_below(&random, 256), n);
			expect_eq(file_write(file, offset, buffer, n), 0);
			if (offset > length)
				memset(model + length, 0x5a, offset - length);
			memcpy(model + offset, buffer, n);
			length = max_u64(length, offset + n);
			break;
		case 1: {
			uint64_t want = offset < length ? min_u64(n, length - offset) : 0;

			expect_eq(file_read(file, offset, buffer, n), want);
			expect(memcmp(buffer, model + offset, want) == 0);
			break;
		}
		default:
			if (offset >> PAGE_SHIFT < (length + PAGE_SIZE - 1) >> PAGE_SHIFT)
				expect(!memcmp(page_of(file, offset >> PAGE_SHIFT), model + page_down(offset),
					       PAGE_SIZE));
		}
		expect_eq(file_length(file), length);
	}
	vma_file_put(file);
	alloc_free(model);
	alloc_free(buffer);
}

static void random_writes_and_reads_agree_with_an_array_of_bytes(void)
{
	for (uint64_t seed = 1; seed <= 8; seed++) {
		printf("  seed %llu\n", (unsigned long long)seed);
		random_writes_and_reads_agree_with_an_array(seed);
	}
}

/* --- threads ------------------------------------------------------------------------------------------------------ */

enum { THREADS = 4, PAGES = 600 };

struct job {
	struct vma_file *file;
	atomic_u32 *waiting; /* threads not yet at the start line */
	void *pages[PAGES];
	uint64_t fresh;
	bool wrong;
};

static void touch_all(void *arg)
{
	struct job *job = arg;

	(void)atomic_fetch_sub_release(job->waiting, 1);
	while (atomic_load_acquire(job->waiting))
		sync_yield();
	for (uint64_t i = 0; i < PAGES; i++) {
		bool fresh;

		/* Far apart, so that the tree grows under the lookups. */
		if (file_page(job->file, i * i * 97, &job->pages[i], &fresh)) {
			job->wrong = true;
			return;
		}
		job->fresh += fresh;
		job->wrong |= *(volatile uint8_t *)job->pages[i] != 0x41;
	}
}

static void threads_that_touch_one_file_find_the_same_pages_and_make_each_once(void)
{
	static struct job jobs[THREADS];
	struct sync_thread threads[THREADS];
	struct vma_file *file = file_of(UINT64_C(1) << 50, 0x41);
	atomic_u32 waiting = { THREADS };
	uint64_t fresh = 0;

	for (int i = 0; i < THREADS; i++) {
		jobs[i] = (struct job){ .file = file, .waiting = &waiting };
		expect_eq(sync_thread_start(&threads[i], touch_all, &jobs[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		sync_thread_join(&threads[i]);
		expect(!jobs[i].wrong && memcmp(jobs[i].pages, jobs[0].pages, sizeof(jobs[0].pages)) == 0);
		fresh += jobs[i].fresh;
	}
	expect_eq(fresh, PAGES);
	vma_file_put(file);
}

static const struct test_case cases[] = {
	CASE(a_file_keeps_what_it_was_made_with_and_each_has_its_own_number),
	CASE(a_page_is_fresh_once_and_stays),
	CASE(beyond_the_end_there_is_no_page_and_before_it_zeros_follow_the_last_byte),
	CASE(a_file_of_no_length_has_no_page_and_one_of_the_greatest_has_its_last),
	CASE(a_write_grows_the_file_and_the_gap_holds_the_fill_byte),
	CASE(a_write_a_quadrillion_bytes_behind_the_end_is_as_cheap_as_any),
	CASE(reading_makes_no_page),
	CASE(counted_pages_are_there_without_bytes),
	CASE(a_write_without_memory_changes_neither_bytes_nor_length),
	CASE(random_writes_and_reads_agree_with_an_array_of_bytes),
	CASE(threads_that_touch_one_file_find_the_same_pages_and_make_each_once),
};
TEST_MAIN(cases)
