/*
 * index/walk.c - lookups: the common one through the variant for this CPU, the others with a cursor
 */
#include "index/search.h"
#include "sync/syncpoint.h"

bool index_find(const struct index *index, uint64_t addr, struct index_entry *out)
{
	return index->search->find(index, addr, out);
}

bool walk_find_beyond(const struct index *index, uint64_t addr, struct index_entry *out)
{
	struct index_cursor c;

	return index_cursor_seek(&c, index, addr, out);
}

/* Goes down as walk_find() does, to the leaf in which @addr lies. */
static const struct index_node *walk_to_leaf(const struct index *index, uint64_t addr)
{
	rank_fn *rank = index->search->rank;
	struct index_node *node = rcu_deref(&index->root);
	uint32_t level = root_level(node);

	/* pair [index-child]: publish_child() in publish.c. */
	for (node = root_node(node); level > 0; level--)
		node = rcu_deref(&node->inner.child[rank(node, addr)]);
	return node;
}

/* When the leaf of @addr has no entry below it. Else as in index_find_below(). */
static bool find_below_beyond(const struct index *index, uint64_t addr, struct index_entry *out)
{
	struct index_cursor c;
	struct index_entry e;

	(void)index_cursor_seek(&c, index, addr, &e);
	while (index_cursor_prev(&c, &e)) {
		if (e.end > addr)
			continue;
		*out = e;
		return true;
	}
	return false;
}

/* The entries of the leaf up to the rank end at or below @addr; while stores go on, one may have grown over it. */
bool index_find_below(const struct index *index, uint64_t addr, struct index_entry *out)
{
	uint64_t key = min_u64(addr, INDEX_MAX_ADDRESS);
	const struct index_node *leaf = walk_to_leaf(index, key);
	uint32_t slot = index->search->rank(leaf, key);
	struct index_entry e;

	syncpoint("index-below-sought");
	while (slot-- > 0) {
		if (!leaf_load(leaf, slot, &e) || e.end > addr)
			continue;
		*out = e;
		return true;
	}
	return find_below_beyond(index, addr, out);
}
