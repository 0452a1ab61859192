/* The lock order as checked builds assert it: each rule is broken in a process of its own, which must end by abort(). */
#include "locks/held.h"

#include "support/aborting.h"
#include "sync/rcu.h"

/* Holds the one, waits for the other. */
struct pair {
	enum lock_rank held, wanted;
};

static void wait_while_holding(void *arg)
{
	const struct pair *pair = arg;

	held_add(pair->held);
	held_wait(pair->wanted);
	held_remove(pair->held);
}

static int is_refused(enum lock_rank held, enum lock_rank wanted)
{
	struct pair pair = { held, wanted };

	return aborts(wait_while_holding, &pair);
}

/* Those of which one thread may hold several. */
static int is_many(enum lock_rank rank)
{
	return rank == RANK_TABLE_UPPER || rank == RANK_TABLE || rank == RANK_FRAME_CACHE;
}

static void a_thread_waits_only_for_what_ranks_above_all_that_it_holds(void)
{
	for (unsigned held = 0; held < LOCK_RANK_COUNT; held++)
		for (unsigned wanted = 0; wanted < LOCK_RANK_COUNT; wanted++) {
			int refused = wanted < held || (wanted == held && !is_many((enum lock_rank)held));

			expect_eq(is_refused((enum lock_rank)held, (enum lock_rank)wanted), refused);
		}
}

static void wait_inside_read_section(void *arg)
{
	(void)arg;
	rcu_read_lock();
	held_wait(RANK_FRAME_CACHE);
}

static void nobody_waits_for_a_lock_inside_a_read_section(void)
{
	expect(aborts(wait_inside_read_section, NULL));
}

static void let_go_of_what_is_not_held(void *arg)
{
	(void)arg;
	held_add(RANK_TABLE);
	held_remove(RANK_VMA);
}

static void what_is_let_go_of_was_held(void)
{
	expect(aborts(let_go_of_what_is_not_held, NULL));
	held_add(RANK_VMA);
	expect_eq(held_count(RANK_VMA), 1);
	held_remove(RANK_VMA);
	expect_eq(held_count(RANK_VMA), 0);
}

static const struct test_case cases[] = {
	CASE(a_thread_waits_only_for_what_ranks_above_all_that_it_holds),
	CASE(nobody_waits_for_a_lock_inside_a_read_section),
	CASE(what_is_let_go_of_was_held),
};
TEST_MAIN(cases)
