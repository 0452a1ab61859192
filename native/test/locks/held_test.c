/* The lock order as checked builds assert it: each rule is broken in a process of its own, which must end by abort(). */
#include "locks/held.h"

#include "support/aborting.h"
#include "sync/rcu.h"

/* What stands for locks: their addresses alone count. */
static const char lock[3];

/* Holds the one, waits for the other. */
struct pair {
	enum lock_rank held, wanted;
	const void *first, *second; /* NULL: which locks they are is not said */
};

static void wait_for(enum lock_rank rank, const void *which)
{
	if (which)
		held_wait_for(rank, which);
	else
		held_wait(rank);
}

static void wait_while_holding(void *arg)
{
	const struct pair *pair = arg;

	wait_for(pair->held, pair->first);
	held_add(pair->held);
	wait_for(pair->wanted, pair->second);
	held_remove(pair->held);
}

static int is_refused(struct pair pair)
{
	return aborts(wait_while_holding, &pair);
}

static void a_thread_waits_only_for_what_ranks_above_all_that_it_holds(void)
{
	for (enum lock_rank held = 0; held < LOCK_RANK_COUNT; held++)
		for (enum lock_rank wanted = 0; wanted < LOCK_RANK_COUNT; wanted++) {
			expect_eq(is_refused((struct pair){ held, wanted, NULL, NULL }), wanted <= held);
			if (wanted != held)
				expect_eq(is_refused((struct pair){ held, wanted, &lock[1], &lock[0] }), wanted < held);
		}
}

/* Those of which one thread may hold several. */
static int is_several(enum lock_rank rank)
{
	return rank == RANK_TABLE_UPPER || rank == RANK_TABLE || rank == RANK_FRAME_CACHE;
}

static void several_of_a_rank_are_taken_in_the_order_of_their_addresses(void)
{
	for (enum lock_rank rank = 0; rank < LOCK_RANK_COUNT; rank++) {
		expect_eq(is_refused((struct pair){ rank, rank, &lock[0], &lock[1] }), !is_several(rank));
		expect(is_refused((struct pair){ rank, rank, &lock[1], &lock[0] }));
		expect(is_refused((struct pair){ rank, rank, &lock[1], &lock[1] }));
	}
}

static void what_was_taken_before_and_let_go_of_does_not_count(void)
{
	held_wait_for(RANK_TABLE, &lock[2]);
	held_add(RANK_TABLE);
	held_remove(RANK_TABLE);
	held_wait_for(RANK_TABLE, &lock[1]);
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
	CASE(several_of_a_rank_are_taken_in_the_order_of_their_addresses),
	CASE(what_was_taken_before_and_let_go_of_does_not_count),
	CASE(nobody_waits_for_a_lock_inside_a_read_section),
	CASE(what_is_let_go_of_was_held),
};
TEST_MAIN(cases)
