/*
 * replay/conflicts.h - which earlier events of other threads an event comes after
 *
 * A history for each of the things that footprint.h lists, in each space. On top, whole spaces:
 *
 *   birth     the first event of a thread in a space comes after the event that made the space.
 *   barrier   fork, the end of a space, and an execve that ends one come after all that was done in the space so far, and all
 *             that is done there later comes after them: fork copies what faults have left, too. Histories begin
 *             anew at a barrier.
 */
#ifndef VMALOCK_REPLAY_CONFLICTS_H
#define VMALOCK_REPLAY_CONFLICTS_H

#include "replay/footprint.h"
#include "replay/order.h"

struct conflicts;

/* 0 or -ENOMEM. */
must_check int conflicts_create(const struct trace *trace, const struct order *order, struct conflicts **out);
void conflicts_destroy(struct conflicts *c);

/*
 * Takes @event, which comes after all that were taken, into the histories. Return: 0 or -ENOMEM.
 * *@latest: of each other thread that it comes after the latest event; *@count of them, unsorted; valid until the next call.
 */
must_check int conflicts_take(struct conflicts *c, uint32_t event, const struct footprint *footprint, uint32_t **latest,
			      uint32_t *count);

#endif
