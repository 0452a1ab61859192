/*
 * replay/world.h - what a recorded program lives in during one run: its files and address spaces
 *
 * Made and used by the calls of the public header. A space is made and dropped by the events that say so
 * (vmalock_trace.h); what it counted is added up when it is dropped.
 *
 * Guard       spaces[i]: the order between the threads' events (order.h). Whoever runs an event in a space comes after
 *             the one who made it and before the one who drops it.
 *             total: its lock.
 */
#ifndef VMALOCK_REPLAY_WORLD_H
#define VMALOCK_REPLAY_WORLD_H

#include <stdbool.h>

#include "replay/trace.h"
#include "replay/totals.h"
#include "vmalock.h"

struct world_space {
	vmalock_mm *mm;   /* NULL: not made yet, or dropped */
	char *final_maps; /* NULL until EXIT_SPACE */
	bool has_forked;
};

struct world {
	const struct trace *trace;
	struct vmalock_options options; /* of every space */
	vmalock_file **files;           /* one for each of the trace's */
	struct world_space *spaces;
	struct totals totals;
};

/* With the files, and the spaces that exist from the start. 0; ENOMEM; EINVAL (policy, era, backing). */
must_check int world_create(const struct trace *trace, const struct vmalock_options *options, struct world **out);
void world_destroy(struct world *world);

/* The file of an event or mapping; NULL for VMALOCK_TRACE_NONE. */
vmalock_file *world_file(const struct world *world, uint32_t file);

/* The space as execve finds it. 0, ENOMEM, or what the library says to its mappings. */
must_check int world_exec(struct world *world, uint32_t space);
must_check int world_fork(struct world *world, uint32_t parent, uint32_t child);

/* What /proc/PID/maps shows now becomes the space's final map. 0 or ENOMEM. */
must_check int world_keep_maps(struct world *world, uint32_t space);

/* Adds up what the space counted, and lets go of it. One that is not there is let pass. */
void world_drop(struct world *world, uint32_t space);

#endif
