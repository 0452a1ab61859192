/*
 * fault/handle.c - which kind of fault it is, and the steps that the kinds share
 *
 * A handler decides by the entry as it was seen without a lock, gets what it needs (an anon, a frame, a page of a
 * file), then takes the table's lock, looks again and installs; or drops what it got and begins again. So nothing is
 * allocated or copied under the lock, and of many faults on one page exactly one installs.
 *
 * Locks   the VMA held still by the caller; the table's lock for a few instructions.
 */
#include "fault/fault.h"
#include "fault/huge.h"

#include "mm/anon.h"
#include "mm/mmap_lock.h"
#include "mm/observer.h"
#include "mm/thp.h"
#include "pt/file.h"
#include "pt/pte.h"

/* --- steps -------------------------------------------------------------------------------------------------------- */

/*
 * From 6.10 a fault makes do with a try: whoever holds mmap_lock for writing may wait for this very VMA, so waiting
 * would be a deadlock.
 */
static __attribute__((noinline)) uint32_t prepare_anon_slowly(struct fault *f)
{
	bool vma_lock = f->flags & FAULT_FLAG_VMA_LOCK;
	int err;

	if (vma_lock && (f->mm->era < VMALOCK_FAULTS_LINUX_6_10 || !mmap_read_trylock(f->mm))) {
		mm_count(f->mm, STAT_retry_anon_vma);
		return FAULT_RETRY;
	}
	err = mm_anon_prepare(f->mm, f->vma);
	if (vma_lock)
		mmap_read_unlock(f->mm);
	return err ? VMALOCK_FAULT_OOM : 0;
}

uint32_t fault_prepare_anon(struct fault *f)
{
	return likely(vma_anon(f->vma) != NULL) ? 0 : prepare_anon_slowly(f);
}

void fault_ask_file(struct fault *f)
{
	f->cuts = file_cuts(f->vma->file);
	f->asks_file = true;
}

bool fault_lock_entry(struct fault *f)
{
	spinlock_lock(f->slot.lock, RANK_TABLE);
	if (likely(atomic_load_relaxed(f->slot.entry) == f->pte) &&
	    (likely(!f->asks_file) || likely(!file_was_cut(f->vma->file, f->cuts))))
		return true;
	spinlock_unlock(f->slot.lock, RANK_TABLE);
	return false;
}

void fault_unlock_entry(struct fault *f)
{
	spinlock_unlock(f->slot.lock, RANK_TABLE);
}

uint64_t fault_marked_bits(const struct fault *f, uint64_t bits)
{
	if (likely(!pte_is_uffd_marker(f->pte)) || !(vma_flags(f->vma) & VM_UFFD_WP))
		return bits;
	return (bits & ~PTE_WRITE) | PTE_UFFD_WP;
}

uint32_t fault_install_frame(struct fault *f, void *frame, uint32_t result)
{
	uint64_t bits = fault_marked_bits(f, vma_flags(f->vma) & VM_WRITE ? PTE_WRITE | PTE_DIRTY : 0);

	if (unlikely(!fault_lock_entry(f))) {
		frame_put(f->mm->pt.frames, frame);
		return FAULT_CHANGED;
	}
	/* A read brings one too where there is no zero page: what the VMA permits says whether it may be written. */
	pt_slot_set(&f->mm->pt, &f->slot, pte_make(frame, PTE_ANON, bits));
	fault_unlock_entry(f);
	return unlikely(bits & PTE_UFFD_WP) ? FAULT_CHANGED : result;
}

/* --- the choice --------------------------------------------------------------------------------------------------- */

/* A table and a huge page have just changed places: the entry is no longer where it was found. */
static bool has_moved(const struct fault *f)
{
	return f->pte == PTE_AWAY || pt_slot_is_huge(&f->slot);
}

/* What hardware notes by itself. */
static uint32_t touch_entry(struct fault *f)
{
	uint64_t touched = pte_touched(f->pte, f->access == VMALOCK_WRITE);

	if (likely(touched == f->pte))
		return VMALOCK_FAULT_MINOR;
	if (!fault_lock_entry(f))
		return FAULT_CHANGED;
	pt_slot_set(&f->mm->pt, &f->slot, touched);
	fault_unlock_entry(f);
	return VMALOCK_FAULT_MINOR;
}

/* Of a registration that is gone. Linux: pte_marker_clear(), before it asks whether the page is missing. */
static uint32_t clear_marker(struct fault *f)
{
	if (fault_lock_entry(f)) {
		pt_slot_set(&f->mm->pt, &f->slot, 0);
		fault_unlock_entry(f);
	}
	return FAULT_CHANGED;
}

static uint32_t handle_entry(struct fault *f)
{
	if (unlikely(pte_is_fatal(f->pte)))
		return pte_is_guard(f->pte) ? VMALOCK_FAULT_SIGSEGV_MAPERR
					    : VMALOCK_FAULT_SIGBUS | VMALOCK_FAULT_HWPOISON;
	if (!pte_is_present(f->pte) && unlikely(f->pte) && has_moved(f))
		return FAULT_CHANGED;
	if (unlikely(pte_is_swap(f->pte)))
		return fault_swap(f);
	if (unlikely(pte_is_uffd_marker(f->pte)) && !(vma_flags(f->vma) & VM_UFFD_WP))
		return clear_marker(f);
	if (!pte_is_present(f->pte))
		return vma_is_anonymous(f->vma) ? fault_anonymous(f) : fault_file(f);
	if (f->access == VMALOCK_WRITE && !pte_is_writable(f->pte))
		return fault_write_present(f);
	return touch_entry(f); /* another thread has just served it, or nobody needed to fault */
}

static uint32_t handle_once(struct fault *f)
{
	uint32_t result = FAULT_SMALL;

	if (unlikely(thp_wanted(f->mm, f->vma)))
		result = fault_huge(f);
	if (!(result & FAULT_SMALL))
		return result;
	if (unlikely(pt_slot_make(&f->mm->pt, f->addr, &f->slot)))
		return VMALOCK_FAULT_OOM;
	f->asks_file = false;
	f->pte = atomic_load_relaxed(f->slot.entry);
	return handle_entry(f);
}

/*
 * The space was reaped: what its private memory said is lost, and nobody may take zeros for it. What this fault, or one before it, has
 * brought since goes as well. Linux: check_stable_address_space().
 */
static __attribute__((noinline)) uint32_t give_back(const struct fault *f, uint32_t result)
{
	uint64_t start = max_u64(pt_huge_down(f->addr), vma_start(f->vma));
	uint64_t end = min_u64(pt_huge_down(f->addr) + PT_HUGE_SIZE, vma_end(f->vma));

	if ((vma_flags(f->vma) & VM_SHARED) || (result & VMALOCK_FAULT_OUTCOME) > VMALOCK_FAULT_MAJOR ||
	    (result & (FAULT_RETRY | FAULT_WAIT)))
		return result;
	mm_invalidate_start(f->mm, start, end, VMALOCK_INVALIDATE_CLEAR);
	pt_discard(&f->mm->pt, start, end, 0);
	mm_invalidate_end(f->mm, start, end, VMALOCK_INVALIDATE_CLEAR);
	return VMALOCK_FAULT_SIGBUS;
}

uint32_t fault_handle(struct fault *f)
{
	uint32_t result;

	check(f->addr >= vma_start(f->vma) && f->addr < vma_end(f->vma));
	check(fault_permitted(f->vma, f->access));
	do
		result = handle_once(f);
	while (unlikely(result & FAULT_CHANGED));
	atomic_fence_after_update(); /* pair [reaped]: a page that has come, and the flag */
	if (unlikely(atomic_load_relaxed(&f->mm->unstable)))
		return give_back(f, result);
	if ((result & VMALOCK_FAULT_OUTCOME) == VMALOCK_FAULT_MINOR)
		result |= f->major;
	return result;
}
