/*
 * ops/mbind.h - memory policies: mbind(2), set_mempolicy(2), get_mempolicy(2)
 */
#ifndef VMALOCK_OPS_MBIND_H
#define VMALOCK_OPS_MBIND_H

#include "mm/mm.h"

struct mbind_request {
	uint64_t addr, length;         /* bytes, as the system call gets them */
	uint32_t mode;                 /* VMALOCK_MPOL_ */
	const vmalock_nodemask *nodes; /* NULL for none */
	uint32_t flags;                /* VMALOCK_MPOL_MF_ */
};

/* Return: see vmalock_mm_mbind(). */
must_check int op_mbind(struct mm *mm, const struct mbind_request *request);

/* Return: 0; -EINVAL; -ENOMEM. */
must_check int op_set_mempolicy(struct mm *mm, uint32_t mode, const vmalock_nodemask *nodes);

struct mempolicy_answer {
	uint32_t mode; /* or the number of a node */
	vmalock_nodemask nodes;
};

/*
 * All but the node of a page (MPOL_F_NODE | MPOL_F_ADDR), for which somebody must fault: @out->mode is then not set.
 * Return: 0; -EINVAL; -EFAULT.
 */
must_check int op_get_mempolicy(struct mm *mm, uint64_t addr, uint32_t flags, struct mempolicy_answer *out);

#endif
