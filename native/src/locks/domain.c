/*
 * locks/domain.c - waiting for a write section to end, without a place in mmap_lock's queue
 *
 * A fault that finds its VMA write-locked may wait for the sequence to move instead of waiting for mmap_lock (Kent
 * Overstreet in the review of the RFC). It holds nothing meanwhile, so the next writer does not wait for it.
 *
 * Lost wake-ups  The waiter counts itself in and then looks at the sequence; the writer stores the sequence and then
 *                looks for waiters. A full fence on each side: at least one of them sees the other. pair [section-end]
 *                Between the waiter's look and its sleep the writer may run through all of this: it then changes
 *                `ends`, which the waiter has read before it looked, and the sleep does not begin.
 * Deadlock       Whoever waits here waits for the writer, and the writer may wait for any fault inside a VMA. So a
 *                waiter must hold nothing that such a fault, or the writer, can wait for. The rule is that of waiting for
 *                mmap_lock itself, lowest of all ranks: no lock of any rank held, no RCU read section open; held_wait() asserts it.
 * Liveness       The time is limited here, the number of sections by the caller: back to back writers can keep a VMA
 *                locked at every look.
 */
#include "locks/domain.h"

#include "base/clock.h"
#include "sync/syncpoint.h"

#define SPINS 200 /* looks before a sleep: less than a wake-up costs */

static bool has_moved(const struct domain *d, uint64_t seen)
{
	return atomic_load_acquire(&d->seq) != seen;
}

/*
 * What the waiter finds now; TIMED_OUT stands for: nothing yet. Without a writer the number cannot be that of an open
 * section, but the section may have ended between the two looks.
 */
static enum section_wait look(const struct domain *d, uint64_t seen)
{
	if (has_moved(d, seen))
		return SECTION_ENDED;
	syncpoint("section-looked");
	if (rwsem_has_writer(&d->mmap_lock))
		return SECTION_TIMED_OUT;
	return has_moved(d, seen) ? SECTION_ENDED : SECTION_NO_WRITER;
}

/*
 * One sleep at most, @timeout_ns long: whoever is woken has seen the end of a section, and looks at its VMA again.
 * pair [section-end]: the fence in domain_wake_waiters().
 * without it: the waiter sees the old number, the writer sees no waiter, and the sleep lasts until the time is over.
 * cost: this thread is about to sleep.
 */
static enum section_wait sleep_through(struct domain *d, uint64_t seen, uint64_t timeout_ns)
{
	enum section_wait result;
	uint32_t ends;

	(void)atomic_fetch_add_relaxed(&d->waiters, 1);
	atomic_fence_full();
	syncpoint("section-wait-counted");
	ends = atomic_load_acquire(&d->ends); /* pair [section-ends] */
	result = look(d, seen);
	if (result == SECTION_TIMED_OUT) {
		syncpoint("section-wait-sleeps");
		if (sync_wait_u32(&d->ends, ends, timeout_ns))
			result = SECTION_ENDED;
	}
	(void)atomic_fetch_sub_relaxed(&d->waiters, 1);
	return result;
}

enum section_wait domain_wait_for_section(struct domain *d, uint64_t seen, uint64_t timeout_ns)
{
	check(d->faults_wait);
	held_wait(d->rank);
	for (unsigned i = 0; i < SPINS; i++) {
		enum section_wait result = look(d, seen);

		if (result != SECTION_TIMED_OUT)
			return result;
		cpu_relax();
	}
	return sleep_through(d, seen, timeout_ns);
}

/*
 * pair [section-end]: the fence in sleep_through(). This side's store is that of the sequence, its load the waiters.
 * cost: a locked instruction on x86, dmb on arm64, sync on ppc64; once a section, and only where faults wait.
 */
void domain_wake_waiters(struct domain *d)
{
	domain_assert_writer(d);
	atomic_fence_full();
	if (likely(!atomic_load_relaxed(&d->waiters)))
		return;
	/* pair [section-ends]: who reads this number also sees the sequence that was stored before it. */
	(void)atomic_fetch_add_acq_rel(&d->ends, 1);
	sync_wake_u32(&d->ends, UINT32_MAX);
	syncpoint("section-end-told");
}
