/*
 * fault/collapse.h - small pages that become a huge one: MADV_COLLAPSE, and what khugepaged does on its own
 */
#ifndef VMALOCK_FAULT_COLLAPSE_H
#define VMALOCK_FAULT_COLLAPSE_H

#include "mm/mm.h"

/*
 * MADV_COLLAPSE: each 2 MiB that lie inside the range, mapping by mapping. Pages that are out in swap come in first.
 * Return: 0; -EINVAL (arguments, a mapping that may not have huge pages or was never written, 2 MiB without any page table, markers, a range that
 * holds no 2 MiB), after which those before may have collapsed; -ENOMEM (a hole, the rest has been collapsed all the same; no block of
 * frames, no memory). Context: no lock.
 */
must_check int collapse_advised(struct mm *mm, uint64_t addr, uint64_t length);

/*
 * One pass of khugepaged over all mappings that want huge pages. Return: how many it made. What cannot be collapsed is passed
 * over; without a free block the pass ends. Context: no lock.
 */
uint64_t collapse_khugepaged(struct mm *mm, const struct vmalock_khugepaged *limits);

#endif
