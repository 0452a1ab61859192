/*
 * workloads/fault_present.c - a fault on a page that is there already, as when another thread was faster
 *
 * All that a fault costs beside the page itself: finding and holding the mapping, walking the tables. The kernel cannot be
 * made to do the same, so the cheapest system call is the scale.
 */
#include <sys/syscall.h>
#include <unistd.h>

#include "base/bits.h"
#include "space.h"

/* The mappings of the coming round. */
static uint32_t *chosen;

static void find_addresses(void *state)
{
	struct space *s = state;

	for (uint32_t i = 0; i < s->bench->ops; i++)
		s->addrs[i] = s->start[chosen[i]];
}

static uint64_t fault(void *state)
{
	const struct space *s = state;
	uint64_t served = 0;

	for (uint32_t i = 0; i < s->bench->ops; i++)
		served += (vmalock_mm_fault(s->handle, s->addrs[i], VMALOCK_READ) & VMALOCK_FAULT_OUTCOME) ==
			  VMALOCK_FAULT_MINOR;
	return served;
}

static uint64_t call_kernel(void *state)
{
	const struct bench *b = state;

	for (uint32_t i = 0; i < b->ops; i++)
		(void)syscall(SYS_getppid);
	return b->ops;
}

static void setup(struct bench *b)
{
	struct space *s;

	chosen = bench_alloc(b->ops, sizeof(*chosen));
	for (uint32_t n = 1; (s = space_create(b, n)); n++) {
		if (s->side->write(s->handle, s->start, b->size) != b->size)
			bench_die("a fault failed");
		bench_add(b, space_contestant(s, find_addresses, fault));
	}
	bench_add(b, (struct contestant){ .name = "getppid", .role = ROLE_FLOOR, .state = b, .window = call_kernel });
}

static void choose_mappings(struct bench *b)
{
	for (uint32_t i = 0; i < b->ops; i++)
		chosen[i] = (uint32_t)random_below(&b->random, b->size);
}

const struct workload workload_fault_present = {
	.name = "fault-present",
	.summary = "a read fault on a page that is present, random mappings, beside the cheapest system call",
	.op = "fault",
	.reference = "getppid",
	.sizes = (const uint32_t[]){ 100, 1000, 10000, 0 },
	.ops = 2000,
	.setup = setup,
	.round = choose_mappings,
};
