/*
 * ops/userfault_notices.h - changes that userfaultfds are told of: munmap and what unmaps like it, mremap, madvise, fork
 *
 *   announced   before the change, under mmap_lock: memory for the event, and from here on pages are refused
 *   told        after it (MADV_DONTNEED and its kin: before it), when no lock is held any more
 *
 * Waiting   the thread sleeps until each event has been read, the userfaultfd has closed, or it is to wait no longer
 *           (mm/userfault_manner.h). It holds no lock then, since who is to read may need any. What it uses afterwards: the notice,
 *           its own until it leaves the queue; the context, by the notice's reference, which keeps the space; the space, by the handle of the
 *           call. No VMA: madvise looks it up anew.
 * Fork      its event holds the one handle of the child's userfaultfd. It goes to who reads it, or the child's mappings leave that
 *           userfaultfd and it ends: when the parent's closes first, or the fork fails.
 * Linux     fs/userfaultfd.c: userfaultfd_unmap_prep() and _complete(), mremap_userfaultfd_prep() and _complete(), userfaultfd_remove().
 */
#ifndef VMALOCK_OPS_USERFAULT_NOTICES_H
#define VMALOCK_OPS_USERFAULT_NOTICES_H

#include "mm/userfault.h"

/* Of one change, in the order in which they are told. All zero: none. */
struct userfault_notices {
	struct userfault_notice *first, *last;
};

/*
 * For @vma's userfaultfd, if it asked for that. Unmapping is told once to each that has part of the range. @notices NULL: nobody is told.
 * 0, -ENOMEM. Context: mmap_lock; unmap, remap: for writing.
 */
must_check int notices_add_unmap(struct userfault_notices *notices, const struct vma *vma, uint64_t start, uint64_t end);
must_check int notices_add_remap(struct userfault_notices *notices, const struct vma *vma, uint64_t from, uint64_t to,
				 uint64_t length);
must_check int notices_add_remove(struct userfault_notices *notices, const struct vma *vma, uint64_t start,
				  uint64_t end);

/* *@out: the userfaultfd of @child that @vma's copy is to be registered with; NULL: none. Context: @child's mmap_lock for writing, too. */
must_check int notices_add_fork(struct userfault_notices *notices, const struct vma *vma, struct mm *child,
				struct userfault_ctx **out);

/* Those of @more come after those of @notices; @more is empty then. */
void notices_append(struct userfault_notices *notices, struct userfault_notices *more);

/* One after the other is told, and waited for. Context: nothing held. */
void notices_tell(struct userfault_notices *notices);

/* What was announced has not happened. Context: nothing held; or, with no fork among them, mmap_lock. */
void notices_withdraw(struct userfault_notices *notices);

/* Those that userfault_shut() left: nobody will read them. Context: nothing held. */
void notices_discard(struct userfault_notices *notices);

#endif
