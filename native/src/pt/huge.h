/*
 * pt/huge.h - how a huge page and a table change places: for the sources that make it so (huge.c, huge_range.c, huge_collapse.c)
 */
#ifndef VMALOCK_PT_HUGE_H
#define VMALOCK_PT_HUGE_H

#include "pt/table.h"

static inline void huge_lock_upper(struct pt_table *upper)
{
	check(upper->level == 1);
	spinlock_lock(&upper->lock, RANK_TABLE_UPPER);
}

static inline void huge_unlock_upper(struct pt_table *upper)
{
	spinlock_unlock(&upper->lock, RANK_TABLE_UPPER);
}

static inline uint64_t huge_entry(const struct huge *h)
{
	return atomic_load_relaxed(&h->upper->entry[h->index]);
}

static inline struct huge huge_at(const struct pt *pt, uint64_t addr)
{
	return (struct huge){ table_find_upper(pt, addr), table_index(1, addr), pt_huge_down(addr) };
}

/* By @n huge pages (1 or -1) of @pte. */
void huge_count_pages(struct pt *pt, uint64_t pte, int n);

/* @pte takes the place of @table, which is empty. Context: both locks. */
void huge_put_away(struct pt *pt, const struct huge *h, struct pt_table *table, uint64_t pte);

/* And the other way: @table is there again, vacant. Context: both locks. */
void huge_bring_back_empty(struct pt *pt, const struct huge *h, struct pt_table *table);

/* Its 512 pages become entries, unless it is a huge page no more. Context: neither lock. */
void huge_split(struct pt *pt, const struct huge *h);

#endif
