/*
 * policy/per_vma.h - the per-VMA lock's own hooks, for policies that take the same lock and differ in what they do when it is busy
 */
#ifndef VMALOCK_POLICY_PER_VMA_H
#define VMALOCK_POLICY_PER_VMA_H

#include "policy/policy.h"

enum policy_start per_vma_start_read(struct mm *mm, uint64_t addr, struct vma **out);
void per_vma_end_read(struct mm *mm, struct vma *vma);

#endif
