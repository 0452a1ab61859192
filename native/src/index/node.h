/*
 * index/node.h - one node of the tree: three rows of sixteen words, leaf and inner alike
 *
 *             words 0-14                     word 15
 *   row 0     leaf: ends; inner: pivots      link of the list of spare or retired nodes   readers search here
 *   row 1     leaf: starts                   moved                                        readers look at one word
 *             inner: children (sixteen)
 *   row 2     leaf: values                   -                                            leaf: as row 1
 *             inner: gaps (sixteen)                                                       inner: writers only
 *
 * Child i of an inner node holds the keys from pivot i-1 up to pivot i; the first and last child inherit the bounds of
 * their parent. Words of row 0 that are not in use are KEY_NONE, which is above every key, so the number of keys need
 * not be stored: it is where KEY_NONE begins. A node does not know its level: leaves are level 0, the root pointer
 * carries the level of the root in its low bits, and whoever walks down counts.
 *
 * Locks       A node is filled before it is published and then changes in these ways only, all by the writer:
 *               child      one pointer for another of the same keys; published
 *               pivot      within a stretch without entries, from which it parts the neighbours; release
 *               end, start, value of a leaf: one of the three for each entry, see moved
 *               gap, moved: plain, no reader looks
 *             A retired node does not change.
 * Invariants  N1  between neighbouring leaves the pivot is the end of the left one's last entry. So the free stretch
 *                 before an entry lies in the entry's own leaf, which is what a gap is; and a lookup leaves its leaf
 *                 only beyond the last entry, or while a writer has moved a pivot but not yet the entry.
 *             N2  every node but the root has at least NODE_MIN keys (leaf) or children (inner); an inner root has two.
 *             N3  gap i of an inner node is the longest free stretch before an entry below child i.
 */
#ifndef VMALOCK_INDEX_NODE_H
#define VMALOCK_INDEX_NODE_H

#include "base/bits.h"
#include "base/check.h"
#include "index/index.h"
#include "sync/syncpoint.h"

#define NODE_ALIGN 64
#define NODE_KEYS 15
#define NODE_CHILDREN (NODE_KEYS + 1)
#define NODE_MIN 6
#define KEY_NONE ((uint64_t)INT64_MAX) /* signed comparison is all that AVX2 has */

struct index_node {
	atomic_u64 key[NODE_KEYS];
	struct rcu_node rcu; /* Guard: the writers' lock; once retired, whoever frees it. */
	union {
		struct {
			atomic_u64 start[NODE_KEYS];
			uint64_t moved; /* two bits an entry, enum index_word. Guard: the writers' lock. */
			ATOMIC_PTR(void) value[NODE_KEYS];
			uint64_t unused;
		} leaf;
		struct {
			ATOMIC_PTR(struct index_node) child[NODE_CHILDREN];
			uint64_t gap[NODE_CHILDREN]; /* bytes, 0 without a child. Guard: the writers' lock. */
		} inner;
	};
};

_Static_assert(sizeof(struct index_node) == 3 * 16 * 8, "three rows of sixteen words");
_Static_assert(offsetof(struct index_node, rcu) == NODE_KEYS * 8, "row 0 can be read as sixteen words");
_Static_assert(offsetof(struct index_node, leaf.value) == 256 && offsetof(struct index_node, inner.gap) == 256,
	       "row 2, which readers of an inner node do not touch, has lines of its own");
_Static_assert(INDEX_MAX_HEIGHT <= NODE_ALIGN, "a level fits into the low bits of a pointer");
_Static_assert(INDEX_MAX_ADDRESS < KEY_NONE, "KEY_NONE is above every key");

/*
 * Which word of an entry has changed in place since its leaf was made. It stays the only one: a reader loads the three
 * one after the other, and with two changing it could join the end of one moment to the start of another. Who needs
 * the second makes a new leaf.
 */
enum index_word { WORD_NONE, WORD_END, WORD_START, WORD_VALUE };

static inline struct index_node *root_pack(struct index_node *node, uint32_t level)
{
	return (struct index_node *)(void *)((char *)node + level);
}

static inline uint32_t root_level(const struct index_node *root)
{
	return (uint32_t)((uintptr_t)root & (NODE_ALIGN - 1));
}

static inline struct index_node *root_node(struct index_node *root)
{
	return (struct index_node *)(void *)((char *)root - root_level(root));
}

/* --- for the writer, who alone changes what it reads here -------------------------------------------------------- */

/* Keys in use: entries of a leaf, children less one of an inner node. Halves fifteen, seven, three and one. */
static inline uint32_t node_keys(const struct index_node *node)
{
	uint32_t n = 0;

	for (uint32_t half = (NODE_KEYS + 1) / 2; half > 0; half /= 2)
		n += atomic_plain(&node->key[n + half - 1]) != KEY_NONE ? half : 0;
	return n;
}

static inline uint32_t node_children(const struct index_node *inner)
{
	return node_keys(inner) + 1;
}

static inline struct index_node *node_child(const struct index_node *inner, uint32_t slot)
{
	return atomic_plain(&inner->inner.child[slot]);
}

static inline struct index_entry leaf_entry(const struct index_node *leaf, uint32_t slot)
{
	return (struct index_entry){ atomic_plain(&leaf->leaf.start[slot]), atomic_plain(&leaf->key[slot]),
				     atomic_plain(&leaf->leaf.value[slot]) };
}

/* The end of the last entry; 0 of an empty leaf. */
static inline uint64_t leaf_last_end(const struct index_node *leaf)
{
	uint32_t n = node_keys(leaf);

	return n ? atomic_plain(&leaf->key[n - 1]) : 0;
}

/* --- for readers ------------------------------------------------------------------------------------------------- */

/* Is there a child after @slot? A pivot moves, but never to or from KEY_NONE. */
static inline bool node_has_next(const struct index_node *inner, uint32_t slot)
{
	return slot < NODE_KEYS && atomic_load_relaxed(&inner->key[slot]) != KEY_NONE;
}

/*
 * The entry at @slot; false when there is none. Each word is loaded once.
 * pair [index-in-place]: word_store() in publish.c.
 */
static inline bool leaf_load(const struct index_node *leaf, uint32_t slot, struct index_entry *out)
{
	uint64_t end;

	if (slot >= NODE_KEYS)
		return false;
	end = atomic_load_acquire(&leaf->key[slot]);
	if (end == KEY_NONE)
		return false;
	syncpoint("index-end-loaded");
	out->start = atomic_load_acquire(&leaf->leaf.start[slot]);
	out->end = end;
	out->value = rcu_deref(&leaf->leaf.value[slot]);
	return true;
}

/* --- node.c: filling nodes that nobody else sees yet; lists through the link ------------------------------------- */

/* A node as the level above sees it: its pivot, which goes unused in a last child, and its gap. */
struct index_item {
	struct index_node *node;
	uint64_t hi, gap;
};

must_check struct index_node *node_alloc(void);

/* The free function of a batch of retired nodes. */
void node_free_rcu(struct rcu_node *rcu);

/* Frees at once a node of @level and all below it. Recursion as deep as the tree is high. */
void node_free_tree(struct index_node *node, uint32_t level);

void node_push(struct index_node **list, struct index_node *node);
struct index_node *node_pop(struct index_node **list);

void leaf_fill(struct index_node *leaf, const struct index_entry *entries, uint32_t n);

/* @to becomes @from with entries [@begin, @end) replaced by the @n of @entries. */
void leaf_fill_spliced(struct index_node *to, const struct index_node *from, uint32_t begin, uint32_t end,
		       const struct index_entry *entries, uint32_t n);
void inner_fill(struct index_node *inner, const struct index_item *items, uint32_t n);

#endif
