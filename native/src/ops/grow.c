#include "ops/grow.h"

#include <errno.h>

#include "base/check.h"
#include "mm/account.h"
#include "mm/anon.h"
#include "mm/mmap_lock.h"
#include "policy/policy.h"

/* 256 pages stay free above the mapping below, unless that is a stack too or permits nothing. */
static bool keeps_gap(struct mm *mm, const struct vma *vma, uint64_t start)
{
	struct vma *prev = mm_prev(mm, vma_start(vma));

	if (!prev || (vma_flags(prev) & VM_GROWSDOWN) || !(vma_flags(prev) & VM_ACCESS_FLAGS))
		return true;
	return start - vma_end(prev) >= MM_STACK_GUARD_GAP;
}

static int check_limits(struct mm *mm, const struct vma *vma, uint64_t start)
{
	uint64_t more = (vma_start(vma) - start) >> PAGE_SHIFT;

	if (vma_end(vma) - start > mm->limits.stack)
		return -ENOMEM;
	if (!mm_may_expand(mm, vma_flags(vma), more) || !mm_may_lock(mm, vma_flags(vma), more))
		return -ENOMEM;
	if (!mm_may_commit(mm, more))
		return -ENOMEM;
	return more <= vma->pgoff ? 0 : -ENOMEM;
}

int op_grow_stack(struct mm *mm, struct vma *vma, uint64_t addr)
{
	uint64_t start = page_down(addr), more = (vma_start(vma) - start) >> PAGE_SHIFT;
	struct index_entry entry = { start, vma_end(vma), vma };
	int err;

	mmap_assert_write_locked(mm);
	check((vma_flags(vma) & VM_GROWSDOWN) && start < vma_start(vma));
	if (start < MM_MIN_ADDRESS)
		return -EPERM;
	if (!keeps_gap(mm, vma, start))
		return -ENOMEM;
	mm_vma_write_lock(mm, vma);
	err = mm_anon_prepare(mm, vma);
	if (!err)
		err = check_limits(mm, vma, start);
	if (!err)
		err = index_reserve(&mm->vmas, 1);
	if (err)
		return err;
	vma_set_range(vma, start, entry.end, vma->pgoff - more);
	index_replace(&mm->vmas, start, entry.end, &entry, 1);
	mm_account(mm, vma_flags(vma), (int64_t)more);
	return 0;
}
