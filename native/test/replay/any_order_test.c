/*
 * Whatever the order between threads leaves open does not matter.
 *
 * Tried without luck of timing: the events of a random program are run by one thread in many random orders that the
 * waits allow, and each must give every recorded outcome and final map. It must also be possible to go on always.
 */
#include "replay/order.h"
#include "replay/step.h"
#include "replay/world.h"
#include "support/opening.h"
#include "support/programs.h"

/* How the next event is chosen among those that may come: a thread is preferred for a while, some threads always last. */
struct choice {
	struct random random;
	uint32_t favourite, shunned;
};

static bool may_come(const struct order *o, const uint32_t *done, uint32_t event)
{
	for (uint32_t w = o->first_wait[event]; w < o->first_wait[event + 1]; w++) {
		if (done[o->waits[w].thread] < o->waits[w].done)
			return false;
	}
	return true;
}

/* The next event of the thread, if it may come; NO_EVENT. */
static uint32_t candidate(const struct order *o, const bool *born, const uint32_t *done, uint32_t thread)
{
	uint32_t place = o->first[thread] + done[thread];

	if (!born[thread] || place == o->first[thread + 1])
		return NO_EVENT;
	return may_come(o, done, o->stream[place]) ? o->stream[place] : NO_EVENT;
}

static uint32_t choose(struct choice *c, const struct order *o, const bool *born, const uint32_t *done, uint32_t threads)
{
	uint32_t start = (uint32_t)random_below(&c->random, threads), fallback = NO_EVENT, event;

	if (random_below(&c->random, 8) == 0)
		c->favourite = (uint32_t)random_below(&c->random, threads);
	event = candidate(o, born, done, c->favourite);
	if (event != NO_EVENT && c->favourite != c->shunned)
		return event;
	for (uint32_t i = 0; i < threads; i++) {
		uint32_t thread = (start + i) % threads;

		event = candidate(o, born, done, thread);
		if (event != NO_EVENT && thread != c->shunned)
			return event;
		if (event != NO_EVENT)
			fallback = event;
	}
	return fallback;
}

static void bear_all(const struct order *o, bool *born, uint32_t event)
{
	const struct birth *births;
	uint32_t count = o->marks[event] & ORDER_BEARS ? order_births_at(o, event, &births) : 0;

	for (uint32_t i = 0; i < count; i++)
		born[births[i].thread] = true;
}

static void fail(uint64_t seed, const struct trace *trace, uint32_t event, int64_t value)
{
	char text[STEP_TEXT_SIZE];

	step_describe(trace, event, value, text);
	fprintf(stderr, "seed %llu: %s\n", (unsigned long long)seed, text);
	exit(1);
}

static void run_in_some_order(const struct program *p, const struct trace *trace, const struct order *o,
			      struct choice *choice, uint64_t seed)
{
	bool born[64];
	uint32_t done[64] = { 0 };
	struct vmalock_options options;
	struct world *world;

	vmalock_options_init(&options);
	options.frames = 8192; /* few: emulators keep a book of every page that is reserved */
	memcpy(born, o->starts_first, trace->thread_count * sizeof(born[0]));
	expect_eq(world_create(trace, &options, &world), 0);
	for (uint32_t i = 0; i < trace->event_count; i++) {
		uint32_t event = choose(choice, o, born, done, trace->thread_count);
		struct step step;

		expect(event != NO_EVENT); /* else a deadlock */
		step = step_run(world, event);
		expect_eq(step.broken_off, 0);
		if (!step.as_recorded)
			fail(seed, trace, event, step.value);
		done[o->thread_of[event]]++;
		bear_all(o, born, event);
	}
	for (uint32_t s = 0; s < trace->space_count; s++) {
		if (strcmp(world->spaces[s].final_maps, p->final_maps[s]) != 0) {
			fprintf(stderr, "seed %llu: space %u ended as\n%sexpected\n%s", (unsigned long long)seed, s,
				world->spaces[s].final_maps, p->final_maps[s]);
			exit(1);
		}
	}
	world_destroy(world);
}

static void try_program(uint64_t seed, struct program_shape shape, uint32_t orders)
{
	struct program *p = program_create(seed, shape);
	struct trace *trace = open_trace(&p->t);
	struct choice choice = { .random = { seed + 1 } };
	struct order *o;

	expect_eq(order_create(trace, &o), 0);
	for (uint32_t i = 0; i < orders; i++) {
		choice.shunned = (uint32_t)random_below(&choice.random, trace->thread_count);
		run_in_some_order(p, trace, o, &choice, seed);
	}
	order_destroy(o);
	trace_close(trace);
	program_free(p);
}

static void every_order_that_the_waits_allow_gives_the_recorded_outcomes(void)
{
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct program_shape shape = { .threads = 3 + (uint32_t)(seed % 6),
					       .events = 40 + (uint32_t)(seed % 4) * 50,
					       .pages = WINDOW * (1 + (uint32_t)(seed % 5)) };

		try_program(seed * 1000003, shape, 12);
	}
}

static const struct test_case cases[] = {
	CASE(every_order_that_the_waits_allow_gives_the_recorded_outcomes),
};

TEST_MAIN(cases)
