#include "index/publish.h"

#include "index/gap.h"
#include "sync/syncpoint.h"

/*
 * pair [index-in-place]: leaf_load(), and the relaxed loads of a search, which ask for no order: a pivot found too low
 *   or too high leads to a leaf without an answer, and the lookup goes on to the next one.
 * without it: a reader finds an entry by its new bound and does not see what the writer did before it moved the bound.
 * cost: a plain store on x86-64, stlr on arm64.
 */
static void word_store(atomic_u64 *word, uint64_t value)
{
	atomic_store_release(word, value);
}

void publish_bound_raised(const struct path *p, uint32_t level, uint64_t hi)
{
	atomic_u64 *pivot = path_pivot(p, level);

	if (pivot && atomic_plain(pivot) < hi)
		word_store(pivot, hi);
}

void publish_bound_lowered(const struct path *p, uint32_t level, uint64_t hi)
{
	atomic_u64 *pivot = path_pivot(p, level);

	if (pivot && atomic_plain(pivot) > hi)
		word_store(pivot, hi);
}

void publish_root(struct index *index, struct index_node *node, uint32_t level)
{
	check(level < INDEX_MAX_HEIGHT);
	rcu_publish(&index->root, root_pack(node, level));
}

/*
 * pair [index-child]: walk_find(), walk_to_leaf() and the cursor's descent.
 * without it: a reader finds a node with words that the writer has not filled yet.
 * cost: as word_store().
 */
void publish_child(struct index *index, const struct path *p, uint32_t level, const struct index_item *item)
{
	if (level == p->height) {
		publish_root(index, item->node, level - 1);
		return;
	}
	publish_bound_raised(p, level, item->hi);
	syncpoint("index-bound-raised");
	rcu_publish(&p->node[level]->inner.child[p->slot[level]], item->node);
	syncpoint("index-stored");
	publish_bound_lowered(p, level, item->hi);
	gap_note(p, level, item->gap);
}

void publish_word(const struct path *p, enum index_word word, const struct index_entry *entry)
{
	struct index_node *leaf = p->node[0];
	uint32_t slot = p->slot[0];

	if (word == WORD_START)
		word_store(&leaf->leaf.start[slot], entry->start);
	else if (word == WORD_END)
		word_store(&leaf->key[slot], entry->end);
	else
		rcu_publish(&leaf->leaf.value[slot], entry->value);
}

void publish_retire(struct index *index, struct index_node *node)
{
	index->nodes--;
	rcu_batch_add(&index->retired, &node->rcu);
}
