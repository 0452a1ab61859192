/*
 * pt/table.h - one table of the four levels, and the steps between them
 *
 *   level 3 (root)   an entry spans 512 GiB, the table 2^48 bytes
 *   level 2          1 GiB
 *   level 1          2 MiB
 *   level 0          4 KiB: entries are those of pte.h
 *
 * Above level 0 an entry is the host address of the next lower table, or 0; on level 1 it may be a huge page instead.
 */
#ifndef VMALOCK_PT_TABLE_H
#define VMALOCK_PT_TABLE_H

#include "base/bits.h"
#include "pt/pt.h"
#include "pt/pte.h"

#define PT_LEVELS 4
#define PT_BITS 9
#define PT_ENTRIES (1u << PT_BITS)

struct pt_table {
	struct spinlock lock; /* RANK_TABLE; of level 1 RANK_TABLE_UPPER, or RANK_TABLE where it is the only one. */
	uint32_t level;       /* fixed */
	uint32_t live;        /* entries that are not 0. Kept on level 0 only. Guard: lock. */
	atomic_u32 vacant;    /* level 0, see table_is_vacant(). Write: lock. */
	struct rcu_node rcu;  /* Guard: pt->retired's */

	/* Level 1: the tables that huge pages stand in for, by their entries; NULL until the first. Guard: lock. */
	struct pt_table **away;

	/*
	 * Level 0: write under lock; read without it only to look again under it.
	 * Above: from 0 by compare-and-swap (table_grow()), back to 0 in pt_free_tables(). Level 1: a table and a huge page
	 * change places under lock (huge.c).
	 */
	cache_aligned atomic_u64 entry[PT_ENTRIES];
};

/* Bytes that one entry of a table of @level spans, as a shift. */
static inline unsigned table_shift(unsigned level)
{
	return PAGE_SHIFT + PT_BITS * level;
}

static inline uint32_t table_index(unsigned level, uint64_t addr)
{
	return (uint32_t)(addr >> table_shift(level)) & (PT_ENTRIES - 1);
}

/* The first address above @addr that another entry of @level spans. */
static inline uint64_t table_next(unsigned level, uint64_t addr)
{
	return ((addr >> table_shift(level)) + 1) << table_shift(level);
}

/*
 * The next lower table, or NULL.
 * pair [pt-link]: table_grow(), which makes the table's zeros visible before the link. The loads through the pointer
 * depend on it; nothing else is needed.
 */
static inline struct pt_table *table_of_link(uint64_t link)
{
	return (struct pt_table *)(uintptr_t)link;
}

/* The next lower table; NULL also where a huge page is. */
static inline struct pt_table *table_child(struct pt_table *table, uint32_t index)
{
	uint64_t link = rcu_deref(&table->entry[index]);

	return unlikely(link & PTE_PRESENT) ? NULL : table_of_link(link);
}

/*
 * The table that has the entry of @addr: the lowest, or that of level 1 where a huge page is. NULL: there is none; or, for
 * table_make(), which grows it, no memory.
 */
struct pt_table *table_find(const struct pt *pt, uint64_t addr);
struct pt_table *table_make(struct pt *pt, uint64_t addr);

/* Every table of a range: after that nothing can fail for want of one. 0 or -ENOMEM. */
must_check int table_make_range(struct pt *pt, uint64_t start, uint64_t end);

/* That of level 1, or NULL. */
struct pt_table *table_find_upper(const struct pt *pt, uint64_t addr);

/*
 * A vacant table is linked and empty, and counts as none: MADV_DONTNEED of its whole span, a move or a huge page's end has
 * emptied it. Linux frees such a table at once; here a fault may still point into it, so that it stays until pt_free_tables().
 */
static inline bool table_is_vacant(const struct pt_table *table)
{
	return atomic_load_relaxed(&table->vacant);
}

/* Counts it as a table again, or no longer. Context: its lock. */
void table_set_vacant(struct pt *pt, struct pt_table *table, bool vacant);

/* A huge page stands where the table was: nothing of it may be changed. Context: its lock. */
static inline bool table_is_away(const struct pt_table *table)
{
	return atomic_load_relaxed(&table->entry[0]) == PTE_AWAY;
}

/* Before an entry of @table is filled. Context: its lock. */
static inline void table_occupy(struct pt *pt, struct pt_table *table)
{
	if (unlikely(table_is_vacant(table)))
		table_set_vacant(pt, table, false);
}

static inline void table_lock(struct pt_table *table)
{
	check(table->level == 0);
	spinlock_lock(&table->lock, RANK_TABLE);
}

static inline void table_unlock(struct pt_table *table)
{
	spinlock_unlock(&table->lock, RANK_TABLE);
}

/* Two tables in the order of their addresses; they may be one. */
void table_lock_both(struct pt_table *a, struct pt_table *b);
void table_unlock_both(struct pt_table *a, struct pt_table *b);

/* The part of one lowest table that lies in a range. */
struct table_span {
	struct pt_table *table;
	uint64_t addr;       /* of entry @first */
	uint32_t first, end; /* entries [first, end) */
};

/*
 * The next part of [*@at, @end) that has a table; *@at moves behind it. False: there is no more. Where large parts of
 * a range have no tables it takes one step for each.
 */
bool table_span_next(const struct pt *pt, uint64_t *at, uint64_t end, struct table_span *out);

/* --- counting resident pages -------------------------------------------------------------------------------------- */

/* By how much the counters change, gathered while a table's lock is held. Modulo 2^64. */
struct rss_change {
	uint64_t by[PT_COUNT_SWAP + 1];
};

/* @pte appears (@n 1, of a huge page PT_ENTRIES) or goes (negative). */
static inline void rss_change_add(struct rss_change *change, uint64_t pte, int n)
{
	if (pte_is_present(pte) && pte_kind(pte) != PTE_ZERO)
		change->by[pte_kind(pte)] += (uint64_t)(int64_t)n;
	else if (unlikely(pte_is_swap(pte)))
		change->by[PT_COUNT_SWAP] += (uint64_t)(int64_t)n;
}

void rss_change_apply(struct pt *pt, const struct rss_change *change);

/*
 * Entry @i becomes @rest (0, a marker, or a slot that the caller used); whom it named is let go of, and counted in @change.
 * Context: the table's lock. Frames are put under it: a fault that copies one pins it there first (fault/cow.c).
 */
void table_drop_entry(struct pt *pt, struct pt_table *table, uint32_t i, uint64_t rest, struct rss_change *change);

/* After that, with no table's lock: the counts, and the high-water mark of resident pages. */
void table_apply_drops(struct pt *pt, const struct rss_change *change);

/* --- huge pages, where range.c and the others meet them ------------------------------------------------------------ */

/* Does the space have, or did it ever have, a huge page? */
static inline bool pt_has_huge(const struct pt *pt)
{
	return unlikely(atomic_load_relaxed(&pt->has_huge));
}

/* One huge page: an entry of a table of level 1. */
struct huge {
	struct pt_table *upper;
	uint32_t index;
	uint64_t addr; /* the first that it spans */
};

/* The next one that overlaps [*@at, @end); *@at moves behind it. False: there is no more. */
bool huge_next(const struct pt *pt, uint64_t *at, uint64_t end, struct huge *out);

/* The next one that lies inside as a whole. */
bool huge_next_whole(const struct pt *pt, uint64_t *at, uint64_t end, struct huge *out);

/* Splits those that lie across @start or @end. */
void huge_split_ends(struct pt *pt, uint64_t start, uint64_t end);

/* Splits every one that overlaps the range. */
void huge_split_all(struct pt *pt, uint64_t start, uint64_t end);

/* What a present entry becomes: no other page. Context: its table's lock. */
typedef uint64_t pte_change_fn(struct pt *pt, uint64_t pte);

/* What range.c does, to those that lie inside as a whole; huge_resident() also to those that do in part. */
void huge_zap(struct pt *pt, uint64_t start, uint64_t end);
void huge_change(struct pt *pt, uint64_t start, uint64_t end, pte_change_fn *change);
void huge_resident(const struct pt *pt, uint64_t start, uint64_t end, uint8_t *out);

/* The parts of pt_move_reserve(), pt_move() and pt_copy() that are about huge pages. */
must_check int huge_move_reserve(struct pt *pt, uint64_t from, uint64_t to, uint64_t length);
void huge_move(struct pt *pt, uint64_t from, uint64_t to, uint64_t length);
must_check int huge_copy(struct pt *dst, struct pt *src, uint64_t start, uint64_t end);

/*
 * The huge page @pte of @from goes to @to, where pt_huge_reserve() has been, as @arrived. False: either place has changed, and nothing is done.
 */
bool huge_move_one(struct pt *pt, uint64_t from, uint64_t to, uint64_t pte, uint64_t arrived);

/* pt_slot_set() for the entry of a huge page that stays one. */
void huge_slot_set(struct pt *pt, const struct pt_slot *slot, uint64_t pte);

/* --- freeing -------------------------------------------------------------------------------------------------------- */

/* Frees one table at once: nobody can see it. */
void table_free_rcu(struct rcu_node *node);

#endif
