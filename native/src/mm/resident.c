#include "mm/resident.h"

#include <errno.h>

#include "mm/mmap_lock.h"
#include "pt/file.h"

static void of_vma(struct mm *mm, const struct vma *vma, uint64_t start, uint64_t end, uint8_t *out)
{
	pt_resident(&mm->pt, start, end, out);
	for (uint64_t page = start; page < end; page += PAGE_SIZE, out++)
		if (*out == PT_IS_OUT)
			*out = 0;
		else if (!*out && vma->file)
			*out = file_page_is_present(vma->file, vma_index_at(vma, page));
}

static int of_range(struct mm *mm, uint64_t start, uint64_t end, uint8_t *out)
{
	while (start < end) {
		const struct vma *vma = mm_lookup(mm, start);
		uint64_t last;

		if (!vma)
			return -ENOMEM;
		last = min_u64(vma_end(vma), end);
		of_vma(mm, vma, start, last, out);
		out += (last - start) >> PAGE_SHIFT;
		start = last;
	}
	return 0;
}

int mm_resident(struct mm *mm, uint64_t addr, uint64_t length, uint8_t *out)
{
	uint64_t end = addr + page_up(length);
	int err;

	if (!page_aligned(addr))
		return -EINVAL;
	if (end < addr || (length && !page_up(length)) || end > MM_TASK_SIZE)
		return -ENOMEM;
	mmap_read_lock(mm);
	err = of_range(mm, addr, end, out);
	mmap_read_unlock(mm);
	return err;
}
