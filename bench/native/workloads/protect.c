/*
 * workloads/protect.c - mprotect of a page in the middle of a random mapping, and back: two splits, then two merges
 *
 * The pages were never touched, so that no page table has to change and nothing is flushed: this is about mappings.
 */
#include <sys/mman.h>

#include "base/bits.h"
#include "space.h"

/* The mappings of the coming round. */
static uint32_t *chosen;

static uint64_t protect_and_back(void *state)
{
	const struct space *s = state;

	for (uint32_t i = 0; i < s->bench->ops; i++) {
		uint64_t middle = s->start[chosen[i]] + PAGE_SIZE;

		s->side->protect(s->handle, middle, PAGE_SIZE, PROT_READ);
		s->side->protect(s->handle, middle, PAGE_SIZE, PROT_READ | PROT_WRITE);
	}
	return s->bench->ops;
}

static void setup(struct bench *b)
{
	struct space *s;

	_Static_assert(SPACE_PAGES_MIN >= 3, "the second page is in the middle");
	chosen = bench_alloc(b->ops, sizeof(*chosen));
	for (uint32_t n = 0; (s = space_create(b, n)); n++)
		bench_add(b, space_contestant(s, NULL, protect_and_back));
}

static void choose_mappings(struct bench *b)
{
	for (uint32_t i = 0; i < b->ops; i++)
		chosen[i] = (uint32_t)random_below(&b->random, b->size);
}

const struct workload workload_protect = {
	.name = "protect",
	.summary = "mprotect of a page in the middle of a random mapping, and back, beside the running kernel",
	.op = "mprotect + mprotect",
	.reference = "kernel",
	.sizes = (const uint32_t[]){ 100, 1000, 10000, 0 },
	.ops = 100,
	.setup = setup,
	.round = choose_mappings,
};
