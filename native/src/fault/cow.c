/*
 * fault/cow.c - a write to a page that is there but not writable
 *
 *   zero page             a fresh frame in its place
 *   a file's page         shared mapping: becomes writable; private: a frame with a copy
 *   a frame, other users  (fork) a frame with a copy; the old one loses a user
 *   a frame, no others    taken over where it is (they have left, or mprotect took the write bit)
 *
 * Before all that: a page whose writes belong to a userfaultfd is left to it.
 */
#include "fault/fault.h"
#include "fault/huge.h"
#include "mm/mempolicy.h"
#include "mm/observer.h"
#include "mm/userfault.h"
#include "pt/file.h"
#include "pt/pte.h"
#include "sync/syncpoint.h"

static uint32_t make_writable(struct fault *f)
{
	pt_slot_set(&f->mm->pt, &f->slot, (pte_touched(f->pte, true) | PTE_WRITE) & ~PTE_FORKED);
	fault_unlock_entry(f);
	return VMALOCK_FAULT_MINOR;
}

/* Pages of a shared mapping, which nobody copies. */
static uint32_t write_shared(struct fault *f)
{
	if (unlikely(!fault_lock_entry(f)))
		return FAULT_CHANGED;
	file_mark_dirty(f->vma->file, vma_index_at(f->vma, f->addr));
	return make_writable(f);
}

/* @frame in place of the page that is there. */
static uint32_t install_over(struct fault *f, void *frame)
{
	uint64_t page = page_down(f->addr);
	uint32_t result;

	mm_invalidate_start(f->mm, page, page + PAGE_SIZE, VMALOCK_INVALIDATE_COW);
	syncpoint("cow-replaces");
	result = fault_install_frame(f, frame, VMALOCK_FAULT_MINOR | VMALOCK_FAULT_COW);
	mm_invalidate_end(f->mm, page, page + PAGE_SIZE, VMALOCK_INVALIDATE_COW);
	return result;
}

static uint32_t replace_zeros(struct fault *f)
{
	void *frame = mm_take_zeroed(f->mm, f->vma, f->addr);

	if (unlikely(!frame))
		return FAULT_NO_FRAME;
	return install_over(f, frame);
}

/*
 * The entry names a page that has left the file, and whoever cuts it out has not come by yet. Somebody may have read zeros in its
 * place already: what it said must not be copied.
 */
static uint32_t drop_cut_page(struct fault *f)
{
	uint64_t page = page_down(f->addr);

	mm_invalidate_start(f->mm, page, page + PAGE_SIZE, VMALOCK_INVALIDATE_CLEAR);
	if (fault_lock_entry(f)) {
		pt_slot_set(&f->mm->pt, &f->slot, 0);
		fault_unlock_entry(f);
	}
	mm_invalidate_end(f->mm, page, page + PAGE_SIZE, VMALOCK_INVALIDATE_CLEAR);
	return FAULT_CHANGED;
}

/* Does the file have the page that the entry names? Context: fault_ask_file(). */
static bool names_page_of_file(const struct fault *f)
{
	void *page;

	return file_find_page(f->vma->file, vma_index_at(f->vma, f->addr), &page) == 0 && page == pte_page(f->pte);
}

/*
 * A page of the file, which no entry counts as a user of. It may be cut out at any time; while an entry names it, it is not
 * freed before this read section ends. Afterwards it may be, and an entry that is the same again may name another page at the
 * same address: so the file is asked whether it was cut.
 */
static uint32_t replace_file_page(struct fault *f)
{
	struct frames *frames = f->mm->pt.frames;
	void *frame;
	bool there;

	fault_ask_file(f);
	if (unlikely(!names_page_of_file(f)))
		return drop_cut_page(f);
	frame = mm_take(f->mm, f->vma, f->addr);
	if (unlikely(!frame))
		return FAULT_NO_FRAME;
	syncpoint("cow-took-frame");
	rcu_read_lock();
	there = atomic_load_relaxed(f->slot.entry) == f->pte;
	syncpoint("cow-copies-page");
	if (likely(there))
		frame_copy(frames, frame, pte_page(f->pte));
	rcu_read_unlock();
	if (likely(there))
		return install_over(f, frame);
	frame_put(frames, frame);
	return FAULT_CHANGED;
}

/*
 * @old is pinned by the caller, so that its bytes stay what they are: with two users nobody writes it, and nobody
 * frees it. Lets go of the pin.
 */
static uint32_t copy_pinned(struct fault *f, void *old)
{
	struct frames *frames = f->mm->pt.frames;
	void *frame = mm_take_copy(f->mm, f->vma, f->addr, old);
	uint32_t result = FAULT_NO_FRAME;

	syncpoint("cow-copied");
	if (likely(frame != NULL))
		result = install_over(f, frame);
	if (likely(!(result & FAULT_CHANGED) && frame))
		frame_put(frames, old); /* the entry's */
	frame_put(frames, old);         /* the pin */
	return result;
}

/* pair [frame-only]: under the entry's lock nobody becomes a user of its frame, since fork takes that lock too. */
static uint32_t write_frame(struct fault *f)
{
	struct frames *frames = f->mm->pt.frames;
	void *old = pte_page(f->pte);

	if (unlikely(!fault_lock_entry(f)))
		return FAULT_CHANGED;
	if (frame_is_only(frames, old))
		return make_writable(f) | VMALOCK_FAULT_COW;
	frame_get(frames, old);
	fault_unlock_entry(f);
	return copy_pinned(f, old);
}

/* Linux 6.6, as in fault_file(). */
static bool must_retry(struct fault *f)
{
	return (f->flags & FAULT_FLAG_VMA_LOCK) && f->mm->era < VMALOCK_FAULTS_LINUX_6_7 && !vma_is_anonymous(f->vma) &&
	       pte_kind(f->pte) != PTE_ANON;
}

/* Asynchronous write protection wants no event: that the mark has gone says that somebody wrote. */
static uint32_t lift_protection(struct fault *f)
{
	if (fault_lock_entry(f)) {
		pt_slot_set(&f->mm->pt, &f->slot, f->pte & ~PTE_UFFD_WP);
		fault_unlock_entry(f);
	}
	return FAULT_CHANGED;
}

static uint32_t write_protected(struct fault *f)
{
	if (f->vma->userfault->features & VMALOCK_UFFD_FEATURE_WP_ASYNC)
		return lift_protection(f);
	return fault_userfault(f, VMALOCK_UFFD_WP);
}

uint32_t fault_write_present(struct fault *f)
{
	uint32_t result;

	if (unlikely(f->pte & PTE_UFFD_WP) && (vma_flags(f->vma) & VM_UFFD_WP))
		return write_protected(f);
	if (unlikely(pte_is_huge(f->pte)))
		return fault_write_huge(f);
	if (unlikely(must_retry(f))) {
		mm_count(f->mm, STAT_retry_file);
		return FAULT_RETRY;
	}
	if (vma_flags(f->vma) & VM_SHARED)
		return write_shared(f);
	result = fault_prepare_anon(f);
	if (unlikely(result))
		return result;
	switch (pte_kind(f->pte)) {
	case PTE_ANON:
		return write_frame(f);
	case PTE_ZERO:
		return replace_zeros(f);
	case PTE_FILE:
	case PTE_SHMEM:
		break;
	}
	return replace_file_page(f);
}
