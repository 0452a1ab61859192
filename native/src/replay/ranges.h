/*
 * replay/ranges.h - the ranges of addresses that an event names, by its arguments and its recorded result
 */
#ifndef VMALOCK_REPLAY_RANGES_H
#define VMALOCK_REPLAY_RANGES_H

#include "mm/mm.h"
#include "vmalock_trace.h"

/* No event touches anything from here on. */
#define RANGES_LIMIT (VMALOCK_TASK_SIZE + PAGE_SIZE)

struct range {
	uint64_t start, end; /* bytes, whole pages */
};

/* Where an event may change mappings or pages; none is empty. A fault names none. */
struct ranges {
	struct range list[2];
	uint32_t count;
};

/* What a call may mean by these numbers: nothing beyond the address space, nothing for no length. */
struct range range_of(uint64_t addr, uint64_t length);

/* Context: the event has not run yet, and nobody else is at work in @mm. */
struct ranges ranges_find(struct mm *mm, const struct vmalock_trace_event *e);

#endif
