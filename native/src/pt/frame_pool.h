/*
 * pt/frame_pool.h - struct frames, between the file that keeps the free frames and the one that counts the users of the others
 */
#ifndef VMALOCK_PT_FRAME_POOL_H
#define VMALOCK_PT_FRAME_POOL_H

#include "base/atomic.h"
#include "locks/refcount.h"
#include "locks/spinlock.h"
#include "pt/commit.h"
#include "pt/frame.h"
#include "pt/frame_blocks.h"
#include "pt/frame_sharers.h"
#include "pt/zero.h"
#include "sync/thread_slots.h"

/* Frames a cache holds, and how many go to or come from the pool at once. */
#define CACHE_FRAMES 126u
#define CACHE_BATCH 32u

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
	uint64_t limit;     /* fixed */
	uint32_t nodes;     /* fixed */
	uint64_t stride;    /* node n's frames are numbered from n strides up; whole blocks. fixed */
	bool have_bytes;    /* fixed */
	struct swap *swap;  /* NULL: none. fixed once somebody takes frames */

	struct frame_sharers sharers;

	cache_aligned struct spinlock lock;
	struct frame_blocks node[VMALOCK_MAX_NODES]; /* each node's free frames, numbered from 0. Guard: lock. */

	cache_aligned atomic_u64 tables; /* page tables of all spaces of the pool, without roots */
	struct commit commit;

	struct frame_cache caches[THREAD_SLOTS];
};

static inline void frames_lock(struct frames *pool)
{
	spinlock_lock(&pool->lock, RANK_FRAMES);
}

static inline void frames_unlock(struct frames *pool)
{
	spinlock_unlock(&pool->lock, RANK_FRAMES);
}

/* Numbers of frames that nobody uses; from here on the caller does, or no longer does. Context: no lock above RANK_TABLE. */
must_check bool frames_take_free(struct frames *pool, uint32_t *out);
void frames_give_free(struct frames *pool, uint32_t index);

/* A whole block, after draining the caches if there is none; and one given back. */
must_check bool frames_take_block(struct frames *pool, uint32_t *first);
void frames_give_block(struct frames *pool, uint32_t first);

/* Past the caches. */
void frames_give_many(struct frames *pool, const uint32_t *indices, uint32_t n);

/* The first two of a pool of several nodes: frame_nodes.c. False: none of @nodes has one. */
must_check bool frames_take_from_nodes(struct frames *pool, const struct frame_nodes *nodes, uint32_t *out);
void frames_give_to_node(struct frames *pool, uint32_t index);
must_check bool frames_take_block_from_nodes(struct frames *pool, const struct frame_nodes *nodes, uint32_t *first);

#endif
