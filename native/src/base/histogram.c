#include "base/histogram.h"

#include "base/bits.h"

#define SUB (UINT64_C(1) << HISTOGRAM_SUB_BITS)

static uint32_t bucket_of(uint64_t value)
{
	uint32_t shift;

	if (value >= UINT64_C(1) << HISTOGRAM_MAX_BITS)
		return HISTOGRAM_BUCKETS - 1;
	if (value < SUB)
		return (uint32_t)value;
	shift = 63 - (uint32_t)__builtin_clzll(value) - HISTOGRAM_SUB_BITS;
	return (shift << HISTOGRAM_SUB_BITS) + (uint32_t)(value >> shift);
}

/* The greatest value that falls into @bucket. */
static uint64_t bucket_last(uint32_t bucket)
{
	uint32_t shift;

	if (bucket < 2 * SUB)
		return bucket;
	shift = (bucket >> HISTOGRAM_SUB_BITS) - 1;
	return (((uint64_t)bucket - ((uint64_t)shift << HISTOGRAM_SUB_BITS) + 1) << shift) - 1;
}

void histogram_add(struct histogram *h, uint64_t value)
{
	uint64_t max = atomic_load_relaxed(&h->max);

	(void)atomic_fetch_add_relaxed(&h->buckets[bucket_of(value)], 1);
	(void)atomic_fetch_add_relaxed(&h->total, value);
	while (value > max && !atomic_cas_acquire(&h->max, &max, value))
		;
}

void histogram_merge(struct histogram *to, const struct histogram *from)
{
	uint64_t max = atomic_load_relaxed(&from->max);

	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		(void)atomic_fetch_add_relaxed(&to->buckets[i], atomic_load_relaxed(&from->buckets[i]));
	(void)atomic_fetch_add_relaxed(&to->total, atomic_load_relaxed(&from->total));
	if (max > atomic_load_relaxed(&to->max))
		atomic_store_relaxed(&to->max, max);
}

uint64_t histogram_count(const struct histogram *h)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		count += atomic_load_relaxed(&h->buckets[i]);
	return count;
}

uint64_t histogram_percentile(const struct histogram *h, uint32_t per_mille)
{
	uint64_t count = histogram_count(h);
	uint64_t wanted = (count * per_mille + 999) / 1000;
	uint64_t seen = 0;

	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS && count; i++) {
		seen += atomic_load_relaxed(&h->buckets[i]);
		if (seen >= wanted)
			return min_u64(bucket_last(i), atomic_load_relaxed(&h->max));
	}
	return atomic_load_relaxed(&h->max);
}
