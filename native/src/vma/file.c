#include "vma/file.h"

#include "base/check.h"
#include "locks/held.h"

void vma_file_init_mappings(struct vma_file *file)
{
	sync_mutex_init(&file->mappings_lock);
	list_init(&file->mappings);
	atomic_init(&file->cuts, 0);
}

void vma_file_destroy_mappings(struct vma_file *file)
{
	check(list_is_empty(&file->mappings));
	sync_mutex_destroy(&file->mappings_lock);
}

void vma_file_lock_mappings(struct vma_file *file)
{
	if (!file)
		return;
	held_wait(RANK_FILE_MAPPINGS);
	sync_mutex_lock(&file->mappings_lock);
	held_add(RANK_FILE_MAPPINGS);
}

void vma_file_unlock_mappings(struct vma_file *file)
{
	if (!file)
		return;
	held_remove(RANK_FILE_MAPPINGS);
	sync_mutex_unlock(&file->mappings_lock);
}
