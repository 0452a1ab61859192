/*
 * frame_huge_test.c - a pool gives whole blocks of 512 frames as long as it has any, and freed frames become blocks again
 */
#include <errno.h>

#include "base/bits.h"
#include "pt/frame.h"
#include "pt/frame_blocks.h"
#include "sync/sync.h"
#include "test.h"

#define HUGE_BYTES (UINT64_C(512) << PAGE_SHIFT)

static struct frames *pool_of(uint64_t limit, enum vmalock_backing backing)
{
	struct frames *pool;

	expect_eq(frames_create(limit, backing, &pool), 0);
	return pool;
}

static uint8_t *part(void *block, uint64_t i)
{
	return (uint8_t *)block + (i << PAGE_SHIFT);
}

static void a_block_is_aligned_zeroed_and_counted_frame_by_frame(void)
{
	struct frames *pool = pool_of(1024, VMALOCK_BACKING_MEMORY);

	for (int turn = 0; turn < 2; turn++) {
		uint8_t *block = frame_take_huge(pool);

		expect(block && ((uintptr_t)block & (HUGE_BYTES - 1)) == 0);
		for (uint64_t i = 0; i < HUGE_BYTES; i++)
			expect(block[i] == 0);
		memset(block, 0xa5, HUGE_BYTES);
		expect_eq(frames_used(pool), 512);
		for (uint64_t i = 0; i < 512; i++)
			expect(frame_is_only(pool, part(block, i)));
		frame_put_huge(pool, block);
		expect_eq(frames_used(pool), 0);
	}
	frames_put(pool);
}

static void single_frames_break_no_block_that_they_can_leave_whole(void)
{
	struct frames *pool = pool_of(1024, VMALOCK_BACKING_NONE);
	void *frame[512], *block;

	for (int i = 0; i < 512; i++)
		frame[i] = frame_take_zeroed(pool);
	block = frame_take_huge(pool);
	expect(block != NULL);
	expect(frame_take_huge(pool) == NULL && frame_take_zeroed(pool) == NULL);
	frame_put_huge(pool, block);
	for (int i = 0; i < 512; i++)
		frame_put(pool, frame[i]);
	frames_put(pool);
}

/* In any order, and whatever of it lies in this thread's cache. */
static void freed_frames_become_a_block_again(void)
{
	struct frames *pool = pool_of(512, VMALOCK_BACKING_NONE);
	void *block = frame_take_huge(pool);

	for (uint64_t i = 0; i < 512; i++)
		frame_put(pool, part(block, (i * 67 + 5) % 512));
	expect_eq(frames_used(pool), 0);
	expect(frame_take_huge(pool) == block);
	frame_put(pool, part(block, 300));
	expect(frame_take_huge(pool) == NULL);
	expect(frame_take_zeroed(pool) == part(block, 300));
	frame_put_huge(pool, block);
	frames_put(pool);
}

static void give_back(void *arg)
{
	void **job = arg;

	for (uint64_t i = 0; i < 100; i++)
		frame_put(job[0], part(job[1], i));
}

static void frames_idle_in_another_threads_cache_count_for_a_block(void)
{
	struct frames *pool = pool_of(512, VMALOCK_BACKING_NONE);
	void *block = frame_take_huge(pool), *job[] = { pool, block };
	struct sync_thread thread;

	for (uint64_t i = 100; i < 512; i++)
		frame_put(pool, part(block, i));
	expect_eq(sync_thread_start(&thread, give_back, job), 0);
	sync_thread_join(&thread);
	expect(frame_take_huge(pool) == block);
	frame_put_huge(pool, block);
	frames_put(pool);
}

static void a_block_in_part_shared_gives_back_the_rest(void)
{
	struct frames *pool = pool_of(512, VMALOCK_BACKING_NONE);
	void *block = frame_take_huge(pool);

	expect(frame_is_only_huge(pool, block));
	frame_get(pool, part(block, 511));
	expect(!frame_is_only_huge(pool, block));
	frame_put_huge(pool, block);
	expect_eq(frames_used(pool), 1);
	expect(frame_is_only(pool, part(block, 511)));
	frame_put(pool, part(block, 511));
	block = frame_take_huge(pool);
	frame_get_huge(pool, block);
	frame_put_huge(pool, block);
	expect_eq(frames_used(pool), 512);
	frame_put_huge(pool, block);
	expect_eq(frames_used(pool), 0);
	frames_put(pool);
}

static void a_pool_that_ends_in_half_a_block_gives_its_last_frame_and_no_half_block(void)
{
	struct frames *pool = pool_of(512 + 7, VMALOCK_BACKING_NONE);
	void *block = frame_take_huge(pool), *frame[7];

	expect(block != NULL && frame_take_huge(pool) == NULL);
	for (int i = 0; i < 7; i++) {
		frame[i] = frame_take_zeroed(pool);
		expect(frame[i] != NULL);
	}
	expect(frame_take_zeroed(pool) == NULL);
	for (int i = 0; i < 7; i++)
		frame_put(pool, frame[i]);
	expect(frame_take_huge(pool) == NULL);
	frame_put_huge(pool, block);
	frames_put(pool);
}

/* --- many threads -------------------------------------------------------------------------------------------------- */

enum { THREADS = 4, ROUNDS = 3000 };

/* Blocks and single frames by turns; a mark in the count of users would show a frame given twice. */
static void take_and_give(void *arg)
{
	struct frames *pool = arg;
	void *frames[64];

	for (int round = 0; round < ROUNDS; round++) {
		void *block = frame_take_huge(pool);
		int n = 0;

		while (n < 64 && (frames[n] = frame_take_zeroed(pool)))
			n++;
		if (block && round % 2)
			frame_put_huge(pool, block);
		else if (block)
			for (uint64_t i = 0; i < 512; i++)
				frame_put(pool, part(block, i));
		while (n)
			frame_put(pool, frames[--n]);
	}
}

static void threads_lose_no_frame_between_blocks_and_caches(void)
{
	struct frames *pool = pool_of(UINT64_C(3) * 512, VMALOCK_BACKING_NONE);
	struct sync_thread threads[THREADS];
	void *blocks[3];

	for (int i = 0; i < THREADS; i++)
		expect_eq(sync_thread_start(&threads[i], take_and_give, pool), 0);
	for (int i = 0; i < THREADS; i++)
		sync_thread_join(&threads[i]);
	expect_eq(frames_used(pool), 0);
	for (int i = 0; i < 3; i++) {
		blocks[i] = frame_take_huge(pool);
		expect(blocks[i] != NULL);
	}
	for (int i = 0; i < 3; i++)
		frame_put_huge(pool, blocks[i]);
	frames_put(pool);
}

static const struct test_case cases[] = {
	CASE(a_block_is_aligned_zeroed_and_counted_frame_by_frame),
	CASE(single_frames_break_no_block_that_they_can_leave_whole),
	CASE(freed_frames_become_a_block_again),
	CASE(frames_idle_in_another_threads_cache_count_for_a_block),
	CASE(a_block_in_part_shared_gives_back_the_rest),
	CASE(a_pool_that_ends_in_half_a_block_gives_its_last_frame_and_no_half_block),
	CASE(threads_lose_no_frame_between_blocks_and_caches),
};
TEST_MAIN(cases)
