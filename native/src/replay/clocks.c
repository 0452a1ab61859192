#include "replay/clocks.h"

#include <errno.h>

#include "base/alloc.h"

#define MOST_PLACES (UINT64_C(1) << 22) /* in all rows: 32 MiB */
#define LEAST_PLACES 8u                 /* in a row */

static uint32_t places_for(uint32_t threads)
{
	uint32_t places = LEAST_PLACES;

	while (places < threads && (uint64_t)2 * places * threads <= MOST_PLACES)
		places *= 2;
	return places;
}

int clocks_init(struct clocks *c, uint32_t threads)
{
	*c = (struct clocks){ .threads = threads, .places = places_for(threads) };
	c->rows = alloc_zeroed(((size_t)threads * c->places + 1) * sizeof(*c->rows));
	c->changed = alloc_zeroed(((size_t)threads + 1) * sizeof(*c->changed));
	return c->rows && c->changed ? 0 : -ENOMEM;
}

void clocks_destroy(struct clocks *c)
{
	alloc_free(c->rows);
	alloc_free(c->changed);
}

static struct moment *place_of(const struct clocks *c, uint32_t row, uint32_t thread)
{
	return &c->rows[(size_t)row * c->places + (thread & (c->places - 1))];
}

bool clocks_know(const struct clocks *c, uint32_t thread, struct moment moment)
{
	const struct moment *known = place_of(c, thread, moment.thread);

	return known->done >= moment.done && known->thread == moment.thread;
}

static void put(struct clocks *c, uint32_t row, struct moment past)
{
	struct moment *place = place_of(c, row, past.thread);

	if (place->thread != past.thread || place->done < past.done)
		*place = past;
}

/* Another thread's place that is taken by a third stays as it is: one's own waits are worth more. */
static void join(struct clocks *c, uint32_t row, uint32_t from)
{
	for (uint32_t i = 0; i < c->places; i++) {
		struct moment theirs = c->rows[(size_t)from * c->places + i];
		struct moment *ours = &c->rows[(size_t)row * c->places + i];

		if (!theirs.done || theirs.thread == row)
			continue;
		if (!ours->done || (ours->thread == theirs.thread && ours->done < theirs.done))
			*ours = theirs;
	}
}

void clocks_learn(struct clocks *c, struct moment now, struct moment past)
{
	put(c, now.thread, past);
	if (past.done >= c->changed[past.thread])
		join(c, now.thread, past.thread);
	c->changed[now.thread] = now.done;
}
