/*
 * pt/table.h - one table of the four levels, and the steps between them
 *
 *   level 3 (root)   an entry spans 512 GiB, the table 2^48 bytes
 *   level 2          1 GiB
 *   level 1          2 MiB
 *   level 0          4 KiB: entries are those of pte.h
 *
 * Above level 0 an entry is the host address of the next lower table, or 0.
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
	struct spinlock lock; /* RANK_TABLE. Used on level 0 only */
	uint32_t level;       /* fixed */
	uint32_t live;        /* entries that are not 0. Kept on level 0 only. Guard: lock. */
	struct rcu_node rcu;  /* Guard: pt->retired's */

	/*
	 * Level 0: write under lock; read without it only to look again under it.
	 * Above: from 0 by compare-and-swap (table_grow()), back to 0 in pt_free_tables().
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
static inline struct pt_table *table_child(struct pt_table *table, uint32_t index)
{
	return (struct pt_table *)(uintptr_t)rcu_deref(&table->entry[index]);
}

/* The lowest table of @addr, or NULL; and grown where it is missing, NULL: no memory. */
struct pt_table *table_find(const struct pt *pt, uint64_t addr);
struct pt_table *table_make(struct pt *pt, uint64_t addr);

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
	uint64_t by[PT_COUNT_RSS_SHMEM + 1];
};

/* @pte appears (@n 1) or goes (@n -1). */
static inline void rss_change_add(struct rss_change *change, uint64_t pte, int n)
{
	if (pte_is_present(pte) && pte_kind(pte) != PTE_ZERO)
		change->by[pte_kind(pte)] += (uint64_t)(int64_t)n;
}

void rss_change_apply(struct pt *pt, const struct rss_change *change);

/* Frees one table at once: nobody can see it. */
void table_free_rcu(struct rcu_node *node);

#endif
