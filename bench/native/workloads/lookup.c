/*
 * workloads/lookup.c - which mapping covers an address, or lies next above it: random addresses
 *
 * Ours opens an RCU read section for each; the peers take their lock shared. One peer takes none: a binary search
 * without branches in a sorted array, which nobody could change meanwhile.
 */
#include "ranges.h"

static uint64_t *addresses;

static uint64_t find_in_index(void *state)
{
	const struct ranges *r = state;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < r->bench->ops; i++) {
		struct index_entry e;

		rcu_read_lock();
		if (index_find(&r->index, addresses[i], &e))
			sum += e.start + (uintptr_t)e.value;
		rcu_read_unlock();
	}
	return sum;
}

static uint64_t find_in_peer(void *state)
{
	const struct peer *peer = state;

	return peer->map->find_many(peer->state, addresses, peer->ranges->bench->ops);
}

/* Ends alone, close together: the search touches nothing else. */
static uint64_t *ends;

static uint64_t find_in_array(void *state)
{
	const struct ranges *r = state;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < r->bench->ops; i++) {
		uint32_t found = 0;

		/* A product and no choice: the compiler would make a branch of one. */
		for (uint32_t n = r->bench->size; n > 1; n -= n / 2)
			found += (ends[found + n / 2 - 1] <= addresses[i]) * (n / 2);
		found += ends[found] <= addresses[i];
		sum += r->at[found].start + (uintptr_t)r->at[found].value;
	}
	return sum;
}

static void setup(struct bench *b)
{
	struct ranges *r = ranges_create(b);
	struct peer *peer;

	addresses = bench_alloc(b->ops, sizeof(*addresses));
	ends = bench_alloc(b->size, sizeof(*ends));
	for (uint32_t i = 0; i < b->size; i++)
		ends[i] = r->at[i].end;
	bench_add(b, (struct contestant){ .name = "index", .role = ROLE_SUBJECT, .state = r, .window = find_in_index });
	for (uint32_t n = 0; (peer = ranges_peer(r, n)); n++)
		bench_add(b,
			  (struct contestant){
				  .name = peer->map->name, .role = ROLE_PEER, .state = peer, .window = find_in_peer });
	bench_add(b,
		  (struct contestant){
			  .name = "sorted array, read-only", .role = ROLE_PEER, .state = r, .window = find_in_array });
}

static void choose_addresses(struct bench *b)
{
	for (uint32_t i = 0; i < b->ops; i++)
		addresses[i] = ranges_address(b->shared);
}

const struct workload workload_lookup = {
	.name = "lookup",
	.summary = "the mapping that covers a random address, or the next above, beside ordered maps under a lock",
	.op = "lookup",
	.reference = "std::map + std::shared_mutex",
	.sizes = (const uint32_t[]){ 100, 1000, 10000, 100000, 1000000, 0 },
	.ops = 4000,
	.ops_when_large = 1000,
	.setup = setup,
	.round = choose_addresses,
};
