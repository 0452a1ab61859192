#include "mm/anon.h"

#include "base/check.h"
#include "locks/held.h"
#include "mm/mmap_lock.h"
#include "sync/syncpoint.h"

/* Could the two merge if it were not for their anon and their protection, which mprotect may yet make equal? */
static bool could_ever_merge(const struct vma *low, const struct vma *high)
{
	return vma_end(low) == vma_start(high) && low->file == high->file && vma_name_equal(low->name, high->name) &&
	       mempolicy_equal(low->policy, high->policy) && high->pgoff == vma_pgoff_end(low) &&
	       ((vma_flags(low) ^ vma_flags(high)) & ~(VM_ACCESS_FLAGS | VM_STICKY)) == 0;
}

/* The anon of @neighbour for use by another VMA; only one without a longer chain, which would have to be copied. */
static struct anon_ref reusable(struct vma *neighbour)
{
	struct anon_ref ref = vma_anon_ref(neighbour);

	return anon_ref_is_singular(ref) ? ref : (struct anon_ref){ NULL, NULL };
}

static struct anon_ref find_mergeable(struct mm *mm, struct vma *vma)
{
	struct vma *next = mm_find(mm, vma_end(vma)), *prev = mm_prev(mm, vma_start(vma));
	struct anon_ref none = { NULL, NULL }, ref = none;

	if (next && could_ever_merge(vma, next))
		ref = reusable(next);
	if (!ref.anon && prev && could_ever_merge(prev, vma))
		ref = reusable(prev);
	return ref;
}

static int prepare_locked(struct mm *mm, struct vma *vma)
{
	struct anon_ref ref;
	int err;

	if (vma_anon(vma))
		return 0; /* another fault was faster */
	syncpoint("fault-makes-anon");
	ref = find_mergeable(mm, vma);
	if (ref.anon) {
		anon_ref_share(ref);
	} else {
		err = anon_ref_create(&ref);
		if (err)
			return err;
	}
	vma_set_anon_first(vma, ref);
	return 0;
}

int mm_anon_prepare(struct mm *mm, struct vma *vma)
{
	int err;

	mmap_assert_locked(mm); /* the neighbours are looked at */
	if (likely(vma_anon(vma) != NULL))
		return 0;
	syncpoint("fault-wants-anon");
	held_wait(RANK_ANON);
	sync_mutex_lock(&mm->anon_lock);
	held_add(RANK_ANON);
	err = prepare_locked(mm, vma);
	held_remove(RANK_ANON);
	sync_mutex_unlock(&mm->anon_lock);
	return err;
}
