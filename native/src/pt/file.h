/*
 * pt/file.h - simulated files and shared anonymous memory: objects whose pages outlive the mappings of them
 *
 * A page comes into being when it is first touched, filled with the file's fill byte, and stays until the object
 * goes. Pages are host memory of the file, not frames of a pool: they are shared by spaces that share no pool.
 *
 * A page of a file made with counted_only is frame_zero_page(): it is there, but it has no bytes to write.
 *
 * Locks   file->lock (RANK_FILE) guards the set of pages and the length; who only looks takes none. A page's bytes
 *         are guarded by nobody, as in life.
 */
#ifndef VMALOCK_PT_FILE_H
#define VMALOCK_PT_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "sync/sync.h"
#include "vma/file.h"

struct file; /* begins with struct vma_file; see file.c */

/* vmalock_file_create(), for internal users. */
must_check int file_create(const struct vmalock_file_options *options, struct vma_file **out);

/*
 * An object for one MAP_SHARED | MAP_ANONYMOUS mapping of @length bytes: "/dev/zero (deleted)", its own id and inode.
 * 0 or -ENOMEM.
 */
must_check int file_create_shared_anonymous(uint64_t length, bool counted_only, struct vma_file **out);

uint64_t file_length(struct vma_file *file);

/* Return: bytes read, short at the end of the file. A page that nobody touched is read without being made. */
int64_t file_read(struct vma_file *file, uint64_t offset, void *buffer, size_t length);

/*
 * Return: 0; -ENOMEM, also for an end beyond 2^64, after which neither bytes nor length have changed. A gap between
 * the old end and @offset holds the fill byte.
 */
must_check int file_write(struct vma_file *file, uint64_t offset, const void *bytes, size_t length);

/*
 * The page at @index (pages from the file's start), made if it is not there.
 * Return: 0; -EFAULT beyond the end of the file (SIGBUS); -ENOMEM. @out stays valid while the caller holds the file.
 * @fresh, may be NULL: it was not there before (a major fault).
 */
must_check int file_page(struct vma_file *file, uint64_t index, void **out, bool *fresh);

/*
 * The page at @index if it is there: 0, and @out as above; -ENOENT; -EFAULT beyond the end of the file.
 */
must_check int file_find_page(struct vma_file *file, uint64_t index, void **out);

/*
 * Makes the page at @index with the bytes of @from, a whole page; NULL: zeros. For a userfaultfd, which fills holes.
 * Return: 0, and @out as above; -EEXIST: it is there; -EFAULT beyond the end of the file; -ENOMEM.
 */
must_check int file_add_page(struct vma_file *file, uint64_t index, const void *from, void **out);

/* Is it there already? */
bool file_page_is_present(struct vma_file *file, uint64_t index);

/* Is it shared anonymous memory, whose pages count as shmem and never as read from anywhere? */
bool file_is_shmem(const struct vma_file *file);

#endif
