/*
 * api/file.c - simulated files
 */
#include "api/handle.h"
#include "ops/truncate.h"
#include "ops/writeback.h"
#include "pt/file.h"

int vmalock_file_create(const struct vmalock_file_options *options, vmalock_file **out)
{
	struct vma_file *file;
	int err;

	if (options->mode > VMALOCK_FILE_WRONLY)
		return VMALOCK_EINVAL;
	err = file_create(options, &file);
	if (!err)
		*out = handle_of_file(file);
	return err;
}

void vmalock_file_get(vmalock_file *file)
{
	vma_file_get(file_of(file));
}

void vmalock_file_put(vmalock_file *file)
{
	vma_file_put(file_of(file));
}

uint64_t vmalock_file_length(vmalock_file *file)
{
	return file_length(file_of(file));
}

const char *vmalock_file_name(const vmalock_file *file)
{
	return ((const struct vma_file *)(const void *)file)->name;
}

uint64_t vmalock_file_id(const vmalock_file *file)
{
	return ((const struct vma_file *)(const void *)file)->id;
}

int64_t vmalock_file_read(vmalock_file *file, uint64_t offset, void *buffer, size_t length)
{
	return file_read(file_of(file), offset, buffer, length);
}

int vmalock_file_write(vmalock_file *file, uint64_t offset, const void *bytes, size_t length)
{
	return file_write(file_of(file), offset, bytes, length);
}

int vmalock_file_truncate(vmalock_file *file, uint64_t length)
{
	return op_truncate(file_of(file), length);
}

int vmalock_file_punch_hole(vmalock_file *file, uint64_t offset, uint64_t length)
{
	return op_punch_hole(file_of(file), offset, length);
}

uint64_t vmalock_file_sync(vmalock_file *file, uint64_t offset, uint64_t length)
{
	return op_writeback(file_of(file), offset, length);
}

size_t vmalock_file_dirty_pages(vmalock_file *file, uint64_t first, uint64_t *out, size_t room)
{
	return file_dirty_pages(file_of(file), first, out, room);
}
