/*
 * pt/file_cut.c - pages leave a file: truncation and holes
 *
 * The file's half of it; ops/truncate.c takes the entries of all spaces, and says why nothing is seen that was freed.
 *
 * Locks   the list of mappings throughout (the caller), file->lock for a change of the pages.
 */
#include <errno.h>
#include <string.h>

#include "base/check.h"
#include "pt/file_object.h"
#include "sync/syncpoint.h"

/* A file without a fill byte needs no memory of what was cut out: it reads 0 wherever there is no page. */
static int remember_hole(struct file *file, uint64_t start, uint64_t end)
{
	int err;

	if (!file->fill || start >= end)
		return 0;
	err = file_holes_reserve(&file->holes);
	if (!err)
		file_holes_add(&file->holes, start, end);
	return err;
}

/* Zeros in [@start, @end), which lies in one page, if that page is there. */
static void zero_part(struct file *file, uint64_t start, uint64_t end)
{
	struct file_page *page = page_tree_find(&file->pages, start >> PAGE_SHIFT);

	if (!page || start >= end)
		return;
	if (!file->counted_only)
		memset(page->bytes + (start & ~PAGE_MASK), 0, (size_t)(end - start));
	file_page_set_dirty(page);
}

/* All pages of [@first, @end) onto @cut. */
static void take_pages(struct file *file, uint64_t first, uint64_t end, struct file_cut *cut)
{
	struct file_page *page;

	while (first < end && (page = page_tree_take_next(&file->pages, &first, end)) != NULL) {
		page->rcu.next = cut->pages;
		cut->pages = &page->rcu;
	}
}

/*
 * pair [file-cut]: file_cuts() and file_was_cut(). Who reads the new number does not find the pages any more. Who has read the
 * old one, found a page and then looks again under a table's lock before we get there, is seen by our walk of the tables; if it
 * comes later it sees the new number. The fence is for tables: a fault may just be linking one, without a lock.
 */
static void tell_faults(struct file *file)
{
	atomic_store_release(&file->base.cuts, atomic_load_relaxed(&file->base.cuts) + 1);
	atomic_fence_full();
	syncpoint("truncate-told");
}

/*
 * What was stored behind the end, in the last page, goes when the file ends there or before. When it grows only a file of a disk has that
 * zeroed, as by ext4 (POSIX wants it); one of memory shows it from then on, as memfd.
 */
static void zero_tail(struct file *file, uint64_t old, uint64_t length)
{
	if (length <= old)
		zero_part(file, length, page_up(length));
	else if (file->written_back)
		zero_part(file, old, page_up(old));
}

int file_set_length(struct vma_file *base, uint64_t length, struct file_cut *cut)
{
	struct file *file = file_of_base(base);
	uint64_t old, first = page_up(length) >> PAGE_SHIFT;
	int err;

	*cut = (struct file_cut){ .first = first, .end = FILE_MOST_PAGES };
	file_lock(file);
	old = atomic_load_relaxed(&file->length);
	err = remember_hole(file, min_u64(old, length), UINT64_MAX);
	if (!err) {
		zero_tail(file, old, length);
		take_pages(file, first, cut->end, cut);
		atomic_store_release(&file->length, length); /* pair [file-length]: file_is_beyond_end() */
		tell_faults(file);
	}
	file_unlock(file);
	return err;
}

/*
 * In a file of a disk a hole that reaches over the end takes what was stored behind it along, and one that begins there does nothing.
 * Linux: ext4_punch_hole()
 */
static void clip_hole(const struct file *file, uint64_t *start, uint64_t *end)
{
	uint64_t length = atomic_load_relaxed(&file->length);

	if (!file->written_back || *end <= length)
		return;
	*end = page_up(length);
	if (*start >= length)
		*start = *end;
}

int file_punch(struct vma_file *base, uint64_t start, uint64_t end, struct file_cut *cut)
{
	struct file *file = file_of_base(base);
	uint64_t first, last; /* bytes: what goes as whole pages */
	int err;

	*cut = (struct file_cut){ 0 };
	file_lock(file);
	clip_hole(file, &start, &end);
	first = page_up(start);
	last = page_down(end);
	err = remember_hole(file, start, end);
	if (!err && first > last) {
		zero_part(file, start, end);
	} else if (!err) {
		*cut = (struct file_cut){ .first = first >> PAGE_SHIFT, .end = last >> PAGE_SHIFT };
		zero_part(file, start, first);
		zero_part(file, last, end);
		take_pages(file, cut->first, cut->end, cut);
		tell_faults(file);
	}
	file_unlock(file);
	return err;
}

void file_cut_free(struct vma_file *base, struct file_cut *cut)
{
	struct file *file = file_of_base(base);
	struct rcu_node *next;

	for (struct rcu_node *node = cut->pages; node; node = next) {
		next = node->next;
		rcu_batch_add(&file->retired, node);
	}
	cut->pages = NULL;
	rcu_batch_flush(&file->retired);
}
