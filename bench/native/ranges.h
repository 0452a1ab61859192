/*
 * ranges.h - an index full of ranges and, beside it, the same ranges in each of the peers
 */
#ifndef BENCH_RANGES_H
#define BENCH_RANGES_H

#include <pthread.h>

#include "harness.h"
#include "index/index.h"
#include "peers/range_map.h"

struct ranges {
	struct bench *bench;
	struct index index;
	pthread_mutex_t writers; /* the index wants one writer at a time */
	struct range *at;        /* ascending */
	uint64_t end;            /* of the last */
};

struct peer {
	const struct range_map *map;
	void *state;
	struct ranges *ranges;
};

/* Ranges of 1 to 16 pages with 0 to 3 pages between them, put in by chance order. bench->shared becomes it. */
struct ranges *ranges_create(struct bench *b);

/* The n-th peer, filled with the same ranges in the same order; NULL behind the last. */
struct peer *ranges_peer(struct ranges *r, uint32_t n);

/* Takes one out and puts it in again. */
void ranges_update(struct ranges *r, const struct range *range);

/* An address below r->end. */
uint64_t ranges_address(struct ranges *r);

#endif
