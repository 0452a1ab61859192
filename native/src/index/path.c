/*
 * index/path.c - walking down with the writers' lock, and on to neighbours at any level
 */
#include "index/path.h"

/* Takes the child at slot[@level] as the node of the level below. */
static void enter_child(struct path *p, uint32_t level)
{
	const struct index_node *node = p->node[level];
	uint32_t slot = p->slot[level];
	uint64_t pivot = slot < NODE_KEYS ? atomic_plain(&node->key[slot]) : KEY_NONE;

	p->node[level - 1] = node_child(node, slot);
	p->lo[level - 1] = slot > 0 ? atomic_plain(&node->key[slot - 1]) : p->lo[level];
	p->hi[level - 1] = pivot != KEY_NONE ? pivot : p->hi[level];
}

void path_seek(struct path *p, const struct index *index, uint64_t addr)
{
	rank_fn *rank = index->search->rank;
	struct index_node *root = atomic_plain(&index->root);
	uint32_t top = root_level(root);

	p->height = top + 1;
	p->node[top] = root_node(root);
	p->lo[top] = 0;
	p->hi[top] = KEY_NONE;
	for (uint32_t level = top; level > 0; level--) {
		p->slot[level] = rank(p->node[level], addr);
		enter_child(p, level);
	}
	p->slot[0] = rank(p->node[0], addr);
}

static bool has_slot_beside(const struct path *p, uint32_t level, enum direction direction)
{
	return direction == BACK ? p->slot[level] > 0 : node_has_next(p->node[level], p->slot[level]);
}

bool path_has_sibling(const struct path *p, uint32_t level, enum direction direction)
{
	return level + 1 < p->height && has_slot_beside(p, level + 1, direction);
}

/* Coming from the other side; an inner node of n keys has slots 0 to n, and n of a leaf is behind its entries. */
static uint32_t near_slot(const struct index_node *node, enum direction direction)
{
	return direction == FORWARD ? 0 : node_keys(node);
}

bool path_step(struct path *p, uint32_t level, enum direction direction)
{
	uint32_t turn = level + 1;

	while (turn < p->height && !has_slot_beside(p, turn, direction))
		turn++;
	if (turn >= p->height)
		return false;
	p->slot[turn] = direction == BACK ? p->slot[turn] - 1 : p->slot[turn] + 1;
	for (uint32_t l = turn; l > level; l--) {
		enter_child(p, l);
		p->slot[l - 1] = near_slot(p->node[l - 1], direction);
	}
	return true;
}

atomic_u64 *path_pivot(const struct path *p, uint32_t level)
{
	for (; level < p->height; level++) {
		if (node_has_next(p->node[level], p->slot[level]))
			return &p->node[level]->key[p->slot[level]];
	}
	return NULL;
}
