/*
 * fault/anon.c - the first touch of a page of private anonymous memory
 *
 * Reading maps the zero page, which belongs to nobody, unless the space forbids it; the first write brings a frame. A
 * frame needs the VMA's anon before it is there, since a fork that copies the VMA copies page and anon together. Where a
 * userfaultfd brings missing pages it is told, by a write only after the anon: that much shows in what merges.
 */
#include "fault/fault.h"
#include "mm/mempolicy.h"
#include "pt/pte.h"
#include "sync/syncpoint.h"

/* The table is there before the userfaultfd is asked, as in Linux: it shows in the page tables' size, and in where a page may be moved from. */
static uint32_t tell_missing(struct fault *f)
{
	if (unlikely(!fault_lock_entry(f)))
		return FAULT_CHANGED;
	pt_slot_occupy(&f->mm->pt, &f->slot);
	fault_unlock_entry(f);
	return fault_userfault(f, VMALOCK_UFFD_MISSING);
}

static uint32_t map_zero_page(struct fault *f)
{
	if (unlikely(vma_flags(f->vma) & VM_UFFD_MISSING))
		return tell_missing(f);
	if (unlikely(!fault_lock_entry(f)))
		return FAULT_CHANGED;
	pt_slot_set(&f->mm->pt, &f->slot, pte_make(frame_zero_page(), PTE_ZERO, fault_marked_bits(f, 0)));
	fault_unlock_entry(f);
	return VMALOCK_FAULT_MINOR;
}

uint32_t fault_anonymous(struct fault *f)
{
	uint32_t result;
	void *frame;

	if (f->access != VMALOCK_WRITE && likely(!f->mm->forbids_zero_page))
		return map_zero_page(f);
	result = fault_prepare_anon(f);
	if (unlikely(result))
		return result;
	if (unlikely(vma_flags(f->vma) & VM_UFFD_MISSING))
		return tell_missing(f);
	frame = mm_take_zeroed(f->mm, f->vma, f->addr);
	if (unlikely(!frame))
		return FAULT_NO_FRAME;
	syncpoint("fault-took-frame");
	return fault_install_frame(f, frame, VMALOCK_FAULT_MINOR);
}
