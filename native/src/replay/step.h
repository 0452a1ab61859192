/*
 * replay/step.h - one event: the call it stands for, and whether that ended as recorded
 */
#ifndef VMALOCK_REPLAY_STEP_H
#define VMALOCK_REPLAY_STEP_H

#include <stdbool.h>

#include "replay/world.h"

struct step {
	int64_t value; /* as the recording words a result: a value, or a negative code */
	bool as_recorded;
	int broken_off; /* 0; ENOMEM: a space could not be made, so the run cannot go on */
};

/*
 * Runs event @event in @world. A recorded address is honoured: a mapping that the kernel placed goes exactly there,
 * and nothing may lie there yet.
 * Context: the events it waits for (order.h) are done.
 */
struct step step_run(struct world *world, uint32_t event);

#define STEP_TEXT_SIZE 256

/* "line 17: munmap(0x7f0000000000, 4096) = ENOMEM, recorded 0" */
void step_describe(const struct trace *trace, uint32_t event, int64_t value, char text[STEP_TEXT_SIZE]);

#endif
