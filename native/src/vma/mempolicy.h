/*
 * vma/mempolicy.h - a memory policy: which NUMA nodes pages come from
 *
 * Counted and never changed: who wants another policy puts another object in its place. NULL is a policy too: none.
 *
 *   Guards   a VMA's: as the VMA's shape, so that a fault which holds the VMA may read it, and whoever replaces it has shut
 *            faults out and may free it at once (RFC patch 9; a fault that used a freed one was CVE-2023-4611).
 *            A space's: RCU (mm/mempolicy.h).
 *   Linux    mm/mempolicy.c: mpol_new(), mpol_set_nodemask(), __mpol_equal().
 */
#ifndef VMALOCK_VMA_MEMPOLICY_H
#define VMALOCK_VMA_MEMPOLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cpu.h"
#include "locks/refcount.h"
#include "sync/rcu.h"
#include "vmalock.h"

#define MPOL_MODE_FLAGS (VMALOCK_MPOL_F_STATIC_NODES | VMALOCK_MPOL_F_RELATIVE_NODES | VMALOCK_MPOL_F_NUMA_BALANCING)

struct mempolicy {
	struct refcount refs;
	uint32_t mode;         /* without flags; never DEFAULT */
	uint32_t flags;        /* of MPOL_MODE_FLAGS */
	uint64_t nodes;        /* those of them that exist, a bit a node; LOCAL: none */
	vmalock_nodemask user; /* as the caller named them, if there are flags: it is told that again */
	struct rcu_node rcu;   /* on its way out of a space, which has its object for itself. Guard: mm/mempolicy.h */
};

/* Are the bits a mode with flags that go with it? 0; -EINVAL. Linux: sanitize_mpol_flags(). */
must_check int mempolicy_check_mode(uint32_t mode);

/*
 * A policy with one reference; NULL for MPOL_DEFAULT. @user may be NULL; @existing: the nodes that there are.
 * Return: 0; -EINVAL; -ENOMEM.
 */
must_check int mempolicy_create(uint32_t mode, const vmalock_nodemask *user, uint64_t existing, struct mempolicy **out);

/* Another object like @policy (or NULL for NULL). 0 or -ENOMEM. */
must_check int mempolicy_copy(const struct mempolicy *policy, struct mempolicy **out);

/* Both take NULL. */
struct mempolicy *mempolicy_get(struct mempolicy *policy);
void mempolicy_put(struct mempolicy *policy);

/* Would a page come from the same nodes, and get_mempolicy() answer the same? */
bool mempolicy_equal(const struct mempolicy *a, const struct mempolicy *b);

/* The nodes that get_mempolicy() tells. */
void mempolicy_tell_nodes(const struct mempolicy *policy, vmalock_nodemask *out);

/* The lowest node of a set that is not empty. */
static inline uint32_t node_first(uint64_t nodes)
{
	return (uint32_t)__builtin_ctzll(nodes);
}

/* The n-th node of a set, from 0 up. */
uint32_t node_nth(uint64_t nodes, uint64_t n);

#endif
