/*
 * index/balance.c - a store that changes more than one leaf
 *
 * It works its way up. At each level a run of neighbouring nodes, from left to right, gives way to at most three new
 * ones that hold what the run keeps and the new nodes of the level below:
 *
 *      left              right                 a a N N N b b       kept, new, kept
 *   [a a x x]  [x x x]  [x b b b]     ->     [a a N N] [N b b b]   shared out evenly; too few take in a neighbour
 *
 * Once a single new node stands for a single child of the level above, that child's pointer is swapped, and readers
 * see the store; or a new root is. Until then nothing that a reader can reach has changed but a pivot (publish.h).
 *
 * Locks       the writers' lock.
 * Invariants  B1  all nodes of the run but the new ones below are unreachable after the swap: they are doomed, and
 *                 retired only then (a batch may ask for its grace period at any retirement).
 *             B2  the nodes taken stay below what index_reserve() set aside: reserve.h.
 */
#include "index/balance.h"

#include "index/gap.h"
#include "index/publish.h"
#include "index/reserve.h"

#include <string.h>

#define ENTRIES_MAX (3 * NODE_KEYS + INDEX_REPLACE_MAX)
#define ITEMS_MAX (3 * NODE_CHILDREN + NODES_PER_LEVEL)

struct splice {
	struct index *index;
	/*
	 * The run of each level: left.node to right.node. Of the leaves, the entries before left.slot stay and those from
	 * right.slot on; of the levels above, the children from left.slot to right.slot go.
	 */
	struct path left, right;
	struct index_item items[NODES_PER_LEVEL]; /* what the run of @level became */
	uint32_t n, level;
	bool whole;            /* the run was all of its level: what is above goes, too */
	uint64_t bound_before; /* where the keys of the last leaf of the run ended */
	struct index_node *doomed;
};

/* --- the run ----------------------------------------------------------------------------------------------------- */

/* Dooms the run of @level; @level 0: returns how many entries it held. */
static uint32_t doom_run(struct splice *s, uint32_t level)
{
	struct path at = s->left;
	uint32_t keys = 0;

	for (;;) {
		struct index_node *node = at.node[level];

		keys += node_keys(node);
		node_push(&s->doomed, node);
		if (node == s->right.node[level])
			return keys;
		(void)path_step(&at, level, FORWARD);
	}
}

/*
 * Takes a neighbour of the run of @level into the run: under the same parent if possible, so that the store ends
 * further down. False when there is none.
 */
static bool take_in_neighbour(struct splice *s, uint32_t level, enum direction *direction)
{
	bool forward = path_has_sibling(&s->right, level, FORWARD);
	bool back = path_has_sibling(&s->left, level, BACK);

	if ((forward || !back) && path_step(&s->right, level, FORWARD)) {
		*direction = FORWARD;
		return true;
	}
	*direction = BACK;
	return path_step(&s->left, level, BACK);
}

/* How many of @total go into the first @i of @parts. */
static uint32_t share(uint32_t total, uint32_t parts, uint32_t i)
{
	return total * i / parts;
}

static uint32_t parts_of(uint32_t total, uint32_t capacity)
{
	return total <= capacity ? 1 : (total + capacity - 1) / capacity;
}

/* --- level 0: entries -------------------------------------------------------------------------------------------- */

struct entries {
	uint32_t n;
	struct index_entry at[ENTRIES_MAX];
};

static void add_entries(struct entries *e, const struct index_node *leaf, uint32_t begin, uint32_t end)
{
	for (uint32_t i = begin; i < end; i++)
		e->at[e->n++] = leaf_entry(leaf, i);
}

static void gather_entries(struct splice *s, struct entries *e, const struct index_entry *entries, uint32_t n)
{
	const struct index_node *last = s->right.node[0];

	e->n = 0;
	add_entries(e, s->left.node[0], 0, s->left.slot[0]);
	for (uint32_t i = 0; i < n; i++)
		e->at[e->n++] = entries[i];
	add_entries(e, last, s->right.slot[0], node_keys(last));
}

static void join_leaf(struct splice *s, struct entries *e)
{
	enum direction direction;
	const struct index_node *leaf;
	struct entries kept;

	if (!take_in_neighbour(s, 0, &direction)) {
		s->whole = true;
		return;
	}
	if (direction == FORWARD) {
		leaf = s->right.node[0];
		add_entries(e, leaf, 0, node_keys(leaf));
		return;
	}
	kept = *e;
	leaf = s->left.node[0];
	e->n = 0;
	add_entries(e, leaf, 0, node_keys(leaf));
	memcpy(&e->at[e->n], kept.at, kept.n * sizeof(kept.at[0]));
	e->n += kept.n;
}

/*
 * Where to cut a leaf that one more entry made too full. In the middle; but when the entry came at an end, chances are
 * that more follow it there (mappings are placed one below the other), so the other side keeps more.
 */
static uint32_t cut_in_two(const struct splice *s, uint32_t total)
{
	bool inserts = s->left.node[0] == s->right.node[0] && s->left.slot[0] == s->right.slot[0];

	if (total != NODE_KEYS + 1 || !inserts)
		return share(total, 2, 1);
	if (s->left.slot[0] == 0)
		return NODE_MIN;
	return s->left.slot[0] == NODE_KEYS ? total - NODE_MIN : share(total, 2, 1);
}

static void make_leaves(struct splice *s, const struct entries *e)
{
	uint32_t parts = parts_of(e->n, NODE_KEYS), begin = 0;
	uint64_t lo = s->left.lo[0];

	for (uint32_t i = 0; i < parts; i++) {
		uint32_t end = parts == 2 && i == 0 ? cut_in_two(s, e->n) : share(e->n, parts, i + 1);
		bool is_last = i + 1 == parts && s->right.hi[0] == KEY_NONE;
		struct index_node *leaf = reserve_take(s->index);

		leaf_fill(leaf, &e->at[begin], end - begin);
		s->items[i] = (struct index_item){ .node = leaf,
						   .hi = is_last ? KEY_NONE : leaf_last_end(leaf),
						   .gap = gap_of_leaf(leaf, lo) };
		lo = s->items[i].hi;
		begin = end;
	}
	s->n = parts;
}

static void splice_leaves(struct splice *s, const struct index_entry *entries, uint32_t n)
{
	struct entries e;

	gather_entries(s, &e, entries, n);
	if (e.n < NODE_MIN)
		join_leaf(s, &e);
	s->index->count = s->index->count + e.n - doom_run(s, 0);
	s->bound_before = s->right.hi[0];
	make_leaves(s, &e);
}

/* --- levels above: children -------------------------------------------------------------------------------------- */

struct items {
	uint32_t n;
	struct index_item at[ITEMS_MAX];
};

/* Adds children [@begin, @end) of @node, whose keys end at @hi. */
static void add_items(struct items *c, const struct index_node *node, uint32_t begin, uint32_t end, uint64_t hi)
{
	for (uint32_t i = begin; i < end; i++)
		c->at[c->n++] = (struct index_item){
			.node = node_child(node, i),
			.hi = node_has_next(node, i) ? atomic_plain(&node->key[i]) : hi,
			.gap = node->inner.gap[i],
		};
}

static void add_all_items(struct items *c, const struct path *p, uint32_t level)
{
	add_items(c, p->node[level], 0, node_children(p->node[level]), p->hi[level]);
}

static void gather_items(struct splice *s, struct items *c, uint32_t level)
{
	const struct index_node *last = s->right.node[level];

	c->n = 0;
	add_items(c, s->left.node[level], 0, s->left.slot[level], s->left.hi[level]);
	for (uint32_t i = 0; i < s->n; i++)
		c->at[c->n++] = s->items[i];
	add_items(c, last, s->right.slot[level] + 1, node_children(last), s->right.hi[level]);
}

static void join_inner(struct splice *s, struct items *c, uint32_t level)
{
	enum direction direction;
	struct items kept;

	if (!take_in_neighbour(s, level, &direction)) {
		s->whole = true;
		return;
	}
	if (direction == FORWARD) {
		add_all_items(c, &s->right, level);
		return;
	}
	kept = *c;
	c->n = 0;
	add_all_items(c, &s->left, level);
	memcpy(&c->at[c->n], kept.at, kept.n * sizeof(kept.at[0]));
	c->n += kept.n;
}

static struct index_item make_inner(struct splice *s, const struct index_item *items, uint32_t n)
{
	struct index_node *inner = reserve_take(s->index);

	inner_fill(inner, items, n);
	return (struct index_item){ .node = inner, .hi = items[n - 1].hi, .gap = gap_of_inner(inner) };
}

static void make_inners(struct splice *s, const struct items *c)
{
	uint32_t parts = parts_of(c->n, NODE_CHILDREN);

	for (uint32_t i = 0; i < parts; i++) {
		uint32_t begin = share(c->n, parts, i), end = share(c->n, parts, i + 1);

		s->items[i] = make_inner(s, &c->at[begin], end - begin);
	}
	s->n = parts;
}

static void splice_inner(struct splice *s, uint32_t level)
{
	struct items c;

	gather_items(s, &c, level);
	if (c.n < NODE_MIN)
		join_inner(s, &c, level);
	(void)doom_run(s, level);
	/* One child and no neighbour: the child is the root, as it is. */
	if (c.n == 1)
		return;
	make_inners(s, &c);
	s->level = level;
}

/* --- all levels -------------------------------------------------------------------------------------------------- */

/* Does one new node stand for one child of @level? */
static bool is_one_for_one(const struct splice *s, uint32_t level)
{
	return s->n == 1 && s->left.node[level] == s->right.node[level] && s->left.slot[level] == s->right.slot[level];
}

/* The levels from @level up go, and the items are, or get, a new root. */
static void splice_root(struct splice *s, uint32_t level)
{
	for (; level < s->left.height; level++)
		(void)doom_run(s, level);
	if (s->n > 1) {
		s->items[0] = make_inner(s, s->items, s->n);
		s->level++;
	}
	publish_root(s->index, s->items[0].node, s->level);
}

static void retire_doomed(struct splice *s)
{
	struct index_node *node;

	while ((node = node_pop(&s->doomed)))
		publish_retire(s->index, node);
}

/*
 * The run ends before the first entry that ends above @hi. If that is the first of another leaf, it ends behind the last
 * entry of the leaf before: no need to touch the other.
 */
static void seek_right(struct splice *s, uint64_t hi)
{
	path_seek(&s->right, s->index, hi);
	if (s->right.slot[0] == 0 && s->right.node[0] != s->left.node[0])
		(void)path_step(&s->right, 0, BACK);
}

static void splice_up(struct splice *s)
{
	uint32_t level = 1;

	for (; level < s->left.height && !s->whole; level++) {
		if (is_one_for_one(s, level)) {
			publish_child(s->index, &s->right, level, &s->items[0]);
			return;
		}
		splice_inner(s, level);
	}
	splice_root(s, level);
}

void balance_replace(struct index *index, const struct path *left, uint64_t hi, const struct index_entry *entries,
		     uint32_t n)
{
	struct splice s = { .index = index, .left = *left };
	uint64_t bound;

	seek_right(&s, hi);
	splice_leaves(&s, entries, n);
	bound = s.items[s.n - 1].hi;
	splice_up(&s);
	if (bound != s.bound_before)
		gap_note_after(index, bound);
	retire_doomed(&s);
}
