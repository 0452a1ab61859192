/*
 * replay/crew.h - the native threads of one run, one for each recorded thread
 *
 * Each runs its own events in order, and before each waits until the threads named by its waits (order.h) have come far
 * enough. A thread is started by the event that bears it. The caller's thread runs no events: it joins threads as
 * they end, looks for a cancel, and tells of progress.
 */
#ifndef VMALOCK_REPLAY_CREW_H
#define VMALOCK_REPLAY_CREW_H

#include "replay/order.h"
#include "replay/outcomes.h"
#include "replay/world.h"

struct crew_counts {
	uint64_t wall_ns; /* from the release of the start line to the last thread's end */
	uint64_t cpu_ns;  /* of all threads of the crew */
	uint64_t faults, unexpected, unmodelled;
};

/*
 * Runs all events. 0; ECANCELED; EAGAIN: the host has no thread to give; ENOMEM. When it returns, every thread has
 * ended; @counts is written in any case, of what was done.
 */
must_check int crew_run(const struct trace *trace, const struct order *order, struct world *world,
			struct outcomes *outcomes, const struct vmalock_replay_options *options,
			struct crew_counts *counts);

#endif
