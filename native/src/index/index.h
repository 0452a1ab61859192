/*
 * index/index.h - ranges to pointers: an RCU B-tree of wide nodes
 *
 * Keys are page-aligned byte addresses below 2^56; an entry is a half-open range [start, end) with a non-NULL value,
 * and entries never overlap. The tree has never heard of a VMA.
 *
 * Readers     inside an RCU read section, or with the writers' lock held; never blocked, never write shared memory,
 *             never retry: each store becomes visible by one pointer (or one word), so a lookup sees the tree
 *             before it or after it.
 * Writers     one at a time (the caller's lock). A store that was reserved cannot fail.
 *
 * Guarantees
 *   A  index_find() answers from the leaf alone: no value is touched.
 *   B  A lookup that starts after index_replace() returned, ordered by whatever told it so, sees the new entries.
 *   C  All entries of one index_replace() appear, and all that it replaces vanish, at once for one lookup. A lookup
 *      gives an entry as it was at some moment of the lookup: never the start of one moment with the end of another.
 *      A cursor that steps while stores go on sees each entry as it was at some moment of the walk, starts and ends
 *      in ascending order, and misses none that was there from first to last.
 *   D  What rcu_publish() made of an entry's value before the store is visible to a reader that finds it.
 */
#ifndef VMALOCK_INDEX_INDEX_H
#define VMALOCK_INDEX_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/atomic.h"
#include "base/cpu.h"
#include "sync/rcu.h"

#define INDEX_MAX_ADDRESS (UINT64_C(1) << 56)

struct index_node;
struct index_search;

struct index_entry {
	uint64_t start, end; /* bytes, [start, end) */
	void *value;
};

struct index {
	ATOMIC_PTR(struct index_node) root; /* tagged, see node.h. Write: the writers' lock. Read: RCU, or that lock. */
	const struct index_search *search;  /* the search for this CPU. fixed */
	uint64_t count;                     /* entries. Guard: the writers' lock. */
	uint64_t nodes;                     /* in the tree. Guard: the writers' lock. */
	struct index_node *spare;           /* what index_reserve() set aside. Guard: the writers' lock. */
	uint32_t spare_count;
	struct rcu_batch retired; /* Guard: the writers' lock. */
};

must_check int index_init(struct index *index);

/* Frees every node at once: no reader may be left. The values are the caller's. An index of zeroes is let pass. */
void index_destroy(struct index *index);

/*
 * The entry that covers @addr, or else the first one above it. False when there is none.
 * Context: an RCU read section or the writers' lock.
 */
bool index_find(const struct index *index, uint64_t addr, struct index_entry *out);

/* The last entry that ends at or below @addr. Same context. */
bool index_find_below(const struct index *index, uint64_t addr, struct index_entry *out);

/*
 * Sets memory aside so that the next @stores calls of index_replace(), each with at most INDEX_REPLACE_MAX entries,
 * cannot fail. 0 or -ENOMEM. What is not used stays for later.
 */
#define INDEX_REPLACE_MAX 3
must_check int index_reserve(struct index *index, uint32_t stores);

/*
 * Makes [@lo, @hi) hold exactly @entries (@n of them, ascending, inside [@lo, @hi)); whatever lay there is gone. No
 * present entry may stick out over @lo or @hi. Uses what index_reserve() set aside; never fails, never sleeps.
 */
void index_replace(struct index *index, uint64_t lo, uint64_t hi, const struct index_entry *entries, size_t n);

/*
 * The lowest (highest) address at which @length bytes are free inside [@lo, @hi). False when there is no such gap.
 * Context: the writers' lock.
 */
bool index_gap_lowest(const struct index *index, uint64_t lo, uint64_t hi, uint64_t length, uint64_t *out);
bool index_gap_highest(const struct index *index, uint64_t lo, uint64_t hi, uint64_t length, uint64_t *out);

/*
 * Steps over the entries in either direction. Under the writers' lock, or inside one RCU read section; after
 * either ends, or after a store by this thread, start it again with index_cursor_seek().
 */
#define INDEX_MAX_HEIGHT 16
struct index_cursor {
	const struct index *index;
	const struct index_node *path[INDEX_MAX_HEIGHT];
	uint16_t slot[INDEX_MAX_HEIGHT];
	uint32_t depth;
	uint64_t start, end; /* of the entry it stands on */
};

/*
 * Places the cursor on the entry that covers @addr or the first above. False when there is none: the cursor then
 * stands beyond the last entry, as it does after a step that found none, and a step back gives that entry.
 */
bool index_cursor_seek(struct index_cursor *c, const struct index *index, uint64_t addr, struct index_entry *out);
bool index_cursor_next(struct index_cursor *c, struct index_entry *out);
bool index_cursor_prev(struct index_cursor *c, struct index_entry *out);

/*
 * Builds @dst, which is empty, from @count entries that @next hands over in ascending order, with full nodes and no
 * searches: the bulk copy of fork. 0 or -ENOMEM, after which @dst is empty.
 */
must_check int index_build(struct index *dst, uint64_t count, bool (*next)(void *arg, struct index_entry *out),
			   void *arg);

/* Bytes of host memory in the tree's nodes, spares and retired ones not counted. Context: the writers' lock. */
uint64_t index_memory_bytes(const struct index *index);

/*
 * Every invariant, by a full walk: order, bounds, fill, gap bookkeeping, height. NULL, or what is wrong (static text).
 * Context: the writers' lock.
 */
const char *index_validate(const struct index *index);

/* Which search inside a node this CPU got: "avx2" or "portable". */
const char *index_search_name(void);

#endif
