/*
 * ops/collapse.h - small pages that become a huge one: MADV_COLLAPSE, and what khugepaged does on its own
 */
#ifndef VMALOCK_OPS_COLLAPSE_H
#define VMALOCK_OPS_COLLAPSE_H

#include "mm/mm.h"

/*
 * MADV_COLLAPSE of [@start, @end), page aligned: each 2 MiB that lie inside, mapping by mapping.
 * Return: 0; -EINVAL (a mapping that may not have huge pages or was never written, 2 MiB without any page table, markers, a range that
 * holds no 2 MiB), after which those before may have collapsed; -ENOMEM (a hole, the rest has been collapsed all the same; no block of
 * frames, no memory). Context: no lock.
 */
must_check int op_collapse(struct mm *mm, uint64_t start, uint64_t end);

/*
 * One pass of khugepaged over all mappings that want huge pages. Return: how many it made. What cannot be collapsed is passed
 * over; without a free block the pass ends. Context: no lock.
 */
uint64_t op_khugepaged(struct mm *mm, const struct vmalock_khugepaged *limits);

#endif
