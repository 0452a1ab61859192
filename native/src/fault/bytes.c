/*
 * fault/bytes.c - bytes of one page, as a program's load or store would get them
 *
 * A page that is there is used without a fault, as the processor does; only where it is missing, or may not be
 * written yet, a fault is taken and counted, and then the page is looked for again: another thread may have taken it
 * away (MADV_DONTNEED).
 *
 * Locks   the VMA by the policy's means, or mmap_lock for reading; then the table's, which keeps the page where it is
 *         and its bytes from other callers of this file.
 */
#include "fault/fault.h"
#include "mm/mmap_lock.h"
#include "policy/policy.h"
#include "pt/pte.h"
#include "sync/syncpoint.h"

/* A VMA held still by either means. */
struct hold {
	struct vma *vma; /* NULL: nothing covers the address, and nothing is held */
	bool fast;
};

static struct hold hold_vma(struct mm *mm, uint64_t addr)
{
	struct hold hold = { .fast = false };

	if (mm->policy->start_read && mm->policy->start_read(mm, addr, &hold.vma) == POLICY_LOCKED) {
		hold.fast = true;
		return hold;
	}
	mmap_read_lock(mm);
	hold.vma = mm_lookup(mm, addr);
	if (!hold.vma)
		mmap_read_unlock(mm);
	return hold;
}

static void let_go(struct mm *mm, const struct hold *hold)
{
	if (hold->fast)
		mm->policy->end_read(mm, hold->vma);
	else
		mmap_read_unlock(mm);
}

/* What one attempt needs to know. */
struct visit {
	struct mm *mm;
	uint64_t addr;
	enum vmalock_access access;
	void (*fn)(void *arg, uint8_t *page);
	void *arg;
};

/* Has the page bytes that this access may touch? Pages that are only counted are the zero page in disguise. */
static uint8_t *bytes_of(const struct visit *v, uint64_t pte)
{
	uint8_t *page = pte_page(pte);

	if (!frames_have_bytes(v->mm->pt.frames) || (v->access == VMALOCK_WRITE && page == frame_zero_page()))
		return NULL;
	return page;
}

/* Runs fn if the page is there for the access. Context: the VMA held still, and it permits the access. */
static bool visit_page(const struct visit *v)
{
	struct pt_slot slot;
	uint64_t pte;
	bool there;

	if (!pt_slot_find(&v->mm->pt, v->addr, &slot))
		return false;
	spinlock_lock(slot.lock, RANK_TABLE);
	pte = atomic_load_relaxed(slot.entry);
	/* A huge page that is split meanwhile leaves an entry that is not present: then the fault looks again. */
	there = pte_is_present(pte) && (v->access != VMALOCK_WRITE || pte_is_writable(pte));
	if (there) {
		uint64_t touched = pte_touched(pte, v->access == VMALOCK_WRITE);

		if (unlikely(touched != pte))
			pt_slot_set(&v->mm->pt, &slot, touched);
		if (unlikely(pte_is_huge(pte)))
			pte = pte_huge_part(pte, (uint32_t)(v->addr >> PAGE_SHIFT) % PT_HUGE_PAGES);
		v->fn(v->arg, bytes_of(v, pte));
	}
	spinlock_unlock(slot.lock, RANK_TABLE);
	return there;
}

static bool visit(const struct visit *v)
{
	struct hold hold = hold_vma(v->mm, v->addr);
	bool done;

	if (!hold.vma)
		return false;
	done = fault_permitted(hold.vma, v->access) && visit_page(v);
	let_go(v->mm, &hold);
	return done;
}

uint32_t fault_with_page(struct mm *mm, uint64_t addr, enum vmalock_access access, void (*fn)(void *arg, uint8_t *page),
			 void *arg)
{
	struct visit v = { mm, addr, access, fn, arg };
	uint32_t result = VMALOCK_FAULT_MINOR;

	while (addr >= MM_TASK_SIZE || !visit(&v)) {
		result = fault_resolve(mm, addr, access);
		if ((result & VMALOCK_FAULT_OUTCOME) > VMALOCK_FAULT_MAJOR)
			return result;
		syncpoint("bytes-faulted");
	}
	return result;
}
