/*
 * fault/swap.c - a page that is out comes back: read from its slot into a frame of its own
 *
 * The slot is pinned while it is copied. Otherwise it could be freed and used anew for the same entry meanwhile, and the entry,
 * equal to what it was, would get the bytes of before.
 *
 * Who needs the entry's VMA only may not wait for a disk: under the VMA lock such a fault went back for mmap_lock in the RFC (patch
 * 19) and in Linux 6.4, which had dropped a lock that it did not hold; from 6.6 on it is served.
 *
 * Linux   mm/memory.c, do_swap_page()
 */
#include <errno.h>

#include "fault/fault.h"
#include "mm/mempolicy.h"
#include "pt/pte.h"
#include "pt/swap.h"
#include "sync/syncpoint.h"

static bool must_retry(const struct fault *f)
{
	return (f->flags & FAULT_FLAG_VMA_LOCK) && f->mm->era < VMALOCK_FAULTS_LINUX_6_6;
}

/* What the new entry may: the frame is nobody else's, and as dirty as a page is whose slot has gone. */
static uint64_t bits_of(const struct fault *f)
{
	if ((f->pte & PTE_UFFD_WP) && (vma_flags(f->vma) & VM_UFFD_WP))
		return PTE_DIRTY | PTE_UFFD_WP;
	return PTE_DIRTY | (vma_flags(f->vma) & VM_WRITE ? PTE_WRITE : 0);
}

/* A frame with the bytes of the pinned slot, or NULL. */
static void *take_frame(const struct fault *f, uint64_t slot)
{
	const void *bytes = swap_bytes(f->mm->pt.frames, slot);

	return bytes ? mm_take_copy(f->mm, f->vma, f->addr, bytes) : mm_take_zeroed(f->mm, f->vma, f->addr);
}

static uint32_t install(struct fault *f, void *frame, uint64_t slot)
{
	struct frames *frames = f->mm->pt.frames;

	if (unlikely(!fault_lock_entry(f))) {
		frame_put(frames, frame);
		return FAULT_CHANGED;
	}
	pt_slot_set(&f->mm->pt, &f->slot, pte_make(frame, PTE_ANON, bits_of(f)));
	fault_unlock_entry(f);
	swap_put(frames, slot); /* the entry's */
	f->major = VMALOCK_FAULT_MAJOR;
	return FAULT_CHANGED; /* it is there: what a write needs beyond that says the next look */
}

uint32_t fault_swap(struct fault *f)
{
	struct frames *frames = f->mm->pt.frames;
	uint64_t slot = pte_swap_slot(f->pte);
	uint32_t result = FAULT_NO_FRAME;
	void *frame;

	if (unlikely(must_retry(f))) {
		mm_count(f->mm, STAT_retry_swap);
		return FAULT_RETRY;
	}
	syncpoint("swap-found");
	if (unlikely(!fault_lock_entry(f)))
		return FAULT_CHANGED;
	swap_get(frames, slot);
	fault_unlock_entry(f);
	frame = take_frame(f, slot);
	syncpoint("swap-copied");
	if (likely(frame != NULL))
		result = install(f, frame, slot);
	swap_put(frames, slot); /* the pin */
	return result;
}

static int swap_in_one(struct fault *f)
{
	uint32_t result = FAULT_CHANGED;

	while (result == FAULT_CHANGED) {
		if (!pt_slot_find(&f->mm->pt, f->addr, &f->slot))
			return 0;
		f->pte = atomic_load_relaxed(f->slot.entry);
		if (!pte_is_swap(f->pte))
			return 0;
		result = fault_swap(f);
	}
	return -ENOMEM;
}

int fault_swap_in(struct mm *mm, struct vma *vma, uint64_t start, uint64_t end)
{
	struct fault f = { .mm = mm, .vma = vma, .access = VMALOCK_READ };
	int err = 0;

	for (f.addr = start; f.addr < end && !err; f.addr += PAGE_SIZE)
		err = swap_in_one(&f);
	return err;
}
