/*
 * ops/lock_memory.h - mlock(2), mlock2(2), munlock(2), mlockall(2), munlockall(2)
 *
 * Locking is a flag of the VMA, which splits and merges like any other, and pages that come in before anybody touches
 * them. The flag is set under mmap_lock for writing with each VMA write-locked (RFC patch 6); the pages come after the
 * lock has gone, by ordinary faults.
 */
#ifndef VMALOCK_OPS_LOCK_MEMORY_H
#define VMALOCK_OPS_LOCK_MEMORY_H

#include "mm/mm.h"
#include "ops/map.h"

#define VM_LOCKED_MASK (VM_LOCKED | VM_LOCKONFAULT)

/* The kernel's own mappings and memory that may vanish are neither marked nor counted. Linux: vma_supports_mlock(). */
static inline bool flags_may_lock(uint64_t flags)
{
	return !(flags & (VM_SPECIAL | VM_DROPPABLE));
}

/*
 * mlock2(2). @populate: what the caller brings in, on success only.
 * Return: 0; -EINVAL (a flag, a range that wraps); -EPERM (the limit is 0); -ENOMEM (a hole, the limit, the map limit):
 * what lies before the obstacle is locked and counted.
 */
must_check int op_mlock(struct mm *mm, uint64_t addr, uint64_t length, uint32_t flags, struct populate *populate);

/* munlock(2). Return: 0; -EINVAL; -ENOMEM: what lies before the obstacle is unlocked. */
must_check int op_munlock(struct mm *mm, uint64_t addr, uint64_t length);

/* mlockall(2). Return: 0; -EINVAL; -EPERM; -ENOMEM (the limit): nothing has changed. */
must_check int op_mlockall(struct mm *mm, uint32_t flags, struct populate *populate);

/* munlockall(2). */
void op_munlockall(struct mm *mm);

#endif
