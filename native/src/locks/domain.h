/*
 * locks/domain.h - what the VMAs of one address space share: mmap_lock and the sequence that unlocks them all
 *
 * A write section lasts from mmap_lock taken for writing to its release or downgrade. Within it a VMA is write-locked
 * exactly when its lock_seq equals the domain's; one store of the next number unlocks every one of them.
 *
 * Two counts tell sections apart. `seq` is what faults compare; it is VMALOCK_SEQ_BITS wide and may wrap, which only
 * costs a fault a retry. `section` is the writers' own, 64 bits, and never wraps: "have I marked this VMA already?"
 * must never be answered yes by chance, since the writer would then not wait for the readers inside (the RFC asks
 * the narrow number; docs/locking.md, "Wrap-around").
 *
 * Under a policy whose faults wait, the end of a section also wakes them (domain.c). Under the others it costs one
 * branch on a field that never changes.
 */
#ifndef VMALOCK_LOCKS_DOMAIN_H
#define VMALOCK_LOCKS_DOMAIN_H

#include "base/atomic.h"
#include "base/check.h"
#include "locks/rwsem.h"

#if VMALOCK_SEQ_BITS == 64
#define LOCK_SEQ_MASK UINT64_MAX
#elif VMALOCK_SEQ_BITS > 0 && VMALOCK_SEQ_BITS < 64
#define LOCK_SEQ_MASK ((UINT64_C(1) << VMALOCK_SEQ_BITS) - 1)
#else
#error "VMALOCK_SEQ_BITS must be 1 to 64"
#endif

struct domain {
	struct rwsem mmap_lock;
	uint64_t section;             /* Guard: mmap_lock for writing. */
	enum lock_rank rank;          /* RANK_MMAP, or RANK_MMAP_CHILD while fork builds the space */
	bool faults_wait;             /* fixed: faults may wait for a section to end (domain_wait_for_section()) */
	cache_aligned atomic_u64 seq; /* Write: mmap_lock for writing. Read: anybody. */
	atomic_u32 waiters;           /* faults that wait, or are about to. Any thread. */
	atomic_u32 ends;              /* what they sleep on. Write: mmap_lock for writing. */
};

/* What became of waiting for a write section to end. */
enum section_wait {
	SECTION_ENDED,
	SECTION_NO_WRITER, /* there is none: the number only looked like that of an open section (it has wrapped) */
	SECTION_TIMED_OUT,
};

static inline void domain_init(struct domain *d, enum lock_rank rank)
{
	rwsem_init(&d->mmap_lock);
	d->section = 1;
	d->rank = rank;
	d->faults_wait = false;
	atomic_init(&d->seq, 1 & LOCK_SEQ_MASK);
	atomic_init(&d->waiters, 0);
	atomic_init(&d->ends, 0);
}

static inline void domain_destroy(struct domain *d)
{
	rwsem_destroy(&d->mmap_lock);
}

static inline void domain_assert_writer(const struct domain *d)
{
	check(rwsem_writer_is_me(&d->mmap_lock));
	(void)d;
}

/*
 * Waits until the section in which the sequence was @seen has ended: spins a little, then sleeps. @seen was read before
 * the VMA was found taken: read afterwards it may be that of a section which nobody has begun.
 * Context: nothing held, no RCU read section: whoever waits here waits for a writer, as if for mmap_lock (asserted).
 */
enum section_wait domain_wait_for_section(struct domain *d, uint64_t seen, uint64_t timeout_ns);

/* Wakes those who wait for the section that has just ended. Context: mmap_lock for writing, which keeps the space alive. */
void domain_wake_waiters(struct domain *d);

/*
 * Unlocks every VMA of the space that this section has marked.
 * Context: mmap_lock held for writing; called right before it is released or downgraded.
 * pair [vma-unlock]: the acquire load in vma_start_read(). Without it a fault could see a VMA unlocked and still read
 * its old bounds. Cost: a plain store on x86, stlr on arm64, lwsync on ppc64; once a section.
 */
static inline void domain_write_unlock_all(struct domain *d)
{
	domain_assert_writer(d);
	d->section++;
	atomic_store_release(&d->seq, d->section & LOCK_SEQ_MASK);
	if (d->faults_wait)
		domain_wake_waiters(d);
}

#endif
