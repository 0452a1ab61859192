#include "sync/counters.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"

#define CELLS_PER_LINE (CACHE_LINE / sizeof(atomic_u64))

int counters_init(struct counters *c, uint32_t fields)
{
	uint32_t stride = (uint32_t)((fields + CELLS_PER_LINE - 1) / CELLS_PER_LINE * CELLS_PER_LINE);
	size_t bytes = sizeof(atomic_u64) * stride * THREAD_SLOTS;

	c->cells = alloc_aligned(CACHE_LINE, bytes);
	if (!c->cells)
		return -ENOMEM;
	memset(c->cells, 0, bytes);
	c->fields = fields;
	c->stride = stride;
	return 0;
}

void counters_destroy(struct counters *c)
{
	alloc_free(c->cells);
	c->cells = NULL;
}

uint64_t counters_sum(const struct counters *c, uint32_t field)
{
	uint64_t sum = 0;

	for (uint32_t slot = 0; slot < THREAD_SLOTS; slot++)
		sum += atomic_load_relaxed(&c->cells[slot * c->stride + field]);
	return sum;
}
