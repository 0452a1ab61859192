/*
 * vma/lock.h - the lock of one VMA, as the RFC has it
 *
 * Readers (faults) hold the VMA's rwlock from vma_start_read() to vma_end_read(). A writer holds mmap_lock for
 * writing; vma_write_lock() waits until no reader is inside, stores the section's number in the VMA and lets go of
 * the rwlock at once. From then on the VMA is locked because the two numbers are equal, and the one store in
 * domain_write_unlock_all() unlocks all VMAs of the section.
 *
 * May happen       a VMA looks locked that is not (the narrow number wrapped): costs a retry under mmap_lock.
 * Must not happen  a VMA looks unlocked that is. Argument, for a reader R that has the rwlock and a writer W that
 *                  marked the VMA in section n: if R got it before W, W waits for R. If after, then by the rwlock R sees lock_seq
 *                  = n, and seq >= n, since whoever stored n did so before W's section began. R sees seq == n, and
 *                  gives up; or a later number by an acquire load, and then all that W wrote.
 *                  pair [vma-mark]: the rwlock's own release and acquire.
 *
 * Names            agreed in the review of the RFC; Linux 6.4 calls vma_write_lock() vma_start_write().
 */
#ifndef VMALOCK_VMA_LOCK_H
#define VMALOCK_VMA_LOCK_H

#include "sync/rcu.h"
#include "vma/vma.h"

/* What became of an attempt to read-lock a VMA. */
enum vma_read {
	VMA_READ_LOCKED,
	VMA_READ_BUSY, /* a writer has marked it, or is just doing so */
	VMA_READ_MISS, /* locked for a moment, but detached or moved by then */
};

/*
 * Read-locks @vma if it still covers @addr and no writer has it; never waits.
 * Context: inside the RCU read section in which @vma was found. After LOCKED the caller may leave the section.
 */
static inline enum vma_read vma_start_read(struct vma *vma, const struct domain *domain, uint64_t addr)
{
	check(rcu_read_held());
	if (unlikely(!sync_rwlock_try_read(&vma->lock)))
		return VMA_READ_BUSY;
	/* pair [vma-unlock]: domain_write_unlock_all(). The rwlock already orders lock_seq. */
	if (unlikely(atomic_load_relaxed(&vma->lock_seq) == atomic_load_acquire(&domain->seq))) {
		sync_rwlock_unlock(&vma->lock);
		return VMA_READ_BUSY;
	}
	if (unlikely(!atomic_load_relaxed(&vma->attached) || vma->domain != domain || addr < vma_start(vma) ||
		     addr >= vma_end(vma))) {
		sync_rwlock_unlock(&vma->lock);
		return VMA_READ_MISS;
	}
	held_add(RANK_VMA);
	return VMA_READ_LOCKED;
}

/*
 * pthread's unlock touches the lock after a waiting writer may already run on, detach the VMA and retire it: the read
 * section keeps its memory until the unlock is through. pair [vma-unlock-alive]: vma_retire() waits a grace period.
 */
static inline void vma_end_read(struct vma *vma)
{
	rcu_read_lock();
	held_remove(RANK_VMA);
	sync_rwlock_unlock(&vma->lock);
	rcu_read_unlock();
}

/* Has this write section marked the VMA? */
static inline bool vma_is_write_locked(const struct vma *vma)
{
	return vma->lock_section == vma->domain->section;
}

/*
 * Shuts faults out of @vma until the section ends. Returns whether readers were inside and had to be waited for.
 * Idempotent. Context: mmap_lock for writing; sleeps.
 */
bool vma_write_lock(struct vma *vma);

#endif
