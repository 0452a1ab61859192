#include "ops/remap_file_pages.h"

#include <errno.h>

#include "mm/mmap_lock.h"

/* Files end below 2^63 bytes. */
#define MOST_PAGES (UINT64_C(1) << (63 - PAGE_SHIFT))

/* Is all of it mapped, without a hole, by VMAs of the same file and flags as @first? */
static bool is_uniform(struct mm *mm, const struct vma *first, uint64_t end)
{
	const struct vma *vma = first;

	while (vma_end(vma) < end) {
		vma = mm_lookup(mm, vma_end(vma));
		if (!vma || vma->file != first->file || vma_flags(vma) != vma_flags(first))
			return false;
	}
	return true;
}

static uint32_t prot_of_flags(uint64_t flags)
{
	return (flags & VM_READ ? VMALOCK_PROT_READ : 0) | (flags & VM_WRITE ? VMALOCK_PROT_WRITE : 0) |
	       (flags & VM_EXEC ? VMALOCK_PROT_EXEC : 0);
}

static int remap_locked(struct mm *mm, const struct remap_file_pages_request *r, uint64_t start, uint64_t length,
			struct populate *populate)
{
	const struct vma *vma = mm_lookup(mm, start);
	struct map_request request;
	uint64_t out;
	int err;

	if (!vma || !(vma_flags(vma) & VM_SHARED) || !is_uniform(mm, vma, start + length))
		return -EINVAL;
	if (r->pgoff > MOST_PAGES - (length >> PAGE_SHIFT))
		return -EOVERFLOW;
	request = (struct map_request){
		.addr = start,
		.length = length,
		.prot = prot_of_flags(vma_flags(vma)),
		.flags = VMALOCK_MAP_SHARED | VMALOCK_MAP_FIXED | VMALOCK_MAP_POPULATE |
			 (r->flags & VMALOCK_MAP_NONBLOCK) | (vma_flags(vma) & VM_LOCKED ? VMALOCK_MAP_LOCKED : 0),
		.file = vma->file,
		.offset = r->pgoff << PAGE_SHIFT,
	};
	vma_file_get(request.file);                               /* the mapping that holds it may go */
	err = op_mmap_locked(mm, &request, &out, populate, NULL); /* Linux tells nobody of this */
	vma_file_put(request.file);
	return err;
}

int op_remap_file_pages(struct mm *mm, const struct remap_file_pages_request *r, struct populate *populate)
{
	uint64_t start = page_down(r->addr), length = page_down(r->length);
	int err;

	*populate = (struct populate){ 0 };
	if (r->prot || start + length <= start || r->pgoff + (length >> PAGE_SHIFT) < r->pgoff)
		return -EINVAL;
	mmap_write_lock(mm);
	err = remap_locked(mm, r, start, length, populate);
	mmap_write_unlock(mm);
	return err;
}
