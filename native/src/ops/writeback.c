#include "ops/writeback.h"

#include "mm/observer.h"
#include "pt/file.h"
#include "sync/syncpoint.h"

/* Context: the file's list of mappings locked, which keeps the VMA where it is. */
static void clean_mapping(const struct vma *vma, const struct file_dirty *span)
{
	struct mm *mm = mm_of_vma(vma);
	uint64_t from, to;

	if (!(vma_flags(vma) & VM_SHARED) || !vma_file_range(vma, span->first, span->end, &from, &to))
		return;
	mm_observers_lock(mm);
	mm_invalidate_start(mm, from, to, VMALOCK_INVALIDATE_PROTECT);
	syncpoint("writeback-cleans");
	pt_clean_file(&mm->pt, from, to);
	mm_invalidate_end(mm, from, to, VMALOCK_INVALIDATE_PROTECT);
	mm_observers_unlock(mm);
}

uint64_t op_writeback(struct vma_file *file, uint64_t offset, uint64_t length)
{
	uint64_t end = offset + length < offset ? UINT64_MAX : offset + length, count;
	struct file_dirty span;

	if (!length)
		return 0;
	vma_file_lock_mappings(file);
	count = file_take_dirty(file, offset >> PAGE_SHIFT, (end >> PAGE_SHIFT) + ((end & ~PAGE_MASK) != 0), &span);
	syncpoint("writeback-took-marks");
	if (count)
		list_for_each(node, next, &file->mappings) clean_mapping(container_of(node, struct vma, in_file), &span);
	vma_file_unlock_mappings(file);
	return count;
}
