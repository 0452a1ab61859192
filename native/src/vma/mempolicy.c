#include "vma/mempolicy.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bits.h"
#include "base/check.h"

#define MODES (VMALOCK_MPOL_WEIGHTED_INTERLEAVE + 1)
#define NAMES_NODES (VMALOCK_MPOL_F_STATIC_NODES | VMALOCK_MPOL_F_RELATIVE_NODES) /* how, and not both ways */
#define KEEPS_USER_NODES MPOL_MODE_FLAGS                                          /* Linux: mpol_store_user_nodemask() */

/* --- sets of nodes ------------------------------------------------------------------------------------------------- */

static bool is_empty(const vmalock_nodemask *mask)
{
	for (size_t i = 0; i < array_size(mask->bits); i++)
		if (mask->bits[i])
			return false;
	return true;
}

static uint32_t weight(uint64_t nodes)
{
	return (uint32_t)__builtin_popcountll(nodes);
}

uint32_t node_nth(uint64_t nodes, uint64_t n)
{
	check(n < weight(nodes));
	for (; n; n--)
		nodes &= nodes - 1;
	return node_first(nodes);
}

/* Node n of @user stands for the n-th of those that exist, counted round and round. Linux: mpol_relative_nodemask(). */
static uint64_t relative(const vmalock_nodemask *user, uint64_t existing)
{
	uint64_t nodes = 0;

	for (uint32_t n = 0; n < VMALOCK_MAX_NUMNODES; n++)
		if (user->bits[n / 64] >> n % 64 & 1)
			nodes |= UINT64_C(1) << node_nth(existing, n % weight(existing));
	return nodes;
}

/* --- making one ---------------------------------------------------------------------------------------------------- */

int mempolicy_check_mode(uint32_t mode)
{
	uint32_t flags = mode & MPOL_MODE_FLAGS, plain = mode & ~MPOL_MODE_FLAGS;

	if (plain >= MODES || (flags & NAMES_NODES) == NAMES_NODES)
		return -EINVAL;
	if ((flags & VMALOCK_MPOL_F_NUMA_BALANCING) && plain != VMALOCK_MPOL_BIND &&
	    plain != VMALOCK_MPOL_PREFERRED_MANY)
		return -EINVAL;
	return 0;
}

/* Which modes want nodes, which forbid them. PREFERRED without any means LOCAL. */
static int check_nodes(uint32_t *mode, uint32_t flags, bool empty)
{
	switch (*mode) {
	case VMALOCK_MPOL_DEFAULT:
		return empty ? 0 : -EINVAL;
	case VMALOCK_MPOL_LOCAL:
		return empty && !(flags & NAMES_NODES) ? 0 : -EINVAL;
	case VMALOCK_MPOL_PREFERRED:
		if (!empty)
			return 0;
		*mode = VMALOCK_MPOL_LOCAL;
		return flags & NAMES_NODES ? -EINVAL : 0;
	default:
		return empty ? -EINVAL : 0;
	}
}

static uint64_t nodes_of(uint32_t mode, uint32_t flags, const vmalock_nodemask *user, uint64_t existing)
{
	uint64_t nodes = flags & VMALOCK_MPOL_F_RELATIVE_NODES ? relative(user, existing) : user->bits[0] & existing;

	return mode == VMALOCK_MPOL_PREFERRED && nodes ? UINT64_C(1) << node_first(nodes) : nodes;
}

int mempolicy_create(uint32_t mode, const vmalock_nodemask *user, uint64_t existing, struct mempolicy **out)
{
	static const vmalock_nodemask none;
	uint32_t plain = mode & ~MPOL_MODE_FLAGS, flags = mode & MPOL_MODE_FLAGS;
	struct mempolicy *policy;
	uint64_t nodes;
	int err;

	user = user ? user : &none;
	err = check_nodes(&plain, flags, is_empty(user));
	if (err)
		return err;
	*out = NULL;
	if (plain == VMALOCK_MPOL_DEFAULT)
		return 0;
	nodes = plain == VMALOCK_MPOL_LOCAL ? 0 : nodes_of(plain, flags, user, existing);
	if (!nodes && plain != VMALOCK_MPOL_LOCAL)
		return -EINVAL;
	policy = alloc_zeroed(sizeof(*policy));
	if (!policy)
		return -ENOMEM;
	refcount_init(&policy->refs);
	policy->mode = plain;
	policy->flags = flags;
	policy->nodes = nodes;
	if (flags & KEEPS_USER_NODES)
		policy->user = *user;
	*out = policy;
	return 0;
}

int mempolicy_copy(const struct mempolicy *policy, struct mempolicy **out)
{
	struct mempolicy *copy = NULL;

	if (policy) {
		copy = alloc_bytes(sizeof(*copy));
		if (!copy)
			return -ENOMEM;
		*copy = *policy;
		refcount_init(&copy->refs);
	}
	*out = copy;
	return 0;
}

/* --- having one ---------------------------------------------------------------------------------------------------- */

struct mempolicy *mempolicy_get(struct mempolicy *policy)
{
	if (policy)
		refcount_get(&policy->refs);
	return policy;
}

void mempolicy_put(struct mempolicy *policy)
{
	if (policy && refcount_put(&policy->refs))
		alloc_free(policy);
}

bool mempolicy_equal(const struct mempolicy *a, const struct mempolicy *b)
{
	if (a == b)
		return true;
	/* @user is all zeros unless the flags make it count. */
	return a && b && a->mode == b->mode && a->flags == b->flags && a->nodes == b->nodes &&
	       memcmp(&a->user, &b->user, sizeof(a->user)) == 0;
}

void mempolicy_tell_nodes(const struct mempolicy *policy, vmalock_nodemask *out)
{
	*out = (vmalock_nodemask){ { policy ? policy->nodes : 0 } };
	if (policy && (policy->flags & KEEPS_USER_NODES))
		*out = policy->user;
}
