/*
 * workloads/index_update.c - a range is taken out and put in again, each under the writers' lock
 *
 * Readers of the index are never kept out meanwhile; those of the peers are.
 */
#include "ranges.h"

static const struct range **chosen;

static uint64_t update_index(void *state)
{
	struct ranges *r = state;
	uint64_t before = r->index.count;

	for (uint32_t i = 0; i < r->bench->ops; i++)
		ranges_update(r, chosen[i]);
	return r->index.count == before ? r->bench->ops : 0;
}

static uint64_t update_peer(void *state)
{
	const struct peer *peer = state;

	return peer->map->update_many(peer->state, chosen, peer->ranges->bench->ops);
}

static void setup(struct bench *b)
{
	struct ranges *r = ranges_create(b);
	struct peer *peer;

	chosen = bench_alloc(b->ops, sizeof(*chosen));
	bench_add(b, (struct contestant){ .name = "index", .role = ROLE_SUBJECT, .state = r, .window = update_index });
	for (uint32_t n = 0; (peer = ranges_peer(r, n)); n++)
		bench_add(b, (struct contestant){
				     .name = peer->map->name, .role = ROLE_PEER, .state = peer, .window = update_peer });
}

static void choose_ranges(struct bench *b)
{
	const struct ranges *r = b->shared;

	for (uint32_t i = 0; i < b->ops; i++)
		chosen[i] = &r->at[random_below(&b->random, b->size)];
}

const struct workload workload_index_update = {
	.name = "index-update",
	.summary = "a random range leaves the index and comes back, beside ordered maps under a lock",
	.op = "erase + insert",
	.reference = "std::map + std::shared_mutex",
	.sizes = (const uint32_t[]){ 100, 1000, 10000, 100000, 0 },
	.ops = 1000,
	.setup = setup,
	.round = choose_ranges,
};
