/*
 * workloads/map_unmap.c - a page is mapped where there is room, and unmapped
 *
 * The room is the highest gap between the mappings. In the first workload the new page has the protection of its
 * neighbour and joins it, as mmap(2) most often does; in the second it stays alone, which is the cheapest for Linux.
 */
#include <sys/mman.h>

#include "base/bits.h"
#include "space.h"

static uint64_t map_and_unmap(const struct space *s, uint32_t prot)
{
	for (uint32_t i = 0; i < s->bench->ops; i++)
		s->side->unmap(s->handle, s->side->map(s->handle, PAGE_SIZE, prot), PAGE_SIZE);
	return s->bench->ops;
}

static uint64_t join(void *state)
{
	return map_and_unmap(state, PROT_READ | PROT_WRITE);
}

static uint64_t stay_alone(void *state)
{
	return map_and_unmap(state, PROT_NONE);
}

static void setup_with(struct bench *b, uint64_t (*window)(void *))
{
	struct space *s;

	for (uint32_t n = 0; (s = space_create(b, n)); n++)
		bench_add(b, space_contestant(s, NULL, window));
}

static void setup_joining(struct bench *b)
{
	setup_with(b, join);
}

static void setup_alone(struct bench *b)
{
	setup_with(b, stay_alone);
}

const struct workload workload_map_unmap = {
	.name = "map-unmap",
	.summary = "mmap of one page that joins its neighbour, then munmap, beside the running kernel",
	.op = "mmap + munmap",
	.reference = "kernel",
	.sizes = (const uint32_t[]){ 100, 1000, 10000, 0 },
	.ops = 100,
	.setup = setup_joining,
};

const struct workload workload_map_unmap_alone = {
	.name = "map-unmap-alone",
	.summary = "mmap of one page that joins nothing (PROT_NONE), then munmap, beside the running kernel",
	.op = "mmap + munmap",
	.reference = "kernel",
	.sizes = (const uint32_t[]){ 100, 1000, 10000, 0 },
	.ops = 100,
	.setup = setup_alone,
};
