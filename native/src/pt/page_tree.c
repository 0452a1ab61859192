#include "pt/page_tree.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/check.h"
#include "sync/rcu.h"

#define NODE_BITS 6
#define NODE_SLOTS (1u << NODE_BITS)

struct page_node {
	uint32_t shift; /* a slot spans 2^shift pages; 0: slots are pages. fixed */

	/* Of nodes: from NULL once. Write: the owner's lock. */
	ATOMIC_PTR(void) slot[NODE_SLOTS];
};

static bool node_covers(const struct page_node *node, uint64_t index)
{
	unsigned bits = node->shift + NODE_BITS;

	return bits >= 64 || index >> bits == 0;
}

static uint32_t slot_index(const struct page_node *node, uint64_t index)
{
	return (uint32_t)(index >> node->shift) & (NODE_SLOTS - 1);
}

static struct page_node *node_create(uint32_t shift)
{
	struct page_node *node = alloc_zeroed(sizeof(*node));

	if (node)
		node->shift = shift;
	return node;
}

/* pair [page-link]: page_tree_put() and the links of page_tree_reserve(); each load depends on the one before it. */
void *page_tree_find(const struct page_tree *tree, uint64_t index)
{
	const struct page_node *node = rcu_deref(&tree->root);

	if (!node || !node_covers(node, index))
		return NULL;
	while (node && node->shift > 0)
		node = rcu_deref(&node->slot[slot_index(node, index)]);
	return node ? rcu_deref(&node->slot[slot_index(node, index)]) : NULL;
}

/* New roots above the old one, until they cover @index. pair [page-link]: a lookup finds a node with its slots. */
static int grow_upwards(struct page_tree *tree, uint64_t index)
{
	struct page_node *root = atomic_load_relaxed(&tree->root);

	while (!root || !node_covers(root, index)) {
		struct page_node *above = node_create(root ? root->shift + NODE_BITS : 0);

		if (!above)
			return -ENOMEM;
		atomic_init(&above->slot[0], root);
		atomic_store_release(&tree->root, above);
		root = above;
	}
	return 0;
}

int page_tree_reserve(struct page_tree *tree, uint64_t index)
{
	struct page_node *node;
	int err = grow_upwards(tree, index);

	if (err)
		return err;
	node = atomic_load_relaxed(&tree->root);
	while (node->shift > 0) {
		uint32_t i = slot_index(node, index);
		struct page_node *child = atomic_load_relaxed(&node->slot[i]);

		if (!child) {
			child = node_create(node->shift - NODE_BITS);
			if (!child)
				return -ENOMEM;
			atomic_store_release(&node->slot[i], child); /* pair [page-link] */
		}
		node = child;
	}
	return 0;
}

/* The node whose slots are pages. Context: the owner's lock, reserved. */
static struct page_node *lowest(struct page_tree *tree, uint64_t index)
{
	struct page_node *node = atomic_load_relaxed(&tree->root);

	while (node && node->shift > 0)
		node = atomic_load_relaxed(&node->slot[slot_index(node, index)]);
	return node;
}

/* pair [page-link]: page_tree_find(), which must see the page's bytes. */
void page_tree_put(struct page_tree *tree, uint64_t index, void *page)
{
	struct page_node *node = lowest(tree, index);

	check(node && !atomic_load_relaxed(&node->slot[slot_index(node, index)]));
	atomic_store_release(&node->slot[slot_index(node, index)], page);
}

/* The slot of the first page from *@index on, below @node, whose first page is @base. Moves *@index to it, or behind @node. */
static void *find_next(struct page_node *node, uint64_t base, uint64_t *index, uint64_t end, struct page_node **holder)
{
	for (uint32_t i = slot_index(node, *index); i < NODE_SLOTS && *index < end; i++) {
		void *below = atomic_load_relaxed(&node->slot[i]);
		uint64_t next = base + ((uint64_t)(i + 1) << node->shift);
		void *page = NULL;

		if (below && node->shift > 0)
			page = find_next(below, base + ((uint64_t)i << node->shift), index, end, holder);
		else if (below && (*holder = node))
			return below;
		if (page)
			return page;
		*index = next;
	}
	return NULL;
}

/* @holder: the node that has it in a slot. */
static void *find_first(const struct page_tree *tree, uint64_t *index, uint64_t end, struct page_node **holder)
{
	struct page_node *root = atomic_load_relaxed(&tree->root);

	return root && node_covers(root, *index) ? find_next(root, 0, index, end, holder) : NULL;
}

void *page_tree_next(const struct page_tree *tree, uint64_t *index, uint64_t end)
{
	struct page_node *holder;

	return find_first(tree, index, end, &holder);
}

void *page_tree_take_next(struct page_tree *tree, uint64_t *index, uint64_t end)
{
	struct page_node *holder = NULL;
	void *page = find_first(tree, index, end, &holder);

	if (page) {
		atomic_store_relaxed(&holder->slot[slot_index(holder, *index)], NULL);
		++*index;
	}
	return page;
}

static void destroy_node(struct page_node *node, void (*free_page)(void *page))
{
	for (uint32_t i = 0; i < NODE_SLOTS; i++) {
		void *below = atomic_load_relaxed(&node->slot[i]);

		if (!below)
			continue;
		if (node->shift > 0)
			destroy_node(below, free_page);
		else
			free_page(below);
	}
	alloc_free(node);
}

void page_tree_destroy(struct page_tree *tree, void (*free_page)(void *page))
{
	struct page_node *root = atomic_load_relaxed(&tree->root);

	if (root)
		destroy_node(root, free_page);
	atomic_init(&tree->root, NULL);
}
