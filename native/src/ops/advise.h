/*
 * ops/advise.h - madvise(2), but for what faults: MADV_POPULATE_ (fault/populate.c), MADV_COLLAPSE (fault/collapse.c)
 */
#ifndef VMALOCK_OPS_ADVISE_H
#define VMALOCK_OPS_ADVISE_H

#include "mm/mm.h"

/* Linux's numbers. */
enum madv {
	MADV_IS_NORMAL = 0,
	MADV_IS_RANDOM = 1,
	MADV_IS_SEQUENTIAL = 2,
	MADV_IS_WILLNEED = 3,
	MADV_IS_DONTNEED = 4,
	MADV_IS_FREE = 8,
	MADV_IS_REMOVE = 9,
	MADV_IS_DONTFORK = 10,
	MADV_IS_DOFORK = 11,
	MADV_IS_MERGEABLE = 12,
	MADV_IS_UNMERGEABLE = 13,
	MADV_IS_HUGEPAGE = 14,
	MADV_IS_NOHUGEPAGE = 15,
	MADV_IS_DONTDUMP = 16,
	MADV_IS_DODUMP = 17,
	MADV_IS_WIPEONFORK = 18,
	MADV_IS_KEEPONFORK = 19,
	MADV_IS_COLD = 20,
	MADV_IS_PAGEOUT = 21,
	MADV_IS_POPULATE_READ = 22,
	MADV_IS_POPULATE_WRITE = 23,
	MADV_IS_DONTNEED_LOCKED = 24,
	MADV_IS_COLLAPSE = 25,
	MADV_IS_GUARD_INSTALL = 102,
	MADV_IS_GUARD_REMOVE = 103,
};

/*
 * Return: 0; -EINVAL; -ENOMEM for a hole (the rest has been advised all the same); -EAGAIN for the map limit or no memory;
 * -EPERM: a sealed mapping that may not be written would lose pages; -EACCES, -EFBIG (MADV_REMOVE).
 */
must_check int op_madvise(struct mm *mm, uint64_t addr, uint64_t length, int advice);

/* What becomes of write protection by userfaultfd where entries of @vma go: PT_ bits. Pages of a file may still be in it afterwards. */
uint32_t advise_markers(const struct vma *vma);

/* Checks that madvise makes before it looks at any mapping. Return: 0 and the end; -EINVAL. An empty range ends where it starts. */
must_check int advise_check(uint64_t addr, uint64_t length, int advice, uint64_t *end);

#endif
