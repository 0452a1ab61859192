/*
 * pt/file.h - simulated files and shared anonymous memory: objects whose pages outlive the mappings of them
 *
 * A page comes into being when it is first touched, filled with the file's fill byte, and stays until the object goes. Pages are
 * host memory of the file, not frames of a pool: they are shared by spaces that share no pool.
 *
 * Locks   file->lock (RANK_FILE) guards the set of pages and the length; a page's bytes are guarded by nobody, as in life.
 */
#ifndef VMALOCK_PT_FILE_H
#define VMALOCK_PT_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "sync/sync.h"
#include "vma/file.h"

struct file; /* begins with struct vma_file; see file.c */

/* vmalock_file_create(), for internal users. Shared anonymous memory: name "/dev/zero (deleted)", its own id and inode. */
must_check int file_create(const struct vmalock_file_options *options, struct vma_file **out);

/* An object for one MAP_SHARED | MAP_ANONYMOUS mapping of @length bytes. 0 or -ENOMEM. */
must_check int file_create_shared_anonymous(uint64_t length, bool counted_only, struct vma_file **out);

uint64_t file_length(struct vma_file *file);
int64_t file_read(struct vma_file *file, uint64_t offset, void *buffer, size_t length);
must_check int file_write(struct vma_file *file, uint64_t offset, const void *bytes, size_t length);

/*
 * The page at @index (pages from the file's start), made if it is not there.
 * Return: 0; -EFAULT beyond the end of the file (SIGBUS); -ENOMEM. @out stays valid while the caller holds the file.
 * @fresh, may be NULL: it was not there before (a major fault).
 */
must_check int file_page(struct vma_file *file, uint64_t index, void **out, bool *fresh);

/* Is it there already? */
bool file_page_is_present(struct vma_file *file, uint64_t index);

#endif
