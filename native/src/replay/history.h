/*
 * replay/history.h - who last wrote and who has read since, for every range of addresses
 *
 * An interval map. A piece is a range with one history: its last writer, and the readers since, at most one for each
 * thread. What nobody touched has no piece. Events are named by their index; they come in ascending order.
 *
 *       before      |------- w1, read by r2 r3 -------|
 *       read  r4           |----|
 *       after       |-- 1 -|-- 2 -|-------- 3 --------|      2 has r4 too
 *       write w5        |-------------------------------|
 *       after       | 1 |-------------- w5 -------------|    and w5 comes after w1, r2, r3, r4
 *
 * A write leaves one piece for all that it covers, so that pieces are paid for by the reads that cut them.
 * Used by one thread. Built on index/, whose readers' side nobody uses here.
 */
#ifndef VMALOCK_REPLAY_HISTORY_H
#define VMALOCK_REPLAY_HISTORY_H

#include "index/index.h"

struct history {
	struct index pieces;        /* to struct piece */
	const uint32_t *threads_of; /* the thread of each event; NULL: there is no history */
};

/* Is told of each event that the new one comes after, its own thread's included, some more than once. */
typedef void history_found(void *arg, uint32_t event);

/* 0 or -ENOMEM; history_destroy() is due either way, and lets one of zeroes pass. */
must_check int history_init(struct history *h, const uint32_t *threads_of);
void history_destroy(struct history *h);

/* Events on [@start, @end), whole pages below INDEX_MAX_ADDRESS. 0 or -ENOMEM. An empty range is let pass. */
must_check int history_read(struct history *h, uint64_t start, uint64_t end, uint32_t event, history_found *found,
			    void *arg);
must_check int history_write(struct history *h, uint64_t start, uint64_t end, uint32_t event, history_found *found,
			     void *arg);

/* Comes after the writers only, and leaves no trace: for what no later write has to wait for. */
void history_follow(const struct history *h, uint64_t start, uint64_t end, history_found *found, void *arg);

#endif
