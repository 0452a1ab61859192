#include "ops/truncate.h"

#include <errno.h>

#include "mm/observer.h"
#include "ops/advise.h"
#include "pt/file.h"
#include "sync/syncpoint.h"

#define LONGEST ((uint64_t)INT64_MAX) /* off_t */

/* Entries of one mapping. Context: the file's list of mappings locked, which keeps the VMA where it is. */
static void take_from_mapping(const struct vma *vma, const struct file_cut *cut, uint32_t how)
{
	struct mm *mm = mm_of_vma(vma);
	uint64_t from, to;

	if (!vma_file_range(vma, cut->first, cut->end, &from, &to))
		return;
	mm_observers_lock(mm); /* nothing else keeps an observer from coming amid this (mm/observer.h) */
	mm_invalidate_start(mm, from, to, VMALOCK_INVALIDATE_CLEAR);
	syncpoint("truncate-takes");
	pt_discard(&mm->pt, from, to, how | advise_markers(vma));
	mm_invalidate_end(mm, from, to, VMALOCK_INVALIDATE_CLEAR);
	mm_observers_unlock(mm);
}

static void take_from_mappings(struct vma_file *file, const struct file_cut *cut, uint32_t how)
{
	list_for_each(node, next, &file->mappings)
	{
		take_from_mapping(container_of(node, struct vma, in_file), cut, how);
		syncpoint("truncate-mapping-done");
	}
}

int op_truncate(struct vma_file *file, uint64_t length)
{
	struct file_cut cut;
	int err;

	if (length > LONGEST || file->mode == VMALOCK_FILE_RDONLY)
		return -EINVAL;
	vma_file_lock_mappings(file);
	err = file_set_length(file, length, &cut);
	if (!err) {
		syncpoint("truncate-cut");
		take_from_mappings(file, &cut, 0);
		file_cut_free(file, &cut);
	}
	vma_file_unlock_mappings(file);
	return err;
}

static int check_hole(const struct vma_file *file, uint64_t offset, uint64_t length)
{
	if (offset > LONGEST || !length || length > LONGEST)
		return -EINVAL;
	if (file->mode == VMALOCK_FILE_RDONLY)
		return -EBADF;
	return length > LONGEST - offset ? -EFBIG : 0;
}

int op_punch_hole(struct vma_file *file, uint64_t offset, uint64_t length)
{
	struct file_cut cut;
	int err = check_hole(file, offset, length);

	if (err)
		return err;
	vma_file_lock_mappings(file);
	err = file_punch(file, offset, offset + length, &cut);
	if (!err) {
		syncpoint("truncate-cut");
		take_from_mappings(file, &cut, PT_KEEP_FRAMES);
		file_cut_free(file, &cut);
	}
	vma_file_unlock_mappings(file);
	return err;
}
