/*
 * mm/account.h - how much of what kind is mapped, and what the limits allow
 *
 * Context: mmap_lock for writing, unless said otherwise.
 */
#ifndef VMALOCK_MM_ACCOUNT_H
#define VMALOCK_MM_ACCOUNT_H

#include "mm/mm.h"

/* @pages more (or, negative, less) of a mapping with @flags: total, data, stack, code, locked, committed. */
void mm_account(struct mm *mm, uint64_t flags, int64_t pages);

/* Would @pages more stay within the limits on address space and data? RLIMIT_AS, RLIMIT_DATA. */
bool mm_may_expand(const struct mm *mm, uint64_t flags, uint64_t pages);

/* Would @pages more of a mapping with @flags stay within the limit on locked memory? RLIMIT_MEMLOCK. */
bool mm_may_lock(const struct mm *mm, uint64_t flags, uint64_t pages);

/*
 * May the space be promised @pages more? Asked before what needs them, of the difference to what that gives back; charged is it by
 * mm_account().
 */
bool mm_may_commit(const struct mm *mm, uint64_t pages);

/* Is a mapping with these flags charged to the commit limit? Private, writable, not NORESERVE. */
static inline bool flags_are_accountable(uint64_t flags)
{
	return (flags & (VM_NORESERVE | VM_SHARED | VM_WRITE)) == VM_WRITE;
}

#endif
