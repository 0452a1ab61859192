#include "ops/split.h"

#include <errno.h>

#include "base/check.h"
#include "mm/mmap_lock.h"
#include "policy/policy.h"
#include "sync/syncpoint.h"

int split_reserve(struct mm *mm, uint32_t splits)
{
	uint32_t spares = 0;

	mmap_assert_write_locked(mm);
	for (struct rcu_node *node = mm->spare_vmas; node; node = node->next)
		spares++;
	for (; spares < splits; spares++) {
		struct vma *vma = vma_alloc();

		if (!vma)
			return -ENOMEM;
		vma->rcu.next = mm->spare_vmas;
		mm->spare_vmas = &vma->rcu;
	}
	return index_reserve(&mm->vmas, splits);
}

static struct vma *take_memory(struct mm *mm)
{
	struct rcu_node *spare = mm->spare_vmas;

	if (!spare)
		return vma_alloc();
	mm->spare_vmas = spare->next;
	return container_of(spare, struct vma, rcu);
}

/*
 * The old VMA is marked before its fields are read, the new one is born marked: a fault on either
 * half waits out the section. Both entries become visible by one store, so that no lookup sees a hole or an overlap.
 */
int vma_split(struct mm *mm, struct vma *vma, uint64_t addr, struct vma **upper)
{
	uint64_t start = vma_start(vma), end = vma_end(vma);
	struct index_entry halves[2];
	struct vma *new;

	mmap_assert_write_locked(mm);
	check(page_aligned(addr) && addr > start && addr < end);
	mm_vma_write_lock(mm, vma);
	new = take_memory(mm);
	if (!new)
		return -ENOMEM;
	if (index_reserve(&mm->vmas, 1)) {
		vma_free_unused(new);
		return -ENOMEM;
	}
	vma_init(new, &mm->domain, addr, end, vma->pgoff + ((addr - start) >> PAGE_SHIFT), vma_flags(vma), vma->file);
	vma_dup_holdings(new, vma);
	/* Only now, with the VMA locked and nothing left that can fail: faults would bring the huge page back (docs/races.md, F18). */
	pt_huge_split_inside(&mm->pt, addr);
	vma_attach(new); /* before the old one shrinks: a truncation finds every page in one of them */
	syncpoint("split-attached");
	halves[0] = (struct index_entry){ start, addr, vma };
	halves[1] = (struct index_entry){ addr, end, new };
	vma_set_range(vma, start, addr, vma->pgoff);
	index_replace(&mm->vmas, start, end, halves, 2);
	mm->map_count++;
	syncpoint("split-stored");
	if (upper)
		*upper = new;
	return 0;
}

int vma_split_limited(struct mm *mm, struct vma *vma, uint64_t addr, struct vma **upper)
{
	if (mm->map_count >= mm->limits.map_count)
		return -ENOMEM;
	return vma_split(mm, vma, addr, upper);
}

int op_split(struct mm *mm, uint64_t addr)
{
	struct vma *vma;
	int err = 0;

	if (!page_aligned(addr))
		return -EINVAL;
	mmap_write_lock(mm);
	vma = mm_lookup(mm, addr);
	if (vma && vma_start(vma) != addr)
		err = vma_split_limited(mm, vma, addr, NULL);
	else if (!vma && (!addr || !mm_prev(mm, addr) || vma_end(mm_prev(mm, addr)) != addr))
		err = -EFAULT;
	mmap_write_unlock(mm);
	return err;
}
