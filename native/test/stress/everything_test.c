/*
 * Every operation on many threads at once, under every policy; then the validators, the bytes, and the identity of the
 * counters.
 *
 * Each thread has pages of its own, whose bytes it knows, between pages that all of them map, change and touch as they
 * like: VMAs of all of them merge and split across the borders all the time. A watcher reads the text of maps and finds no gap
 * in a mapping that nobody ever unmaps.
 */
#include <inttypes.h>

#include "base/bits.h"
#include "base/random.h"
#include "support/policies.h"
#include "support/racing.h"

#define THREADS 4
#define ROUNDS 6000
#define OWN_PAGES 8
#define SHARED_PAGES 16

/* Own pages of thread t, shared pages, own pages of t + 1, ... */
#define STRIDE (OWN_PAGES + SHARED_PAGES)

struct worker {
	struct sync_thread thread;
	vmalock_mm *mm;
	uint32_t index;
	struct random random;
	uint8_t bytes[OWN_PAGES]; /* what each own page holds */
};

static atomic_u32 stop;

static uint64_t own_page(const struct worker *w, uint64_t n)
{
	return page(w->index * STRIDE + n);
}

static void check_own(struct worker *w)
{
	uint64_t n = random_below(&w->random, OWN_PAGES);
	uint8_t byte = 0;

	expect_eq(vmalock_mm_read(w->mm, own_page(w, n), &byte, 1, NULL), 0);
	expect_eq(byte, w->bytes[n]);
}

static void write_own(struct worker *w)
{
	uint64_t n = random_below(&w->random, OWN_PAGES);
	uint8_t byte = (uint8_t)random_next(&w->random);

	expect_eq(vmalock_mm_write(w->mm, own_page(w, n), &byte, 1, NULL), 0);
	w->bytes[n] = byte;
}

/* Only this thread touches them: each request has one right answer. */
static void change_own(struct worker *w)
{
	uint64_t n = random_below(&w->random, OWN_PAGES), pages = 1 + random_below(&w->random, OWN_PAGES - n);
	uint64_t at = own_page(w, n), spare = page((THREADS + 4 + w->index) * STRIDE), out;
	vmalock_mm *mm = w->mm;

	switch (random_below(&w->random, 6)) {
	case 0:
		expect_eq(vmalock_mm_protect(mm, at, pages * P, RO), 0);
		expect_eq(vmalock_mm_protect(mm, at, pages * P, RW), 0);
		break;
	case 1:
		expect_eq(vmalock_mm_advise(mm, at, pages * P, 4), 0);
		memset(w->bytes + n, 0, pages);
		break;
	case 2:
		expect_eq(vmalock_mm_unmap(mm, at, pages * P), 0);
		expect_eq(vmalock_mm_map(mm, at, pages * P, RW, FIXED_ANON, NULL, 0, &out), 0);
		memset(w->bytes + n, 0, pages);
		break;
	case 3:
		expect_eq(vmalock_mm_remap(mm, at, pages * P, pages * P, 3, spare, &out), 0);
		expect_eq(vmalock_mm_remap(mm, spare, pages * P, pages * P, 3, at, &out), 0);
		break;
	case 4:
		expect_eq(vmalock_mm_split(mm, at), 0);
		break;
	case 5:
		expect_eq(vmalock_mm_advise(mm, at, pages * P, 21 /* MADV_PAGEOUT */), 0);
		break;
	}
}

/* Everybody's pages: any answer is right, nothing may break. */
static void disturb_shared(struct worker *w)
{
	uint64_t area = random_below(&w->random, THREADS), n = random_below(&w->random, SHARED_PAGES);
	uint64_t pages = 1 + random_below(&w->random, SHARED_PAGES - n);
	uint64_t at = page(area * STRIDE + OWN_PAGES + n), out;
	uint32_t prot = random_below(&w->random, 4) ? RW : RO;
	static const int advice[] = { 4, 10, 8 /* MADV_FREE */, 21 /* MADV_PAGEOUT */ };
	vmalock_mm *mm = w->mm;
	int ignored = 0;

	switch (random_below(&w->random, 8)) {
	case 0:
		ignored = vmalock_mm_unmap(mm, at, pages * P);
		break;
	case 1:
		ignored = vmalock_mm_map(mm, at, pages * P, prot, FIXED_ANON, NULL, 0, &out);
		break;
	case 2:
		ignored = vmalock_mm_protect(mm, at, pages * P, prot);
		break;
	case 3:
		ignored = vmalock_mm_advise(mm, at, pages * P, advice[random_below(&w->random, array_size(advice))]);
		break;
	default:
		for (uint64_t i = 0; i < pages; i++)
			(void)vmalock_mm_fault(mm, at + i * P, (enum vmalock_access)random_below(&w->random, 2));
	}
	(void)ignored;
}

static void fork_and_check(struct worker *w)
{
	vmalock_mm *child;

	expect_eq(vmalock_mm_fork(w->mm, &child), 0);
	for (uint64_t n = 0; n < OWN_PAGES; n++) {
		uint8_t byte = 0, other = 0x5a;

		expect_eq(vmalock_mm_read(child, own_page(w, n), &byte, 1, NULL), 0);
		expect_eq(byte, w->bytes[n]);
		if (n % 2)
			expect_eq(vmalock_mm_write(child, own_page(w, n), &other, 1, NULL), 0);
	}
	end_space(child);
}

static void work(void *arg)
{
	struct worker *w = arg;
	uint64_t out;

	expect_eq(vmalock_mm_map(w->mm, own_page(w, 0), OWN_PAGES * P, RW, FIXED_ANON, NULL, 0, &out), 0);
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t what = random_below(&w->random, 100);

		if (what < 30)
			check_own(w);
		else if (what < 50)
			write_own(w);
		else if (what < 70)
			change_own(w);
		else if (what < 98)
			disturb_shared(w);
		else if (i % 8 == 0)
			fork_and_check(w);
	}
	for (uint64_t n = 0; n < OWN_PAGES; n++)
		check_own(w);
}

/* The mapping nobody unmaps: page 0 of an area of its own, split and merged, never gone. */
static uint64_t steady_page(void)
{
	return page(40 * STRIDE);
}

static void watch(void *arg)
{
	vmalock_mm *mm = arg;
	static char text[1 << 20];

	while (!atomic_load_acquire(&stop)) {
		uint64_t at = steady_page();
		int64_t length = vmalock_mm_maps(mm, text, sizeof(text));

		expect(length > 0 && length < (int64_t)sizeof(text));
		for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
			uint64_t start, end;

			expect_eq(sscanf(line, "%" SCNx64 "-%" SCNx64, &start, &end), 2);
			if (start == at)
				at = end;
		}
		expect_eq(at, steady_page() + 16 * P);
	}
}

static void shake_steady(void *arg)
{
	vmalock_mm *mm = arg;
	struct random r = { 99 };

	while (!atomic_load_acquire(&stop)) {
		uint64_t n = random_below(&r, 15), at = steady_page() + n * P;

		expect_eq(vmalock_mm_protect(mm, at, P, random_below(&r, 2) ? RO : RW), 0);
		expect(vmalock_mm_fault(mm, at, VMALOCK_READ) <= 0xff);
	}
}

static void run_under(const char *policy, enum vmalock_faults era)
{
	struct vmalock_options options;
	struct worker workers[THREADS];
	struct sync_thread watcher, shaker;
	vmalock_mm *mm;
	uint64_t out;

	printf("  %s, era %u\n", policy, era);
	vmalock_options_init(&options);
	options.policy = policy;
	options.faults = era;
	options.frames = 8192;
	options.swap = 8192;
	expect_eq(vmalock_mm_create(&options, &mm), 0);
	expect_eq(vmalock_mm_map(mm, steady_page(), 16 * P, RW, FIXED_ANON, NULL, 0, &out), 0);
	atomic_store_release(&stop, 0);
	for (uint32_t i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .mm = mm, .index = i, .random = { i + 1 } };
		expect_eq(sync_thread_start(&workers[i].thread, work, &workers[i]), 0);
	}
	expect_eq(sync_thread_start(&watcher, watch, mm), 0);
	expect_eq(sync_thread_start(&shaker, shake_steady, mm), 0);
	for (uint32_t i = 0; i < THREADS; i++)
		sync_thread_join(&workers[i].thread);
	atomic_store_release(&stop, 1);
	sync_thread_join(&watcher);
	sync_thread_join(&shaker);
	(void)stats_of(mm);
	end_space(mm);
}

static void every_operation_at_once_leaves_a_valid_space_and_the_right_bytes(void)
{
	under_every_policy(run_under);
}

static const struct test_case cases[] = {
	CASE(every_operation_at_once_leaves_a_valid_space_and_the_right_bytes),
};
TEST_MAIN(cases)
