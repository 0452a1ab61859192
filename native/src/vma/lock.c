#include "vma/lock.h"

#include "sync/syncpoint.h"

bool vma_write_lock(struct vma *vma)
{
	struct domain *domain = vma->domain;
	bool waited = false;

	domain_assert_writer(domain);
	if (vma_is_write_locked(vma))
		return false;
	held_wait(RANK_VMA);
	if (!sync_rwlock_try_write(&vma->lock)) {
		waited = true;
		syncpoint("vma-write-waits");
		sync_rwlock_write(&vma->lock);
	}
	syncpoint("vma-marks");
	/* The section's own number does not change under us: mmap_lock is ours. pair [vma-mark] */
	atomic_store_relaxed(&vma->lock_seq, domain->section & LOCK_SEQ_MASK);
	vma->lock_section = domain->section;
	sync_rwlock_unlock(&vma->lock);
	syncpoint("vma-marked");
	return waited;
}
