/*
 * base/histogram.h - how long things took: buckets of at most 6.25 % width, filled by many threads at once
 *
 * A value below 16 has a bucket of its own; above, each power of two is cut into 16. Adding is one relaxed atomic
 * update; whoever sums while others add gets each value or not.
 */
#ifndef VMALOCK_BASE_HISTOGRAM_H
#define VMALOCK_BASE_HISTOGRAM_H

#include <stdint.h>

#include "base/atomic.h"

#define HISTOGRAM_SUB_BITS 4
#define HISTOGRAM_MAX_BITS 40 /* 2^40 ns are 18 minutes; longer ones count as that */
#define HISTOGRAM_BUCKETS ((HISTOGRAM_MAX_BITS - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS)

struct histogram {
	atomic_u64 total, max;
	atomic_u64 buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *h, uint64_t value);

/* Adds all of @from to @to, which nobody else uses. */
void histogram_merge(struct histogram *to, const struct histogram *from);

uint64_t histogram_count(const struct histogram *h);

/* The least value that @per_mille of all values do not exceed, rounded up to its bucket's end; 0 when empty. */
uint64_t histogram_percentile(const struct histogram *h, uint32_t per_mille);

#endif
