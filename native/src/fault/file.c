/*
 * fault/file.c - the first touch of a page of a file, or of shared anonymous memory
 *
 *                private mapping                     shared mapping
 *   read, exec   the file's page, not writable       the file's page, not writable
 *   write        a frame with a copy of its bytes    the file's page, writable
 *
 * A userfaultfd is told when the file has no page there (missing), or has one (minor: it may be out of date). Beyond the end of
 * the file it is told of nothing.
 */
#include "pt/file.h"

#include <errno.h>

#include "fault/fault.h"
#include "mm/mempolicy.h"
#include "pt/pte.h"
#include "sync/syncpoint.h"

static uint32_t map_page(struct fault *f, const void *page)
{
	enum pte_kind kind = file_pte_kind(f->vma->file);
	uint64_t bits = fault_marked_bits(f, f->access == VMALOCK_WRITE ? PTE_WRITE | PTE_DIRTY : 0);

	if (unlikely(!fault_lock_entry(f)))
		return FAULT_CHANGED;
	if (bits & PTE_WRITE)
		file_mark_dirty(f->vma->file, vma_index_at(f->vma, f->addr));
	pt_slot_set(&f->mm->pt, &f->slot, pte_make(page, kind, bits));
	fault_unlock_entry(f);
	return unlikely(bits & PTE_UFFD_WP) && f->access == VMALOCK_WRITE ? FAULT_CHANGED : VMALOCK_FAULT_MINOR;
}

/*
 * The page may be cut out at any time. As long as that has not happened it is not freed before this read section ends; whether what was
 * copied is still true, fault_install_frame() asks.
 */
static uint32_t copy_page(struct fault *f, const void *page)
{
	struct frames *frames = f->mm->pt.frames;
	void *frame = mm_take(f->mm, f->vma, f->addr);
	bool there;

	if (unlikely(!frame))
		return FAULT_NO_FRAME;
	rcu_read_lock();
	there = !file_was_cut(f->vma->file, f->cuts);
	syncpoint("fault-copies-page");
	if (likely(there))
		frame_copy(frames, frame, page);
	rcu_read_unlock();
	if (likely(there))
		return fault_install_frame(f, frame, VMALOCK_FAULT_MINOR | VMALOCK_FAULT_COW);
	frame_put(frames, frame);
	return FAULT_CHANGED;
}

/* Linux 6.6 let files in and sent every one of their faults back; 6.7 serves them. */
static bool must_retry(struct fault *f)
{
	return (f->flags & FAULT_FLAG_VMA_LOCK) && f->mm->era < VMALOCK_FAULTS_LINUX_6_7;
}

/* Is it a userfaultfd's to resolve? 0: no. */
static uint32_t ask_userfault(struct fault *f, uint64_t index)
{
	uint64_t flags = vma_flags(f->vma);
	void *page;
	int err = file_find_page(f->vma->file, index, &page);

	if (err == -ENOENT && (flags & VM_UFFD_MISSING))
		return fault_userfault(f, VMALOCK_UFFD_MISSING);
	if (!err && (flags & VM_UFFD_MINOR))
		return fault_userfault(f, VMALOCK_UFFD_MINOR);
	return 0;
}

uint32_t fault_file(struct fault *f)
{
	bool copies = f->access == VMALOCK_WRITE && !(vma_flags(f->vma) & VM_SHARED), fresh;
	uint64_t index = vma_index_at(f->vma, f->addr);
	uint32_t result;
	void *page;
	int err;

	if (unlikely(must_retry(f))) {
		mm_count(f->mm, STAT_retry_file);
		return FAULT_RETRY;
	}
	if (f->access != VMALOCK_WRITE && likely(!(vma_flags(f->vma) & (VM_UFFD_WP | VM_UFFD_MINOR))) && fault_around(f))
		return FAULT_CHANGED;
	result = copies ? fault_prepare_anon(f) : 0;
	if (unlikely(result))
		return result;
	if (unlikely(vma_flags(f->vma) & (VM_UFFD_MISSING | VM_UFFD_MINOR))) {
		result = ask_userfault(f, index);
		if (result)
			return result;
	}
	fault_ask_file(f);
	err = file_page(f->vma->file, index, &page, &fresh);
	if (unlikely(err))
		return err == -EFAULT ? VMALOCK_FAULT_SIGBUS : VMALOCK_FAULT_OOM;
	if (fresh && file_is_written_back(f->vma->file)) /* one of memory is made, not read */
		f->major = VMALOCK_FAULT_MAJOR;
	syncpoint("fault-has-page");
	return copies ? copy_page(f, page) : map_page(f, page);
}
