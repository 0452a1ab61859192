/*
 * index/index.c - the life of an index
 */
#include "index/index.h"

#include <errno.h>

#include "sync/blocks.h"
#include "index/reserve.h"
#include "index/search.h"

int index_init(struct index *index)
{
	struct index_node *root;

	*index = (struct index){ .search = search_choose() };
	rcu_batch_init(&index->retired, node_free_rcu);
	root = reserve_alloc(index);
	if (!root)
		return -ENOMEM;
	leaf_fill(root, NULL, 0);
	rcu_publish(&index->root, root_pack(root, 0));
	return 0;
}

void index_destroy(struct index *index)
{
	struct index_node *root = atomic_plain(&index->root), *node;

	if (root)
		node_free_tree(root_node(root), root_level(root));
	while ((node = node_pop(&index->spare)))
		block_give(BLOCK_384, node);
	rcu_batch_drain(&index->retired);
	*index = (struct index){ 0 };
}

uint64_t index_memory_bytes(const struct index *index)
{
	return index->nodes * sizeof(struct index_node);
}
