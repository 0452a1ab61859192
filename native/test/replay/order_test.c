/*
 * The order between threads: that it holds what it must and no more.
 */
#include "replay/order.h"
#include "support/opening.h"

static struct tracing t;

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

/* Whatever changes or asks for what others change: mlock, mseal, mbind, shmdt, ... */
static void every_call_waits_for_what_it_acts_on_and_is_waited_for(void)
{
	static const enum vmalock_trace_op ops[] = { VMALOCK_TRACE_MLOCK,   VMALOCK_TRACE_MUNLOCK,
						     VMALOCK_TRACE_MSEAL,   VMALOCK_TRACE_PKEY_PROTECT,
						     VMALOCK_TRACE_MBIND,   VMALOCK_TRACE_PROCESS_ADVISE,
						     VMALOCK_TRACE_MLOCKALL };

	for (uint32_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		struct vmalock_trace_event *e;

		begin_with_two();
		add_protect(&t, a, 1, 1, RO);            /* 6 */
		e = add_range_call(&t, b, ops[i], 0, 4); /* 7 */
		e->aux = ops[i] == VMALOCK_TRACE_MLOCKALL ? VMALOCK_MCL_CURRENT : 0;
		e->d = ops[i] == VMALOCK_TRACE_PKEY_PROTECT ? UINT64_MAX : VMALOCK_MPOL_LOCAL;
		e->d = ops[i] == VMALOCK_TRACE_PROCESS_ADVISE ? 0 : e->d;
		add_protect(&t, 0, 2, 1, RO); /* 8 */
		expect_waits("7<6 8<7");
	}
}

static void shared_memory_is_attached_where_it_is_free(void)
{
	struct vmalock_trace_event *e;
	uint32_t file;

	begin_with_two();
	file = add_file(&t, "/SYSV00000000", 2);
	add_unmap(&t, a, 8, 4);                    /* 6 */
	e = add_event(&t, b, VMALOCK_TRACE_SHMAT); /* 7 */
	e->b = 2 * P;
	e->c = RW;
	e->file = file;
	e->result = (int64_t)page(8);
	e = add_range_call(&t, 0, VMALOCK_TRACE_SHMDT, 8, 2); /* 8 */
	e->file = file;
	expect_waits("7<6 8<7");
}

static void an_end_waits_for_all_in_its_space(void)
{
	begin_with_two();
	add_fault(&t, a, 1, CODE_WRITE); /* 6 */
	add_fault(&t, b, 9, CODE_WRITE); /* 7 */
	add_exit(&t, 0);                 /* 8 */
	expect_waits("8<7 8<6");
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
	CASE(every_call_waits_for_what_it_acts_on_and_is_waited_for),
	CASE(shared_memory_is_attached_where_it_is_free),
	CASE(an_end_waits_for_all_in_its_space),
};

TEST_MAIN(cases)
