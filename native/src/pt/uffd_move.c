/*
 * pt/uffd_move.c - UFFDIO_MOVE: one page changes its place, beside faults at both
 *
 * All looks and both changes are one step under the locks of both tables, so that no fault finds the page at two places or at none:
 * who decided by an entry looks at it again under its table's lock. A huge page that moves as a whole does so under the locks of
 * the tables above, too (huge_move_one()).
 *
 * A page is moved only while it is its space's alone. Linux marks such pages (PageAnonExclusive), and a fork takes the mark away until
 * the next write, also where the child has gone by then: PTE_FORKED.
 *
 * A page that is out moves as its slot's number. A fault that is just reading the slot finds the entry gone, and drops what it read.
 *
 * Locks   both tables' locks, in the order of their addresses.
 * Linux   mm/userfaultfd.c, move_pages(), move_pages_ptes(); mm/huge_memory.c, move_pages_huge_pmd().
 */
#include <errno.h>

#include "pt/table.h"
#include "sync/syncpoint.h"

/* The entry one level up: 0, a link, a huge page. */
static uint64_t upper_entry(const struct pt *pt, uint64_t addr)
{
	struct pt_table *upper = table_find_upper(pt, addr);

	return upper ? rcu_deref(&upper->entry[table_index(1, addr)]) : 0;
}

static bool is_shared(const struct pt *pt, uint64_t pte)
{
	if (pte & PTE_FORKED)
		return true;
	if (!pte_is_frame(pte))
		return false;
	return pte_is_huge(pte) ? !frame_is_only_huge(pt->frames, pte_page(pte))
				: !frame_is_only(pt->frames, pte_page(pte));
}

/* What it is at its new place: writable whatever it was, and no userfaultfd's any more. What is out stays as it is. */
static uint64_t arrived(uint64_t pte)
{
	uint64_t bits = PTE_WRITE | PTE_ACCESSED | (pte_is_huge(pte) ? PTE_DIRTY : 0);

	if (pte_is_swap(pte))
		return pte;
	return (pte & ~PTE_UFFD_WP) | (pte_is_frame(pte) ? bits : 0);
}

static int move_huge(struct pt *pt, uint64_t pte, const struct pt_uffd_move *m, uint64_t *step)
{
	bool whole = pt_huge_down(m->from | m->to) == (m->from | m->to) && m->length >= PT_HUGE_SIZE;

	if (is_shared(pt, pte))
		return -EBUSY;
	if (!whole || !pt_huge_is_open(pt, m->to)) {
		pt_huge_split(pt, m->from);
		return -EAGAIN;
	}
	if (pt_huge_reserve(pt, m->to))
		return -ENOMEM;
	syncpoint("uffd-moves-huge");
	if (!huge_move_one(pt, m->from, m->to, pte, arrived(pte)))
		return -EAGAIN;
	*step = PT_HUGE_SIZE;
	return 0;
}

/* Context: both tables' locks. */
static int move_entry(struct pt *pt, struct pt_table *from, struct pt_table *to, const struct pt_uffd_move *m)
{
	atomic_u64 *source = &from->entry[table_index(0, m->from)], *target = &to->entry[table_index(0, m->to)];
	uint64_t pte = atomic_load_relaxed(source);

	spinlock_assert_held(&from->lock);
	spinlock_assert_held(&to->lock);
	if (atomic_load_relaxed(target))
		return -EEXIST;
	if (!pte)
		return m->holes ? 0 : -ENOENT;
	if (!pte_is_present(pte) && !pte_is_swap(pte))
		return -EFAULT;
	if (is_shared(pt, pte))
		return -EBUSY;
	atomic_store_relaxed(source, 0);
	from->live--;
	atomic_store_relaxed(target, arrived(pte));
	to->live++;
	return 0;
}

static int move_small(struct pt *pt, const struct pt_uffd_move *m, uint64_t *step)
{
	struct pt_table *from = table_make(pt, m->from), *to = from ? table_make(pt, m->to) : NULL;
	int err = -EAGAIN;

	if (!to)
		return -ENOMEM;
	if (from->level || to->level)
		return err;
	syncpoint("uffd-moves");
	table_lock_both(from, to);
	if (!table_is_away(from) && !table_is_away(to)) {
		/* Also where nothing comes: Linux has both tables from here on. */
		table_occupy(pt, from);
		table_occupy(pt, to);
		err = move_entry(pt, from, to, m);
	}
	table_unlock_both(from, to);
	*step = PAGE_SIZE;
	return err;
}

/* -EAGAIN: a table and a huge page have changed places, or are to. */
static int try_move(struct pt *pt, const struct pt_uffd_move *m, uint64_t *step)
{
	uint64_t pte;

	if (!table_find_upper(pt, m->from) && !m->holes)
		return -ENOENT;
	if (pte_is_huge(upper_entry(pt, m->to)))
		return -EEXIST;
	pte = upper_entry(pt, m->from);
	if (pte_is_huge(pte))
		return move_huge(pt, pte, m, step);
	if (pt_huge_is_open(pt, m->from) && !m->holes)
		return -ENOENT;
	return move_small(pt, m, step);
}

int pt_uffd_move(struct pt *pt, const struct pt_uffd_move *m, uint64_t *step)
{
	int err;

	check(page_aligned(m->from | m->to | m->length) && m->length);
	do
		err = try_move(pt, m, step);
	while (err == -EAGAIN);
	return err;
}
