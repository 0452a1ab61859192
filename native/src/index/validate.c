/*
 * index/validate.c - every invariant, by a full walk
 *
 * Locks   the writers' lock.
 */
#include "index/gap.h"

struct walk {
	uint64_t entries, nodes;
	const char *broken;
};

static bool fail(struct walk *w, const char *what)
{
	if (!w->broken)
		w->broken = what;
	return false;
}

/* KEY_NONE and nothing else follows the keys in use. */
static bool keys_are_packed(const struct index_node *node)
{
	uint32_t n = node_keys(node);

	for (uint32_t i = 0; i < NODE_KEYS; i++) {
		if ((atomic_plain(&node->key[i]) == KEY_NONE) != (i >= n))
			return false;
	}
	return true;
}

static bool check_leaf(struct walk *w, const struct index_node *leaf, uint64_t lo, uint64_t hi, bool is_root)
{
	uint32_t n = node_keys(leaf);

	if (!is_root && n < NODE_MIN)
		return fail(w, "a leaf is thin");
	for (uint32_t i = 0; i < n; i++) {
		struct index_entry e = leaf_entry(leaf, i);

		if (e.start < lo)
			return fail(w, "an entry begins before the one before it ends, or before its leaf's keys");
		if (e.start >= e.end)
			return fail(w, "an entry is empty");
		if (!e.value)
			return fail(w, "an entry has no value");
		lo = e.end;
	}
	if (lo > INDEX_MAX_ADDRESS)
		return fail(w, "an entry ends above INDEX_MAX_ADDRESS");
	if (hi != KEY_NONE && lo != hi)
		return fail(w, "a pivot is not the end of the entry before it");
	w->entries += n;
	return true;
}

static bool check_node(struct walk *w, const struct index_node *node, uint32_t level, uint64_t lo, uint64_t hi,
		       bool is_root);

static bool check_child(struct walk *w, const struct index_node *inner, uint32_t slot, uint32_t level, uint64_t lo,
			uint64_t hi)
{
	const struct index_node *child = node_child(inner, slot);
	uint64_t gap;

	if (!check_node(w, child, level - 1, lo, hi, false))
		return false;
	gap = level == 1 ? gap_of_leaf(child, lo) : gap_of_inner(child);
	return gap == inner->inner.gap[slot] || fail(w, "a gap is not the longest free stretch below its child");
}

static bool check_inner(struct walk *w, const struct index_node *inner, uint32_t level, uint64_t lo, uint64_t hi,
			bool is_root)
{
	uint32_t n = node_children(inner);

	if (n < (is_root ? 2 : NODE_MIN))
		return fail(w, "an inner node is thin");
	for (uint32_t i = 0; i < n; i++) {
		uint64_t end = i + 1 < n ? atomic_plain(&inner->key[i]) : hi;

		if (end <= lo)
			return fail(w, "pivots do not ascend");
		if (!check_child(w, inner, i, level, lo, end))
			return false;
		lo = end;
	}
	return true;
}

static bool check_node(struct walk *w, const struct index_node *node, uint32_t level, uint64_t lo, uint64_t hi,
		       bool is_root)
{
	w->nodes++;
	if ((uintptr_t)node % NODE_ALIGN != 0)
		return fail(w, "a node is not aligned");
	if (!keys_are_packed(node))
		return fail(w, "a key follows an unused one");
	return level == 0 ? check_leaf(w, node, lo, hi, is_root) : check_inner(w, node, level, lo, hi, is_root);
}

static uint32_t list_length(const struct rcu_node *link)
{
	uint32_t n = 0;

	for (; link; link = link->next)
		n++;
	return n;
}

const char *index_validate(const struct index *index)
{
	struct index_node *root = atomic_plain(&index->root);
	struct walk w = { 0 };

	if (root_level(root) >= INDEX_MAX_HEIGHT)
		return "the tree is too high";
	if (!check_node(&w, root_node(root), root_level(root), 0, KEY_NONE, true))
		return w.broken;
	if (w.entries != index->count)
		return "the count of entries is wrong";
	if (w.nodes != index->nodes)
		return "the count of nodes is wrong";
	if (list_length(index->spare ? &index->spare->rcu : NULL) != index->spare_count)
		return "the count of spare nodes is wrong";
	return NULL;
}
