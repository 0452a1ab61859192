/*
 * pt/frame_use.c - frames in use: their bytes and the count of their users
 *
 * Memory order   pair [frame-only]: who finds itself the only user sees all that the others did before they left.
 */
#include <string.h>

#include "base/bits.h"
#include "base/check.h"
#include "pt/frame_pool.h"

static const cache_aligned uint8_t zero_page[PAGE_SIZE] __attribute__((aligned(4096)));

const void *frame_zero_page(void)
{
	return zero_page;
}

static atomic_u32 *users_of(struct frames *pool, const void *frame)
{
	return &pool->users[((uintptr_t)frame - (uintptr_t)pool->arena) >> PAGE_SHIFT];
}

/* The first use of a frame that was free. */
static void *use(struct frames *pool, uint32_t index)
{
	check(atomic_load_relaxed(&pool->users[index]) == 0);
	atomic_store_relaxed(&pool->users[index], 1);
	return pool->arena + ((uint64_t)index << PAGE_SHIFT);
}

static void *take(struct frames *pool)
{
	uint32_t index;

	return likely(frames_take_free(pool, &index)) ? use(pool, index) : NULL;
}

void *frame_take_from(struct frames *pool, const struct frame_nodes *nodes)
{
	uint32_t index;

	if (pool->nodes == 1)
		return take(pool);
	return frames_take_from_nodes(pool, nodes, &index) ? use(pool, index) : NULL;
}

static void *zeroed(struct frames *pool, void *frame)
{
	if (likely(frame != NULL) && pool->have_bytes)
		pool->zero(frame);
	return frame;
}

void frame_copy(struct frames *frames, void *to, const void *from)
{
	if (frames->have_bytes)
		memcpy(to, from, PAGE_SIZE);
}

static void *filled(struct frames *pool, void *frame, const void *from)
{
	if (likely(frame != NULL))
		frame_copy(pool, frame, from);
	return frame;
}

void *frame_take_zeroed(struct frames *frames)
{
	return zeroed(frames, take(frames));
}

void *frame_take_copy(struct frames *frames, const void *from)
{
	return filled(frames, take(frames), from);
}

void *frame_take_zeroed_from(struct frames *frames, const struct frame_nodes *nodes)
{
	return zeroed(frames, frame_take_from(frames, nodes));
}

void *frame_take_copy_from(struct frames *frames, const void *from, const struct frame_nodes *nodes)
{
	return filled(frames, frame_take_from(frames, nodes), from);
}

/* The first use of a block that was free. */
static void *use_block(struct frames *frames, uint32_t first)
{
	uint8_t *block = frames->arena + ((uint64_t)first << PAGE_SHIFT);

	for (uint32_t i = 0; i < BLOCK_FRAMES; i++) {
		check(atomic_load_relaxed(&frames->users[first + i]) == 0);
		atomic_store_relaxed(&frames->users[first + i], 1);
		if (frames->have_bytes)
			frames->zero(block + ((uint64_t)i << PAGE_SHIFT));
	}
	return block;
}

void *frame_take_huge(struct frames *frames)
{
	uint32_t first;

	return frames_take_block(frames, &first) ? use_block(frames, first) : NULL;
}

void *frame_take_huge_from(struct frames *frames, const struct frame_nodes *nodes)
{
	uint32_t first;

	if (frames->nodes == 1)
		return frame_take_huge(frames);
	return frames_take_block_from_nodes(frames, nodes, &first) ? use_block(frames, first) : NULL;
}

void frame_get(struct frames *frames, void *frame)
{
	uint32_t before = atomic_fetch_add_relaxed(users_of(frames, frame), 1);

	check(before != 0 && before != UINT32_MAX);
	(void)before;
}

/* One user less. Was it the last? */
static bool put_user(atomic_u32 *users)
{
	/*
	 * The only user needs no update that others could see: nobody can become one but through it.
	 * pair [frame-only]: with the puts of those who were users before; their reads and writes are over.
	 */
	if (atomic_load_acquire(users) != 1)
		return atomic_fetch_sub_acq_rel(users, 1) == 1;
	atomic_store_relaxed(users, 0);
	return true;
}

void frame_put(struct frames *frames, void *frame)
{
	atomic_u32 *users = users_of(frames, frame);

	if (put_user(users))
		frames_give_free(frames, (uint32_t)(users - frames->users));
}

void frame_get_huge(struct frames *frames, void *block)
{
	for (uint32_t i = 0; i < BLOCK_FRAMES; i++)
		frame_get(frames, (uint8_t *)block + ((uint64_t)i << PAGE_SHIFT));
}

/* Past the caches, so that the block is whole again at once where nobody else uses a part of it. */
void frame_put_huge(struct frames *frames, void *block)
{
	atomic_u32 *users = users_of(frames, block);
	uint32_t first = (uint32_t)(users - frames->users), last[BLOCK_FRAMES], n = 0;

	for (uint32_t i = 0; i < BLOCK_FRAMES; i++)
		if (put_user(&users[i]))
			last[n++] = first + i;
	if (n == BLOCK_FRAMES)
		frames_give_block(frames, first);
	else
		frames_give_many(frames, last, n);
}

bool frame_is_only_huge(struct frames *frames, void *block)
{
	for (uint32_t i = 0; i < BLOCK_FRAMES; i++)
		if (!frame_is_only(frames, (uint8_t *)block + ((uint64_t)i << PAGE_SHIFT)))
			return false;
	return true;
}

/* pair [frame-only]: the put of the last other user, in whose space the frame was read until then. */
bool frame_is_only(struct frames *frames, void *frame)
{
	return atomic_load_acquire(users_of(frames, frame)) == 1;
}

uint32_t frame_users(struct frames *frames, const void *frame)
{
	return atomic_load_relaxed(users_of(frames, frame));
}

bool frame_is_used(struct frames *frames, const void *frame)
{
	uint64_t offset = (uintptr_t)frame - (uintptr_t)frames->arena;

	return page_aligned(offset) && offset >> PAGE_SHIFT < frames->nodes * frames->stride &&
	       atomic_load_relaxed(users_of(frames, frame)) != 0;
}
