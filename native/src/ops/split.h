/*
 * ops/split.h - one VMA becomes two
 */
#ifndef VMALOCK_OPS_SPLIT_H
#define VMALOCK_OPS_SPLIT_H

#include "mm/mm.h"

/*
 *      AAAAAAAA            AAABBBBB
 *         ^ addr     ->    old  new
 *
 * @vma keeps what lies below @addr; @upper (may be NULL) gets the new VMA. Both are write-locked afterwards.
 * Return: 0; -ENOMEM: no memory; nothing has changed.
 * Context: mmap_lock for writing; @addr inside @vma and page aligned.
 */
must_check int vma_split(struct mm *mm, struct vma *vma, uint64_t addr, struct vma **upper);

/*
 * Sets memory aside so that the next @splits calls of vma_split() cannot fail. 0 or -ENOMEM; what is not used stays for later.
 * Context: mmap_lock for writing.
 */
must_check int split_reserve(struct mm *mm, uint32_t splits);

/* The same unless the space has as many VMAs as it may: -ENOMEM. What a request that may fail half-way asks. */
must_check int vma_split_limited(struct mm *mm, struct vma *vma, uint64_t addr, struct vma **upper);

/* vmalock_mm_split(): mmap_lock and checks included. Return: 0 (also when @addr is a boundary); -EINVAL, -ENOMEM, -EFAULT. */
must_check int op_split(struct mm *mm, uint64_t addr);

#endif
