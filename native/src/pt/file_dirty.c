/*
 * pt/file_dirty.c - which pages of a file were written since it was last written back
 *
 * Locks   file->lock for the set of pages; a page's mark is set under the lock of the table whose entry becomes writable, or under
 *         file->lock by who writes the file itself. ops/writeback.h has the argument.
 */
#include "base/check.h"
#include "pt/file_object.h"
#include "sync/syncpoint.h"

void file_page_set_dirty(struct file_page *page)
{
	if (!atomic_load_relaxed(&page->dirty))
		atomic_store_relaxed(&page->dirty, 1);
}

void file_mark_dirty(struct vma_file *base, uint64_t index)
{
	struct file_page *page;

	rcu_read_lock();
	page = page_tree_find(&file_of_base(base)->pages, index);
	if (likely(page != NULL))
		file_page_set_dirty(page);
	rcu_read_unlock();
	syncpoint("file-marked-dirty");
}

enum file_page_state file_page_state(struct vma_file *base, uint64_t index)
{
	enum file_page_state state = FILE_PAGE_AWAY;
	const struct file_page *page;

	rcu_read_lock();
	page = page_tree_find(&file_of_base(base)->pages, index);
	if (page)
		state = atomic_load_relaxed(&page->dirty) ? FILE_PAGE_DIRTY : FILE_PAGE_CLEAN;
	rcu_read_unlock();
	return state;
}

/* The first marked page of [*@index, @end), which moves behind it. Context: file->lock. */
static struct file_page *next_dirty(struct file *file, uint64_t *index, uint64_t end)
{
	struct file_page *page;

	while (*index < end && (page = page_tree_next(&file->pages, index, end)) != NULL) {
		++*index;
		if (atomic_load_relaxed(&page->dirty))
			return page;
	}
	return NULL;
}

size_t file_dirty_pages(struct vma_file *base, uint64_t first, uint64_t *out, size_t room)
{
	struct file *file = file_of_base(base);
	struct file_page *page;
	size_t found = 0;

	file_lock(file);
	while (found < room && (page = next_dirty(file, &first, FILE_MOST_PAGES)) != NULL)
		out[found++] = page->index;
	file_unlock(file);
	return found;
}

uint64_t file_take_dirty(struct vma_file *base, uint64_t first, uint64_t end, struct file_dirty *span)
{
	struct file *file = file_of_base(base);
	uint64_t count = 0;
	struct file_page *page;

	*span = (struct file_dirty){ 0 };
	file_lock(file);
	while ((page = next_dirty(file, &first, end)) != NULL) {
		atomic_store_relaxed(&page->dirty, 0);
		if (!count++)
			span->first = page->index;
		span->end = page->index + 1;
	}
	file_unlock(file);
	atomic_fence_full(); /* pair [file-clean]: the marks have gone, then the tables are walked, also one that is just being linked */
	return count;
}
