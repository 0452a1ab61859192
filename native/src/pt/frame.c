/*
 * pt/frame.c - the pool of frames: reserved addresses, counts, and the frames that nobody uses
 *
 *   never used           from `fresh` up to the limit
 *   free                 a stack in the pool
 *   free, kept warm      a stack in the cache of each thread's slot
 *
 * A list of free frames never runs through the frames themselves: following it would bring cold memory in.
 *
 * Locks   pool->lock (RANK_FRAMES), then caches' (RANK_FRAME_CACHE), several of them in the order of their slots.
 *         Frames move between pool and caches only under both.
 */
#include "pt/frame.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bits.h"
#include "base/check.h"
#include "locks/refcount.h"
#include "locks/spinlock.h"
#include "pt/zero.h"
#include "sync/sync.h"
#include "sync/syncpoint.h"
#include "sync/thread_slots.h"

/* A large page of the host. */
#define HUGE_SIZE (UINT64_C(2) << 20)

/* Frames a cache holds, and how many go to or come from the pool at once. */
#define CACHE_FRAMES 126u
#define CACHE_BATCH 32u

/* Frames are numbered by 32 bits. */
#define MAX_FRAMES (UINT64_C(1) << 32)

struct frame_cache {
	cache_aligned struct spinlock lock;
	uint32_t count;               /* Guard: lock. */
	uint32_t index[CACHE_FRAMES]; /* the last is the warmest. Guard: lock. */
};

struct frames {
	struct refcount refs;
	page_zero_fn *zero; /* fixed */
	uint8_t *arena;     /* frame n is at n pages. fixed */
	atomic_u32 *users;  /* of each frame; 0: free. Write: who holds a use */
	uint32_t *free;     /* a stack. Guard: lock. */
	uint64_t limit;     /* fixed */
	bool have_bytes;    /* fixed */

	cache_aligned struct spinlock lock;
	uint64_t free_count; /* Guard: lock. */
	uint64_t fresh;      /* frames from here on were never used. Guard: lock. */

	cache_aligned atomic_u64 tables; /* page tables of all spaces of the pool, without roots */

	struct frame_cache caches[THREAD_SLOTS];
};

static const cache_aligned uint8_t zero_page[PAGE_SIZE] __attribute__((aligned(4096)));

const void *frame_zero_page(void)
{
	return zero_page;
}

/* --- the pool's life ---------------------------------------------------------------------------------------------- */

static size_t round_up(uint64_t bytes, uint64_t to)
{
	return (bytes + to - 1) & ~(to - 1);
}

static size_t arena_size(const struct frames *pool)
{
	return round_up(pool->limit << PAGE_SHIFT, HUGE_SIZE);
}

static size_t numbers_size(const struct frames *pool)
{
	return round_up(pool->limit * sizeof(uint32_t), PAGE_SIZE);
}

static void free_parts(struct frames *pool)
{
	alloc_unreserve(pool->arena, arena_size(pool));
	alloc_unreserve(pool->users, numbers_size(pool));
	alloc_unreserve(pool->free, numbers_size(pool));
}

static int reserve_parts(struct frames *pool)
{
	enum alloc_reserve use = pool->have_bytes ? ALLOC_TOUCHABLE : ALLOC_ADDRESSES_ONLY;

	pool->arena = alloc_reserve(HUGE_SIZE, arena_size(pool), use);
	pool->users = alloc_reserve(PAGE_SIZE, numbers_size(pool), ALLOC_TOUCHABLE);
	pool->free = alloc_reserve(PAGE_SIZE, numbers_size(pool), ALLOC_TOUCHABLE);
	if (!pool->arena || !pool->users || !pool->free) {
		free_parts(pool);
		return -ENOMEM;
	}
	/* Not the first one: a space that uses few pages should not cost the time to fill a large one. */
	if (pool->have_bytes && arena_size(pool) > HUGE_SIZE)
		alloc_prefer_huge(pool->arena + HUGE_SIZE, arena_size(pool) - HUGE_SIZE);
	return 0;
}

int frames_create(uint64_t limit, enum vmalock_backing backing, struct frames **out)
{
	struct frames *pool;
	int err;

	if (limit == 0 || limit > MAX_FRAMES)
		return -ENOMEM;
	pool = alloc_aligned(CACHE_LINE, sizeof(*pool));
	if (!pool)
		return -ENOMEM;
	memset(pool, 0, sizeof(*pool));
	refcount_init(&pool->refs);
	pool->zero = page_zero_choose();
	pool->limit = limit;
	pool->have_bytes = backing == VMALOCK_BACKING_MEMORY;
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

void frames_get(struct frames *frames)
{
	refcount_get(&frames->refs);
}

void frames_put(struct frames *frames)
{
	if (!refcount_put(&frames->refs))
		return;
	check(frames_used(frames) == 0);
	free_parts(frames);
	alloc_free(frames);
}

bool frames_have_bytes(const struct frames *frames)
{
	return frames->have_bytes;
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

static void lock_pool(struct frames *pool)
{
	spinlock_lock(&pool->lock, RANK_FRAMES);
}

static void unlock_pool(struct frames *pool)
{
	spinlock_unlock(&pool->lock, RANK_FRAMES);
}

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

/* One from the pool's own. Context: pool->lock. */
static bool take_pooled(struct frames *pool, uint32_t *out)
{
	if (pool->free_count)
		*out = pool->free[--pool->free_count];
	else if (pool->fresh < pool->limit)
		*out = (uint32_t)pool->fresh++;
	else
		return false;
	return true;
}

/* Fills up the thread's cache. Context: pool->lock. */
static void refill(struct frames *pool, struct frame_cache *cache)
{
	uint32_t batch[CACHE_BATCH], n = 0;

	while (n < CACHE_BATCH && take_pooled(pool, &batch[n]))
		n++;
	lock_cache(cache);
	/* The first taken is the warmest and goes on top. The slot may be one that threads share, and full by now. */
	while (n && cache->count < CACHE_FRAMES)
		cache->index[cache->count++] = batch[--n];
	unlock_cache(cache);
	while (n)
		pool->free[pool->free_count++] = batch[--n];
}

/* Whatever lies idle in a cache. Holding all of them shows that none moves from one to another meanwhile. */
static bool take_from_any(struct frames *pool, uint32_t *out)
{
	bool found = false;

	for (uint32_t slot = 0; slot < THREAD_SLOTS; slot++)
		lock_cache(&pool->caches[slot]);
	for (uint32_t slot = 0; slot < THREAD_SLOTS && !found; slot++) {
		struct frame_cache *cache = &pool->caches[slot];

		found = cache->count > 0;
		if (found)
			*out = cache->index[--cache->count];
	}
	for (uint32_t slot = 0; slot < THREAD_SLOTS; slot++)
		unlock_cache(&pool->caches[slot]);
	return found;
}

static __attribute__((noinline)) bool take_slowly(struct frames *pool, uint32_t *out)
{
	bool found;

	syncpoint("frame-cache-empty");
	lock_pool(pool);
	found = take_pooled(pool, out);
	if (found)
		refill(pool, my_cache(pool));
	else
		found = take_from_any(pool, out);
	unlock_pool(pool);
	return found;
}

/* The coldest go to the pool, then there is room for @index. */
static __attribute__((noinline)) void give_slowly(struct frames *pool, uint32_t index)
{
	struct frame_cache *cache = my_cache(pool);

	lock_pool(pool);
	lock_cache(cache);
	if (cache->count == CACHE_FRAMES) {
		memcpy(&pool->free[pool->free_count], cache->index, CACHE_BATCH * sizeof(*cache->index));
		pool->free_count += CACHE_BATCH;
		cache->count -= CACHE_BATCH;
		memmove(cache->index, cache->index + CACHE_BATCH, cache->count * sizeof(*cache->index));
	}
	cache->index[cache->count++] = index;
	unlock_cache(cache);
	unlock_pool(pool);
}

static void give(struct frames *pool, uint32_t index)
{
	struct frame_cache *cache = my_cache(pool);
	bool fits;

	lock_cache(cache);
	fits = cache->count < CACHE_FRAMES;
	if (likely(fits))
		cache->index[cache->count++] = index;
	unlock_cache(cache);
	if (unlikely(!fits))
		give_slowly(pool, index);
}

uint64_t frames_used(struct frames *frames)
{
	uint64_t used;

	lock_pool(frames);
	used = frames->fresh - frames->free_count;
	for (uint32_t slot = 0; slot < THREAD_SLOTS; slot++) {
		lock_cache(&frames->caches[slot]);
		used -= frames->caches[slot].count;
		unlock_cache(&frames->caches[slot]);
	}
	unlock_pool(frames);
	return used;
}

/* --- frames in use ------------------------------------------------------------------------------------------------ */

static atomic_u32 *users_of(struct frames *pool, const void *frame)
{
	return &pool->users[((uintptr_t)frame - (uintptr_t)pool->arena) >> PAGE_SHIFT];
}

static void *take(struct frames *pool)
{
	uint32_t index;

	if (unlikely(!take_cached(my_cache(pool), &index)) && !take_slowly(pool, &index))
		return NULL;
	check(atomic_load_relaxed(&pool->users[index]) == 0);
	atomic_store_relaxed(&pool->users[index], 1);
	return pool->arena + ((uint64_t)index << PAGE_SHIFT);
}

void *frame_take_zeroed(struct frames *frames)
{
	void *frame = take(frames);

	if (likely(frame != NULL) && frames->have_bytes)
		frames->zero(frame);
	return frame;
}

void *frame_take_copy(struct frames *frames, const void *from)
{
	void *frame = take(frames);

	if (likely(frame != NULL) && frames->have_bytes)
		memcpy(frame, from, PAGE_SIZE);
	return frame;
}

void frame_get(struct frames *frames, void *frame)
{
	uint32_t before = atomic_fetch_add_relaxed(users_of(frames, frame), 1);

	check(before != 0 && before != UINT32_MAX);
	(void)before;
}

void frame_put(struct frames *frames, void *frame)
{
	atomic_u32 *users = users_of(frames, frame);

	/*
	 * The only user needs no update that others could see: nobody can become one but through it.
	 * pair [frame-only]: with the puts of those who were users before; their reads and writes are over.
	 */
	if (atomic_load_acquire(users) == 1)
		atomic_store_relaxed(users, 0);
	else if (atomic_fetch_sub_acq_rel(users, 1) != 1)
		return;
	give(frames, (uint32_t)(users - frames->users));
}

/* pair [frame-only]: the put of the last other user, in whose space the frame was read until then. */
bool frame_is_only(struct frames *frames, void *frame)
{
	return atomic_load_acquire(users_of(frames, frame)) == 1;
}

bool frame_is_used(struct frames *frames, const void *frame)
{
	uint64_t offset = (uintptr_t)frame - (uintptr_t)frames->arena;

	return page_aligned(offset) && offset >> PAGE_SHIFT < frames->limit &&
	       atomic_load_relaxed(users_of(frames, frame)) != 0;
}
