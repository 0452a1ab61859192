/*
 * racing.h - one access or one request on a thread of its own, to be parked at a sync point
 */
#ifndef VMALOCK_TEST_RACING_H
#define VMALOCK_TEST_RACING_H

#include "support/picture.h"
#include "sync/sync.h"
#include "sync/syncpoint.h"

struct racer {
	struct sync_thread thread;
	vmalock_mm *mm;
	uint64_t addr;
	enum vmalock_access access;
	int (*request)(vmalock_mm *mm); /* instead of an access */
	uint32_t result;
	atomic_u32 done;
};

static inline void racer_run(void *arg)
{
	struct racer *r = arg;

	if (r->request)
		r->result = (uint32_t)r->request(r->mm);
	else
		r->result = vmalock_mm_fault(r->mm, r->addr, r->access);
	atomic_store_release(&r->done, 1);
}

static inline void race_fault(struct racer *r, vmalock_mm *mm, uint64_t addr, enum vmalock_access access)
{
	*r = (struct racer){ .mm = mm, .addr = addr, .access = access };
	expect_eq(sync_thread_start(&r->thread, racer_run, r), 0);
}

static inline void race_request(struct racer *r, vmalock_mm *mm, int (*request)(vmalock_mm *mm))
{
	*r = (struct racer){ .mm = mm, .request = request };
	expect_eq(sync_thread_start(&r->thread, racer_run, r), 0);
}

static inline uint32_t race_end(struct racer *r)
{
	sync_thread_join(&r->thread);
	return r->result;
}

/* @r must stand at @point: if it comes through instead, the lock that should stop it does not. */
static inline void expect_parked(struct racer *r, const char *point)
{
	while (!syncpoint_is_parked(point))
		expect(!atomic_load_acquire(&r->done));
}

/* How many fast paths have found a writer in the way; may be asked while threads run. */
static inline uint64_t busy_so_far(vmalock_mm *mm)
{
	struct vmalock_stats stats;

	vmalock_mm_stats(mm, &stats);
	return stats.abort_vma_busy;
}

/* When no thread is at work: every attempt has come to exactly one end. */
static inline struct vmalock_stats stats_of(vmalock_mm *mm)
{
	struct vmalock_stats stats;

	vmalock_mm_stats(mm, &stats);
	expect_eq(stats.vma_lock_attempts, stats.vma_lock_success + stats.vma_lock_abort + stats.vma_lock_retry +
						   stats.vma_lock_miss + stats.vma_lock_access_error);
	return stats;
}

/* A space whose window has an anon already, so that a fault under the VMA lock needs nothing else. */
static inline vmalock_mm *space_with_anon_under(const char *policy, uint64_t pages)
{
	vmalock_mm *mm = space_of(policy);

	map_at(mm, 0, pages, RW);
	write_byte(mm, 0, 1);
	return mm;
}

static inline vmalock_mm *space_with_anon(uint64_t pages)
{
	return space_with_anon_under("per-vma", pages);
}

#endif
