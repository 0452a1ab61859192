/*
 * pt/frame.c - the pool of frames: reserved addresses, and the frames that nobody uses
 *
 *   free                 in the blocks of its node (pt/frame_blocks.h)
 *   free, kept warm      a stack in the cache of each thread's slot, unless there are several nodes (frame_nodes.c)
 *   a huge page          512 frames, taken as one block and counted one by one, so that a split changes no count
 *
 * A list of free frames never runs through the frames themselves: following it would bring cold memory in.
 *
 * Locks   pool->lock (RANK_FRAMES), then caches' (RANK_FRAME_CACHE), several of them in the order of their addresses.
 *         Frames move between pool and caches only under both.
 */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bits.h"
#include "base/check.h"
#include "pt/frame_pool.h"
#include "pt/swap.h"
#include "sync/sync.h"
#include "sync/syncpoint.h"

/* A large page of the host. */
#define HUGE_SIZE (UINT64_C(2) << 20)

/* Frames are numbered by 32 bits. */
#define MAX_FRAMES (UINT64_C(1) << 32)

/* --- the pool's life ---------------------------------------------------------------------------------------------- */

static size_t round_up(uint64_t bytes, uint64_t to)
{
	return (bytes + to - 1) & ~(to - 1);
}

/* Every number that a frame may have. */
static uint64_t numbers(const struct frames *pool)
{
	return pool->nodes * pool->stride;
}

static size_t arena_size(const struct frames *pool)
{
	return round_up(numbers(pool) << PAGE_SHIFT, HUGE_SIZE);
}

static size_t numbers_size(const struct frames *pool)
{
	return round_up(numbers(pool) * sizeof(uint32_t), PAGE_SIZE);
}

/* As many whole blocks as the largest node has frames in. */
static uint64_t stride_of(uint64_t limit, uint32_t nodes)
{
	return round_up((limit + nodes - 1) / nodes, BLOCK_FRAMES);
}

/* What does not divide goes to the first nodes, a frame each. */
static uint64_t frames_of_node(const struct frames *pool, uint32_t n)
{
	return pool->limit / pool->nodes + (n < pool->limit % pool->nodes);
}

static void free_parts(struct frames *pool)
{
	alloc_unreserve(pool->arena, arena_size(pool));
	alloc_unreserve(pool->users, numbers_size(pool));
	for (uint32_t n = 0; n < pool->nodes; n++)
		frame_blocks_destroy(&pool->node[n]);
}

static int reserve_nodes(struct frames *pool)
{
	int err = 0;

	for (uint32_t n = 0; n < pool->nodes; n++)
		if (frame_blocks_init(&pool->node[n], frames_of_node(pool, n)))
			err = -ENOMEM; /* the others all the same: what is reserved is given back alike */
	return err;
}

static int reserve_parts(struct frames *pool)
{
	enum alloc_reserve use = pool->have_bytes ? ALLOC_TOUCHABLE : ALLOC_ADDRESSES_ONLY;

	pool->arena = alloc_reserve(HUGE_SIZE, arena_size(pool), use);
	pool->users = alloc_reserve(PAGE_SIZE, numbers_size(pool), ALLOC_TOUCHABLE);
	if (reserve_nodes(pool) || !pool->arena || !pool->users) {
		free_parts(pool);
		return -ENOMEM;
	}
	/* Not the first one: a space that uses few pages should not cost the time to fill a large one. */
	if (pool->have_bytes && arena_size(pool) > HUGE_SIZE)
		alloc_prefer_huge(pool->arena + HUGE_SIZE, arena_size(pool) - HUGE_SIZE);
	return 0;
}

int frames_create_nodes(uint64_t limit, uint32_t nodes, enum vmalock_backing backing, struct frames **out)
{
	struct frames *pool;
	int err;

	check(nodes > 0 && nodes <= VMALOCK_MAX_NODES);
	if (limit < nodes || limit > MAX_FRAMES || nodes * stride_of(limit, nodes) > MAX_FRAMES)
		return -ENOMEM;
	pool = alloc_aligned(CACHE_LINE, sizeof(*pool));
	if (!pool)
		return -ENOMEM;
	memset(pool, 0, sizeof(*pool));
	refcount_init(&pool->refs);
	pool->zero = page_zero_choose();
	pool->limit = limit;
	pool->nodes = nodes;
	pool->stride = stride_of(limit, nodes);
	pool->have_bytes = backing == VMALOCK_BACKING_MEMORY;
	spinlock_init(&pool->sharers.lock);
	list_init(&pool->sharers.spaces);
	spinlock_init(&pool->lock);
	for (uint32_t slot = 0; slot < THREAD_SLOTS; slot++)
		spinlock_init(&pool->caches[slot].lock);
	err = reserve_parts(pool);
	if (err)
		alloc_free(pool);
	else
		*out = pool;
	return err;
}

int frames_create(uint64_t limit, enum vmalock_backing backing, struct frames **out)
{
	return frames_create_nodes(limit, 1, backing, out);
}

void frames_get(struct frames *frames)
{
	refcount_get(&frames->refs);
}

void frames_put(struct frames *frames)
{
	if (!refcount_put(&frames->refs))
		return;
	check(frames_used(frames) == 0);
	swap_destroy(frames);
	free_parts(frames);
	alloc_free(frames);
}

bool frames_have_bytes(const struct frames *frames)
{
	return frames->have_bytes;
}

struct commit *frames_commit(struct frames *frames)
{
	return &frames->commit;
}

uint64_t frames_limit(const struct frames *frames)
{
	return frames->limit;
}

struct frame_sharers *frames_sharers(struct frames *frames)
{
	return &frames->sharers;
}

bool frames_charge_table(struct frames *frames)
{
	if (likely(atomic_fetch_add_relaxed(&frames->tables, 1) < max_u64(frames->limit, FRAMES_LEAST_TABLES)))
		return true;
	frames_uncharge_table(frames);
	return false;
}

void frames_uncharge_table(struct frames *frames)
{
	(void)atomic_fetch_sub_relaxed(&frames->tables, 1);
}

/* --- free frames -------------------------------------------------------------------------------------------------- */

static void lock_cache(struct frame_cache *cache)
{
	spinlock_lock(&cache->lock, RANK_FRAME_CACHE);
}

static void unlock_cache(struct frame_cache *cache)
{
	spinlock_unlock(&cache->lock, RANK_FRAME_CACHE);
}

static struct frame_cache *my_cache(struct frames *pool)
{
	return &pool->caches[sync_thread_index()];
}

/* From the cache alone. */
static bool take_cached(struct frame_cache *cache, uint32_t *out)
{
	bool found;

	lock_cache(cache);
	found = cache->count > 0;
	if (likely(found))
		*out = cache->index[--cache->count];
	unlock_cache(cache);
	return found;
}

/* Fills up the thread's cache. Context: pool->lock. */
static void refill(struct frames *pool, struct frame_cache *cache)
{
	uint32_t batch[CACHE_BATCH], n = 0;

	while (n < CACHE_BATCH && frame_blocks_take(&pool->node[0], &batch[n]))
		n++;
	lock_cache(cache);
	/* The first taken is the warmest and goes on top. The slot may be one that threads share, and full by now. */
	while (n && cache->count < CACHE_FRAMES)
		cache->index[cache->count++] = batch[--n];
	unlock_cache(cache);
	while (n)
		frame_blocks_give(&pool->node[0], batch[--n]);
}

/* Holding all of them shows that no frame moves from one to another meanwhile. */
static void lock_all_caches(struct frames *pool)
{
	for (uint32_t slot = 0; slot < THREAD_SLOTS; slot++)
		lock_cache(&pool->caches[slot]);
}

static void unlock_all_caches(struct frames *pool)
{
	for (uint32_t slot = 0; slot < THREAD_SLOTS; slot++)
		unlock_cache(&pool->caches[slot]);
}

/* Whatever lies idle in a cache. */
static bool take_from_any(struct frames *pool, uint32_t *out)
{
	bool found = false;

	lock_all_caches(pool);
	for (uint32_t slot = 0; slot < THREAD_SLOTS && !found; slot++) {
		struct frame_cache *cache = &pool->caches[slot];

		found = cache->count > 0;
		if (found)
			*out = cache->index[--cache->count];
	}
	unlock_all_caches(pool);
	return found;
}

static __attribute__((noinline)) bool take_slowly(struct frames *pool, uint32_t *out)
{
	bool found;

	syncpoint("frame-cache-empty");
	frames_lock(pool);
	found = frame_blocks_take(&pool->node[0], out);
	if (found)
		refill(pool, my_cache(pool));
	else
		found = take_from_any(pool, out);
	frames_unlock(pool);
	return found;
}

/* The coldest go to the pool, then there is room for @index. */
static __attribute__((noinline)) void give_slowly(struct frames *pool, uint32_t index)
{
	struct frame_cache *cache = my_cache(pool);

	frames_lock(pool);
	lock_cache(cache);
	if (cache->count == CACHE_FRAMES) {
		for (uint32_t i = 0; i < CACHE_BATCH; i++)
			frame_blocks_give(&pool->node[0], cache->index[i]);
		cache->count -= CACHE_BATCH;
		memmove(cache->index, cache->index + CACHE_BATCH, cache->count * sizeof(*cache->index));
	}
	cache->index[cache->count++] = index;
	unlock_cache(cache);
	frames_unlock(pool);
}

static const struct frame_nodes any_node = { .wanted = UINT64_MAX };

bool frames_take_free(struct frames *pool, uint32_t *out)
{
	if (unlikely(pool->nodes > 1))
		return frames_take_from_nodes(pool, &any_node, out);
	return likely(take_cached(my_cache(pool), out)) || take_slowly(pool, out);
}

void frames_give_free(struct frames *pool, uint32_t index)
{
	struct frame_cache *cache = my_cache(pool);
	bool fits;

	if (unlikely(pool->nodes > 1)) {
		frames_give_to_node(pool, index);
		return;
	}
	lock_cache(cache);
	fits = cache->count < CACHE_FRAMES;
	if (likely(fits))
		cache->index[cache->count++] = index;
	unlock_cache(cache);
	if (unlikely(!fits))
		give_slowly(pool, index);
}

/* --- whole blocks -------------------------------------------------------------------------------------------------- */

/* All that lies idle goes back to the pool: blocks may become whole by it. Context: pool->lock. */
static void drain_caches(struct frames *pool)
{
	lock_all_caches(pool);
	for (uint32_t slot = 0; slot < THREAD_SLOTS; slot++) {
		struct frame_cache *cache = &pool->caches[slot];

		while (cache->count)
			frame_blocks_give(&pool->node[0], cache->index[--cache->count]);
	}
	unlock_all_caches(pool);
}

bool frames_take_block(struct frames *pool, uint32_t *first)
{
	bool found;

	if (pool->nodes > 1)
		return frames_take_block_from_nodes(pool, &any_node, first);
	frames_lock(pool);
	found = frame_blocks_take_whole(&pool->node[0], first);
	if (!found) {
		drain_caches(pool);
		found = frame_blocks_take_whole(&pool->node[0], first);
	}
	frames_unlock(pool);
	return found;
}

void frames_give_block(struct frames *pool, uint32_t first)
{
	frames_lock(pool);
	frame_blocks_give_whole(&pool->node[first / pool->stride], (uint32_t)(first % pool->stride));
	frames_unlock(pool);
}

void frames_give_many(struct frames *pool, const uint32_t *indices, uint32_t n)
{
	frames_lock(pool);
	while (n--)
		frame_blocks_give(&pool->node[indices[n] / pool->stride], (uint32_t)(indices[n] % pool->stride));
	frames_unlock(pool);
}

uint64_t frames_used(struct frames *frames)
{
	uint64_t used = 0;

	frames_lock(frames);
	for (uint32_t n = 0; n < frames->nodes; n++)
		used += frame_blocks_taken(&frames->node[n]);
	for (uint32_t slot = 0; slot < THREAD_SLOTS; slot++) {
		lock_cache(&frames->caches[slot]);
		used -= frames->caches[slot].count;
		unlock_cache(&frames->caches[slot]);
	}
	frames_unlock(frames);
	return used;
}
