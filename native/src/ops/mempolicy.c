/*
 * ops/mempolicy.c - the policy of the space, and what a policy is: set_mempolicy(2), get_mempolicy(2)
 *
 * Linux   mm/mempolicy.c: do_set_mempolicy(), do_get_mempolicy().
 */
#include <errno.h>

#include "mm/mempolicy.h"
#include "mm/mmap_lock.h"
#include "ops/mbind.h"

#define KNOWN_FLAGS (VMALOCK_MPOL_F_NODE | VMALOCK_MPOL_F_ADDR | VMALOCK_MPOL_F_MEMS_ALLOWED)

int op_set_mempolicy(struct mm *mm, uint32_t mode, const vmalock_nodemask *nodes)
{
	struct mempolicy *policy;
	int err = mempolicy_check_mode(mode);

	if (!err)
		err = mempolicy_create(mode, nodes, mm_existing_nodes(mm), &policy);
	if (err)
		return err;
	mmap_write_lock(mm);
	mm_set_mempolicy(mm, policy);
	mmap_write_unlock(mm);
	return 0;
}

static void tell(const struct mempolicy *policy, struct mempolicy_answer *out)
{
	out->mode = policy ? policy->mode | policy->flags : VMALOCK_MPOL_DEFAULT;
	mempolicy_tell_nodes(policy, &out->nodes);
}

static int of_address(struct mm *mm, uint64_t addr, struct mempolicy_answer *out)
{
	const struct vma *vma;

	mmap_read_lock(mm);
	vma = mm_lookup(mm, addr);
	if (vma)
		tell(vma->policy, out);
	mmap_read_unlock(mm);
	return vma ? 0 : -EFAULT;
}

/* Interleaving by faults goes by the place of the page, so that its turn never moves on: it stays at the first node. */
static int of_space(struct mm *mm, bool next_node, struct mempolicy_answer *out)
{
	const struct mempolicy *policy;
	int err = 0;

	rcu_read_lock();
	policy = rcu_deref(&mm->mempolicy);
	tell(policy, out);
	if (next_node) {
		bool interleaves = policy && (policy->mode == VMALOCK_MPOL_INTERLEAVE ||
					      policy->mode == VMALOCK_MPOL_WEIGHTED_INTERLEAVE);

		if (interleaves)
			out->mode = node_first(policy->nodes);
		else
			err = -EINVAL;
	}
	rcu_read_unlock();
	return err;
}

int op_get_mempolicy(struct mm *mm, uint64_t addr, uint32_t flags, struct mempolicy_answer *out)
{
	if (flags & ~KNOWN_FLAGS)
		return -EINVAL;
	if (flags & VMALOCK_MPOL_F_MEMS_ALLOWED) {
		if (flags != VMALOCK_MPOL_F_MEMS_ALLOWED)
			return -EINVAL;
		*out = (struct mempolicy_answer){ .nodes = { { mm_existing_nodes(mm) } } };
		return 0;
	}
	if (flags & VMALOCK_MPOL_F_ADDR)
		return of_address(mm, addr, out);
	return addr ? -EINVAL : of_space(mm, flags & VMALOCK_MPOL_F_NODE, out);
}
