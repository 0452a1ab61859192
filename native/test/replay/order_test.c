/*
 * The order between threads: that it holds what it must and no more, and that whatever it leaves open does not matter.
 *
 * The last is tried without luck of timing: the events of a random program are run by one thread in many random orders
 * that the waits allow, and each must give every recorded outcome and final map.
 */
#include "replay/order.h"
#include "replay/step.h"
#include "replay/world.h"
#include "support/programs.h"

static struct tracing t;

static struct trace *open_trace(struct tracing *from)
{
	char message[TRACE_MESSAGE_SIZE];
	struct trace *trace;
	size_t size;
	uint8_t *bytes = tracing_bytes(from, &size);

	expect_eq(trace_open(bytes, size, message, &trace), 0);
	free(bytes);
	return trace;
}

/* --- which waits there are ----------------------------------------------------------------------------------------- */

/* "3<1" for each wait: event 3 waits for event 1. */
static const char *waits_of(struct tracing *from)
{
	static char text[256];
	struct trace *trace = open_trace(from);
	struct order *o;
	int length = 0;

	text[0] = '\0';
	expect_eq(order_create(trace, &o), 0);
	for (uint32_t i = 0; i < trace->event_count; i++) {
		for (uint32_t w = o->first_wait[i]; w < o->first_wait[i + 1]; w++) {
			uint32_t awaited = o->stream[o->first[o->waits[w].thread] + o->waits[w].done - 1];

			length += snprintf(text + length, sizeof(text) - (size_t)length, "%s%u<%u", length ? " " : "", i,
					   awaited);
		}
	}
	order_destroy(o);
	trace_close(trace);
	return text;
}

#define expect_waits(wanted)                                                                                            \
	do {                                                                                                            \
		const char *waits_ = waits_of(&t);                                                                      \
		if (strcmp(waits_, wanted) != 0) {                                                                      \
			fprintf(stderr, "%s:%d: waits are \"%s\", expected \"%s\"\n", __FILE__, __LINE__, waits_,       \
				wanted);                                                                                \
			exit(1);                                                                                        \
		}                                                                                                       \
	} while (0)

/* Three threads in one space, with mappings at pages 0-3 and 8-11 that thread 0 wrote before the others were born. */
static uint32_t a, b;

static void begin_with_two(void)
{
	tracing_begin(&t);
	add_map(&t, 0, 0, 4, RW);        /* 0 */
	add_map(&t, 0, 8, 4, RW);        /* 1 */
	add_fault(&t, 0, 0, CODE_WRITE); /* 2 */
	add_fault(&t, 0, 8, CODE_WRITE); /* 3 */
	a = add_birth(&t, 0);            /* 4 */
	b = add_birth(&t, 0);            /* 5 */
}

static void faults_do_not_wait_for_each_other(void)
{
	begin_with_two();
	add_fault(&t, a, 1, CODE_WRITE);
	add_fault(&t, b, 1, CODE_WRITE);
	add_fault(&t, 0, 1, CODE_READ);
	expect_waits("");
}

static void a_fault_waits_for_the_change_of_its_page_and_for_no_other(void)
{
	begin_with_two();
	add_protect(&t, a, 1, 1, RO);    /* 6 */
	add_fault(&t, b, 2, CODE_WRITE); /* 7: another page */
	add_fault(&t, b, 1, CODE_READ);  /* 8 */
	expect_waits("8<6");
}

static void a_change_waits_for_the_faults_in_its_range(void)
{
	begin_with_two();
	add_fault(&t, a, 1, CODE_WRITE); /* 6 */
	add_fault(&t, b, 2, CODE_WRITE); /* 7 */
	add_fault(&t, b, 9, CODE_WRITE); /* 8 */
	add_unmap(&t, 0, 1, 2);          /* 9 */
	expect_waits("9<7 9<6");
}

static void a_mapping_waits_until_its_place_is_free(void)
{
	begin_with_two();
	add_unmap(&t, a, 8, 4);   /* 6 */
	add_map(&t, b, 9, 2, RO); /* 7 */
	expect_waits("7<6");
}

static void changes_far_from_each_other_do_not_wait(void)
{
	begin_with_two();
	add_protect(&t, a, 0, 4, RO);
	add_protect(&t, b, 8, 4, RO);
	add_map(&t, a, 14, 1, RW);
	add_map(&t, b, 18, 1, RW);
	expect_waits("");
}

static void a_change_waits_for_the_change_of_a_neighbour_it_may_merge_with(void)
{
	begin_with_two();
	add_protect(&t, a, 0, 4, RO); /* 6 */
	add_map(&t, b, 4, 2, RO);     /* 7: merges with 0-3, now that they are read-only */
	expect_waits("7<6");
}

static void a_first_write_fault_comes_after_the_change_that_asked_who_wrote(void)
{
	tracing_begin(&t);
	add_map(&t, 0, 0, 2, RW);        /* 0 */
	a = add_birth(&t, 0);            /* 1 */
	b = add_birth(&t, 0);            /* 2 */
	add_map(&t, 0, 4, 2, RW);        /* 3 */
	add_fault(&t, 0, 4, CODE_WRITE); /* 4 */
	add_map(&t, a, 2, 2, RW);        /* 5: joins both, since one of them has no anon yet */
	add_fault(&t, b, 0, CODE_WRITE); /* 6: another anon, from a write before 5, would forbid that */
	expect_waits("5<4 6<5");         /* 5 gave it the anon of 4; before that 6 would be a first write */
	tracing_begin(&t);
	add_map(&t, 0, 0, 2, RW);        /* 0 */
	a = add_birth(&t, 0);            /* 1 */
	b = add_birth(&t, 0);            /* 2 */
	add_map(&t, 0, 2, 2, RO);        /* 3 */
	add_protect(&t, a, 2, 1, RW);    /* 4: page 2 joins 0 and 1 */
	add_fault(&t, b, 0, CODE_WRITE); /* 5: the first write of that VMA */
	add_fault(&t, 0, 1, CODE_WRITE); /* 6: not the first, and must not become it */
	expect_waits("4<3 5<4 6<5");
}

/* It may take over the anon of a VMA that it could be merged with one day. */
static void a_first_write_fault_waits_for_changes_of_the_neighbours(void)
{
	tracing_begin(&t);
	add_map(&t, 0, 0, 4, RW);        /* 0 */
	add_map(&t, 0, 4, 4, RO);        /* 1 */
	a = add_birth(&t, 0);            /* 2 */
	b = add_birth(&t, 0);            /* 3 */
	add_advise(&t, a, 4, 4, 10);     /* 4: DONTFORK: these two will never be one */
	add_fault(&t, b, 0, CODE_WRITE); /* 5 */
	add_fault(&t, 0, 1, CODE_WRITE); /* 6 */
	expect_waits("5<4 6<5");
}

static void a_change_waits_for_the_first_write_to_a_neighbour(void)
{
	tracing_begin(&t);
	add_map(&t, 0, 0, 4, RW);        /* 0 */
	a = add_birth(&t, 0);            /* 1 */
	b = add_birth(&t, 0);            /* 2 */
	add_fault(&t, a, 0, CODE_WRITE); /* 3 */
	add_fault(&t, 0, 1, CODE_WRITE); /* 4 */
	add_map(&t, b, 4, 2, RO);        /* 5: asks 0-3, which has been written by then; 4 is of no concern */
	expect_waits("4<3 5<3");
}

static void a_populating_advice_waits_for_the_first_write(void)
{
	tracing_begin(&t);
	add_map(&t, 0, 0, 8, RW);        /* 0 */
	a = add_birth(&t, 0);            /* 1 */
	b = add_birth(&t, 0);            /* 2 */
	add_fault(&t, a, 0, CODE_WRITE); /* 3 */
	add_advise(&t, b, 2, 2, 23);     /* 4: POPULATE_WRITE */
	expect_waits("4<3");
}

static void a_stack_that_grows_waits_for_the_change_below_it(void)
{
	begin_with_two();
	t.vmas[0].flags |= VMALOCK_MAP_GROWSDOWN;
	t.vmas[0].prot = RW;
	add_unmap(&t, a, 8, 4);                   /* 6: nothing is near below any more */
	add_unmap(&t, a, 0, 4);                   /* 7 */
	add_fault(&t, b, WINDOW - 3, CODE_WRITE); /* 8: grows */
	add_fault(&t, a, WINDOW - 2, CODE_READ);  /* 9: in the part that grew */
	expect_waits("8<7 9<8");
}

static void a_heap_that_grows_waits_for_the_change_above_it(void)
{
	begin_with_two();
	t.spaces[0].brk_start = page(4);
	add_event(&t, b, VMALOCK_TRACE_BRK)->result = (int64_t)page(4); /* 6 */
	add_unmap(&t, a, 8, 1);                                         /* 7 */
	add_brk(&t, b, 8);                                              /* 8: a page stays free below page 9 */
	expect_waits("8<7");
}

static void a_break_waits_for_the_break_before_it(void)
{
	begin_with_two();
	t.spaces[0].brk_start = page(16);
	for (uint32_t i = 0; i < 3; i++) {
		add_brk(&t, i % 2 ? a : b, 16 + i % 2);
	}
	expect_waits("7<6 8<7");
}

static void a_call_that_failed_waits_for_what_made_it_fail(void)
{
	begin_with_two();
	add_unmap(&t, a, 1, 1);                                /* 6 */
	add_protect(&t, b, 0, 3, RW)->result = VMALOCK_ENOMEM; /* 7 */
	add_map(&t, a, 1, 1, RW);                              /* 8 */
	expect_waits("7<6 8<7");
}

static void what_is_known_already_is_not_waited_for_twice(void)
{
	begin_with_two();
	add_protect(&t, a, 0, 1, RO);   /* 6 */
	add_fault(&t, b, 0, CODE_READ); /* 7 */
	add_fault(&t, b, 0, CODE_READ); /* 8: b knows 6 */
	add_unmap(&t, 0, 0, 1);         /* 9: after 8, which knows 6 */
	expect_waits("7<6 9<8");
}

static void a_fork_waits_for_all_in_its_space_and_all_later_for_it(void)
{
	uint32_t child;

	begin_with_two();
	add_fault(&t, a, 1, CODE_WRITE);     /* 6 */
	add_fault(&t, b, 9, CODE_WRITE);     /* 7 */
	child = add_fork(&t, 0);             /* 8, 9 */
	add_fault(&t, a, 1, CODE_WRITE);     /* 10 */
	add_fault(&t, b, 9, CODE_WRITE);     /* 11 */
	add_fault(&t, child, 9, CODE_WRITE); /* 12: born after 8 */
	expect_waits("8<7 8<6 10<8 11<8");
}

static void an_end_waits_for_all_in_its_space(void)
{
	begin_with_two();
	add_fault(&t, a, 1, CODE_WRITE); /* 6 */
	add_fault(&t, b, 9, CODE_WRITE); /* 7 */
	add_exit(&t, 0);                 /* 8 */
	expect_waits("8<7 8<6");
}

/* --- what the waits leave open ------------------------------------------------------------------------------------- */

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
	options.frames = 65536;
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
	CASE(faults_do_not_wait_for_each_other),
	CASE(a_fault_waits_for_the_change_of_its_page_and_for_no_other),
	CASE(a_change_waits_for_the_faults_in_its_range),
	CASE(a_mapping_waits_until_its_place_is_free),
	CASE(changes_far_from_each_other_do_not_wait),
	CASE(a_change_waits_for_the_change_of_a_neighbour_it_may_merge_with),
	CASE(a_first_write_fault_comes_after_the_change_that_asked_who_wrote),
	CASE(a_first_write_fault_waits_for_changes_of_the_neighbours),
	CASE(a_change_waits_for_the_first_write_to_a_neighbour),
	CASE(a_populating_advice_waits_for_the_first_write),
	CASE(a_stack_that_grows_waits_for_the_change_below_it),
	CASE(a_heap_that_grows_waits_for_the_change_above_it),
	CASE(a_break_waits_for_the_break_before_it),
	CASE(a_call_that_failed_waits_for_what_made_it_fail),
	CASE(what_is_known_already_is_not_waited_for_twice),
	CASE(a_fork_waits_for_all_in_its_space_and_all_later_for_it),
	CASE(an_end_waits_for_all_in_its_space),
	CASE(every_order_that_the_waits_allow_gives_the_recorded_outcomes),
};

TEST_MAIN(cases)
