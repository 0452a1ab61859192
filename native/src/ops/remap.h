/*
 * ops/remap.h - mremap(2)
 */
#ifndef VMALOCK_OPS_REMAP_H
#define VMALOCK_OPS_REMAP_H

#include "mm/mm.h"
#include "ops/map.h"

struct remap_request {
	uint64_t addr, old_length, new_length; /* bytes, as the system call gets them */
	uint32_t flags;                        /* VMALOCK_MREMAP_ */
	uint64_t new_addr;                     /* with MREMAP_FIXED exact, with MREMAP_DONTUNMAP alone a hint */
};

/*
 * Return: 0, the address, and what to populate (locked memory that grew); or the errors of vmalock_mm_remap(): nothing has
 * changed then, but for what a move over several mappings had already moved, and a destination already unmapped.
 */
must_check int op_mremap(struct mm *mm, const struct remap_request *request, uint64_t *out, struct populate *populate);

#endif
