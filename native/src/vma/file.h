/*
 * vma/file.h - what a VMA knows of the object it maps: who it is, and that it must not go away
 *
 * pt/ holds the pages of such an object; this half is all that mapping, merging and printing need.
 */
#ifndef VMALOCK_VMA_FILE_H
#define VMALOCK_VMA_FILE_H

#include <stdint.h>

#include "locks/refcount.h"
#include "vmalock.h"

struct vma_file {
	struct refcount refs;
	void (*release)(struct vma_file *file); /* frees it, after the last put */
	uint64_t id;                            /* one number for each object, from 1 */
	const char *name;                       /* as maps prints it, or NULL; never changes */
	uint32_t dev_major, dev_minor;
	uint64_t inode;
	enum vmalock_file_mode mode;
};

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
