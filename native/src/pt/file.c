/*
 * pt/file.c - file objects: a length, a fill byte, and the pages touched so far
 *
 * Invariants  F1  the length only grows, so a page that a fault has found never goes before the file.
 *             F2  bytes of a page beyond the end of the file are zero, as Linux has them.
 */
#include "pt/file.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bits.h"
#include "base/check.h"
#include "locks/held.h"
#include "pt/frame.h"
#include "pt/page_tree.h"

struct file {
	struct vma_file base;
	struct sync_mutex lock; /* RANK_FILE */
	atomic_u64 length;      /* bytes. Write: lock. Read: that, or pair [file-length] */
	struct page_tree pages; /* Write: lock. */
	uint8_t fill;           /* fixed */
	bool counted_only;      /* fixed */
	bool shmem;             /* fixed */
	char name[];            /* base.name, unless that is NULL */
};

/* Numbers objects, and inodes that nobody named. Process-wide: files belong to no space, and no two share a number. */
static atomic_u64 last_id;

static struct file *file_of(struct vma_file *base)
{
	return container_of(base, struct file, base);
}

static void lock(struct file *file)
{
	held_wait(RANK_FILE);
	sync_mutex_lock(&file->lock);
	held_add(RANK_FILE);
}

static void unlock(struct file *file)
{
	held_remove(RANK_FILE);
	sync_mutex_unlock(&file->lock);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static void free_page(void *page)
{
	if (page != frame_zero_page())
		alloc_free(page);
}

static void release(struct vma_file *base)
{
	struct file *file = file_of(base);

	page_tree_destroy(&file->pages, free_page);
	sync_mutex_destroy(&file->lock);
	alloc_free(file);
}

static int create(const struct vmalock_file_options *options, bool shmem, struct vma_file **out)
{
	size_t name_size = options->name ? strlen(options->name) + 1 : 0;
	struct file *file = alloc_zeroed(sizeof(*file) + name_size);
	uint64_t id;

	if (!file)
		return -ENOMEM;
	id = atomic_fetch_add_relaxed(&last_id, 1) + 1;
	if (name_size)
		memcpy(file->name, options->name, name_size);
	file->base = (struct vma_file){
		.release = release,
		.id = id,
		.name = name_size ? file->name : NULL,
		.dev_major = options->dev_major,
		.dev_minor = options->dev_minor,
		.inode = options->inode ? options->inode : id,
		.mode = options->mode,
	};
	refcount_init(&file->base.refs);
	sync_mutex_init(&file->lock);
	atomic_init(&file->length, options->length);
	file->fill = options->fill;
	file->counted_only = options->counted_only != 0;
	file->shmem = shmem;
	*out = &file->base;
	return 0;
}

int file_create(const struct vmalock_file_options *options, struct vma_file **out)
{
	return create(options, false, out);
}

int file_create_shared_anonymous(uint64_t length, bool counted_only, struct vma_file **out)
{
	struct vmalock_file_options options = {
		.length = length,
		.mode = VMALOCK_FILE_RDWR,
		.name = "/dev/zero (deleted)",
		.dev_minor = 1, /* the kernel's own tmpfs */
		.counted_only = counted_only,
	};

	return create(&options, true, out);
}

bool file_is_shmem(const struct vma_file *file)
{
	return container_of(file, const struct file, base)->shmem;
}

/* --- pages -------------------------------------------------------------------------------------------------------- */

/* What an untouched page at @index holds: the fill byte up to the end of the file, then zeros. */
static void fill_page(const struct file *file, uint64_t index, uint8_t *page)
{
	uint64_t start = index << PAGE_SHIFT, length = atomic_load_relaxed(&file->length);
	size_t filled = length > start ? (size_t)min_u64(length - start, PAGE_SIZE) : 0;

	memset(page, file->fill, filled);
	memset(page + filled, 0, PAGE_SIZE - filled);
}

/* Context: file->lock; the page is not there. */
static int make_page(struct file *file, uint64_t index, void **out)
{
	void *page = (void *)(uintptr_t)frame_zero_page();
	int err = page_tree_reserve(&file->pages, index);

	if (err)
		return err;
	if (!file->counted_only) {
		page = alloc_aligned(PAGE_SIZE, PAGE_SIZE);
		if (!page)
			return -ENOMEM;
		fill_page(file, index, page);
	}
	page_tree_put(&file->pages, index, page);
	*out = page;
	return 0;
}

/* Context: file->lock. */
static int find_or_make(struct file *file, uint64_t index, void **out, bool *made)
{
	*out = page_tree_find(&file->pages, index);
	*made = !*out;
	return *out ? 0 : make_page(file, index, out);
}

/* pair [file-length]: the release store in file_write(). Who sees the new end sees the bytes before it. */
static bool is_beyond_end(const struct file *file, uint64_t index)
{
	uint64_t length = atomic_load_acquire(&file->length);

	return index >= (length >> PAGE_SHIFT) + ((length & ~PAGE_MASK) != 0);
}

int file_page(struct vma_file *base, uint64_t index, void **out, bool *fresh)
{
	struct file *file = file_of(base);
	bool made = false;
	void *page;
	int err = 0;

	if (unlikely(is_beyond_end(file, index)))
		return -EFAULT;
	page = page_tree_find(&file->pages, index);
	if (unlikely(!page)) {
		lock(file);
		err = find_or_make(file, index, &page, &made);
		unlock(file);
		if (err)
			return err;
	}
	*out = page;
	if (fresh)
		*fresh = made;
	return 0;
}

int file_find_page(struct vma_file *base, uint64_t index, void **out)
{
	struct file *file = file_of(base);

	if (is_beyond_end(file, index))
		return -EFAULT;
	*out = page_tree_find(&file->pages, index);
	return *out ? 0 : -ENOENT;
}

/* Its bytes before anybody can find it. Context: file->lock; the page is not there. */
static int put_new_page(struct file *file, uint64_t index, const void *from, void **out)
{
	void *page = (void *)(uintptr_t)frame_zero_page();
	int err = page_tree_reserve(&file->pages, index);

	if (err)
		return err;
	if (!file->counted_only) {
		page = alloc_aligned(PAGE_SIZE, PAGE_SIZE);
		if (!page)
			return -ENOMEM;
		if (from)
			memcpy(page, from, PAGE_SIZE);
		else
			memset(page, 0, PAGE_SIZE);
	}
	page_tree_put(&file->pages, index, page);
	*out = page;
	return 0;
}

int file_add_page(struct vma_file *base, uint64_t index, const void *from, void **out)
{
	struct file *file = file_of(base);
	int err;

	lock(file);
	if (is_beyond_end(file, index))
		err = -EFAULT;
	else if (page_tree_find(&file->pages, index))
		err = -EEXIST;
	else
		err = put_new_page(file, index, from, out);
	unlock(file);
	return err;
}

bool file_page_is_present(struct vma_file *base, uint64_t index)
{
	void *page;

	return file_find_page(base, index, &page) == 0;
}

/* --- bytes -------------------------------------------------------------------------------------------------------- */

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

uint64_t file_length(struct vma_file *base)
{
	return atomic_load_relaxed(&file_of(base)->length);
}

/* Context: file->lock; the range lies inside the file. */
static void get_bytes(struct file *file, uint64_t offset, uint8_t *bytes, size_t length)
{
	for (size_t done = 0; done < length;) {
		struct piece piece = piece_at(offset + done, length - done);
		const uint8_t *page = page_tree_find(&file->pages, piece.index);

		if (page && !file->counted_only)
			memcpy(bytes + done, page + piece.offset, piece.length);
		else
			memset(bytes + done, file->fill, piece.length);
		done += piece.length;
	}
}

int64_t file_read(struct vma_file *base, uint64_t offset, void *buffer, size_t length)
{
	struct file *file = file_of(base);
	uint64_t end;

	lock(file);
	end = atomic_load_relaxed(&file->length);
	length = offset < end ? (size_t)min_u64(min_u64(length, end - offset), INT64_MAX) : 0;
	get_bytes(file, offset, buffer, length);
	unlock(file);
	return (int64_t)length;
}

/* Pages beyond the end that a failed write has made: nobody can have met them. Context: file->lock. */
static void take_back(struct file *file, uint64_t first, uint64_t end)
{
	for (uint64_t index = first; index < end; index++)
		if (is_beyond_end(file, index))
			free_page(page_tree_take(&file->pages, index));
}

/* Every page that a write touches, before it changes anything. Context: file->lock. */
static int make_pages(struct file *file, uint64_t offset, size_t length)
{
	uint64_t first = offset >> PAGE_SHIFT, end = ((offset + length - 1) >> PAGE_SHIFT) + 1;

	for (uint64_t index = first; index < end; index++) {
		bool made;
		void *page;
		int err = find_or_make(file, index, &page, &made);

		if (err) {
			take_back(file, first, index);
			return err;
		}
	}
	return 0;
}

/*
 * Bytes after the old end are zeros (F2) and become the fill byte up to the new one: those of the old last page, and
 * of pages that this write has made, from @offset's on. Context: file->lock.
 */
static void fill_gap(struct file *file, uint64_t offset, uint64_t end)
{
	uint64_t at = atomic_load_relaxed(&file->length);

	while (at < end) {
		struct piece piece = piece_at(at, (size_t)min_u64(end - at, PAGE_SIZE));
		uint8_t *page = page_tree_find(&file->pages, piece.index);

		if (page)
			memset(page + piece.offset, file->fill, piece.length);
		at += piece.length;
		/* Between the old last page and the first of this write there are none. */
		at = max_u64(at, page_down(offset));
	}
}

static void put_bytes(struct file *file, uint64_t offset, const uint8_t *bytes, size_t length)
{
	for (size_t done = 0; done < length;) {
		struct piece piece = piece_at(offset + done, length - done);
		uint8_t *page = page_tree_find(&file->pages, piece.index);

		memcpy(page + piece.offset, bytes + done, piece.length);
		done += piece.length;
	}
}

/* Context: file->lock, pages made. */
static void write_bytes(struct file *file, uint64_t offset, const void *bytes, size_t length)
{
	uint64_t end = offset + length;

	if (!file->counted_only) {
		fill_gap(file, offset, end);
		put_bytes(file, offset, bytes, length);
	}
	if (end > atomic_load_relaxed(&file->length))
		atomic_store_release(&file->length, end); /* pair [file-length]: is_beyond_end() */
}

int file_write(struct vma_file *base, uint64_t offset, const void *bytes, size_t length)
{
	struct file *file = file_of(base);
	int err;

	if (!length)
		return 0;
	if (offset + length < offset)
		return -ENOMEM;
	lock(file);
	err = make_pages(file, offset, length);
	if (!err)
		write_bytes(file, offset, bytes, length);
	unlock(file);
	return err;
}
