/*
 * replay/nodes.h - memory policies of a recorded program: mbind(2), set_mempolicy(2), get_mempolicy(2)
 *
 * A trace holds 64 nodes, as many as a space can have. How many its machine had is not recorded; those that calls could name
 * there are here, too.
 */
#ifndef VMALOCK_REPLAY_NODES_H
#define VMALOCK_REPLAY_NODES_H

#include "replay/trace.h"

/* One more than the highest node that a call which succeeded names, or 1. */
uint32_t nodes_named(const struct trace *trace);

/* Runs one of the three. 0 or a negative code. */
int64_t nodes_run(vmalock_mm *mm, const struct vmalock_trace_event *e);

#endif
