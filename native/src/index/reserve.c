/*
 * index/reserve.c - sets nodes aside, so that a store cannot fail half way
 *
 * Locks   the writers' lock.
 */
#include "index/reserve.h"

#include <errno.h>

/* What @stores in a row may use, however they fall; the derivation is in reserve.h. */
static uint32_t nodes_for(const struct index *index, uint32_t stores)
{
	uint32_t height = root_level(atomic_plain(&index->root)) + 1;
	uint32_t nodes = 0;

	for (uint32_t done = 0; done < stores; done++) {
		uint32_t risen = (done + STORES_PER_RISE - 1) / STORES_PER_RISE;

		nodes += NODES_PER_LEVEL * (height + risen) + 1;
	}
	return nodes;
}

int index_reserve(struct index *index, uint32_t stores)
{
	uint32_t want = nodes_for(index, stores);

	while (index->spare_count < want) {
		struct index_node *node = node_alloc();

		if (!node)
			return -ENOMEM;
		node_push(&index->spare, node);
		index->spare_count++;
	}
	return 0;
}

struct index_node *reserve_take(struct index *index)
{
	struct index_node *node = node_pop(&index->spare);

	check(node);
	index->spare_count--;
	index->nodes++;
	return node;
}

struct index_node *reserve_alloc(struct index *index)
{
	struct index_node *node = node_alloc();

	if (node)
		index->nodes++;
	return node;
}
