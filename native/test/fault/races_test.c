/*
 * races_test.c - faults that meet on one page, and faults that meet somebody who takes pages away
 */
#include "base/random.h"
#include "faulting.h"

enum { THREADS = 4 };

static vmalock_mm *space_with_pages(uint64_t pages, uint64_t frames)
{
	vmalock_mm *mm = space_with(VMALOCK_FAULTS_RFC, VMALOCK_BACKING_MEMORY, frames);

	map_at(mm, 0, pages, RW);
	return mm;
}

/* --- forced ------------------------------------------------------------------------------------------------------- */

static void a_fault_that_loses_the_race_for_a_page_gives_its_frame_back(void)
{
	vmalock_mm *mm = space_with_pages(2, 16);
	struct racer loser;

	write_byte(mm, 1, 1); /* the anon */
	syncpoint_arm("fault-took-frame");
	race_fault(&loser, mm, page(0), VMALOCK_WRITE);
	syncpoint_wait_parked("fault-took-frame");
	write_byte(mm, 0, 5);
	expect_eq(status_of(mm).frames_used, 3);
	syncpoint_release("fault-took-frame");
	expect_eq(race_end(&loser), MINOR | VMALOCK_FAULT_VMA_LOCK);
	expect_eq(read_byte(mm, 0), 5);
	expect_pages(mm, 2, 0, 0, 2);
	end_space(mm);
}

static void a_write_that_loses_to_a_read_replaces_the_zero_page(void)
{
	vmalock_mm *mm = space_with_pages(2, 16);
	struct racer write;

	write_byte(mm, 1, 1);
	syncpoint_arm("fault-took-frame");
	race_fault(&write, mm, page(0), VMALOCK_WRITE);
	syncpoint_wait_parked("fault-took-frame");
	expect_eq(fault_at(mm, 0, VMALOCK_READ), MINOR);
	syncpoint_release("fault-took-frame");
	expect_eq(race_end(&write), MINOR | COW | VMALOCK_FAULT_VMA_LOCK);
	expect_pages(mm, 2, 0, 0, 2);
	end_space(mm);
}

static void a_copy_whose_page_was_dropped_meanwhile_starts_again_from_nothing(void)
{
	vmalock_mm *mm = space_with_pages(1, 16), *child;
	struct racer copy;

	write_byte(mm, 0, 5);
	child = fork_of(mm);
	syncpoint_arm("cow-copied");
	race_fault(&copy, child, page(0), VMALOCK_WRITE);
	syncpoint_wait_parked("cow-copied");
	drop_pages(child, 0, 1);
	end_space(mm); /* the pin is the only user left */
	syncpoint_release("cow-copied");
	expect_eq(race_end(&copy) & OUTCOME_AND_COW, MINOR);
	expect_eq(read_byte(child, 0), 0);
	expect_pages(child, 1, 0, 0, 1);
	end_space(child);
}

static void two_copies_of_one_page_leave_one(void)
{
	vmalock_mm *mm = space_with_pages(1, 16), *child;
	struct racer copy;

	write_byte(mm, 0, 5);
	child = fork_of(mm);
	syncpoint_arm("cow-copied");
	race_fault(&copy, child, page(0), VMALOCK_WRITE);
	syncpoint_wait_parked("cow-copied");
	write_byte(child, 0, 6);
	syncpoint_release("cow-copied");
	expect_eq(race_end(&copy) & OUTCOME_AND_COW, MINOR);
	expect_eq(read_byte(child, 0), 6);
	expect_eq(read_byte(mm, 0), 5);
	expect_pages(child, 1, 0, 0, 2);
	expect_pages(mm, 1, 0, 0, 2);
	end_space(child);
	end_space(mm);
}

static void who_brought_a_files_page_in_has_had_a_major_fault_though_another_mapped_it(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_file *file = file_with(1, 0x41, 0);
	struct racer fault;

	map_file(mm, file, 0, 1, RO, VMALOCK_MAP_PRIVATE);
	syncpoint_arm("fault-has-page");
	race_fault(&fault, mm, page(0), VMALOCK_READ);
	syncpoint_wait_parked("fault-has-page");
	expect_eq(fault_at(mm, 0, VMALOCK_READ), MINOR);
	syncpoint_release("fault-has-page");
	expect_eq(race_end(&fault) & OUTCOME_AND_COW, MAJOR);
	expect_eq(stats_of(mm).major_faults, 1);
	expect_pages(mm, 0, 1, 0, 0);
	end_space(mm);
	vmalock_file_put(file);
}

/* --- at large ----------------------------------------------------------------------------------------------------- */

struct worker {
	vmalock_mm *mm;
	struct random random;
	uint64_t pages, turns, ooms;
	bool drops, wrong;
};

static void run_workers(struct worker *workers, void (*run)(void *))
{
	struct sync_thread threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		expect_eq(sync_thread_start(&threads[i], run, &workers[i]), 0);
	for (int i = 0; i < THREADS; i++) {
		sync_thread_join(&threads[i]);
		expect(!workers[i].wrong);
	}
}

static void touch_every_page(void *arg)
{
	struct worker *w = arg;

	for (uint64_t n = 0; n < w->pages; n++) {
		enum vmalock_access access = random_below(&w->random, 3) ? VMALOCK_WRITE : VMALOCK_READ;

		w->wrong |= (vmalock_mm_fault(w->mm, page(n), access) & VMALOCK_FAULT_OUTCOME) != MINOR;
		w->wrong |= (vmalock_mm_fault(w->mm, page(n), VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME) != MINOR;
	}
}

static void threads_that_touch_the_same_pages_first_install_one_frame_each(void)
{
	enum { PAGES = 1500 };

	for (uint64_t seed = 1; seed <= 3; seed++) {
		/* As many frames as pages, and one for each thread to lose a race with. */
		vmalock_mm *mm = space_with_pages(PAGES, PAGES + THREADS);
		struct worker workers[THREADS];

		printf("  seed %llu\n", (unsigned long long)seed);
		for (uint64_t i = 0; i < THREADS; i++)
			workers[i] = (struct worker){ .mm = mm, .random = { seed * 100 + i }, .pages = PAGES };
		run_workers(workers, touch_every_page);
		expect_pages(mm, PAGES, 0, 0, PAGES);
		end_space(mm);
	}
}

/*
 * Each page holds its own number twice or zeros: a reader must never see a mixture or another page's bytes. Writers
 * and droppers run over the same few pages, with too few frames for all of them.
 */
static void write_read_or_drop(void *arg)
{
	struct worker *w = arg;

	for (uint64_t i = 0; i < w->turns; i++) {
		uint64_t n = random_below(&w->random, w->pages), two[2] = { n + 1, n + 1 };
		int err;

		switch (random_below(&w->random, 4)) {
		case 0:
			if (w->drops) {
				uint64_t count = 1 + random_below(&w->random, w->pages - n);

				w->wrong |= vmalock_mm_advise(w->mm, page(n), count * P, 4) != 0;
				break;
			}
			/* fall through */
		case 1:
		case 2:
			err = vmalock_mm_write(w->mm, page(n), two, sizeof(two), NULL);
			w->ooms += err == VMALOCK_ENOMEM;
			w->wrong |= err != 0 && err != VMALOCK_ENOMEM;
			break;
		default:
			w->wrong |= vmalock_mm_read(w->mm, page(n), two, sizeof(two), NULL) != 0;
			w->wrong |= two[0] != two[1] || (two[0] != 0 && two[0] != n + 1);
		}
	}
}

static void pages_dropped_beside_faults_are_whole_or_gone_and_every_frame_is_accounted_for(void)
{
	for (uint64_t seed = 1; seed <= 3; seed++) {
		vmalock_mm *mm = space_with_pages(600, 400);
		struct worker workers[THREADS];
		uint64_t ooms = 0;

		printf("  seed %llu\n", (unsigned long long)seed);
		for (uint64_t i = 0; i < THREADS; i++)
			workers[i] = (struct worker){
				.mm = mm, .random = { seed * 100 + i }, .pages = 600, .turns = 4000, .drops = i == 0
			};
		run_workers(workers, write_read_or_drop);
		for (int i = 0; i < THREADS; i++)
			ooms += workers[i].ooms;
		printf("  %llu writes found no frame\n", (unsigned long long)ooms);
		expect_valid(mm);
		expect_eq(status_of(mm).rss_anon / P, status_of(mm).frames_used);
		drop_pages(mm, 0, 600);
		expect_pages(mm, 0, 0, 0, 0);
		end_space(mm);
	}
}

/* --- an anon, and entries that stay --------------------------------------------------------------------------------- */

static vmalock_mm *space_without_anon(void)
{
	vmalock_mm *mm = space_with(VMALOCK_FAULTS_LINUX_6_18, VMALOCK_BACKING_MEMORY, 16);

	map_at(mm, 0, 4, RW);
	return mm;
}

/* Both found none, and both hold mmap_lock for reading. */
static void of_two_faults_that_want_an_anon_the_second_finds_that_of_the_first(void)
{
	vmalock_mm *mm = space_without_anon();
	struct racer slow;

	syncpoint_arm("fault-wants-anon");
	race_fault(&slow, mm, page(0), VMALOCK_WRITE);
	syncpoint_wait_parked("fault-wants-anon");
	write_byte(mm, 1, 1);
	syncpoint_release("fault-wants-anon");
	expect_eq(race_end(&slow) & VMALOCK_FAULT_OUTCOME, MINOR);
	expect_pages(mm, 2, 0, 0, 2);
	end_space(mm);
}

static void while_one_fault_makes_an_anon_no_other_does(void)
{
	vmalock_mm *mm = space_without_anon();
	struct racer first, second;

	syncpoint_arm("fault-makes-anon");
	race_fault(&first, mm, page(0), VMALOCK_WRITE);
	syncpoint_wait_parked("fault-makes-anon");
	race_fault(&second, mm, page(1), VMALOCK_WRITE);
	for (int i = 0; i < 1000 && !atomic_load_acquire(&second.done); i++)
		sync_yield(); /* it must not get past: nothing to wait for but time */
	expect(!atomic_load_acquire(&second.done));
	syncpoint_release("fault-makes-anon");
	expect_eq(race_end(&first) & VMALOCK_FAULT_OUTCOME, MINOR);
	expect_eq(race_end(&second) & VMALOCK_FAULT_OUTCOME, MINOR);
	end_space(mm);
}

static int give_up(vmalock_mm *mm)
{
	return vmalock_mm_advise(mm, page(0), P, 8 /* MADV_FREE */);
}

static int drop_first(vmalock_mm *mm)
{
	drop_pages(mm, 0, 1);
	return 0;
}

/* MADV_FREE writes an entry back that it has just read: were it dropped in between, it would name a frame that is free. */
static void who_changes_an_entry_keeps_others_from_it(void)
{
	vmalock_mm *mm = space_without_anon();
	struct racer changes, drops;

	write_byte(mm, 0, 1);
	syncpoint_arm("pt-changes-entry");
	race_request(&changes, mm, give_up);
	syncpoint_wait_parked("pt-changes-entry");
	race_request(&drops, mm, drop_first);
	for (int i = 0; i < 1000 && !atomic_load_acquire(&drops.done); i++)
		sync_yield(); /* it must not get past: nothing to wait for but time */
	syncpoint_release("pt-changes-entry");
	expect_eq(race_end(&changes), 0);
	expect_eq(race_end(&drops), 0);
	expect_pages(mm, 0, 0, 0, 0);
	end_space(mm);
}

static const struct test_case cases[] = {
	CASE(a_fault_that_loses_the_race_for_a_page_gives_its_frame_back),
	CASE(a_write_that_loses_to_a_read_replaces_the_zero_page),
	CASE(a_copy_whose_page_was_dropped_meanwhile_starts_again_from_nothing),
	CASE(two_copies_of_one_page_leave_one),
	CASE(who_brought_a_files_page_in_has_had_a_major_fault_though_another_mapped_it),
	CASE(of_two_faults_that_want_an_anon_the_second_finds_that_of_the_first),
	CASE(while_one_fault_makes_an_anon_no_other_does),
	CASE(who_changes_an_entry_keeps_others_from_it),
	CASE(threads_that_touch_the_same_pages_first_install_one_frame_each),
	CASE(pages_dropped_beside_faults_are_whole_or_gone_and_every_frame_is_accounted_for),
};
TEST_MAIN(cases)
