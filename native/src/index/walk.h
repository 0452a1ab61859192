/*
 * index/walk.h - the lookup, to be compiled around a search
 *
 * Readers     RCU. Each pointer is followed once. Pivots may move while we look, but only within stretches without
 *             entries: the child we take holds the entry that covers the address, if any was there all along.
 */
#ifndef VMALOCK_INDEX_WALK_H
#define VMALOCK_INDEX_WALK_H

#include "index/search.h"
#include "sync/syncpoint.h"

/* The rows beside the keys, so that they come from memory together with the keys and not after them. */
static inline void prefetch_row(const struct index_node *node, size_t row)
{
	__builtin_prefetch((const char *)node + row * 128);
	__builtin_prefetch((const char *)node + row * 128 + 64);
}

/* Inlined with a constant @rank, it contains no call but the unlikely last one. */
static inline __attribute__((always_inline)) bool walk_find(const struct index *index, uint64_t addr,
							    struct index_entry *out, rank_fn *rank)
{
	struct index_node *node = rcu_deref(&index->root);
	uint32_t level = root_level(node), slot;

	if (unlikely(addr >= INDEX_MAX_ADDRESS))
		return false;
	node = root_node(node);
	for (; level > 0; level--) {
		slot = rank(node, addr);
		syncpoint("index-child-chosen");
		/* pair [index-child]: publish_child() in publish.c. */
		node = rcu_deref(&node->inner.child[slot]);
		prefetch_row(node, 1);
	}
	prefetch_row(node, 2);
	slot = rank(node, addr);
	syncpoint("index-entry-chosen");
	/* The end is read again after the search: it may have fallen below @addr in between. */
	if (likely(leaf_load(node, slot, out) && out->end > addr))
		return true;
	return walk_find_beyond(index, addr, out);
}

#endif
