/*
 * replay/order.h - what each thread does, and which other threads' events each event waits for
 *
 * Every wait is for an event that stands before the waiting one in the trace, and a thread's own events are in the
 * trace's order. So of all events not yet done the first in the trace can always run: there is no deadlock.
 */
#ifndef VMALOCK_REPLAY_ORDER_H
#define VMALOCK_REPLAY_ORDER_H

#include "replay/clocks.h"
#include "replay/trace.h"

/* A thread that starts its life at an event of another. */
struct birth {
	uint32_t event, thread;
};

enum order_mark {
	ORDER_AWAITED = 1, /* some event of another thread waits for this one */
	ORDER_BEARS = 2,   /* threads begin at this one */
};

struct order {
	uint32_t *thread_of;  /* of each event */
	uint32_t *place_of;   /* of each event: how many events its thread has done after it */
	uint32_t *stream;     /* events, thread by thread */
	uint32_t *first;      /* threads + 1: where each thread's events begin in the stream */
	uint32_t *first_wait; /* events + 1: where each event's waits begin */
	struct moment *waits;
	uint8_t *marks; /* of each event: enum order_mark */
	struct birth *births;
	uint32_t birth_count;   /* in the order of events */
	bool *starts_first;     /* of each thread: it exists from the start */
	bool forbids_zero_page; /* the recording's kernel had none: zero_page.h */
	uint32_t wait_count, wait_room;
};

/*
 * Runs the trace once on this thread to see what each event touches. 0; ENOMEM; or what the library said to a space
 * that could not be made.
 */
must_check int order_create(const struct trace *trace, struct order **out);
void order_destroy(struct order *order);

/* --- for whoever finds the waits ------------------------------------------------------------------------------------ */

/* A row of waits for @event ends here; events come in order. */
must_check int order_add_wait(struct order *order, uint32_t awaited);
void order_end_waits(struct order *order, uint32_t event);

/* The births at an event that bears: from *@first on, as many as returned. */
uint32_t order_births_at(const struct order *order, uint32_t event, const struct birth **first);

#endif
