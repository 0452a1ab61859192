/*
 * ops/fork.h - fork(2): a second space with the same mappings, pages shared until one side writes
 */
#ifndef VMALOCK_OPS_FORK_H
#define VMALOCK_OPS_FORK_H

#include "mm/mm.h"

/* Return: 0 and the child with one reference; -ENOMEM. */
must_check int op_fork(struct mm *parent, struct mm **out);

#endif
