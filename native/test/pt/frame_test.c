/*
 * frame_test.c - a pool gives zeroed frames up to its limit exactly, wherever the free ones lie
 */
#include "pt/frame.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/bits.h"
#include "pt/zero.h"
#include "sync/sync.h"
#include "sync/syncpoint.h"
#include "sync/thread_slots.h"
#include "test.h"

static struct frames *pool_of(uint64_t limit)
{
	struct frames *pool;

	expect_eq(frames_create(limit, VMALOCK_BACKING_MEMORY, &pool), 0);
	return pool;
}

static bool is_all(const uint8_t *page, uint8_t value)
{
	for (size_t i = 0; i < PAGE_SIZE; i++)
		if (page[i] != value)
			return false;
	return true;
}

static void a_frame_comes_zeroed_also_when_it_was_used_before(void)
{
	struct frames *pool = pool_of(1);

	for (int turn = 0; turn < 3; turn++) {
		uint8_t *frame = frame_take_zeroed(pool);

		expect(frame && page_aligned((uintptr_t)frame));
		expect(is_all(frame, 0));
		memset(frame, 0xa5, PAGE_SIZE);
		frame_put(pool, frame);
	}
	frames_put(pool);
}

static void a_copy_has_the_bytes_and_a_life_of_its_own(void)
{
	struct frames *pool = pool_of(2);
	uint8_t *frame = frame_take_zeroed(pool), *copy;

	memset(frame, 7, PAGE_SIZE);
	copy = frame_take_copy(pool, frame);
	frame[0] = 8;
	expect(copy != frame && is_all(copy, 7));
	frame_put(pool, frame);
	expect(is_all(copy, 7));
	frame_put(pool, copy);
	frames_put(pool);
}

static void zeroing_touches_the_page_and_nothing_beside_it(void)
{
	page_zero_fn *variants[] = { page_zero_choose(), page_zero_portable };

	for (size_t v = 0; v < array_size(variants); v++) {
		uint8_t *pages = alloc_aligned(PAGE_SIZE, 3 * PAGE_SIZE);

		expect(pages != NULL);
		memset(pages, 0xff, 3 * PAGE_SIZE);
		variants[v](pages + PAGE_SIZE);
		expect(is_all(pages, 0xff) && is_all(pages + PAGE_SIZE, 0) && is_all(pages + 2 * PAGE_SIZE, 0xff));
		alloc_free(pages);
	}
}

static void a_take_fails_only_when_every_frame_is_in_use(void)
{
	enum { LIMIT = 300 };
	struct frames *pool = pool_of(LIMIT);
	void *frames[LIMIT];

	for (int turn = 0; turn < 2; turn++) {
		for (uint64_t i = 0; i < LIMIT; i++) {
			frames[i] = frame_take_zeroed(pool);
			expect(frames[i] != NULL);
			expect_eq(frames_used(pool), i + 1);
		}
		expect(frame_take_zeroed(pool) == NULL);
		expect(frame_take_copy(pool, frame_zero_page()) == NULL);
		frame_put(pool, frames[17]);
		frames[17] = frame_take_zeroed(pool);
		expect(frames[17] != NULL);
		for (uint64_t i = 0; i < LIMIT; i++)
			frame_put(pool, frames[i]);
		expect_eq(frames_used(pool), 0);
	}
	frames_put(pool);
}

static void no_frame_is_given_twice(void)
{
	enum { LIMIT = 1000 };
	struct frames *pool = pool_of(LIMIT);
	uint64_t *frames[LIMIT];

	for (uint64_t i = 0; i < LIMIT; i++) {
		frames[i] = frame_take_zeroed(pool);
		frames[i][0] = i;
	}
	for (uint64_t i = 0; i < LIMIT; i++)
		expect_eq(frames[i][0], i);
	for (uint64_t i = 0; i < LIMIT; i++)
		frame_put(pool, frames[i]);
	frames_put(pool);
}

static void the_last_user_frees(void)
{
	struct frames *pool = pool_of(4);
	void *frame = frame_take_zeroed(pool);

	expect(frame_is_only(pool, frame) && frame_is_used(pool, frame));
	frame_get(pool, frame);
	expect(!frame_is_only(pool, frame));
	frame_put(pool, frame);
	expect(frame_is_only(pool, frame));
	expect_eq(frames_used(pool), 1);
	frame_put(pool, frame);
	expect_eq(frames_used(pool), 0);
	expect(!frame_is_used(pool, frame));
	expect(!frame_is_used(pool, frame_zero_page()) && !frame_is_used(pool, NULL));
	frames_put(pool);
}

static void counted_frames_have_addresses_and_no_bytes(void)
{
	struct frames *pool;
	void *a, *b;

	expect_eq(frames_create(UINT64_C(1) << 26, VMALOCK_BACKING_NONE, &pool), 0); /* 256 GiB of them */
	expect(!frames_have_bytes(pool));
	a = frame_take_zeroed(pool);
	b = frame_take_copy(pool, frame_zero_page());
	expect(a && b && a != b);
	expect_eq(frames_used(pool), 2);
	frame_put(pool, a);
	frame_put(pool, b);
	frames_put(pool);
}

static void a_pool_that_no_host_can_hold_is_refused(void)
{
	struct frames *pool = NULL;

	expect_eq(frames_create(UINT64_MAX, VMALOCK_BACKING_MEMORY, &pool), (uint64_t)-ENOMEM);
	expect_eq(frames_create(UINT64_C(1) << 36, VMALOCK_BACKING_NONE, &pool), (uint64_t)-ENOMEM);
	expect_eq(frames_create(0, VMALOCK_BACKING_MEMORY, &pool), (uint64_t)-ENOMEM);
	expect(pool == NULL);
}

static void a_pool_without_memory_leaves_nothing_behind(void)
{
	int64_t before = alloc_live();
	struct frames *pool = NULL;
	uint64_t n;

	for (n = 1;; n++) {
		int err;

		alloc_fail_after(n);
		err = frames_create(10, VMALOCK_BACKING_MEMORY, &pool);
		if (!err)
			break;
		expect_eq(err, (uint64_t)-ENOMEM);
		expect_eq(alloc_live(), before);
	}
	alloc_fail_after(0);
	expect(n > 3);
	frames_get(pool);
	frames_put(pool);
	expect_eq(frames_used(pool), 0);
	frames_put(pool);
	expect_eq(alloc_live(), before);
}

/* --- threads ------------------------------------------------------------------------------------------------------ */

enum { THREADS = 4, MANY_THREADS = THREAD_SLOTS + 16, HELD = 25, ROUNDS = 20000 };

struct job {
	struct frames *pool;
	atomic_u32 *waiting; /* threads not yet at the start line, or NULL */
	uint32_t rounds;
	uint32_t takes;
	bool starved, dirty, wrong_slot;
};

static void run_threads(void (*run)(void *), struct job *jobs, uint32_t n)
{
	struct sync_thread threads[MANY_THREADS];

	for (uint32_t i = 0; i < n; i++)
		expect_eq(sync_thread_start(&threads[i], run, &jobs[i]), 0);
	for (uint32_t i = 0; i < n; i++)
		sync_thread_join(&threads[i]);
}

static void take_and_give_all(void *arg)
{
	struct job *job = arg;
	void *frames[100];

	for (uint32_t i = 0; i < job->takes; i++)
		frames[i] = frame_take_zeroed(job->pool);
	for (uint32_t i = 0; i < job->takes; i++)
		frame_put(job->pool, frames[i]);
}

static void frames_idle_in_another_threads_cache_are_found(void)
{
	struct frames *pool = pool_of(100);
	struct job job = { .pool = pool, .takes = 100 };
	void *frames[100], *mine = frame_take_zeroed(pool); /* this thread has another slot */

	frame_put(pool, mine);
	run_threads(take_and_give_all, &job, 1);
	for (int i = 0; i < 100; i++) {
		frames[i] = frame_take_zeroed(pool);
		expect(frames[i] != NULL);
	}
	expect(frame_take_zeroed(pool) == NULL);
	for (int i = 0; i < 100; i++)
		frame_put(pool, frames[i]);
	frames_put(pool);
}

/* Never more than HELD at once in each of THREADS threads, and THREADS * HELD there are: no take may fail. */
static void hold_a_share(void *arg)
{
	struct job *job = arg;
	uint64_t *held[HELD];
	uint32_t count = 0;

	/* All at once, so that more threads live than there are slots. */
	frame_put(job->pool, frame_take_zeroed(job->pool));
	(void)atomic_fetch_sub_release(job->waiting, 1);
	while (atomic_load_acquire(job->waiting))
		sync_yield();
	for (uint32_t i = 0; i < job->rounds; i++) {
		if (count < HELD) {
			uint64_t *frame = frame_take_zeroed(job->pool);

			if (!frame) {
				job->starved = true;
				break;
			}
			job->dirty |= frame[0] != 0 || frame[511] != 0;
			frame[0] = frame[511] = (uintptr_t)job;
			held[count++] = frame;
		} else {
			while (count) {
				job->dirty |= held[--count][0] != (uintptr_t)job;
				frame_put(job->pool, held[count]);
			}
		}
	}
	while (count)
		frame_put(job->pool, held[--count]);
}

static void share(uint32_t threads, uint32_t rounds)
{
	static struct job jobs[MANY_THREADS];
	struct frames *pool = pool_of(UINT64_C(1) * threads * HELD);
	atomic_u32 waiting = { threads };

	for (uint32_t i = 0; i < threads; i++)
		jobs[i] = (struct job){ .pool = pool, .waiting = &waiting, .rounds = rounds };
	run_threads(hold_a_share, jobs, threads);
	for (uint32_t i = 0; i < threads; i++)
		expect(!jobs[i].starved && !jobs[i].dirty);
	expect_eq(frames_used(pool), 0);
	frames_put(pool);
}

static void threads_that_share_every_last_frame_never_starve(void)
{
	share(THREADS, ROUNDS);
}

static void threads_beyond_the_slots_share_a_cache_and_lose_no_frame(void)
{
	share(MANY_THREADS, 300);
}

/* Lives on in a slot until @arg, a word, is 0. */
static void occupy_a_slot(void *arg)
{
	atomic_u32 *word = arg;

	(void)sync_thread_index();
	(void)atomic_fetch_add_acq_rel(word, 1);
	while (atomic_load_acquire(word))
		sync_sleep_ns(1000000);
}

static void take_one_in_the_shared_slot(void *arg)
{
	struct job *job = arg;
	void *frame;

	job->wrong_slot = sync_thread_index() != THREAD_SLOT_SHARED;
	frame = frame_take_zeroed(job->pool);
	frame_put(job->pool, frame);
}

static void fill_the_shared_cache(void *arg)
{
	struct job *job = arg;
	void *frames[300];

	job->wrong_slot = sync_thread_index() != THREAD_SLOT_SHARED;
	for (int i = 0; i < 300; i++)
		frames[i] = frame_take_zeroed(job->pool);
	for (int i = 0; i < 300; i++)
		frame_put(job->pool, frames[i]);
}

static void frames_for_a_cache_that_another_thread_has_filled_meanwhile_go_back_to_the_pool(void)
{
	struct sync_thread idle[THREAD_SLOTS], late;
	struct frames *pool = pool_of(1000);
	struct job first = { .pool = pool }, second = { .pool = pool };
	atomic_u32 word = { 0 };

	for (int i = 0; i < THREAD_SLOTS; i++)
		expect_eq(sync_thread_start(&idle[i], occupy_a_slot, &word), 0);
	while (atomic_load_acquire(&word) < THREAD_SLOTS)
		sync_yield();
	syncpoint_arm("frame-cache-empty");
	expect_eq(sync_thread_start(&late, take_one_in_the_shared_slot, &first), 0);
	syncpoint_wait_parked("frame-cache-empty");
	run_threads(fill_the_shared_cache, &second, 1);
	syncpoint_release("frame-cache-empty");
	sync_thread_join(&late);
	atomic_store_release(&word, 0);
	for (int i = 0; i < THREAD_SLOTS; i++)
		sync_thread_join(&idle[i]);
	expect(!first.wrong_slot && !second.wrong_slot);
	expect_eq(frames_used(pool), 0);
	frames_put(pool);
}

static const struct test_case cases[] = {
	CASE(a_frame_comes_zeroed_also_when_it_was_used_before),
	CASE(a_copy_has_the_bytes_and_a_life_of_its_own),
	CASE(zeroing_touches_the_page_and_nothing_beside_it),
	CASE(a_take_fails_only_when_every_frame_is_in_use),
	CASE(no_frame_is_given_twice),
	CASE(the_last_user_frees),
	CASE(counted_frames_have_addresses_and_no_bytes),
	CASE(a_pool_that_no_host_can_hold_is_refused),
	CASE(a_pool_without_memory_leaves_nothing_behind),
	CASE(frames_idle_in_another_threads_cache_are_found),
	CASE(threads_that_share_every_last_frame_never_starve),
	CASE(threads_beyond_the_slots_share_a_cache_and_lose_no_frame),
	CASE(frames_for_a_cache_that_another_thread_has_filled_meanwhile_go_back_to_the_pool),
};
TEST_MAIN(cases)
