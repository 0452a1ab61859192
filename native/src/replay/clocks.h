/*
 * replay/clocks.h - which events a thread's next event comes after anyway
 *
 * A row for each thread says how far it knows each other thread to have come: by its own waits, and by what those it
 * waited for knew. A wait that a row covers need not be written down. Rows are vector clocks where threads are few;
 * where a row has fewer places than there are threads, two threads that share a place push each other out, and what is
 * forgotten costs a wait too many, never one too few.
 *
 * A thread's row is as of its latest event. For an older one it holds too much, so it is joined only when it has not
 * changed since that event; otherwise the event alone is learnt.
 */
#ifndef VMALOCK_REPLAY_CLOCKS_H
#define VMALOCK_REPLAY_CLOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cpu.h"

/* A moment in the life of a thread: it has done that many events. */
struct moment {
	uint32_t thread, done;
};

struct clocks {
	struct moment *rows; /* threads x places; done 0: empty */
	uint32_t *changed;   /* of each thread: the moment at which its row changed last */
	uint32_t threads, places;
};

/* 0 or -ENOMEM; clocks_destroy() is due either way. */
must_check int clocks_init(struct clocks *c, uint32_t threads);
void clocks_destroy(struct clocks *c);

/* Does whatever @thread does next come after @moment? */
bool clocks_know(const struct clocks *c, uint32_t thread, struct moment moment);

/* The event that brings a thread to @now waits for @past of another thread. */
void clocks_learn(struct clocks *c, struct moment now, struct moment past);

#endif
