/*
 * pt/frame_nodes.c - frames of a pool that is divided into NUMA nodes
 *
 * No caches here: which node a frame is of matters more than how warm it is. A take fails only when none of the nodes that it
 * names has a frame, since it holds the pool's lock from the first look to the last.
 */
#include "base/bits.h"
#include "base/check.h"
#include "pt/frame_pool.h"

typedef bool take_fn(struct frame_blocks *blocks, uint32_t *out);

static bool take_from_set(struct frames *pool, uint64_t set, uint32_t nearest, take_fn *take, uint32_t *out)
{
	for (uint32_t i = 0; i < pool->nodes; i++) {
		uint32_t n = (nearest + i) % pool->nodes;

		if ((set >> n & 1) && take(&pool->node[n], out)) {
			*out += (uint32_t)(n * pool->stride);
			return true;
		}
	}
	return false;
}

static bool take_any(struct frames *pool, const struct frame_nodes *nodes, take_fn *take, uint32_t *out)
{
	bool found;

	frames_lock(pool);
	found = take_from_set(pool, nodes->wanted, nodes->nearest, take, out) ||
		take_from_set(pool, nodes->fallback, nodes->nearest, take, out);
	frames_unlock(pool);
	return found;
}

bool frames_take_from_nodes(struct frames *pool, const struct frame_nodes *nodes, uint32_t *out)
{
	return take_any(pool, nodes, frame_blocks_take, out);
}

bool frames_take_block_from_nodes(struct frames *pool, const struct frame_nodes *nodes, uint32_t *first)
{
	return take_any(pool, nodes, frame_blocks_take_whole, first);
}

void frames_give_to_node(struct frames *pool, uint32_t index)
{
	frames_give_many(pool, &index, 1);
}

uint32_t frame_node(const struct frames *frames, const void *frame)
{
	uint64_t index = ((uintptr_t)frame - (uintptr_t)frames->arena) >> PAGE_SHIFT;

	return (uint32_t)(index / frames->stride);
}
