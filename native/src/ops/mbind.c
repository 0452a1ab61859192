/*
 * ops/mbind.c - mbind(2): a range gets a memory policy, and its pages may have to follow
 *
 *   look      every VMA is write-locked, holes are refused, and with STRICT alone pages that lie elsewhere
 *   set       VMA by VMA: split off, or joined with equal neighbours
 *   move      with MOVE: pages that lie elsewhere get other frames
 *
 * Locks   mmap_lock for writing. VMAs are locked before the look (RFC patch 9): a fault inside could bring a page that the look
 *         misses, and it uses the policy that is about to go.
 * Linux   mm/mempolicy.c: do_mbind(), queue_pages_range(), mbind_range().
 */
#include "ops/mbind.h"

#include <errno.h>

#include "base/check.h"
#include "mm/mempolicy.h"
#include "mm/mmap_lock.h"
#include "mm/observer.h"
#include "ops/merge.h"
#include "policy/policy.h"
#include "pt/migrate.h"
#include "sync/syncpoint.h"

#define MOVES (VMALOCK_MPOL_MF_MOVE | VMALOCK_MPOL_MF_MOVE_ALL)
#define KNOWN_FLAGS (VMALOCK_MPOL_MF_STRICT | MOVES)

/* A checked request. */
struct mbind {
	struct mm *mm;
	uint64_t start, end;
	uint64_t nodes;           /* as asked for, those of them that can be: pages on others are misplaced */
	uint32_t flags;           /* VMALOCK_MPOL_MF_ */
	struct mempolicy *policy; /* NULL: the default. Holds a reference */
};

static int check_arguments(const struct mm *mm, const struct mbind_request *r, struct mbind *out)
{
	int err = mempolicy_check_mode(r->mode);

	if (err)
		return err;
	if (r->flags & ~KNOWN_FLAGS)
		return -EINVAL;
	if ((r->flags & VMALOCK_MPOL_MF_MOVE_ALL) && !mm_is_privileged(mm))
		return -EPERM;
	out->start = r->addr;
	out->end = r->addr + page_up(r->length);
	out->flags = r->flags;
	if ((r->mode & ~MPOL_MODE_FLAGS) == VMALOCK_MPOL_DEFAULT)
		out->flags &= ~VMALOCK_MPOL_MF_STRICT;
	out->nodes = r->nodes ? r->nodes->bits[0] : 0;
	return page_aligned(r->addr) && out->end >= out->start ? 0 : -EINVAL;
}

/* --- look ---------------------------------------------------------------------------------------------------------- */

/* Without STRICT pages may lie where they do; with MOVE those that do not are moved later. */
static bool refuses_pages(const struct mbind *m)
{
	return (m->flags & KNOWN_FLAGS) == VMALOCK_MPOL_MF_STRICT;
}

static int look_at_range(const struct mbind *m)
{
	struct mm *mm = m->mm;
	struct vma *vma = mm_find(mm, m->start);
	uint64_t at = m->start;

	if (!vma || vma_start(vma) >= m->end)
		return -EFAULT;
	for (; vma && vma_start(vma) < m->end; vma = mm_find(mm, at)) {
		uint64_t start = max_u64(vma_start(vma), m->start), end = min_u64(vma_end(vma), m->end);
		const struct vma *next = mm_find(mm, end);
		bool hole = start > at || (end < m->end && (!next || vma_start(next) > end));

		mm_vma_write_lock(mm, vma);
		/* The default may be set on both sides of a hole. */
		if (hole && m->policy)
			return -EFAULT;
		if (refuses_pages(m) && !(vma_flags(vma) & VM_SPECIAL) && pt_any_outside(&mm->pt, start, end, m->nodes))
			return -EIO;
		at = end;
		if (at == m->end)
			break;
	}
	syncpoint("mbind-looked");
	return 0;
}

/* --- set ----------------------------------------------------------------------------------------------------------- */

static int set_policies(const struct mbind *m)
{
	struct mm *mm = m->mm;
	uint64_t at = m->start;
	struct vma *vma;

	while (at < m->end && (vma = mm_find(mm, at)) && vma_start(vma) < m->end) {
		uint64_t start = max_u64(vma_start(vma), at), end = min_u64(vma_end(vma), m->end);

		at = end;
		if (mempolicy_equal(vma->policy, m->policy))
			continue;
		if (vma_modify_policy(mm, vma, start, end, m->policy, &vma))
			return -ENOMEM;
		vma_set_policy(vma, m->policy);
	}
	return 0;
}

/* --- move ---------------------------------------------------------------------------------------------------------- */

struct moving {
	struct mm *mm;
	const struct vma *vma;
};

static struct frame_nodes target_of(void *arg, uint64_t addr, unsigned order)
{
	const struct moving *moving = arg;

	return mm_frame_nodes(moving->mm, moving->vma, addr, order);
}

/* Return: how many pages had to stay. */
static uint64_t move_pages(const struct mbind *m)
{
	struct moving moving = { .mm = m->mm };
	struct pt_migration how = {
		.stay = m->nodes,
		.also_shared = m->flags & VMALOCK_MPOL_MF_MOVE_ALL,
		.target = target_of,
		.arg = &moving,
	};
	uint64_t at = m->start, failed = 0;

	while (at < m->end && (moving.vma = mm_find(m->mm, at)) && vma_start(moving.vma) < m->end) {
		uint64_t start = max_u64(vma_start(moving.vma), at), end = min_u64(vma_end(moving.vma), m->end);

		if (!(vma_flags(moving.vma) & VM_SPECIAL)) {
			mm_invalidate_start(m->mm, start, end, VMALOCK_INVALIDATE_MIGRATE);
			failed += pt_migrate(&m->mm->pt, start, end, &how);
			mm_invalidate_end(m->mm, start, end, VMALOCK_INVALIDATE_MIGRATE);
		}
		at = end;
	}
	return failed;
}

/* --- the whole ----------------------------------------------------------------------------------------------------- */

static int mbind_locked(const struct mbind *m)
{
	int err = look_at_range(m);

	if (!err)
		err = set_policies(m);
	if (err || !(m->flags & MOVES))
		return err;
	return move_pages(m) && (m->flags & VMALOCK_MPOL_MF_STRICT) ? -EIO : 0;
}

int op_mbind(struct mm *mm, const struct mbind_request *request)
{
	struct mbind m = { .mm = mm };
	int err = check_arguments(mm, request, &m);

	if (err || m.start == m.end)
		return err;
	err = mempolicy_create(request->mode, request->nodes, mm_existing_nodes(mm), &m.policy);
	if (err)
		return err;
	mmap_write_lock(mm);
	err = mbind_locked(&m);
	mmap_write_unlock(mm);
	mempolicy_put(m.policy);
	return err;
}
