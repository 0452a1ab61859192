#include "ops/seal.h"

#include <errno.h>

#include "mm/mmap_lock.h"
#include "ops/advise.h"
#include "ops/merge.h"

/* Advice after which bytes are gone, here or in a child. Linux: is_discard(). */
static bool discards(int advice)
{
	switch (advice) {
	case MADV_IS_FREE:
	case MADV_IS_DONTNEED:
	case MADV_IS_DONTNEED_LOCKED:
	case MADV_IS_REMOVE:
	case MADV_IS_DONTFORK:
	case MADV_IS_WIPEONFORK:
	case MADV_IS_GUARD_INSTALL:
		return true;
	default:
		return false;
	}
}

/*
 * What may be written may be lost as well. Memory of a file is let off, private copies included: so Linux decided for programs
 * that discard sealed text.
 */
bool seal_allows_advice(const struct vma *vma, int advice)
{
	return !vma_is_sealed(vma) || !discards(advice) || !vma_is_anonymous(vma) || (vma_flags(vma) & VM_WRITE);
}

static bool has_hole(struct mm *mm, uint64_t start, uint64_t end)
{
	while (start < end) {
		const struct vma *vma = mm_lookup(mm, start);

		if (!vma)
			return true;
		start = vma_end(vma);
	}
	return false;
}

static int seal_range(struct mm *mm, uint64_t start, uint64_t end)
{
	int err = 0;

	while (start < end && !err) {
		struct vma *vma = mm_lookup(mm, start);
		uint64_t last = min_u64(vma_end(vma), end), sealed = vma_flags(vma) | VM_SEALED;

		if (!vma_is_sealed(vma)) {
			err = vma_modify(mm, vma, start, last, sealed, &vma);
			if (!err)
				vma_set_flags(vma, sealed);
		}
		start = last;
	}
	return err;
}

int op_mseal(struct mm *mm, uint64_t addr, uint64_t length, uint64_t flags)
{
	uint64_t end = addr + page_up(length);
	int err;

	if (flags || !page_aligned(addr) || (length && !page_up(length)) || end < addr)
		return -EINVAL;
	if (end == addr)
		return 0;
	mmap_write_lock(mm);
	err = has_hole(mm, addr, end) ? -ENOMEM : seal_range(mm, addr, end);
	mmap_write_unlock(mm);
	return err;
}
