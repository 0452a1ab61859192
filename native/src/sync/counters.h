/*
 * sync/counters.h - event counters that cost a fault one plain store
 *
 * Each thread adds to a line of its own; a sum is taken when somebody reads. Threads beyond THREAD_SLOTS - 1 share the
 * last line and add to it atomically. A sum taken while others count is exact for all that happened before it began.
 * Counts may go down too (pages in use): they are sums modulo 2^64, of which only the total means something.
 *
 * Guard       a line is written by the thread that owns the slot; anyone reads.
 */
#ifndef VMALOCK_SYNC_COUNTERS_H
#define VMALOCK_SYNC_COUNTERS_H

#include <stdint.h>

#include "base/atomic.h"
#include "base/cpu.h"
#include "sync/sync.h"
#include "sync/thread_slots.h"

struct counters {
	atomic_u64 *cells; /* THREAD_SLOTS lines of @stride */
	uint32_t fields, stride;
};

/* All zero. 0 or -ENOMEM. */
must_check int counters_init(struct counters *c, uint32_t fields);
void counters_destroy(struct counters *c);

/* The total of one field over all threads. */
uint64_t counters_sum(const struct counters *c, uint32_t field);

static inline void counters_add(struct counters *c, uint32_t field, uint64_t n)
{
	uint32_t slot = sync_thread_index();
	atomic_u64 *cell = &c->cells[slot * c->stride + field];

	if (likely(slot != THREAD_SLOT_SHARED))
		atomic_store_relaxed(cell, atomic_load_relaxed(cell) + n);
	else
		(void)atomic_fetch_add_relaxed(cell, n);
}

#endif
