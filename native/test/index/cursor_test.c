/*
 * cursor_test.c - steps in both directions, and what happens at the ends
 */
#include "steps.h"

/* Walks at random between the ends and over them; @at is where the cursor should stand, 0 before the first entry. */
static void wander(struct model *m, struct index_cursor *c, size_t at)
{
	struct index_entry e;

	for (int i = 0; i < 60; i++) {
		if (model_below(m, 2)) {
			at = at <= m->n ? at + 1 : at;
			expect(index_cursor_next(c, &e) == (at <= m->n));
		} else {
			at = at > 0 ? at - 1 : 0;
			expect(index_cursor_prev(c, &e) == (at > 0));
		}
		if (at > 0 && at <= m->n)
			expect(same_entry(&e, &m->at[at - 1]));
	}
}

static void a_cursor_steps_both_ways_from_anywhere(void)
{
	for (uint64_t seed = 200; seed < 206; seed++) {
		struct model *m = model_create(NULL, seed);

		printf("  seed %llu\n", (unsigned long long)seed);
		for (int i = 0; i < 3000; i++) {
			uint64_t addr = i % 2 ? pick_edge(m) : pages(model_below(m, UNIVERSE + 10));
			size_t at = model_lookup(m, addr);
			struct index_cursor c;
			struct index_entry e;

			expect(index_cursor_seek(&c, &m->index, addr, &e) == (at < m->n));
			expect(at == m->n || same_entry(&e, &m->at[at]));
			wander(m, &c, at + 1);
			step(m, i / 1000 % 2);
		}
		model_destroy(m);
	}
}

static void beyond_either_end_a_step_back_returns(void)
{
	struct model *m = model_create(NULL, 1);
	struct index_cursor c;
	struct index_entry e;

	model_fill(m, 100);
	expect(!index_cursor_seek(&c, &m->index, UINT64_MAX, &e));
	expect(!index_cursor_next(&c, &e));
	expect(!index_cursor_next(&c, &e));
	expect(index_cursor_prev(&c, &e) && same_entry(&e, &m->at[99]));
	expect(index_cursor_seek(&c, &m->index, 0, &e) && same_entry(&e, &m->at[0]));
	expect(!index_cursor_prev(&c, &e));
	expect(!index_cursor_prev(&c, &e));
	expect(index_cursor_next(&c, &e) && same_entry(&e, &m->at[0]));
	model_destroy(m);
}

static const struct test_case cases[] = {
	CASE(a_cursor_steps_both_ways_from_anywhere),
	CASE(beyond_either_end_a_step_back_returns),
};

TEST_MAIN(cases)
