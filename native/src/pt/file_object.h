/*
 * pt/file_object.h - what the sources of a file share: the object, and one page of it
 *
 * file.c        life, and finding pages
 * file_bytes.c  reading and writing
 * file_cut.c    truncation and holes
 * file_dirty.c  what was written since it was written back
 */
#ifndef VMALOCK_PT_FILE_OBJECT_H
#define VMALOCK_PT_FILE_OBJECT_H

#include "base/bits.h"
#include "pt/file.h"
#include "pt/file_holes.h"
#include "pt/page_tree.h"
#include "sync/rcu.h"

struct file_page {
	uint8_t *bytes;   /* fixed; frame_zero_page() where pages are only counted */
	uint64_t index;   /* fixed */
	atomic_u32 dirty; /* written since it was written back. Write: see file_dirty.c */
	struct rcu_node
		rcu; /* of a page that is not in the tree yet, or no more. Guard: file->lock, then mappings_lock */
};

struct file {
	struct vma_file base;
	struct sync_mutex lock;   /* RANK_FILE */
	atomic_u64 length;        /* bytes. Write: lock, and base.mappings_lock. Read: either, or pair [file-length] */
	struct page_tree pages;   /* of struct file_page. Write: lock. Read: that, or RCU */
	struct file_holes holes;  /* of a file with a fill byte: where 0 is read instead. Guard: lock */
	struct rcu_batch retired; /* pages that nothing maps any more. Guard: base.mappings_lock */
	uint8_t fill;             /* fixed */
	bool counted_only;        /* fixed */
	bool shmem;               /* fixed */
	bool written_back;        /* fixed */
	struct frames *charged;   /* whose commit account has its length, or NULL. fixed before anybody else sees it */
	char name[];              /* base.name, unless that is NULL */
};

static inline struct file *file_of_base(struct vma_file *base)
{
	return container_of(base, struct file, base);
}

void file_lock(struct file *file);
void file_unlock(struct file *file);

/* Memory for the page at @index, its bytes as @file has them where nobody wrote. NULL: none. Context: lock. */
must_check struct file_page *file_page_create(struct file *file, uint64_t index);

/* It was written. Context: file->lock, or the lock of a table whose entry names it. */
void file_page_set_dirty(struct file_page *page);

/* At once: nobody can have met it. */
void file_page_free(struct file_page *page);

/* What nobody wrote, from byte @offset of the file on: the fill byte, zeros in holes. Context: lock. */
void file_untouched_bytes(const struct file *file, uint64_t offset, uint8_t *bytes, size_t length);

/* Does page @index lie wholly beyond the end? */
bool file_is_beyond_end(const struct file *file, uint64_t index);

#endif
