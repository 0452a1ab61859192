/*
 * ops/grow.h - a stack grows down to an address
 */
#ifndef VMALOCK_OPS_GROW_H
#define VMALOCK_OPS_GROW_H

#include "mm/mm.h"

/*
 * Moves the start of @vma, a stack, down to the page of @addr, which is below it.
 * Return: 0; -EPERM, -ENOMEM: the guard gap, a limit, no memory.
 * Context: mmap_lock for writing: growing under the shared lock was StackRot (CVE-2023-3269).
 */
must_check int op_grow_stack(struct mm *mm, struct vma *vma, uint64_t addr);

#endif
