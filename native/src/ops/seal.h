/*
 * ops/seal.h - mseal(2), and what a sealed mapping refuses
 *
 * A sealed mapping keeps its range and its protection for good: who would unmap, move, resize or protect it, or map over it, gets
 * EPERM. Its pages may go (MADV_DONTNEED and the like) only if the program could as well overwrite them. Sealing cannot be undone;
 * fork hands it on.
 */
#ifndef VMALOCK_OPS_SEAL_H
#define VMALOCK_OPS_SEAL_H

#include "mm/mm.h"

static inline bool vma_is_sealed(const struct vma *vma)
{
	return vma_flags(vma) & VM_SEALED;
}

/* May @advice be given to the VMA? Context: mmap_lock. */
bool seal_allows_advice(const struct vma *vma, int advice);

/*
 * Return: 0; -EINVAL (@flags is not 0, unaligned, a range that wraps); -ENOMEM: a hole, and nothing has changed; or the map limit.
 * Context: takes mmap_lock for writing.
 */
must_check int op_mseal(struct mm *mm, uint64_t addr, uint64_t length, uint64_t flags);

#endif
