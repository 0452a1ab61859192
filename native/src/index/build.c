/*
 * index/build.c - an index from entries in ascending order, without searches
 *
 * The number of entries says how many nodes each level will have; the entries are shared out evenly, so no node is
 * thin and none is quite full: the first store into a leaf should not have to split it.
 *
 * Locks   nobody else sees the index.
 */
#include "index/gap.h"
#include "index/publish.h"
#include "index/reserve.h"

#include <errno.h>

#define LEAF_FILL (NODE_KEYS - 1)
#define INNER_FILL (NODE_CHILDREN - 1)

struct build {
	struct index *index;
	bool (*next)(void *arg, struct index_entry *out);
	void *arg;
	uint64_t nodes[INDEX_MAX_HEIGHT];  /* how many the level has */
	uint64_t filled[INDEX_MAX_HEIGHT]; /* how many are made */
	uint64_t count;                    /* entries */
	uint64_t end;                      /* of the last entry taken over */
	uint32_t top;
};

static uint64_t divide_up(uint64_t a, uint64_t b)
{
	return (a + b - 1) / b;
}

static void plan(struct build *b)
{
	uint64_t n = b->nodes[0] = divide_up(b->count, LEAF_FILL);

	for (b->top = 0; n > 1; b->nodes[b->top] = n) {
		n = divide_up(n, INNER_FILL);
		b->top++;
		check(b->top < INDEX_MAX_HEIGHT);
	}
}

/* How many of the level below go into the next node of @level. */
static uint32_t next_share(struct build *b, uint32_t level)
{
	uint64_t total = level == 0 ? b->count : b->nodes[level - 1];
	uint64_t i = b->filled[level]++;

	return (uint32_t)(total * (i + 1) / b->nodes[level] - total * i / b->nodes[level]);
}

static void free_items(const struct index_item *items, uint32_t n, uint32_t level)
{
	for (uint32_t i = 0; i < n; i++)
		node_free_tree(items[i].node, level);
}

static bool build_leaf(struct build *b, struct index_item *item)
{
	struct index_entry entries[NODE_KEYS];
	uint32_t n = next_share(b, 0);
	uint64_t lo = b->end;

	item->node = reserve_alloc(b->index);
	if (!item->node)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		bool got = b->next(b->arg, &entries[i]);

		check(got && entries[i].start >= b->end && entries[i].start < entries[i].end && entries[i].value);
		(void)got;
		b->end = entries[i].end;
	}
	check(b->end <= INDEX_MAX_ADDRESS);
	leaf_fill(item->node, entries, n);
	item->hi = b->end;
	item->gap = gap_of_leaf(item->node, lo);
	return true;
}

/* Makes the next node of @level with all below it. Recursion as deep as the tree will be high. */
static bool build_node(struct build *b, uint32_t level, struct index_item *item)
{
	struct index_item items[NODE_CHILDREN];
	uint32_t n;

	if (level == 0)
		return build_leaf(b, item);
	n = next_share(b, level);
	for (uint32_t i = 0; i < n; i++) {
		if (!build_node(b, level - 1, &items[i])) {
			free_items(items, i, level - 1);
			return false;
		}
	}
	item->node = reserve_alloc(b->index);
	if (!item->node) {
		free_items(items, n, level - 1);
		return false;
	}
	inner_fill(item->node, items, n);
	item->hi = items[n - 1].hi;
	item->gap = gap_of_inner(item->node);
	return true;
}

int index_build(struct index *dst, uint64_t count, bool (*next)(void *arg, struct index_entry *out), void *arg)
{
	struct build b = { .index = dst, .next = next, .arg = arg, .count = count };
	struct index_node *empty = root_node(atomic_plain(&dst->root));
	struct index_item root;

	check(dst->count == 0);
	if (count == 0)
		return 0;
	plan(&b);
	if (!build_node(&b, b.top, &root)) {
		dst->nodes = 1;
		return -ENOMEM;
	}
	publish_root(dst, root.node, b.top);
	publish_retire(dst, empty);
	dst->count = count;
	return 0;
}
