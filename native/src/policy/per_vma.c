/*
 * policy/per_vma.c - the RFC: a fault finds its VMA under RCU and takes only that VMA's lock
 *
 * Falls back to mmap_lock whenever anything is in doubt. RFC patches 5, 21 and 22; the lock itself is vma/lock.h.
 */
#include "policy/per_vma.h"

#include "sync/syncpoint.h"
#include "vma/lock.h"

static enum policy_start lock_found(struct mm *mm, struct vma *vma, uint64_t addr)
{
	if (!policy_era_allows(mm->era, vma))
		return POLICY_VMA_KIND;
	syncpoint("fault-kind-allowed");
	switch (vma_start_read(vma, &mm->domain, addr)) {
	case VMA_READ_LOCKED:
		return POLICY_LOCKED;
	case VMA_READ_BUSY:
		syncpoint("fault-vma-busy");
		return POLICY_BUSY;
	case VMA_READ_MISS:
		return POLICY_MISS;
	}
	return POLICY_BUSY;
}

enum policy_start per_vma_start_read(struct mm *mm, uint64_t addr, struct vma **out)
{
	enum policy_start result = POLICY_NO_VMA;
	struct index_entry entry;

	rcu_read_lock();
	if (index_find(&mm->vmas, addr, &entry) && entry.start <= addr) {
		syncpoint("fault-found-vma");
		result = lock_found(mm, entry.value, addr);
		*out = entry.value;
	}
	rcu_read_unlock();
	return result;
}

void per_vma_end_read(struct mm *mm, struct vma *vma)
{
	(void)mm;
	vma_end_read(vma);
}

const struct policy policy_per_vma = {
	.name = "per-vma",
	.summary = "the RFC of 2022: a fault takes its VMA's rwlock, found under RCU, and falls back to mmap_lock",
	.start_read = per_vma_start_read,
	.end_read = per_vma_end_read,
	.try_read = per_vma_start_read,
	.write_lock = vma_write_lock,
};
