/*
 * pt/migrate.c - mbind: where pages lie, and how they get elsewhere
 *
 * Locks   each table's, while bytes are copied: read() and write() of other threads move bytes under it. A page that other spaces use
 *         is write-protected in all of them, so that its bytes stay what they are.
 */
#include "pt/migrate.h"

#include <string.h>

#include "pt/table.h"

static uint32_t node_of(const struct pt *pt, uint64_t pte)
{
	return pte_is_frame(pte) ? frame_node(pt->frames, pte_page(pte)) : 0;
}

bool pt_node_of(struct pt *pt, uint64_t addr, uint32_t *out)
{
	struct pt_slot slot;
	uint64_t pte;

	if (!pt_slot_find(pt, addr, &slot))
		return false;
	pte = atomic_load_relaxed(slot.entry);
	if (!pte_is_present(pte))
		return false;
	*out = node_of(pt, pte);
	return true;
}

static bool is_outside(const struct pt *pt, uint64_t pte, uint64_t nodes)
{
	return pte_is_present(pte) && pte_kind(pte) != PTE_ZERO && !(nodes >> node_of(pt, pte) & 1);
}

bool pt_any_outside(struct pt *pt, uint64_t start, uint64_t end, uint64_t nodes)
{
	uint64_t at = start;
	struct table_span span;
	struct huge huge;

	while (pt_has_huge(pt) && huge_next(pt, &at, end, &huge))
		if (is_outside(pt, atomic_load_relaxed(&huge.upper->entry[huge.index]), nodes))
			return true;
	while (table_span_next(pt, &start, end, &span))
		for (uint32_t i = span.first; i < span.end; i++)
			if (is_outside(pt, atomic_load_relaxed(&span.table->entry[i]), nodes))
				return true;
	return false;
}

/* Is the page where a new one would be looked for first? */
static bool is_nearest(const struct pt *pt, void *frame, const struct frame_nodes *target)
{
	return frame_node(pt->frames, frame) == target->nearest && (target->wanted >> target->nearest & 1);
}

/* Context: the table's lock. False: no frame. */
static bool migrate_entry(struct pt *pt, atomic_u64 *entry, uint64_t addr, const struct pt_migration *how)
{
	uint64_t pte = atomic_load_relaxed(entry);
	struct frame_nodes target;
	void *old, *new;

	if (!pte_is_frame(pte) || !is_outside(pt, pte, how->stay))
		return true;
	old = pte_page(pte);
	if (!how->also_shared && !frame_is_only(pt->frames, old))
		return true;
	target = how->target(how->arg, addr, 0);
	if (is_nearest(pt, old, &target))
		return true;
	new = frame_take_copy_from(pt->frames, old, &target);
	if (!new)
		return false;
	atomic_store_relaxed(entry, (pte & ~PTE_PAGE_MASK) | (uintptr_t) new);
	frame_put(pt->frames, old);
	return true;
}

/* --- huge pages ---------------------------------------------------------------------------------------------------- */

/* Context: the lock of the entry's table. */
static bool stays_huge(struct pt *pt, uint64_t pte, const struct pt_migration *how)
{
	if (!pte_is_huge(pte) || !pte_is_frame(pte) || !is_outside(pt, pte, how->stay))
		return true;
	return !how->also_shared && !frame_is_only_huge(pt->frames, pte_page(pte));
}

/* False: no block for it, and nothing is done. */
static bool migrate_huge(struct pt *pt, uint64_t addr, const struct pt_migration *how)
{
	struct frame_nodes target = how->target(how->arg, addr, PT_HUGE_ORDER);
	void *old = NULL, *new = frame_take_huge_from(pt->frames, &target);
	struct pt_slot slot;
	uint64_t pte;

	if (!new)
		return false;
	if (pt_slot_find(pt, addr, &slot)) {
		spinlock_lock(slot.lock, RANK_TABLE);
		pte = atomic_load_relaxed(slot.entry);
		if (!stays_huge(pt, pte, how)) {
			old = pte_page(pte);
			if (frames_have_bytes(pt->frames))
				memcpy(new, old, PT_HUGE_SIZE);
			pt_slot_set(pt, &slot, (pte & ~PTE_PAGE_MASK) | (uintptr_t) new);
		}
		spinlock_unlock(slot.lock, RANK_TABLE);
	}
	frame_put_huge(pt->frames, old ? old : new);
	return true;
}

static void migrate_all_huge(struct pt *pt, uint64_t start, uint64_t end, const struct pt_migration *how)
{
	struct huge huge;

	while (huge_next_whole(pt, &start, end, &huge)) {
		uint64_t pte = atomic_load_relaxed(&huge.upper->entry[huge.index]);
		struct frame_nodes target = how->target(how->arg, huge.addr, PT_HUGE_ORDER);

		if (stays_huge(pt, pte, how) || is_nearest(pt, pte_page(pte), &target))
			continue;
		if (!migrate_huge(pt, huge.addr, how))
			pt_huge_split(pt, huge.addr); /* its small pages may find frames one by one */
	}
}

/* --- all ------------------------------------------------------------------------------------------------------------ */

uint64_t pt_migrate(struct pt *pt, uint64_t start, uint64_t end, const struct pt_migration *how)
{
	struct table_span span;
	uint64_t failed = 0;

	check(page_aligned(start | end));
	if (pt_has_huge(pt))
		migrate_all_huge(pt, start, end, how);
	while (table_span_next(pt, &start, end, &span)) {
		table_lock(span.table);
		for (uint32_t i = span.first; i < span.end && span.table->live; i++) {
			uint64_t addr = span.addr + ((uint64_t)(i - span.first) << PAGE_SHIFT);

			failed += !migrate_entry(pt, &span.table->entry[i], addr, how);
		}
		table_unlock(span.table);
	}
	return failed;
}
