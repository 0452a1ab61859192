/*
 * fault/page_node.h - on which NUMA node a page lies: get_mempolicy(2) with MPOL_F_NODE | MPOL_F_ADDR
 */
#ifndef VMALOCK_FAULT_PAGE_NODE_H
#define VMALOCK_FAULT_PAGE_NODE_H

#include "mm/mm.h"

/*
 * Brings the page of @addr in, as by a read, where there is none. Return: 0; -EFAULT: not mapped, not readable, beyond the end of its
 * file; -ENOMEM: no frame.
 */
must_check int page_node(struct mm *mm, uint64_t addr, uint32_t *out);

#endif
