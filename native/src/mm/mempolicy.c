#include "mm/mempolicy.h"

#include "base/check.h"
#include "mm/mmap_lock.h"
#include "sync/syncpoint.h"
#include "sync/thread_node.h"

/* --- the space's --------------------------------------------------------------------------------------------------- */

static void put_rcu(struct rcu_node *node)
{
	mempolicy_put(container_of(node, struct mempolicy, rcu));
}

void mm_mempolicy_init(struct mm *mm)
{
	rcu_batch_init(&mm->retired_mempolicies, put_rcu);
}

void mm_mempolicy_destroy(struct mm *mm)
{
	rcu_batch_drain(&mm->retired_mempolicies);
	mempolicy_put(atomic_load_relaxed(&mm->mempolicy));
}

struct mempolicy *mm_mempolicy(struct mm *mm)
{
	mmap_assert_write_locked(mm);
	return atomic_load_relaxed(&mm->mempolicy);
}

void mm_set_mempolicy(struct mm *mm, struct mempolicy *policy)
{
	struct mempolicy *old = mm_mempolicy(mm);

	rcu_publish(&mm->mempolicy, policy);
	if (old)
		rcu_batch_add(&mm->retired_mempolicies, &old->rcu);
}

/* --- the choice ---------------------------------------------------------------------------------------------------- */

/* Simulated nodes are as far from each other as their numbers: the next one up is the nearest. Linux: its zonelists. */
static struct frame_nodes choose(const struct mempolicy *policy, uint64_t place, uint32_t local, uint64_t existing)
{
	struct frame_nodes nodes = { .wanted = existing, .nearest = local };

	switch (policy ? policy->mode : VMALOCK_MPOL_LOCAL) {
	case VMALOCK_MPOL_BIND:
		nodes.wanted = policy->nodes;
		break;
	case VMALOCK_MPOL_PREFERRED_MANY:
		nodes.wanted = policy->nodes;
		nodes.fallback = existing;
		break;
	case VMALOCK_MPOL_PREFERRED:
		nodes.nearest = node_first(policy->nodes);
		break;
	case VMALOCK_MPOL_INTERLEAVE:
	case VMALOCK_MPOL_WEIGHTED_INTERLEAVE:
		nodes.nearest = node_nth(policy->nodes, place % (uint32_t)__builtin_popcountll(policy->nodes));
		break;
	default: /* LOCAL */
		break;
	}
	return nodes;
}

/* Interleaving goes by the place of the page in its mapping and the object, each in pages of its size. Linux: get_vma_policy(). */
static uint64_t place_of(const struct vma *vma, uint64_t addr, unsigned order)
{
	return (vma->pgoff >> order) + ((addr - vma_start(vma)) >> (PAGE_SHIFT + order));
}

struct frame_nodes mm_frame_nodes(struct mm *mm, const struct vma *vma, uint64_t addr, unsigned order)
{
	uint64_t place = place_of(vma, addr, order), existing = mm_existing_nodes(mm);
	uint32_t local = sync_thread_node() < mm->numa_nodes ? sync_thread_node() : 0;
	const struct mempolicy *policy = vma->policy;
	struct frame_nodes nodes;

	if (policy) {
		syncpoint("fault-holds-mempolicy");
		return choose(policy, place, local, existing);
	}
	rcu_read_lock();
	policy = rcu_deref(&mm->mempolicy);
	syncpoint("fault-reads-mempolicy");
	nodes = choose(policy, place, local, existing);
	rcu_read_unlock();
	return nodes;
}

void *mm_take_zeroed(struct mm *mm, const struct vma *vma, uint64_t addr)
{
	struct frame_nodes nodes;

	if (likely(mm->numa_nodes == 1))
		return frame_take_zeroed(mm->pt.frames);
	nodes = mm_frame_nodes(mm, vma, addr, 0);
	return frame_take_zeroed_from(mm->pt.frames, &nodes);
}

void *mm_take_copy(struct mm *mm, const struct vma *vma, uint64_t addr, const void *from)
{
	struct frame_nodes nodes;

	if (likely(mm->numa_nodes == 1))
		return frame_take_copy(mm->pt.frames, from);
	nodes = mm_frame_nodes(mm, vma, addr, 0);
	return frame_take_copy_from(mm->pt.frames, from, &nodes);
}

void *mm_take(struct mm *mm, const struct vma *vma, uint64_t addr)
{
	struct frame_nodes nodes = { 0 }; /* a pool of one node does not ask */

	if (unlikely(mm->numa_nodes > 1))
		nodes = mm_frame_nodes(mm, vma, addr, 0);
	return frame_take_from(mm->pt.frames, &nodes);
}

void *mm_take_huge(struct mm *mm, const struct vma *vma, uint64_t addr)
{
	struct frame_nodes nodes;

	if (likely(mm->numa_nodes == 1))
		return frame_take_huge(mm->pt.frames);
	nodes = mm_frame_nodes(mm, vma, addr, PT_HUGE_ORDER);
	return frame_take_huge_from(mm->pt.frames, &nodes);
}
