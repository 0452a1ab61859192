/*
 * index/reserve.h - the nodes that a store lives on
 *
 * A store touches one run of neighbouring nodes at each level, and makes of the run at most NODES_PER_LEVEL new ones:
 *   leaves    at most 14 entries of the first leaf stay (it loses one, or the run would begin later), 3 are new, at
 *             most 14 of the last leaf stay: 31 entries, three leaves. A run in one leaf keeps at most 15: 18, two
 *             leaves.
 *   inner     at most 15 children of the first node stay, 3 are new, 15 of the last stay: 33, three nodes.
 *   a thin result takes in one neighbour: below NODE_MIN + 16, two nodes.
 * Above the root may come one more, over two or three. So a tree of height h wants NODES_PER_LEVEL * h + 1. A store
 * that raises the root leaves it two or three children, and one store adds at most two: six more fit before it can
 * rise again.
 */
#ifndef VMALOCK_INDEX_RESERVE_H
#define VMALOCK_INDEX_RESERVE_H

#include "index/node.h"

#define NODES_PER_LEVEL 3
#define STORES_PER_RISE 7

/* Takes a spare node into the tree. There is one: the store was reserved. */
struct index_node *reserve_take(struct index *index);

/* Allocates one for a tree that is being built; NULL when there is no memory. */
must_check struct index_node *reserve_alloc(struct index *index);

#endif
