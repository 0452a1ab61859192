#include "replay/order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "replay/conflicts.h"
#include "replay/footprint.h"
#include "replay/step.h"
#include "replay/world.h"
#include "replay/zero_page.h"

/* --- streams ------------------------------------------------------------------------------------------------------- */

static int allocate(struct order *o, const struct trace *trace)
{
	size_t events = (size_t)trace->event_count + 1, threads = (size_t)trace->thread_count + 2;

	o->thread_of = alloc_bytes(events * sizeof(*o->thread_of));
	o->place_of = alloc_bytes(events * sizeof(*o->place_of));
	o->stream = alloc_bytes(events * sizeof(*o->stream));
	o->first = alloc_zeroed(threads * sizeof(*o->first));
	o->first_wait = alloc_zeroed(events * sizeof(*o->first_wait));
	o->marks = alloc_zeroed(events);
	o->births = alloc_bytes(threads * sizeof(*o->births));
	o->starts_first = alloc_zeroed(threads * sizeof(*o->starts_first));
	if (!o->thread_of || !o->place_of || !o->stream || !o->first || !o->first_wait || !o->marks || !o->births ||
	    !o->starts_first)
		return -ENOMEM;
	return 0;
}

/* Events thread by thread: first counted, then dealt out. */
static void deal_out(struct order *o, const struct trace *trace)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < trace->event_count; i++) {
		o->thread_of[i] = trace->events[i].thread;
		o->place_of[i] = ++o->first[o->thread_of[i]];
	}
	for (uint32_t t = 0; t <= trace->thread_count; t++) {
		uint32_t count = o->first[t];

		o->first[t] = sum;
		sum += count;
	}
	for (uint32_t i = 0; i < trace->event_count; i++)
		o->stream[o->first[o->thread_of[i]] + o->place_of[i] - 1] = i;
}

/* --- births -------------------------------------------------------------------------------------------------------- */

/*
 * A thread begins at its THREAD event. Where there is none it begins when the space of its first event is made: earlier it
 * could only wait for that.
 */
static uint32_t birth_of(const struct order *o, const struct trace *trace, uint32_t thread)
{
	if (trace->birth[thread] != NO_EVENT)
		return trace->birth[thread];
	if (o->first[thread] == o->first[thread + 1])
		return NO_EVENT;
	return trace->maker[trace->events[o->stream[o->first[thread]]].space];
}

static int by_event(const void *a, const void *b)
{
	const struct birth *x = a, *y = b;

	if (x->event != y->event)
		return x->event < y->event ? -1 : 1;
	return (x->thread > y->thread) - (x->thread < y->thread);
}

static void note_births(struct order *o, const struct trace *trace)
{
	for (uint32_t t = 0; t < trace->thread_count; t++) {
		uint32_t event = birth_of(o, trace, t);

		if (event != NO_EVENT) {
			o->marks[event] |= ORDER_BEARS;
			o->births[o->birth_count++] = (struct birth){ event, t };
		} else {
			o->starts_first[t] = o->first[t] < o->first[t + 1];
		}
	}
	qsort(o->births, o->birth_count, sizeof(*o->births), by_event);
}

uint32_t order_births_at(const struct order *o, uint32_t event, const struct birth **first)
{
	uint32_t lo = 0, hi = o->birth_count, count = 0;

	while (lo < hi) {
		uint32_t middle = lo + (hi - lo) / 2;

		if (o->births[middle].event < event)
			lo = middle + 1;
		else
			hi = middle;
	}
	*first = &o->births[lo];
	while (lo + count < o->birth_count && o->births[lo + count].event == event)
		count++;
	return count;
}

/* --- waits --------------------------------------------------------------------------------------------------------- */

static struct moment moment_of(const struct order *o, uint32_t event)
{
	return (struct moment){ o->thread_of[event], o->place_of[event] };
}

int order_add_wait(struct order *o, uint32_t awaited)
{
	if (o->wait_count == o->wait_room) {
		uint32_t room = o->wait_room ? o->wait_room + o->wait_room / 2 : 256;
		struct moment *larger;

		if (room <= o->wait_room || room == UINT32_MAX)
			return -ENOMEM;
		larger = alloc_bytes(room * sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		if (o->wait_count)
			memcpy(larger, o->waits, o->wait_count * sizeof(*larger));
		alloc_free(o->waits);
		o->waits = larger;
		o->wait_room = room;
	}
	o->waits[o->wait_count++] = moment_of(o, awaited);
	o->marks[awaited] |= ORDER_AWAITED;
	return 0;
}

void order_end_waits(struct order *o, uint32_t event)
{
	o->first_wait[event + 1] = o->wait_count;
}

static int latest_first(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x < y) - (x > y);
}

/* The latest first: what it knows often covers the others. */
static int write_waits(struct order *o, struct clocks *clocks, uint32_t event, uint32_t *latest, uint32_t count)
{
	struct moment now = moment_of(o, event);
	int err = 0;

	if (count > 1)
		qsort(latest, count, sizeof(*latest), latest_first);
	for (uint32_t i = 0; i < count && !err; i++) {
		struct moment past = moment_of(o, latest[i]);

		if (clocks_know(clocks, now.thread, past))
			continue;
		clocks_learn(clocks, now, past);
		err = order_add_wait(o, latest[i]);
	}
	order_end_waits(o, event);
	return err;
}

/* A new thread knows what the one that bears it knows, and the event that does. */
static void hand_down(const struct order *o, struct clocks *clocks, uint32_t event)
{
	const struct birth *births;
	uint32_t count = o->marks[event] & ORDER_BEARS ? order_births_at(o, event, &births) : 0;

	for (uint32_t i = 0; i < count; i++)
		clocks_learn(clocks, (struct moment){ births[i].thread, 0 }, moment_of(o, event));
}

/* --- the run on one thread ----------------------------------------------------------------------------------------- */

struct rehearsal {
	const struct trace *trace;
	struct world *world;
	struct conflicts *conflicts;
	struct clocks clocks;
	struct footprint footprint;
	struct zero_page_signs signs;
};

static bool touches_mappings(uint32_t op)
{
	return op <= VMALOCK_TRACE_FAULT || op > VMALOCK_TRACE_UNMODELLED;
}

static int rehearse_event(struct rehearsal *r, struct order *o, uint32_t event)
{
	bool touches = touches_mappings(r->trace->events[event].op);
	uint32_t *latest, count;
	struct step step;
	int err;

	r->footprint.count = 0;
	err = touches ? footprint_before(&r->footprint, r->world, event) : 0;
	if (err)
		return err;
	zero_page_look(&r->signs, r->world, event);
	step = step_run(r->world, event);
	err = step.broken_off;
	if (!err && touches)
		err = footprint_after(&r->footprint, r->world, event, &step);
	if (!err)
		err = conflicts_take(r->conflicts, event, &r->footprint, &latest, &count);
	if (!err)
		err = write_waits(o, &r->clocks, event, latest, count);
	if (!err)
		hand_down(o, &r->clocks, event);
	return err;
}

/* Which VMAs there are is the same whether frames hold bytes or not, and whatever the policy. */
static int make_world(struct rehearsal *r, const struct order *o)
{
	struct vmalock_options options;

	vmalock_options_init(&options);
	options.policy = vmalock_policy_name(0);
	options.backing = VMALOCK_BACKING_NONE;
	options.thp = VMALOCK_THP_NEVER; /* a recording does not tell what its kernel had free */
	options.forbids_zero_page = o->forbids_zero_page;
	return world_create(r->trace, &options, &r->world);
}

static int rehearse(struct order *o, const struct trace *trace, struct zero_page_signs *signs)
{
	struct rehearsal r = { .trace = trace };
	int err = clocks_init(&r.clocks, trace->thread_count);

	footprint_init(&r.footprint);
	if (!err)
		err = make_world(&r, o);
	if (!err)
		err = conflicts_create(trace, o, &r.conflicts);
	for (uint32_t i = 0; i < trace->event_count && !err; i++)
		err = rehearse_event(&r, o, i);
	*signs = r.signs;
	if (r.conflicts)
		conflicts_destroy(r.conflicts);
	if (r.world)
		world_destroy(r.world);
	footprint_destroy(&r.footprint);
	clocks_destroy(&r.clocks);
	return err;
}

/* --- the whole ----------------------------------------------------------------------------------------------------- */

static int create(const struct trace *trace, bool forbids_zero_page, struct zero_page_signs *signs, struct order **out)
{
	struct order *o = alloc_zeroed(sizeof(*o));
	int err;

	if (!o)
		return -ENOMEM;
	o->forbids_zero_page = forbids_zero_page;
	err = allocate(o, trace);
	if (!err) {
		deal_out(o, trace);
		note_births(o, trace);
		err = rehearse(o, trace, signs);
	}
	if (err)
		order_destroy(o);
	else
		*out = o;
	return err;
}

int order_create(const struct trace *trace, struct order **out)
{
	struct zero_page_signs signs;
	int err = create(trace, false, &signs, out);

	if (err || !zero_page_is_missing(&signs))
		return err;
	order_destroy(*out);
	*out = NULL;
	return create(trace, true, &signs, out);
}

void order_destroy(struct order *o)
{
	alloc_free(o->thread_of);
	alloc_free(o->place_of);
	alloc_free(o->stream);
	alloc_free(o->first);
	alloc_free(o->first_wait);
	alloc_free(o->waits);
	alloc_free(o->marks);
	alloc_free(o->births);
	alloc_free(o->starts_first);
	alloc_free(o);
}
