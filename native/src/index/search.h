/*
 * index/search.h - the search inside a node, in one variant for each kind of CPU
 *
 * The lookup is compiled once around each search (walk.h), so that no call stands between the levels of the tree; an
 * index holds the table of its variant from index_init() on.
 */
#ifndef VMALOCK_INDEX_SEARCH_H
#define VMALOCK_INDEX_SEARCH_H

#include "index/node.h"

/* How many keys of @node are at or below @addr: the slot to look at. @addr is at most INDEX_MAX_ADDRESS. */
typedef uint32_t rank_fn(const struct index_node *node, uint64_t addr);

struct index_search {
	const char *name;
	rank_fn *rank;

	/* index_find(). */
	bool (*find)(const struct index *index, uint64_t addr, struct index_entry *out);
};

extern const struct index_search search_portable;

/* NULL where this CPU, or this build, has none. */
const struct index_search *search_avx2_if_supported(void);

/* The best that this CPU has. */
const struct index_search *search_choose(void);

/* index_find() when the leaf for @addr had no answer (node.h, N1): the same walk with a memory of its path. */
bool walk_find_beyond(const struct index *index, uint64_t addr, struct index_entry *out);

#endif
