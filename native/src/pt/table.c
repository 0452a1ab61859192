/*
 * pt/table.c - growing, walking and freeing the levels
 *
 * Locks       growing takes none: two threads that grow the same entry race by compare-and-swap, and the loser frees
 *             its table.
 * Invariants  T1  a table once linked stays until no VMA lies in its span (pt_free_tables()), or the space ends.
 *             T2  `live` is the number of entries of a lowest table that are not 0; a vacant one has none.
 *             T3  PT_COUNT_TABLES counts the tables below the root, those that huge pages stand in for too and vacant ones not, as
 *                 Linux does for VmPTE.
 */
#include "pt/table.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "sync/blocks.h"

/* rss_change counts a kind in the field of its number. */
_Static_assert((int)PTE_ANON == PT_COUNT_RSS_ANON && (int)PTE_FILE == PT_COUNT_RSS_FILE &&
		       (int)PTE_SHMEM == PT_COUNT_RSS_SHMEM,
	       "kinds of entries and fields of resident pages are in one order");

_Static_assert(sizeof(struct pt_table) == 4224, "a table is a block");

static struct pt_table *table_create(unsigned level)
{
	struct pt_table *table = block_take(BLOCK_4224);

	if (!table)
		return NULL;
	memset(table, 0, sizeof(*table));
	spinlock_init(&table->lock);
	table->level = level;
	return table;
}

/* One below the root, charged to the pool. */
static struct pt_table *table_create_charged(struct pt *pt, unsigned level)
{
	struct pt_table *table;

	if (!frames_charge_table(pt->frames))
		return NULL;
	table = table_create(level);
	if (!table)
		frames_uncharge_table(pt->frames);
	return table;
}

static void count_tables(struct pt *pt, uint64_t n)
{
	counters_add(pt->counters, PT_COUNT_TABLES, n);
}

/* --- growing and walking ------------------------------------------------------------------------------------------ */

/*
 * A table for an empty entry; another thread's, if it was faster, or @parent, if that has a huge page there by now. NULL: no memory.
 * pair [pt-link]: table_child(). Without the release a walker could find the table before its zeros.
 */
static __attribute__((noinline)) struct pt_table *table_grow(struct pt *pt, struct pt_table *parent, uint32_t index)
{
	struct pt_table *table = table_create_charged(pt, parent->level - 1);
	uint64_t none = 0, link;

	if (!table)
		return NULL;
	if (atomic_cas_release(&parent->entry[index], &none, (uint64_t)(uintptr_t)table)) {
		count_tables(pt, 1);
		return table;
	}
	block_give(BLOCK_4224, table);
	frames_uncharge_table(pt->frames);
	link = rcu_deref(&parent->entry[index]);
	return link & PTE_PRESENT ? parent : table_of_link(link);
}

struct pt_table *table_find(const struct pt *pt, uint64_t addr)
{
	struct pt_table *table = pt->root;

	for (unsigned level = PT_LEVELS - 1; table && level > 0; level--) {
		uint64_t link = rcu_deref(&table->entry[table_index(level, addr)]);

		if (unlikely(link & PTE_PRESENT))
			return table;
		table = table_of_link(link);
	}
	return table;
}

struct pt_table *table_find_upper(const struct pt *pt, uint64_t addr)
{
	struct pt_table *table = pt->root;

	for (unsigned level = PT_LEVELS - 1; table && level > 1; level--)
		table = table_child(table, table_index(level, addr));
	return table;
}

struct pt_table *table_make(struct pt *pt, uint64_t addr)
{
	struct pt_table *table = pt->root;

	for (unsigned level = PT_LEVELS - 1; table && level > 0; level--) {
		uint32_t index = table_index(level, addr);
		uint64_t link = rcu_deref(&table->entry[index]);

		if (unlikely(link & PTE_PRESENT))
			return table;
		table = likely(link != 0) ? table_of_link(link) : table_grow(pt, table, index);
	}
	return table;
}

int table_make_range(struct pt *pt, uint64_t start, uint64_t end)
{
	for (uint64_t at = start; at < end; at = table_next(1, at))
		if (!table_make(pt, at))
			return -ENOMEM;
	return 0;
}

void table_set_vacant(struct pt *pt, struct pt_table *table, bool vacant)
{
	spinlock_assert_held(&table->lock);
	check(table->live == 0 && table_is_vacant(table) != vacant);
	atomic_store_relaxed(&table->vacant, vacant);
	count_tables(pt, vacant ? UINT64_MAX : 1);
}

bool table_span_next(const struct pt *pt, uint64_t *at, uint64_t end, struct table_span *out)
{
	while (*at < end) {
		struct pt_table *table = pt->root;
		unsigned level = PT_LEVELS - 1;

		for (; level > 0; level--) {
			struct pt_table *child = table_child(table, table_index(level, *at));

			if (!child)
				break;
			table = child;
		}
		if (level == 0) {
			uint64_t last = min_u64(table_next(1, *at), end) - 1;

			*out = (struct table_span){ table, *at, table_index(0, *at), table_index(0, last) + 1 };
			*at = table_next(1, *at);
			return true;
		}
		*at = table_next(level, *at);
	}
	return false;
}

void table_lock_both(struct pt_table *a, struct pt_table *b)
{
	table_lock((uintptr_t)a < (uintptr_t)b ? a : b);
	if (a != b)
		table_lock((uintptr_t)a < (uintptr_t)b ? b : a);
}

void table_unlock_both(struct pt_table *a, struct pt_table *b)
{
	table_unlock(a);
	if (a != b)
		table_unlock(b);
}

/* --- one entry ---------------------------------------------------------------------------------------------------- */

static void slot_of(struct pt_table *table, uint64_t addr, struct pt_slot *out)
{
	out->entry = &table->entry[table_index(table->level, addr)];
	out->lock = &table->lock;
}

int pt_slot_make(struct pt *pt, uint64_t addr, struct pt_slot *out)
{
	struct pt_table *table = table_make(pt, addr);

	if (unlikely(!table))
		return -ENOMEM;
	slot_of(table, addr, out);
	return 0;
}

bool pt_slot_find(struct pt *pt, uint64_t addr, struct pt_slot *out)
{
	struct pt_table *table = table_find(pt, addr);

	if (!table)
		return false;
	slot_of(table, addr, out);
	return true;
}

void rss_change_apply(struct pt *pt, const struct rss_change *change)
{
	for (uint32_t kind = 0; kind < array_size(change->by); kind++)
		if (change->by[kind])
			counters_add(pt->counters, PT_COUNT_RSS_ANON + kind, change->by[kind]);
}

static struct pt_table *table_of_slot(const struct pt_slot *slot)
{
	return container_of(slot->lock, struct pt_table, lock);
}

void pt_slot_occupy(struct pt *pt, const struct pt_slot *slot)
{
	table_occupy(pt, table_of_slot(slot));
}

void pt_slot_set(struct pt *pt, const struct pt_slot *slot, uint64_t pte)
{
	struct pt_table *table = table_of_slot(slot);
	uint64_t old = atomic_load_relaxed(slot->entry);
	struct rss_change change = { 0 };

	spinlock_assert_held(slot->lock);
	if (unlikely(table->level))
		return huge_slot_set(pt, slot, pte);
	table_occupy(pt, table);
	rss_change_add(&change, old, -1);
	rss_change_add(&change, pte, 1);
	rss_change_apply(pt, &change);
	table->live += (uint32_t)(pte != 0) - (uint32_t)(old != 0);
	atomic_store_relaxed(slot->entry, pte);
}

/* --- freeing ------------------------------------------------------------------------------------------------------ */

static void table_free(struct pt_table *table)
{
	alloc_free(table->away);
	block_give(BLOCK_4224, table);
}

void table_free_rcu(struct rcu_node *node)
{
	table_free(container_of(node, struct pt_table, rcu));
}

/* A table and all below it, none of which has a page. */
static void retire_table(struct pt *pt, struct pt_table *table)
{
	for (uint32_t i = 0; table->level > 0 && i < PT_ENTRIES; i++) {
		struct pt_table *child = table_child(table, i);

		if (child)
			retire_table(pt, child);
	}
	check(table->live == 0);
	if (!table_is_vacant(table))
		count_tables(pt, UINT64_MAX);
	frames_uncharge_table(pt->frames);
	rcu_batch_add(&pt->retired, &table->rcu);
}

/* Where a walk over a part of the tables has come to. */
struct freeing {
	struct pt *pt;
	uint64_t start, end;     /* tables that overlap this ... */
	uint64_t floor, ceiling; /* ... and lie wholly inside this */
};

/* @base: the first address that @table spans. */
static void free_below(const struct freeing *f, struct pt_table *table, uint64_t base)
{
	unsigned shift = table_shift(table->level);
	uint64_t first = f->start > base ? (f->start - base) >> shift : 0;

	for (uint64_t i = first; i < PT_ENTRIES && base + (i << shift) < f->end; i++) {
		struct pt_table *child = table_child(table, (uint32_t)i);
		uint64_t from = base + (i << shift), to = from + (UINT64_C(1) << shift);

		if (!child)
			continue;
		if (from >= f->floor && to <= f->ceiling) {
			atomic_store_relaxed(&table->entry[i], 0);
			retire_table(f->pt, child);
		} else if (table->level > 1) {
			free_below(f, child, from);
		}
	}
}

void pt_free_tables_near(struct pt *pt, uint64_t start, uint64_t end, uint64_t floor, uint64_t ceiling)
{
	struct freeing f = { pt, start, end, floor, ceiling };

	check(floor <= start && end <= ceiling);
	free_below(&f, pt->root, 0);
}

void pt_free_tables(struct pt *pt, uint64_t floor, uint64_t ceiling)
{
	pt_free_tables_near(pt, floor, ceiling, floor, ceiling);
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

int pt_init(struct pt *pt, struct frames *frames, struct counters *counters)
{
	struct pt_table *root = table_create(PT_LEVELS - 1);

	if (!root)
		return -ENOMEM;
	frames_get(frames);
	*pt = (struct pt){ .root = root, .frames = frames, .counters = counters };
	rcu_batch_init(&pt->retired, table_free_rcu);
	return 0;
}

/* At once, without a grace period: nobody walks it. */
static void destroy_table(struct pt *pt, struct pt_table *table)
{
	for (uint32_t i = 0; table->level > 0 && i < PT_ENTRIES; i++) {
		struct pt_table *child = table_child(table, i);

		if (child)
			destroy_table(pt, child);
	}
	check(table->live == 0);
	if (table != pt->root)
		frames_uncharge_table(pt->frames);
	table_free(table);
}

void pt_destroy(struct pt *pt)
{
	pt_zap(pt, 0, UINT64_C(1) << table_shift(PT_LEVELS));
	destroy_table(pt, pt->root);
	rcu_batch_drain(&pt->retired);
	pt->root = NULL;
	frames_put(pt->frames);
}
