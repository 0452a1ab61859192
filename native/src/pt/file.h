/*
 * pt/file.h - simulated files and shared anonymous memory: objects whose pages outlive the mappings of them
 *
 * A page comes into being when it is first touched, filled with the file's fill byte, and stays until it is cut out, or the object
 * goes. Pages are host memory of the file, not frames of a pool: they are shared by spaces that share no pool.
 *
 * A page of a file made with counted_only is frame_zero_page(): it is there, but it has no bytes to write.
 *
 * A page that a lookup gives (file_page() and its kin) may be cut out at once. Nobody holds it: who wants to put it in an entry
 * reads file_cuts() first, and asks file_was_cut() with the entry's table locked; who reads its bytes does that inside an RCU
 * read section that began before file_cuts(), or while an entry names it and its table is locked. ops/truncate.c has the argument.
 *
 * Locks   file->lock (RANK_FILE) guards the set of pages and the length; who only looks takes none. A page's bytes
 *         are guarded by nobody, as in life.
 */
#ifndef VMALOCK_PT_FILE_H
#define VMALOCK_PT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/atomic.h"
#include "base/bits.h"
#include "pt/pte.h"
#include "sync/rcu.h"
#include "vma/file.h"

struct frames;
struct file; /* begins with struct vma_file; see file.c */

/* vmalock_file_create(), for internal users. */
must_check int file_create(const struct vmalock_file_options *options, struct vma_file **out);

/*
 * An object for one MAP_SHARED | MAP_ANONYMOUS mapping of @length bytes: "/dev/zero (deleted)", its own id and inode.
 * 0 or -ENOMEM.
 */
must_check int file_create_shared_anonymous(uint64_t length, bool counted_only, struct vma_file **out);

/* Shared anonymous memory is charged in full to the pool of the space that makes it, until the object goes. */
void file_charge(struct vma_file *file, struct frames *pool);

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
 * Return: 0; -EFAULT beyond the end of the file (SIGBUS); -ENOMEM. @out: see above.
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

/* --- pages that were written -------------------------------------------------------------------------------------- */

/* As many pages as offsets of 64 bits have names for. */
#define FILE_MOST_PAGES (UINT64_C(1) << (64 - PAGE_SHIFT))

/* msync(2) writes it back, as a file of a disk and not one of memory. */
bool file_is_written_back(const struct vma_file *file);

/* As what its pages count: RssFile, or RssShmem. */
enum pte_kind file_pte_kind(const struct vma_file *file);

/* An entry for the page at @index becomes writable. Context: the lock of its table. */
void file_mark_dirty(struct vma_file *file, uint64_t index);

enum file_page_state { FILE_PAGE_AWAY, FILE_PAGE_CLEAN, FILE_PAGE_DIRTY };

/* Of the page at @index: is it in the file, and marked? */
enum file_page_state file_page_state(struct vma_file *file, uint64_t index);

/* Numbers of marked pages, ascending, from @first on, into @out. Return: how many, at most @room. */
size_t file_dirty_pages(struct vma_file *file, uint64_t first, uint64_t *out, size_t room);

/* What may be writable somewhere: all pages whose marks were taken lie in it. */
struct file_dirty {
	uint64_t first, end; /* page numbers */
};

/* Takes the marks of pages [@first, @end) away. Return: how many there were. Context: the file's list of mappings locked. */
uint64_t file_take_dirty(struct vma_file *file, uint64_t first, uint64_t end, struct file_dirty *span);

/* --- pages that go ------------------------------------------------------------------------------------------------ */

/* What left a file: pages to be freed once no entry names them. */
struct file_cut {
	uint64_t first, end; /* page numbers; entries that name them have to go */
	struct rcu_node *pages;
};

/*
 * The file ends at @length (bytes): pages beyond leave it, the last one's tail becomes zeros; what it grows by reads 0.
 * Return: 0; -ENOMEM, and nothing has changed. Context: the file's list of mappings locked, from here to file_cut_free().
 */
must_check int file_set_length(struct vma_file *file, uint64_t length, struct file_cut *cut);

/* [@start, @end) bytes read 0 from now on; whole pages leave. As file_set_length(). */
must_check int file_punch(struct vma_file *file, uint64_t start, uint64_t end, struct file_cut *cut);

/* No entry names them any more: they are freed when nobody copies one. */
void file_cut_free(struct vma_file *file, struct file_cut *cut);

/*
 * How often pages were taken away so far. pair [file-cut]: who reads a number before it looks for a page gets one that was there then.
 */
static inline uint64_t file_cuts(const struct vma_file *file)
{
	return atomic_load_acquire(&file->cuts);
}

/*
 * Has anything been taken away since file_cuts() was @cuts? Context: the lock of the table whose entry is to name the page.
 * pair [file-cut]: if not, then whoever takes it away later comes by this table, and finds the entry.
 */
static inline bool file_was_cut(const struct vma_file *file, uint64_t cuts)
{
	atomic_fence_full(); /* also pair [file-clean]: the table is linked, then file_mark_dirty() */
	return atomic_load_relaxed(&file->cuts) != cuts;
}

/* Is it the object behind shared anonymous memory, which nobody has a handle of? */
bool file_is_shmem(const struct vma_file *file);

#endif
