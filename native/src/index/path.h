/*
 * index/path.h - where the writer stands: one node and slot for each level, and the bounds of their keys
 *
 * Locks   the writers' lock.
 */
#ifndef VMALOCK_INDEX_PATH_H
#define VMALOCK_INDEX_PATH_H

#include "index/search.h"

struct path {
	uint32_t height; /* levels; the root is at level height - 1 */
	struct index_node *node[INDEX_MAX_HEIGHT];
	uint32_t slot[INDEX_MAX_HEIGHT];
	uint64_t lo[INDEX_MAX_HEIGHT], hi[INDEX_MAX_HEIGHT]; /* of the node's keys; hi of the rightmost is KEY_NONE */
};

enum direction { BACK, FORWARD };

/* To the first entry that ends above @addr, or behind the last entry. */
void path_seek(struct path *p, const struct index *index, uint64_t addr);

/*
 * Moves to the neighbour node at @level and to its nearest slot (of a leaf: before the first entry, or behind the
 * last). Levels below are undefined after. False, with nothing changed, when there is no neighbour.
 */
bool path_step(struct path *p, uint32_t level, enum direction direction);

/* Is there a neighbour under the same parent? */
bool path_has_sibling(const struct path *p, uint32_t level, enum direction direction);

/* The pivot that ends the keys of the child at @level and slot[@level]; NULL when the tree ends there. */
atomic_u64 *path_pivot(const struct path *p, uint32_t level);

#endif
