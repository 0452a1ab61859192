/*
 * index/gap.c - keeping the gaps, and the two searches
 *
 * A search goes into a child only when a gap there is long enough. Such a child disappoints only if it sticks out over
 * an end of the range asked for, which at most two children a level do, so a search looks at no more than
 * 2 * height nodes.
 */
#include "index/gap.h"

uint64_t gap_of_leaf(const struct index_node *leaf, uint64_t lo)
{
	uint64_t gap = 0;

	for (uint32_t i = 0; i < NODE_KEYS && atomic_plain(&leaf->key[i]) != KEY_NONE; i++) {
		gap = max_u64(gap, atomic_plain(&leaf->leaf.start[i]) - lo);
		lo = atomic_plain(&leaf->key[i]);
	}
	return gap;
}

uint64_t gap_of_inner(const struct index_node *inner)
{
	uint64_t gap = 0;

	for (uint32_t i = 0; i < NODE_CHILDREN; i++)
		gap = max_u64(gap, inner->inner.gap[i]);
	return gap;
}

void gap_note(const struct path *p, uint32_t level, uint64_t gap)
{
	for (; level < p->height; level++) {
		uint64_t *slot = &p->node[level]->inner.gap[p->slot[level]];
		uint64_t before = *slot, longest;

		*slot = gap;
		if (before == gap || level + 1 == p->height)
			return;
		longest = p->node[level + 1]->inner.gap[p->slot[level + 1]];
		/* Neither was nor is the longest of its node. */
		if (before < longest && gap <= longest)
			return;
		gap = gap_of_inner(p->node[level]);
	}
}

void gap_note_after(const struct index *index, uint64_t end)
{
	struct path p;

	path_seek(&p, index, end);
	if (p.height > 1)
		gap_note(&p, 1, gap_of_leaf(p.node[0], p.lo[0]));
}

/* --- searches ---------------------------------------------------------------------------------------------------- */

struct gap_search {
	uint64_t lo, hi, length; /* bytes */
	uint64_t found;
};

static bool stretch_fits(struct gap_search *s, uint64_t begin, uint64_t end, enum direction direction)
{
	begin = max_u64(begin, s->lo);
	end = min_u64(end, s->hi);
	if (end < begin || end - begin < s->length)
		return false;
	s->found = direction == FORWARD ? begin : end - s->length;
	return true;
}

/* The slots of @node in @direction: n of them, the i-th at slot_at(). */
static uint32_t slot_at(uint32_t n, uint32_t i, enum direction direction)
{
	return direction == FORWARD ? i : n - 1 - i;
}

static uint64_t key_before(const struct index_node *node, uint32_t slot, uint64_t lo)
{
	return slot > 0 ? atomic_plain(&node->key[slot - 1]) : lo;
}

static bool search_leaf(struct gap_search *s, const struct index_node *leaf, uint64_t lo, enum direction direction)
{
	uint32_t n = node_keys(leaf);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t slot = slot_at(n, i, direction);

		if (stretch_fits(s, key_before(leaf, slot, lo), atomic_plain(&leaf->leaf.start[slot]), direction))
			return true;
	}
	return false;
}

/* Can a stretch below the child at @slot, whose keys begin at @lo, serve? */
static bool worth_entering(const struct gap_search *s, const struct index_node *inner, uint32_t slot, uint64_t lo)
{
	return inner->inner.gap[slot] >= s->length && lo < s->hi &&
	       (!node_has_next(inner, slot) || atomic_plain(&inner->key[slot]) > s->lo);
}

/* Recursion as deep as the tree is high. */
static bool search_node(struct gap_search *s, const struct index_node *node, uint32_t level, uint64_t lo,
			enum direction direction)
{
	uint32_t n;

	if (level == 0)
		return search_leaf(s, node, lo, direction);
	n = node_children(node);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t slot = slot_at(n, i, direction);
		uint64_t begin = key_before(node, slot, lo);

		if (worth_entering(s, node, slot, begin) &&
		    search_node(s, node_child(node, slot), level - 1, begin, direction))
			return true;
	}
	return false;
}

static bool search_tree(struct gap_search *s, const struct index *index, enum direction direction)
{
	struct index_node *root = atomic_plain(&index->root);

	return search_node(s, root_node(root), root_level(root), 0, direction);
}

/* Behind the last entry. */
static bool search_tail(struct gap_search *s, const struct index *index, enum direction direction)
{
	struct path p;

	path_seek(&p, index, INDEX_MAX_ADDRESS);
	return stretch_fits(s, leaf_last_end(p.node[0]), INDEX_MAX_ADDRESS, direction);
}

static bool gap_search_begin(struct gap_search *s, uint64_t lo, uint64_t hi, uint64_t length)
{
	*s = (struct gap_search){ .lo = lo, .hi = min_u64(hi, INDEX_MAX_ADDRESS), .length = length };
	check(length > 0);
	return lo < s->hi && length <= s->hi - lo;
}

bool index_gap_lowest(const struct index *index, uint64_t lo, uint64_t hi, uint64_t length, uint64_t *out)
{
	struct gap_search s;

	if (!gap_search_begin(&s, lo, hi, length))
		return false;
	if (!search_tree(&s, index, FORWARD) && !search_tail(&s, index, FORWARD))
		return false;
	*out = s.found;
	return true;
}

bool index_gap_highest(const struct index *index, uint64_t lo, uint64_t hi, uint64_t length, uint64_t *out)
{
	struct gap_search s;

	if (!gap_search_begin(&s, lo, hi, length))
		return false;
	if (!search_tail(&s, index, BACK) && !search_tree(&s, index, BACK))
		return false;
	*out = s.found;
	return true;
}
