/* A pool of several nodes: each frame stays with its node, and a search goes up from the nearest and round. */
#include "pt/frame.h"

#include "base/bits.h"
#include "test.h"

static struct frames *pool_of(uint64_t limit, uint32_t nodes)
{
	struct frames *pool;

	expect_eq(frames_create_nodes(limit, nodes, VMALOCK_BACKING_MEMORY, &pool), 0);
	return pool;
}

static void *take(struct frames *pool, uint64_t wanted, uint64_t fallback, uint32_t nearest)
{
	struct frame_nodes nodes = { wanted, fallback, nearest };

	return frame_take_zeroed_from(pool, &nodes);
}

static void nodes_are_tried_upwards_from_the_nearest_and_round(void)
{
	static const uint32_t wanted[] = { 2, 0, 1 };
	struct frames *pool = pool_of(3, 3);
	void *frame[3];

	for (size_t i = 0; i < 3; i++) {
		frame[i] = take(pool, UINT64_MAX, 0, 2);
		expect(frame[i] != NULL);
		expect_eq(frame_node(pool, frame[i]), wanted[i]);
	}
	expect(take(pool, UINT64_MAX, UINT64_MAX, 0) == NULL);
	expect(frame_take_zeroed(pool) == NULL);
	for (size_t i = 0; i < 3; i++)
		frame_put(pool, frame[i]);
	frames_put(pool);
}

static void the_fallback_comes_when_the_wanted_nodes_have_none(void)
{
	struct frames *pool = pool_of(4, 4);
	void *a = take(pool, 2, 0xd, 3), *b = take(pool, 2, 0xd, 3);

	expect_eq(frame_node(pool, a), 1);
	expect_eq(frame_node(pool, b), 3);
	expect(take(pool, 0xa, 0, 0) == NULL);
	frame_put(pool, a);
	frame_put(pool, b);
	frames_put(pool);
}

static void a_frame_returns_to_its_node_and_comes_zeroed_again(void)
{
	struct frames *pool = pool_of(11, 3); /* 4, 4 and 3 */
	uint8_t *frame[4];

	for (int turn = 0; turn < 2; turn++) {
		for (size_t i = 0; i < 4; i++) {
			frame[i] = take(pool, 2, 0, 0);
			expect(frame[i] && frame_node(pool, frame[i]) == 1 && frame[i][7] == 0);
			frame[i][7] = 1;
		}
		expect(take(pool, 2, 0, 0) == NULL);
		expect_eq(frames_used(pool), 4);
		for (size_t i = 0; i < 4; i++)
			frame_put(pool, frame[i]);
		expect_eq(frames_used(pool), 0);
	}
	frames_put(pool);
}

static void a_copy_comes_from_the_node_asked_for(void)
{
	struct frame_nodes second = { 2, 0, 0 };
	struct frames *pool = pool_of(4, 2);
	uint8_t *frame = frame_take_zeroed(pool), *copy;

	expect_eq(frame_node(pool, frame), 0);
	memset(frame, 9, PAGE_SIZE);
	copy = frame_take_copy_from(pool, frame, &second);
	expect(copy && frame_node(pool, copy) == 1 && copy[0] == 9 && copy[PAGE_SIZE - 1] == 9);
	frame_put(pool, frame);
	frame_put(pool, copy);
	frames_put(pool);
}

static void a_huge_page_comes_from_the_node_asked_for_and_goes_back_whole(void)
{
	struct frame_nodes second = { 2, 0, 0 };
	struct frames *pool = pool_of(2 * 700, 2);
	uint8_t *block;

	for (int turn = 0; turn < 2; turn++) {
		block = frame_take_huge_from(pool, &second);
		expect(block && ((uintptr_t)block & ((UINT64_C(2) << 20) - 1)) == 0);
		expect(frame_node(pool, block) == 1 && frame_node(pool, block + 511 * PAGE_SIZE) == 1);
		expect(frame_take_huge_from(pool, &second) == NULL); /* 188 frames are no block */
		frame_put_huge(pool, block);
	}
	block = frame_take_huge(pool);
	expect_eq(frame_node(pool, block), 0);
	for (uint32_t i = 0; i < 512; i++) /* split, and put one by one */
		frame_put(pool, block + i * PAGE_SIZE);
	expect_eq(frames_used(pool), 0);
	frames_put(pool);
}

static void a_pool_of_one_node_has_every_frame_on_it(void)
{
	struct frames *pool = pool_of(2, 1);
	void *frame = take(pool, 1, 0, 0);

	expect_eq(frame_node(pool, frame), 0);
	frame_put(pool, frame);
	frames_put(pool);
}

static const struct test_case cases[] = {
	CASE(nodes_are_tried_upwards_from_the_nearest_and_round),
	CASE(the_fallback_comes_when_the_wanted_nodes_have_none),
	CASE(a_frame_returns_to_its_node_and_comes_zeroed_again),
	CASE(a_copy_comes_from_the_node_asked_for),
	CASE(a_huge_page_comes_from_the_node_asked_for_and_goes_back_whole),
	CASE(a_pool_of_one_node_has_every_frame_on_it),
};
TEST_MAIN(cases)
