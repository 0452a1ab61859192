#include "ranges.h"

#include "base/bits.h"

/* A low address of a program; which does not matter. */
#define FIRST UINT64_C(0x10000)

static void lay_out(struct ranges *r)
{
	struct random *random = &r->bench->random;
	uint64_t at = FIRST;

	for (uint32_t i = 0; i < r->bench->size; i++) {
		uint64_t start = at + (random_below(random, 4) << PAGE_SHIFT);

		at = start + ((1 + random_below(random, 16)) << PAGE_SHIFT);
		/* A value that looks like a pointer and is never followed. */
		r->at[i] = (struct range){ start, at, (void *)(uintptr_t)((i + 1) * UINT64_C(64)) };
	}
	r->end = at;
}

/* The numbers below @n by chance, the same for each call. */
static uint32_t *shuffled(uint32_t n, uint64_t seed)
{
	uint32_t *order = bench_alloc(n, sizeof(*order));
	struct random random = { seed };

	for (uint32_t i = 0; i < n; i++) {
		uint64_t j = random_below(&random, i + 1);

		order[i] = order[j];
		order[j] = i;
	}
	return order;
}

static void put_in(struct ranges *r, const struct range *range)
{
	struct index_entry entry = { range->start, range->end, range->value };

	if (index_reserve(&r->index, 1))
		bench_die("out of memory for the index");
	index_replace(&r->index, range->start, range->end, &entry, 1);
}

struct ranges *ranges_create(struct bench *b)
{
	struct ranges *r = bench_alloc(1, sizeof(*r));
	uint32_t *order = shuffled(b->size, b->size);

	r->bench = b;
	r->at = bench_alloc(b->size, sizeof(*r->at));
	pthread_mutex_init(&r->writers, NULL);
	lay_out(r);
	if (index_init(&r->index))
		bench_die("out of memory for the index");
	for (uint32_t i = 0; i < b->size; i++)
		put_in(r, &r->at[order[i]]);
	b->shared = r;
	return r;
}

struct peer *ranges_peer(struct ranges *r, uint32_t n)
{
	const struct range_map *map = range_map_at(n);
	uint32_t *order = shuffled(r->bench->size, r->bench->size);
	struct peer *peer;

	if (!map)
		return NULL;
	peer = bench_alloc(1, sizeof(*peer));
	*peer = (struct peer){ map, map->create(), r };
	for (uint32_t i = 0; i < r->bench->size; i++)
		map->insert(peer->state, &r->at[order[i]]);
	return peer;
}

void ranges_update(struct ranges *r, const struct range *range)
{
	pthread_mutex_lock(&r->writers);
	if (index_reserve(&r->index, 1))
		bench_die("out of memory for the index");
	index_replace(&r->index, range->start, range->end, NULL, 0);
	pthread_mutex_unlock(&r->writers);

	pthread_mutex_lock(&r->writers);
	put_in(r, range);
	pthread_mutex_unlock(&r->writers);
}

uint64_t ranges_address(struct ranges *r)
{
	return FIRST + random_below(&r->bench->random, r->end - FIRST);
}
