/*
 * ops/brk.h - brk(2): the heap
 */
#ifndef VMALOCK_OPS_BRK_H
#define VMALOCK_OPS_BRK_H

#include "mm/mm.h"
#include "ops/map.h"

/* The break afterwards: @addr rounded to nothing, or the old one when it is refused. @populate: locked memory that is new. */
uint64_t op_brk(struct mm *mm, uint64_t addr, struct populate *populate);

/* Return: 0; -EINVAL (outside the space); -EBUSY (the heap is not empty). */
must_check int op_set_brk_start(struct mm *mm, uint64_t addr);

#endif
