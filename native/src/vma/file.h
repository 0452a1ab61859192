/*
 * vma/file.h - what a VMA knows of the object it maps: who it is, and that it must not go away; and who maps the object
 *
 * pt/ holds the pages of such an object; this half is all that mapping, merging and printing need.
 *
 * A file knows the VMAs that map it, in all spaces, as Linux's i_mmap does: a truncation has to find every entry of a page that goes.
 * A VMA is in the list while it is attached. Whoever changes where it stands holds the list's lock meanwhile, and so does who
 * moves or copies its entries: a truncation, which holds the lock for its whole walk, sees each entry where it was or where it
 * is. Between the two steps of a split or a merge, VMAs of the list may overlap; never is a page left to none of them.
 *
 *   unmapping     the VMA leaves the list first, then its entries go. What a truncation then frees they name still, but nobody follows
 *                 them: no VMA leads there, and a new mapping comes only when they have gone.
 *   page tables   are freed where no VMA is, so the walk's are safe: the VMA that leads to them is in the list.
 *
 * Linux    mm/vma.c, vma_prepare() and vma_complete(); mm/mremap.c, take_rmap_locks().
 */
#ifndef VMALOCK_VMA_FILE_H
#define VMALOCK_VMA_FILE_H

#include <stdint.h>

#include "base/list.h"
#include "locks/refcount.h"
#include "sync/sync.h"
#include "vmalock.h"

struct vma_file {
	struct refcount refs;
	void (*release)(struct vma_file *file); /* frees it, after the last put */
	uint64_t id;                            /* one number for each object, from 1 */
	const char *name;                       /* as maps prints it, or NULL; never changes */
	uint32_t dev_major, dev_minor;
	uint64_t inode;
	enum vmalock_file_mode mode;

	struct sync_mutex mappings_lock; /* RANK_FILE_MAPPINGS */
	struct list_node mappings;       /* attached VMAs, by their in_file. Guard: mappings_lock */
	atomic_u64 cuts; /* how often pages were taken away; see file_cuts() of pt/file.h. Write: mappings_lock */
};

/* The list and its lock: for who makes a file, and for its release. */
void vma_file_init_mappings(struct vma_file *file);
void vma_file_destroy_mappings(struct vma_file *file);

/* NULL is allowed, and nothing happens. Context: no lock of a higher rank, no RCU read section. */
void vma_file_lock_mappings(struct vma_file *file);
void vma_file_unlock_mappings(struct vma_file *file);

static inline void vma_file_get(struct vma_file *file)
{
	refcount_get(&file->refs);
}

static inline void vma_file_put(struct vma_file *file)
{
	if (refcount_put(&file->refs))
		file->release(file);
}

#endif
