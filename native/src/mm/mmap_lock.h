/*
 * mm/mmap_lock.h - mmap_lock, taken and let go together with the sequence that unlocks the VMAs
 */
#ifndef VMALOCK_MM_MMAP_LOCK_H
#define VMALOCK_MM_MMAP_LOCK_H

#include "mm/mm.h"

static inline void mmap_read_lock(struct mm *mm)
{
	mm_count(mm, STAT_mmap_lock_reads);
	if (unlikely(rwsem_read(&mm->domain.mmap_lock, mm->domain.rank)))
		mm_count(mm, STAT_mmap_lock_read_waits);
}

/* Does not wait: allowed while a VMA lock is held. */
static inline bool mmap_read_trylock(struct mm *mm)
{
	if (!rwsem_try_read(&mm->domain.mmap_lock, mm->domain.rank))
		return false;
	mm_count(mm, STAT_mmap_lock_reads);
	return true;
}

static inline void mmap_read_unlock(struct mm *mm)
{
	rwsem_read_unlock(&mm->domain.mmap_lock, mm->domain.rank);
}

/* Opens a write section. */
static inline void mmap_write_lock(struct mm *mm)
{
	mm_count(mm, STAT_mmap_lock_writes);
	if (unlikely(rwsem_write(&mm->domain.mmap_lock, mm->domain.rank)))
		mm_count(mm, STAT_mmap_lock_write_waits);
}

/* Ends it: first every VMA, then the lock. */
static inline void mmap_write_unlock(struct mm *mm)
{
	domain_write_unlock_all(&mm->domain);
	rwsem_write_unlock(&mm->domain.mmap_lock, mm->domain.rank);
}

/* Ends the write section and goes on as a reader; end with mmap_downgraded_unlock(). */
static inline void mmap_write_downgrade(struct mm *mm)
{
	domain_write_unlock_all(&mm->domain);
	rwsem_downgrade(&mm->domain.mmap_lock, mm->domain.rank);
}

static inline void mmap_downgraded_unlock(struct mm *mm)
{
	rwsem_downgraded_unlock(&mm->domain.mmap_lock, mm->domain.rank);
}

static inline void mmap_assert_write_locked(const struct mm *mm)
{
	domain_assert_writer(&mm->domain);
}

/* For reading or for writing. Checked builds know the rank, not the space: enough to find who holds none. */
static inline void mmap_assert_locked(const struct mm *mm)
{
	check(held_count(mm->domain.rank) > 0);
	(void)mm;
}

#endif
