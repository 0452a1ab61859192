/*
 * cow_test.c - pages that a fork shares: whoever writes first gets a copy, whoever is left takes over
 */
#include "base/random.h"
#include "faulting.h"

static void the_first_writer_copies_and_the_last_user_takes_over(void)
{
	for (int child_first = 0; child_first < 2; child_first++) {
		vmalock_mm *mm = space_of(NULL), *child, *first, *second;

		map_at(mm, 0, 2, RW);
		write_byte(mm, 0, 1);
		child = fork_of(mm);
		first = child_first ? child : mm;
		second = child_first ? mm : child;
		expect_pages(child, 1, 0, 0, 1);
		expect_eq(fault_at(first, 0, VMALOCK_WRITE), MINOR | COW);
		expect_pages(first, 1, 0, 0, 2);
		write_byte(first, 0, 2);
		expect_eq(read_byte(second, 0), 1);
		expect_eq(fault_at(second, 0, VMALOCK_WRITE), MINOR | COW);
		expect_pages(second, 1, 0, 0, 2); /* taken over where it is */
		write_byte(second, 0, 3);
		expect_eq(read_byte(first, 0), 2);
		expect_eq(read_byte(second, 0), 3);
		end_space(child);
		expect_pages(mm, 1, 0, 0, 1);
		end_space(mm);
	}
}

static void a_space_that_ends_leaves_its_pages_to_the_other(void)
{
	vmalock_mm *mm = space_of(NULL), *child;

	map_at(mm, 0, 2, RW);
	write_byte(mm, 0, 1);
	write_byte(mm, 1, 2);
	child = fork_of(mm);
	end_space(mm);
	expect_pages(child, 2, 0, 0, 2);
	expect_eq(fault_at(child, 0, VMALOCK_WRITE), MINOR | COW);
	expect_pages(child, 2, 0, 0, 2);
	expect_eq(read_byte(child, 0), 1);
	expect_eq(read_byte(child, 1), 2);
	end_space(child);
}

static void private_copies_of_a_file_are_shared_by_fork_too(void)
{
	vmalock_mm *mm = space_of(NULL), *child;
	vmalock_file *file = file_with(4, 0x41, 0);

	map_file(mm, file, 0, 4, RW, VMALOCK_MAP_PRIVATE);
	write_byte(mm, 0, 1);
	expect_eq(read_byte(mm, 1), 0x41);
	child = fork_of(mm);
	expect_pages(child, 1, 1, 0, 1); /* as in Linux: a mapping with an anon is copied with all that is resident */
	expect_eq(read_byte(child, 0), 1);
	expect_eq(read_byte(child, 1), 0x41);
	write_byte(child, 0, 2);
	write_byte(child, 1, 3);
	expect_eq(read_byte(mm, 0), 1);
	expect_eq(read_byte(mm, 1), 0x41);
	expect_pages(mm, 1, 1, 0, 3);
	end_space(child);
	end_space(mm);
	vmalock_file_put(file);
}

/* Many generations against arrays of bytes. */
static void every_generation_keeps_its_own_bytes(void)
{
	enum { GENERATIONS = 6, PAGES = 20 };
	struct random random = { 42 };
	vmalock_mm *mm[GENERATIONS];
	uint8_t model[GENERATIONS][PAGES] = { { 0 } };

	printf("  seed 42\n");
	mm[0] = space_of(NULL);
	map_at(mm[0], 0, PAGES, RW);
	for (int g = 0; g < GENERATIONS; g++) {
		if (g > 0) {
			int parent = (int)random_below(&random, (uint64_t)g);

			mm[g] = fork_of(mm[parent]);
			memcpy(model[g], model[parent], PAGES);
		}
		for (int i = 0; i < 60; i++) {
			int who = (int)random_below(&random, (uint64_t)g + 1);
			uint64_t n = random_below(&random, PAGES);

			write_byte(mm[who], n, model[who][n] = (uint8_t)random_next(&random));
		}
		for (int who = 0; who <= g; who++) {
			for (uint64_t n = 0; n < PAGES; n++)
				expect_eq(read_byte(mm[who], n), model[who][n]);
			expect_valid(mm[who]);
		}
	}
	for (int g = 0; g < GENERATIONS; g++)
		end_space(mm[g]);
}

/* --- threads ------------------------------------------------------------------------------------------------------ */

enum { PAGES = 256, WRITERS = 4 };

struct writer {
	vmalock_mm *mm;
	uint8_t value;
	bool wrong;
};

static void write_all(void *arg)
{
	struct writer *w = arg;

	for (uint64_t n = 0; n < PAGES; n++) {
		uint8_t before = read_byte(w->mm, n);

		/* Bytes of the page's other threads are theirs; this one's own byte only this thread writes. */
		w->wrong |= before != (uint8_t)n;
		if (vmalock_mm_write(w->mm, page(n) + w->value, &w->value, 1, NULL))
			w->wrong = true;
	}
}

static void parent_and_child_that_write_all_pages_at_once_end_with_a_frame_each(void)
{
	vmalock_mm *mm = space_of(NULL), *child;
	struct sync_thread threads[WRITERS];
	struct writer writers[WRITERS];

	expect_eq(vmalock_mm_map(mm, page(0), PAGES * P, RW, FIXED_ANON, NULL, 0, &(uint64_t){ 0 }), 0);
	for (uint64_t n = 0; n < PAGES; n++)
		write_byte(mm, n, (uint8_t)n);
	child = fork_of(mm);
	for (int i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){ i % 2 ? mm : child, (uint8_t)(i + 1), false };
		expect_eq(sync_thread_start(&threads[i], write_all, &writers[i]), 0);
	}
	for (int i = 0; i < WRITERS; i++) {
		sync_thread_join(&threads[i]);
		expect(!writers[i].wrong);
	}
	expect_pages(mm, PAGES, 0, 0, 2 * PAGES);
	expect_pages(child, PAGES, 0, 0, 2 * PAGES);
	for (uint64_t n = 0; n < PAGES; n++) {
		uint8_t bytes[WRITERS + 1];

		expect_eq(vmalock_mm_read(mm, page(n), bytes, sizeof(bytes), NULL), 0);
		expect(bytes[0] == (uint8_t)n && bytes[1] == 0 && bytes[2] == 2 && bytes[3] == 0 && bytes[4] == 4);
		expect_eq(vmalock_mm_read(child, page(n), bytes, sizeof(bytes), NULL), 0);
		expect(bytes[0] == (uint8_t)n && bytes[1] == 1 && bytes[2] == 0 && bytes[3] == 3 && bytes[4] == 0);
	}
	end_space(child);
	end_space(mm);
}

static const struct test_case cases[] = {
	CASE(the_first_writer_copies_and_the_last_user_takes_over),
	CASE(a_space_that_ends_leaves_its_pages_to_the_other),
	CASE(private_copies_of_a_file_are_shared_by_fork_too),
	CASE(every_generation_keeps_its_own_bytes),
	CASE(parent_and_child_that_write_all_pages_at_once_end_with_a_frame_each),
};
TEST_MAIN(cases)
