/*
 * pt/file_bytes.c - bytes of a file itself: read() and write()
 *
 * Locks   file->lock for the pages. A write also holds the list of mappings, as a truncation does: of the two, one is through before
 *         the other begins.
 */
#include <errno.h>
#include <string.h>

#include "base/check.h"
#include "pt/file_object.h"

/* The part of a range of bytes that lies in one page. */
struct piece {
	uint64_t index;
	size_t offset, length;
};

static struct piece piece_at(uint64_t offset, size_t length)
{
	size_t in_page = (size_t)(offset & ~PAGE_MASK);

	return (struct piece){ offset >> PAGE_SHIFT, in_page, (size_t)min_u64(length, PAGE_SIZE - in_page) };
}

/* --- reading -------------------------------------------------------------------------------------------------------- */

/* Context: file->lock; the range lies inside the file. */
static void get_bytes(struct file *file, uint64_t offset, uint8_t *bytes, size_t length)
{
	for (size_t done = 0; done < length;) {
		struct piece piece = piece_at(offset + done, length - done);
		const struct file_page *page = page_tree_find(&file->pages, piece.index);

		if (page && !file->counted_only)
			memcpy(bytes + done, page->bytes + piece.offset, piece.length);
		else
			file_untouched_bytes(file, offset + done, bytes + done, piece.length);
		done += piece.length;
	}
}

int64_t file_read(struct vma_file *base, uint64_t offset, void *buffer, size_t length)
{
	struct file *file = file_of_base(base);
	uint64_t end;

	file_lock(file);
	end = atomic_load_relaxed(&file->length);
	length = offset < end ? (size_t)min_u64(min_u64(length, end - offset), INT64_MAX) : 0;
	get_bytes(file, offset, buffer, length);
	file_unlock(file);
	return (int64_t)length;
}

/* --- writing -------------------------------------------------------------------------------------------------------- */

static void free_pages(struct rcu_node *pages)
{
	struct rcu_node *next;

	for (; pages; pages = next) {
		next = pages->next;
		file_page_free(container_of(pages, struct file_page, rcu));
	}
}

/*
 * A page for every index that a write touches and that has none; nobody can find them yet. 0, or -ENOMEM and none.
 * Context: file->lock.
 */
static int make_pages(struct file *file, uint64_t offset, size_t length, struct rcu_node **pages)
{
	uint64_t first = offset >> PAGE_SHIFT, end = ((offset + length - 1) >> PAGE_SHIFT) + 1;

	*pages = NULL;
	for (uint64_t index = first; index < end; index++) {
		struct file_page *page = NULL;

		if (page_tree_find(&file->pages, index))
			continue;
		if (!page_tree_reserve(&file->pages, index))
			page = file_page_create(file, index);
		if (!page) {
			free_pages(*pages);
			return -ENOMEM;
		}
		page->rcu.next = *pages;
		*pages = &page->rcu;
	}
	return 0;
}

static void put_pages(struct file *file, struct rcu_node *pages)
{
	struct rcu_node *next;

	for (; pages; pages = next) {
		struct file_page *page = container_of(pages, struct file_page, rcu);

		next = pages->next;
		page_tree_put(&file->pages, page->index, page);
	}
}

/*
 * Bytes after the old end are zeros (F2), or were stored there through a mapping, and become what nobody wrote up to the new one: those
 * of the old last page, and of pages that this write has made, from @offset's on. A file of memory keeps what was stored, as
 * memfd, unless it has a fill byte, as none has. Context: file->lock.
 */
static void fill_gap(struct file *file, uint64_t offset, uint64_t end)
{
	uint64_t at = atomic_load_relaxed(&file->length);

	if (!file->written_back && !file->fill)
		return;
	while (at < end) {
		struct piece piece = piece_at(at, (size_t)min_u64(end - at, PAGE_SIZE));
		struct file_page *page = page_tree_find(&file->pages, piece.index);

		if (page) {
			file_untouched_bytes(file, at, page->bytes + piece.offset, piece.length);
			file_page_set_dirty(page);
		}
		at += piece.length;
		/* Between the old last page and the first of this write there are none. */
		at = max_u64(at, page_down(offset));
	}
}

static void put_bytes(struct file *file, uint64_t offset, const uint8_t *bytes, size_t length)
{
	for (size_t done = 0; done < length;) {
		struct piece piece = piece_at(offset + done, length - done);
		struct file_page *page = page_tree_find(&file->pages, piece.index);

		if (!file->counted_only)
			memcpy(page->bytes + piece.offset, bytes + done, piece.length);
		file_page_set_dirty(page);
		done += piece.length;
	}
}

/* Context: file->lock, pages made. */
static void write_bytes(struct file *file, uint64_t offset, const void *bytes, size_t length)
{
	uint64_t end = offset + length;

	if (!file->counted_only)
		fill_gap(file, offset, end);
	put_bytes(file, offset, bytes, length);
	if (end > atomic_load_relaxed(&file->length))
		atomic_store_release(&file->length, end); /* pair [file-length]: file_is_beyond_end() */
}

int file_write(struct vma_file *base, uint64_t offset, const void *bytes, size_t length)
{
	struct file *file = file_of_base(base);
	struct rcu_node *pages;
	int err;

	if (!length)
		return 0;
	if (offset + length < offset)
		return -ENOMEM;
	vma_file_lock_mappings(base);
	file_lock(file);
	err = make_pages(file, offset, length, &pages);
	if (!err) {
		put_pages(file, pages);
		write_bytes(file, offset, bytes, length);
	}
	file_unlock(file);
	vma_file_unlock_mappings(base);
	return err;
}
