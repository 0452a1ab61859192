/*
 * index/node.c - filling nodes, and lists of them
 */
#include "index/node.h"

#include <string.h>

#include "sync/blocks.h"

struct index_node *node_alloc(void)
{
	return block_take(BLOCK_384);
}

void node_free_rcu(struct rcu_node *rcu)
{
	block_give(BLOCK_384, container_of(rcu, struct index_node, rcu));
}

void node_free_tree(struct index_node *node, uint32_t level)
{
	for (uint32_t i = 0; level > 0 && i < node_children(node); i++)
		node_free_tree(node_child(node, i), level - 1);
	block_give(BLOCK_384, node);
}

void node_push(struct index_node **list, struct index_node *node)
{
	node->rcu.next = *list ? &(*list)->rcu : NULL;
	*list = node;
}

struct index_node *node_pop(struct index_node **list)
{
	struct index_node *node = *list;

	if (node)
		*list = node->rcu.next ? container_of(node->rcu.next, struct index_node, rcu) : NULL;
	return node;
}

static void put_entries(struct index_node *leaf, uint32_t at, const struct index_entry *entries, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		atomic_init(&leaf->key[at + i], entries[i].end);
		atomic_init(&leaf->leaf.start[at + i], entries[i].start);
		atomic_init(&leaf->leaf.value[at + i], entries[i].value);
	}
}

static void copy_entries(struct index_node *to, uint32_t at, const struct index_node *from, uint32_t begin, uint32_t n)
{
	memcpy(&to->key[at], &from->key[begin], n * sizeof(to->key[0]));
	memcpy(&to->leaf.start[at], &from->leaf.start[begin], n * sizeof(to->leaf.start[0]));
	memcpy(&to->leaf.value[at], &from->leaf.value[begin], n * sizeof(to->leaf.value[0]));
}

static void end_keys(struct index_node *node, uint32_t n)
{
	check(n <= NODE_KEYS);
	for (uint32_t i = n; i < NODE_KEYS; i++)
		atomic_init(&node->key[i], KEY_NONE);
}

void leaf_fill(struct index_node *leaf, const struct index_entry *entries, uint32_t n)
{
	put_entries(leaf, 0, entries, n);
	end_keys(leaf, n);
	leaf->leaf.moved = 0;
}

void leaf_fill_spliced(struct index_node *to, const struct index_node *from, uint32_t begin, uint32_t end,
		       const struct index_entry *entries, uint32_t n)
{
	uint32_t after = node_keys(from) - end;

	check(begin + n + after <= NODE_KEYS);
	copy_entries(to, 0, from, 0, begin);
	put_entries(to, begin, entries, n);
	copy_entries(to, begin + n, from, end, after);
	end_keys(to, begin + n + after);
	to->leaf.moved = 0;
}

void inner_fill(struct index_node *inner, const struct index_item *items, uint32_t n)
{
	check(n >= 2 && n <= NODE_CHILDREN);
	for (uint32_t i = 0; i < n; i++) {
		atomic_init(&inner->inner.child[i], items[i].node);
		inner->inner.gap[i] = items[i].gap;
		if (i + 1 < n)
			atomic_init(&inner->key[i], items[i].hi);
	}
	for (uint32_t i = n; i < NODE_CHILDREN; i++)
		inner->inner.gap[i] = 0;
	end_keys(inner, n - 1);
}
