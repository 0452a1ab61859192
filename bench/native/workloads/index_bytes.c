/*
 * workloads/index_bytes.c - memory for each mapping after churn: what is put in and taken out leaves nodes half full
 */
#include "ranges.h"

/* Each range leaves and comes back ten times on average. */
#define CHURN 10

static double bytes_of_index(void *state)
{
	struct ranges *r = state;

	return (double)index_memory_bytes(&r->index) / r->bench->size;
}

static double bytes_of_peer(void *state)
{
	const struct peer *peer = state;

	return (double)peer->map->bytes(peer->state) / peer->ranges->bench->size;
}

static void churn(struct ranges *r, const struct peer *peer, uint64_t seed)
{
	struct random random = { seed };

	for (uint64_t i = 0; i < (uint64_t)r->bench->size * CHURN; i++) {
		const struct range *range = &r->at[random_below(&random, r->bench->size)];

		if (!peer)
			ranges_update(r, range);
		else if (peer->map->update_many(peer->state, &range, 1) != 1)
			bench_die("%s has lost a range", peer->map->name);
	}
}

static void setup(struct bench *b)
{
	uint64_t seed = random_next(&b->random);
	struct ranges *r = ranges_create(b);
	struct peer *peer;

	churn(r, NULL, seed);
	bench_add(b, (struct contestant){ .name = "index", .role = ROLE_SUBJECT, .state = r, .amount = bytes_of_index });
	for (uint32_t n = 0; (peer = ranges_peer(r, n)); n++) {
		churn(r, peer, seed);
		bench_add(b,
			  (struct contestant){
				  .name = peer->map->name, .role = ROLE_PEER, .state = peer, .amount = bytes_of_peer });
	}
}

const struct workload workload_index_bytes = {
	.name = "index-bytes",
	.summary = "host memory of the index for each mapping, after every mapping left and came back ten times",
	.op = "mapping",
	.unit = "bytes",
	.reference = "std::map + std::shared_mutex",
	.sizes = (const uint32_t[]){ 100, 10000, 100000, 0 },
	.ops = 1,
	.setup = setup,
};
