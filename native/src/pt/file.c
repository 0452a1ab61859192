/*
 * pt/file.c - file objects: a length, a fill byte, and the pages touched so far
 *
 * Invariants  F1  no page in the tree lies wholly beyond the end of the file, but for the moment in which a write puts its pages
 *                 there and then moves the end.
 *             F2  bytes of a page beyond the end of the file are zero when the page is made, when the end moves down, and in a
 *                 file of a disk also when it has moved up over them.
 */
#include "pt/file.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/check.h"
#include "locks/held.h"
#include "pt/commit.h"
#include "pt/file_object.h"
#include "pt/frame.h"

/* Numbers objects, and inodes that nobody named. Process-wide: files belong to no space, and no two share a number. */
static atomic_u64 last_id;

void file_lock(struct file *file)
{
	held_wait(RANK_FILE);
	sync_mutex_lock(&file->lock);
	held_add(RANK_FILE);
}

void file_unlock(struct file *file)
{
	held_remove(RANK_FILE);
	sync_mutex_unlock(&file->lock);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

void file_page_free(struct file_page *page)
{
	if (page->bytes != frame_zero_page())
		alloc_free(page->bytes);
	alloc_free(page);
}

static void free_tree_page(void *page)
{
	file_page_free(page);
}

static void free_retired_page(struct rcu_node *node)
{
	file_page_free(container_of(node, struct file_page, rcu));
}

/* Shared anonymous memory has the length that it was made with. */
static int64_t pages_of(const struct file *file)
{
	return (int64_t)(page_up(atomic_load_relaxed(&file->length)) >> PAGE_SHIFT);
}

void file_charge(struct vma_file *base, struct frames *pool)
{
	struct file *file = file_of_base(base);

	check(file->shmem && !file->charged);
	frames_get(pool);
	file->charged = pool;
	commit_charge(frames_commit(pool), pages_of(file));
}

static void uncharge(struct file *file)
{
	if (!file->charged)
		return;
	commit_charge(frames_commit(file->charged), -pages_of(file));
	frames_put(file->charged);
}

/* No mapping is left, so that nobody copies a page of it any more. */
static void release(struct vma_file *base)
{
	struct file *file = file_of_base(base);

	rcu_batch_drain(&file->retired);
	page_tree_destroy(&file->pages, free_tree_page);
	file_holes_destroy(&file->holes);
	vma_file_destroy_mappings(base);
	uncharge(file);
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
	vma_file_init_mappings(&file->base);
	sync_mutex_init(&file->lock);
	rcu_batch_init(&file->retired, free_retired_page);
	atomic_init(&file->length, options->length);
	file->fill = options->fill;
	file->counted_only = options->counted_only != 0;
	file->shmem = shmem;
	file->written_back = options->written_back != 0;
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

enum pte_kind file_pte_kind(const struct vma_file *file)
{
	return file_is_written_back(file) ? PTE_FILE : PTE_SHMEM;
}

bool file_is_written_back(const struct vma_file *file)
{
	return container_of(file, const struct file, base)->written_back;
}

/* --- pages -------------------------------------------------------------------------------------------------------- */

void file_untouched_bytes(const struct file *file, uint64_t offset, uint8_t *bytes, size_t length)
{
	memset(bytes, file->fill, length);
	if (file->fill)
		file_holes_apply(&file->holes, offset, bytes, length);
}

/* As nobody wrote it: up to the end of the file, then zeros (F2). */
static void fill_page(const struct file *file, uint64_t index, uint8_t *bytes)
{
	uint64_t start = index << PAGE_SHIFT, length = atomic_load_relaxed(&file->length);
	size_t filled = length > start ? (size_t)min_u64(length - start, PAGE_SIZE) : 0;

	file_untouched_bytes(file, start, bytes, filled);
	memset(bytes + filled, 0, PAGE_SIZE - filled);
}

struct file_page *file_page_create(struct file *file, uint64_t index)
{
	struct file_page *page = alloc_bytes(sizeof(*page));

	if (!page)
		return NULL;
	*page = (struct file_page){ .bytes = (uint8_t *)(uintptr_t)frame_zero_page(), .index = index };
	if (file->counted_only)
		return page;
	page->bytes = alloc_aligned(PAGE_SIZE, PAGE_SIZE);
	if (!page->bytes) {
		alloc_free(page);
		return NULL;
	}
	fill_page(file, index, page->bytes);
	return page;
}

/* Context: file->lock; the page is not there, and not beyond the end. */
static int make_page(struct file *file, uint64_t index, struct file_page **out)
{
	int err = page_tree_reserve(&file->pages, index);

	if (err)
		return err;
	*out = file_page_create(file, index);
	if (!*out)
		return -ENOMEM;
	page_tree_put(&file->pages, index, *out);
	return 0;
}

/* pair [file-length]: the release store in file_write(). Who sees the new end sees the bytes before it. */
bool file_is_beyond_end(const struct file *file, uint64_t index)
{
	uint64_t length = atomic_load_acquire(&file->length);

	return index >= (length >> PAGE_SHIFT) + ((length & ~PAGE_MASK) != 0);
}

/* NULL: it is not there. */
static void *find_bytes(const struct file *file, uint64_t index)
{
	struct file_page *page;
	void *bytes;

	rcu_read_lock();
	page = page_tree_find(&file->pages, index);
	bytes = page ? page->bytes : NULL;
	rcu_read_unlock();
	return bytes;
}

/* The end may have moved since the caller looked at it. */
static int make_if_missing(struct file *file, uint64_t index, void **out, bool *made)
{
	struct file_page *page;
	int err = 0;

	file_lock(file);
	page = page_tree_find(&file->pages, index);
	*made = !page;
	if (!page)
		err = file_is_beyond_end(file, index) ? -EFAULT : make_page(file, index, &page);
	if (!err)
		*out = page->bytes;
	file_unlock(file);
	return err;
}

int file_page(struct vma_file *base, uint64_t index, void **out, bool *fresh)
{
	struct file *file = file_of_base(base);
	bool made = false;
	int err = 0;

	if (unlikely(file_is_beyond_end(file, index)))
		return -EFAULT;
	*out = find_bytes(file, index);
	if (unlikely(!*out))
		err = make_if_missing(file, index, out, &made);
	if (fresh)
		*fresh = made;
	return err;
}

int file_find_page(struct vma_file *base, uint64_t index, void **out)
{
	struct file *file = file_of_base(base);

	if (file_is_beyond_end(file, index))
		return -EFAULT;
	*out = find_bytes(file, index);
	return *out ? 0 : -ENOENT;
}

/* Its bytes before anybody can find it. Context: file->lock; the page is not there. */
static int put_new_page(struct file *file, uint64_t index, const void *from, void **out)
{
	struct file_page *page;
	int err = page_tree_reserve(&file->pages, index);

	if (err)
		return err;
	page = file_page_create(file, index);
	if (!page)
		return -ENOMEM;
	if (!file->counted_only) {
		if (from)
			memcpy(page->bytes, from, PAGE_SIZE);
		else
			memset(page->bytes, 0, PAGE_SIZE);
	}
	file_page_set_dirty(page);
	page_tree_put(&file->pages, index, page);
	*out = page->bytes;
	return 0;
}

int file_add_page(struct vma_file *base, uint64_t index, const void *from, void **out)
{
	struct file *file = file_of_base(base);
	int err;

	file_lock(file);
	if (file_is_beyond_end(file, index))
		err = -EFAULT;
	else if (page_tree_find(&file->pages, index))
		err = -EEXIST;
	else
		err = put_new_page(file, index, from, out);
	file_unlock(file);
	return err;
}

bool file_page_is_present(struct vma_file *base, uint64_t index)
{
	void *page;

	return file_find_page(base, index, &page) == 0;
}

uint64_t file_length(struct vma_file *base)
{
	return atomic_load_relaxed(&file_of_base(base)->length);
}
