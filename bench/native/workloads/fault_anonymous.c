/*
 * workloads/fault_anonymous.c - the first write to a page of anonymous memory: a zeroed frame comes in
 *
 * Random pages of random mappings, each once; before the next window they are dropped again, so that frames go round,
 * in the kernel as here. The floor is the zeroing of as many pages by the routine that the library uses.
 */
#include <stdlib.h>

#include "base/bits.h"
#include "pt/zero.h"
#include "space.h"

/* Every page of every mapping, in an order by chance; windows take them one after the other. */
struct page {
	uint32_t mapping, page;
};
static struct page *pages;
static uint32_t page_count, next_page;

static uint64_t address_of(const struct space *s, uint32_t i)
{
	const struct page *p = &pages[(next_page + i) % page_count];

	return s->start[p->mapping] + ((uint64_t)p->page << PAGE_SHIFT);
}

/* What the last window brought in goes first: addrs holds it still. */
static void recycle(void *state)
{
	struct space *s = state;

	for (uint32_t i = 0; i < s->bench->ops; i++) {
		if (s->addrs[i])
			s->side->drop(s->handle, s->addrs[i], PAGE_SIZE);
		s->addrs[i] = address_of(s, i);
	}
}

static uint64_t write_pages(void *state)
{
	const struct space *s = state;

	return s->side->write(s->handle, s->addrs, s->bench->ops);
}

struct zeroing {
	const struct bench *bench;
	page_zero_fn *zero;
	uint8_t *frames;
};

static uint64_t zero_frames(void *state)
{
	const struct zeroing *z = state;

	for (uint32_t i = 0; i < z->bench->ops; i++)
		z->zero(z->frames + ((uint64_t)i << PAGE_SHIFT));
	return z->bench->ops;
}

static struct zeroing *create_zeroing(const struct bench *b)
{
	struct zeroing *z = bench_alloc(1, sizeof(*z));
	size_t length = (size_t)b->ops << PAGE_SHIFT;

	*z = (struct zeroing){ b, page_zero_choose(), aligned_alloc(PAGE_SIZE, length) };
	if (!z->frames)
		bench_die("out of memory for %u frames", b->ops);
	return z;
}

static void list_pages(struct bench *b)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < b->size; i++)
		page_count += space_pages(i);
	pages = bench_alloc(page_count, sizeof(*pages));
	for (uint32_t i = 0; i < b->size; i++) {
		for (uint32_t page = 0; page < space_pages(i); page++, n++) {
			uint64_t j = random_below(&b->random, n + 1);

			pages[n] = pages[j];
			pages[j] = (struct page){ i, page };
		}
	}
}

static void setup(struct bench *b)
{
	struct space *s;

	list_pages(b);
	for (uint32_t n = 0; (s = space_create(b, n)); n++) {
		space_touch_each(s);
		bench_add(b, space_contestant(s, recycle, write_pages));
	}
	bench_add(b, (struct contestant){ .name = "zeroing alone",
					  .role = ROLE_FLOOR,
					  .state = create_zeroing(b),
					  .window = zero_frames });
}

static void go_on(struct bench *b)
{
	next_page = (next_page + b->ops) % page_count;
}

const struct workload workload_fault_anonymous = {
	.name = "fault-anonymous",
	.summary = "the first write to a random anonymous page, frames recycled, beside the running kernel's own fault",
	.op = "fault",
	.reference = "kernel",
	.sizes = (const uint32_t[]){ 100, 1000, 10000, 0 },
	.ops = 256,
	.setup = setup,
	.round = go_on,
};
