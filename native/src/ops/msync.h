/*
 * ops/msync.h - msync(2)
 *
 * A store through a shared mapping is in its simulated file at once, so nothing is left to write back: what remains of the
 * call is its answer.
 */
#ifndef VMALOCK_OPS_MSYNC_H
#define VMALOCK_OPS_MSYNC_H

#include "mm/mm.h"

/* Return: vmalock_mm_msync(). Context: takes mmap_lock for reading. */
must_check int op_msync(struct mm *mm, uint64_t addr, uint64_t length, uint32_t flags);

#endif
