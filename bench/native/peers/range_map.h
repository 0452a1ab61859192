/*
 * peers/range_map.h - ordered maps of the C++ world behind a lock, as peers of the index
 *
 * The map goes by the end of a range: one search for the first end above an address finds the range that covers it, or
 * the next one, which is the least that such a map can do for the answer of index_find().
 */
#ifndef BENCH_PEERS_RANGE_MAP_H
#define BENCH_PEERS_RANGE_MAP_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct range {
	uint64_t start, end; /* bytes, [start, end) */
	void *value;
};

struct range_map {
	const char *name;
	void *(*create)(void);
	void (*insert)(void *map, const struct range *range);

	/* The sum of starts and values of what covers, or lies next above, each address; a shared lock each. */
	uint64_t (*find_many)(void *map, const uint64_t *addrs, size_t n);

	/* Takes each range out and puts it in again, each under an exclusive lock. Returns how many were there. */
	uint64_t (*update_many)(void *map, const struct range *const *ranges, size_t n);

	/* Host memory that the map takes, the allocator's own words included. */
	uint64_t (*bytes)(void *map);
};

/* NULL behind the last; which there are is the build's affair. */
const struct range_map *range_map_at(uint32_t n);

#ifdef __cplusplus
}
#endif

#endif
