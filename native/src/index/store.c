/*
 * index/store.c - index_replace(): a store that stays inside one leaf, which most do
 *
 * Three ways, the cheapest that fits: one word of one entry changes in place; the leaf gives way to a copy and one
 * pointer above it changes; or the leaf overflows, runs thin or is not alone, which is balance.c's.
 *
 * Locks   the writers' lock.
 */
#include "index/balance.h"
#include "index/gap.h"
#include "index/publish.h"
#include "index/reserve.h"
#include "sync/syncpoint.h"

static void check_arguments(uint64_t lo, uint64_t hi, const struct index_entry *entries, size_t n)
{
	uint64_t at = lo;

	check(lo < hi && hi <= INDEX_MAX_ADDRESS && n <= INDEX_REPLACE_MAX);
	for (size_t i = 0; i < n; i++) {
		check(at <= entries[i].start && entries[i].start < entries[i].end && entries[i].value);
		at = entries[i].end;
	}
	check(at <= hi);
	(void)at;
}

/* Does what lies in [.., @hi) from slot[0] on end in this leaf? *@end is the slot after it. */
static bool run_is_in_leaf(const struct path *p, uint64_t hi, uint32_t *end)
{
	const struct index_node *leaf = p->node[0];
	uint32_t n = node_keys(leaf), slot = p->slot[0];
	struct path next;

	while (slot < n && atomic_plain(&leaf->leaf.start[slot]) < hi)
		slot++;
	*end = slot;
	if (slot < n || p->hi[0] >= hi)
		return true;
	next = *p;
	return !path_step(&next, 0, FORWARD) || atomic_plain(&next.node[0]->leaf.start[0]) >= hi;
}

/* The only word in which the two differ; WORD_NONE when there are more. */
static enum index_word only_difference(const struct index_entry *a, const struct index_entry *b)
{
	int start = a->start != b->start, end = a->end != b->end, value = a->value != b->value;

	if (start + end + value != 1)
		return WORD_NONE;
	return start ? WORD_START : end ? WORD_END : WORD_VALUE;
}

/* May @word of the entry at @slot change in place? Not after another one did (enum index_word). */
static bool may_move(const struct index_node *leaf, uint32_t slot, enum index_word word)
{
	uint64_t moved = leaf->leaf.moved >> (2 * slot) & 3;

	return word != WORD_NONE && (moved == WORD_NONE || moved == word);
}

static uint64_t leaf_hi(const struct path *p, const struct index_node *leaf)
{
	return p->hi[0] == KEY_NONE ? KEY_NONE : leaf_last_end(leaf);
}

/* The keys of the leaf used to end at @before. */
static void note_bound_moved(struct index *index, uint64_t before, uint64_t hi)
{
	if (before != hi)
		gap_note_after(index, hi);
}

/* Where the keys of the leaf will end once the entry at slot[0] ends at @end. */
static uint64_t hi_after(const struct path *p, uint64_t end)
{
	bool is_last = p->slot[0] + 1 == node_keys(p->node[0]);

	return is_last && p->hi[0] != KEY_NONE ? end : p->hi[0];
}

static bool replace_word(struct index *index, const struct path *p, const struct index_entry *entry)
{
	struct index_node *leaf = p->node[0];
	struct index_entry old = leaf_entry(leaf, p->slot[0]);
	enum index_word word = only_difference(&old, entry);
	uint64_t hi = hi_after(p, entry->end);

	if (!may_move(leaf, p->slot[0], word))
		return false;
	leaf->leaf.moved |= (uint64_t)word << (2 * p->slot[0]);
	publish_bound_raised(p, 1, hi);
	syncpoint("index-bound-raised");
	publish_word(p, word, entry);
	syncpoint("index-stored");
	publish_bound_lowered(p, 1, hi);
	if (p->height > 1)
		gap_note(p, 1, gap_of_leaf(leaf, p->lo[0]));
	note_bound_moved(index, p->hi[0], hi);
	return true;
}

static void replace_leaf(struct index *index, const struct path *p, uint32_t end, const struct index_entry *entries,
			 uint32_t n)
{
	struct index_node *old = p->node[0];
	struct index_item item = { .node = reserve_take(index) };

	leaf_fill_spliced(item.node, old, p->slot[0], end, entries, n);
	item.hi = leaf_hi(p, item.node);
	item.gap = gap_of_leaf(item.node, p->lo[0]);
	publish_child(index, p, 1, &item);
	note_bound_moved(index, p->hi[0], item.hi);
	index->count = index->count + n - (end - p->slot[0]);
	publish_retire(index, old);
}

static bool leaf_can_hold(const struct path *p, uint32_t entries)
{
	return entries <= NODE_KEYS && (entries >= NODE_MIN || p->height == 1);
}

static void check_edges(const struct path *p, uint32_t end, uint64_t lo, uint64_t hi)
{
	check(end == p->slot[0] || atomic_plain(&p->node[0]->leaf.start[p->slot[0]]) >= lo);
	check(end == p->slot[0] || atomic_plain(&p->node[0]->key[end - 1]) <= hi);
	(void)p, (void)end, (void)lo, (void)hi;
}

void index_replace(struct index *index, uint64_t lo, uint64_t hi, const struct index_entry *entries, size_t n)
{
	struct path p;
	uint32_t end, removed;

	check_arguments(lo, hi, entries, n);
	path_seek(&p, index, lo);
	if (!run_is_in_leaf(&p, hi, &end)) {
		balance_replace(index, &p, hi, entries, (uint32_t)n);
		return;
	}
	check_edges(&p, end, lo, hi);
	removed = end - p.slot[0];
	if (removed + n == 0)
		return;
	if (removed == 1 && n == 1 && replace_word(index, &p, entries))
		return;
	if (leaf_can_hold(&p, node_keys(p.node[0]) - removed + (uint32_t)n))
		replace_leaf(index, &p, end, entries, (uint32_t)n);
	else
		balance_replace(index, &p, hi, entries, (uint32_t)n);
}
