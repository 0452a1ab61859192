/*
 * ops/protect.h - mprotect(2)
 */
#ifndef VMALOCK_OPS_PROTECT_H
#define VMALOCK_OPS_PROTECT_H

#include "mm/mm.h"
#include "ops/map.h"

/*
 * @key: of pkey_mprotect(2): -1 for none, and any other is refused.
 * @populate: locked memory that became writable, also after an error.
 * Return: 0; -EINVAL; -ENOMEM (a hole, the map limit, no memory) or -EACCES: what lies before the obstacle has changed.
 */
must_check int op_mprotect(struct mm *mm, uint64_t addr, uint64_t length, uint32_t prot, int key,
			   struct populate *populate);

#endif
