/*
 * replay/totals.h - what all spaces of a run counted, added up space by space
 *
 * Percentiles of several spaces cannot be had from the percentiles of each, so this looks into the space for the
 * histograms themselves.
 */
#ifndef VMALOCK_REPLAY_TOTALS_H
#define VMALOCK_REPLAY_TOTALS_H

#include "base/cpu.h"
#include "base/histogram.h"
#include "sync/sync.h"
#include "vmalock.h"

struct totals {
	struct sync_mutex lock; /* RANK: none is taken inside */
	/* Guard of the rest: lock. */
	struct vmalock_stats stats;
	struct histogram *read_waits, *write_waits; /* for mmap_lock */
};

/* 0 or ENOMEM; totals_destroy() is due either way. */
must_check int totals_init(struct totals *totals);
void totals_destroy(struct totals *totals);

/* Context: nobody works in @mm any more. */
void totals_add_space(struct totals *totals, vmalock_mm *mm);

void totals_summarise(const struct totals *totals, struct vmalock_wait_summary *readers,
		      struct vmalock_wait_summary *writers);

#endif
