/*
 * replay/outcomes.h - which events of a run ended otherwise than recorded
 */
#ifndef VMALOCK_REPLAY_OUTCOMES_H
#define VMALOCK_REPLAY_OUTCOMES_H

#include "replay/trace.h"
#include "sync/sync.h"

#define OUTCOMES_KEPT 1000

struct outcome {
	uint32_t event;
	int64_t value;
};

struct outcomes {
	struct sync_mutex lock; /* RANK: none is taken inside */
	uint32_t kept;          /* Guard: lock, while threads run */
	struct outcome different[OUTCOMES_KEPT];
};

void outcomes_init(struct outcomes *o);
void outcomes_destroy(struct outcomes *o);

/* Keeps one, unless OUTCOMES_KEPT have been already. Any thread. */
void outcomes_note(struct outcomes *o, uint32_t event, int64_t value);

/* All that were kept as text, in the order of the events: one block for alloc_free(), NULL: no memory. */
must_check char **outcomes_texts(struct outcomes *o, const struct trace *trace);

#endif
