/*
 * index/cursor.c - stepping over the entries, in both directions
 *
 * The cursor remembers the node and slot of each level, level 0 the leaf. While stores go on, the nodes it stands on
 * may be retired; they stay as they were until the read section ends, and whatever lies outside their keys is found through
 * ancestors that may be newer. So a step into the next leaf can meet an entry that was made, below where the cursor
 * already is, after the cursor's own leaf was retired: such an entry is passed over, which keeps the order.
 *
 * Locks       RCU, or the writers' lock.
 * Invariants  K1  beyond the last entry: the slot of the rightmost leaf is its number of entries, start and end are
 *                 UINT64_MAX. Before the first: slot BEFORE_FIRST of the leftmost leaf, start and end 0.
 */
#include "index/search.h"

#define BEFORE_FIRST UINT16_MAX

/* Goes down from @level along the first (or last) children to a leaf, standing before (or behind) its entries. */
static void descend_first(struct index_cursor *c, uint32_t level)
{
	for (; level > 0; level--) {
		c->path[level - 1] = rcu_deref(&c->path[level]->inner.child[c->slot[level]]);
		c->slot[level - 1] = 0;
	}
	c->slot[0] = BEFORE_FIRST;
}

static uint16_t last_slot(const struct index_node *inner)
{
	uint16_t slot = 0;

	while (node_has_next(inner, slot))
		slot++;
	return slot;
}

static uint16_t leaf_entries(const struct index_node *leaf)
{
	uint16_t n = 0;

	while (n < NODE_KEYS && atomic_load_relaxed(&leaf->key[n]) != KEY_NONE)
		n++;
	return n;
}

static void descend_last(struct index_cursor *c, uint32_t level)
{
	for (; level > 0; level--) {
		c->path[level - 1] = rcu_deref(&c->path[level]->inner.child[c->slot[level]]);
		if (level > 1)
			c->slot[level - 1] = last_slot(c->path[level - 1]);
	}
	c->slot[0] = leaf_entries(c->path[0]);
}

static bool next_leaf(struct index_cursor *c)
{
	for (uint32_t level = 1; level < c->depth; level++) {
		if (!node_has_next(c->path[level], c->slot[level]))
			continue;
		c->slot[level]++;
		descend_first(c, level);
		return true;
	}
	return false;
}

static bool prev_leaf(struct index_cursor *c)
{
	for (uint32_t level = 1; level < c->depth; level++) {
		if (c->slot[level] == 0)
			continue;
		c->slot[level]--;
		descend_last(c, level);
		return true;
	}
	return false;
}

static bool step_forward(struct index_cursor *c, struct index_entry *e)
{
	do {
		uint16_t slot = (uint16_t)(c->slot[0] + 1);

		if (leaf_load(c->path[0], slot, e)) {
			c->slot[0] = slot;
			return true;
		}
	} while (next_leaf(c));
	c->slot[0] = leaf_entries(c->path[0]);
	c->start = c->end = UINT64_MAX;
	return false;
}

static bool step_back(struct index_cursor *c, struct index_entry *e)
{
	do {
		uint16_t slot = (uint16_t)(c->slot[0] - 1);

		if (c->slot[0] != BEFORE_FIRST && leaf_load(c->path[0], slot, e)) {
			c->slot[0] = slot;
			return true;
		}
	} while (prev_leaf(c));
	c->slot[0] = BEFORE_FIRST;
	c->start = c->end = 0;
	return false;
}

static bool stand_on(struct index_cursor *c, const struct index_entry *e, struct index_entry *out)
{
	c->start = e->start;
	c->end = e->end;
	*out = *e;
	return true;
}

/* Stands before the first entry that ends above @addr, as far as one leaf can tell. */
static void descend_to(struct index_cursor *c, uint64_t addr)
{
	rank_fn *rank = c->index->search->rank;
	struct index_node *node = rcu_deref(&c->index->root);
	uint32_t level = root_level(node);

	c->depth = level + 1;
	node = root_node(node);
	for (; level > 0; level--) {
		c->path[level] = node;
		c->slot[level] = (uint16_t)rank(node, addr);
		node = rcu_deref(&node->inner.child[c->slot[level]]);
	}
	c->path[0] = node;
	c->slot[0] = (uint16_t)(rank(node, addr) - 1);
}

bool index_cursor_seek(struct index_cursor *c, const struct index *index, uint64_t addr, struct index_entry *out)
{
	struct index_entry e;

	c->index = index;
	c->start = c->end = 0;
	descend_to(c, min_u64(addr, INDEX_MAX_ADDRESS));
	while (step_forward(c, &e)) {
		if (e.end > addr)
			return stand_on(c, &e, out);
	}
	return false;
}

bool index_cursor_next(struct index_cursor *c, struct index_entry *out)
{
	struct index_entry e;

	while (step_forward(c, &e)) {
		if (e.end > c->end && (c->end == 0 || e.start > c->start))
			return stand_on(c, &e, out);
	}
	return false;
}

bool index_cursor_prev(struct index_cursor *c, struct index_entry *out)
{
	struct index_entry e;

	while (step_back(c, &e)) {
		if (e.start < c->start && e.end < c->end)
			return stand_on(c, &e, out);
	}
	return false;
}
