/*
 * replay/worker.h - one thread of a crew, and what the whole crew shares
 *
 * How a thread waits for another. A worker has a word: how many events it has done, in 31 bits, and whether somebody
 * sleeps on it. It is written when an event is done that somebody waits for, so events that nobody waits for cost
 * nothing. Both sides change the word by atomic updates, whose order is that of the word itself, so no fence is needed:
 *
 *       the one waited for                      the one who waits
 *       old = exchange(word, done)              look: not far enough
 *       old had the bit? wake all               compare-and-swap: set the bit, or look again
 *                                               sleep while the word is what it was with the bit
 */
#ifndef VMALOCK_REPLAY_WORKER_H
#define VMALOCK_REPLAY_WORKER_H

#include "replay/crew.h"
#include "base/bits.h"
#include "sync/sync.h"

struct crew;

struct worker {
	cache_aligned atomic_u32 word; /* done << 1 | somebody sleeps. Write: the worker; the bit: anybody */
	atomic_u32 progress;           /* events done. Write: the worker */

	cache_aligned struct crew *crew; /* fixed, as is the next */
	uint32_t thread;
	/* Write: who starts the worker, before that. Then the worker; others once it is joined. */
	struct sync_thread native;
	uint64_t last_start_ns;    /* pace: when its last event (at first, the one that bore it) began */
	uint64_t last_recorded_ns; /* and when that was in the recording */
	uint64_t end_ns, cpu_ns;
	uint64_t faults, unexpected, unmodelled;
	struct worker *next_ended; /* Guard: crew->lock */
};

struct crew {
	const struct trace *trace;
	const struct order *order;
	struct world *world;
	struct outcomes *outcomes;
	enum vmalock_pace pace;
	struct worker *workers;

	atomic_u32 go;      /* 1: the start line is open */
	atomic_u32 stop;    /* 1: nobody begins another event */
	atomic_u32 error;   /* the first code that stopped the crew, as unsigned; 0: none */
	atomic_u32 started; /* workers started so far */
	atomic_u32 ended;   /* of those, how many have run their last event */
	uint64_t start_ns;  /* Write: before go */

	struct sync_mutex lock;     /* RANK: none is taken inside */
	struct worker *ended_first; /* not joined yet. Guard: lock */
};

/* Starts the native thread of a worker that has not been started. 0 or EAGAIN. */
must_check int worker_start(struct crew *crew, uint32_t thread, uint64_t start_ns, uint64_t recorded_ns);

/* The crew stops, for this reason unless it had one already. */
void crew_stop(struct crew *crew, int error);

#endif
