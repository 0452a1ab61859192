/*
 * memory_test.c - reservations, the bulk build, and what happens to both when memory runs out
 */
#include <errno.h>

#include "index/node.h"
#include "steps.h"

/* Blocks that are live once all retired ones are freed. */
static int64_t live_when_settled(void)
{
	rcu_wait_for_batches();
	return alloc_live();
}

static void destroy_without_leak(struct model *m, int64_t live)
{
	model_destroy(m);
	expect(live_when_settled() == live);
}

static void a_refused_reservation_changes_nothing_and_leaks_nothing(void)
{
	int64_t live = live_when_settled();
	struct model *m = model_create(NULL, 1);
	uint64_t n = 1;

	model_fill(m, 500);
	for (;; n++) {
		uint64_t nodes = m->index.nodes;
		int err;

		alloc_fail_after(n);
		err = index_reserve(&m->index, 10);
		alloc_fail_after(0);
		expect_valid(m);
		expect_eq(m->index.nodes, nodes);
		if (!err)
			break;
		expect(err == -ENOMEM);
	}
	expect(n > 3);
	expect_same(m);
	destroy_without_leak(m, live);
}

static bool next_made_up(void *arg, struct index_entry *out)
{
	uint64_t i = (*(uint64_t *)arg)++;

	*out = (struct index_entry){ pages(3 * i), pages(3 * i + 2), arg };
	return true;
}

/* Stores after a reservation for all of them; each draws on it alone, however the tree grows meanwhile. */
static void reserved_stores_need_no_memory(void)
{
	static const uint32_t runs[] = { 1, 2, 5, 40, 400 };

	for (size_t r = 0; r < array_size(runs); r++) {
		int64_t live = live_when_settled();
		struct model *m = model_create(NULL, 300 + r);

		printf("  seed %llu\n", (unsigned long long)m->random.state);
		for (uint32_t done = 0; done < 4000; done += runs[r]) {
			uint32_t spare;

			expect(index_reserve(&m->index, runs[r]) == 0);
			spare = m->index.spare_count;
			for (uint32_t i = 0; i < runs[r]; i++) {
				struct index_entry e[3];
				uint64_t at = pages(4 * model_below(m, 1u << 20));
				bool taken = index_find(&m->index, at, &e[0]) && e[0].start < at + pages(3);

				for (uint64_t j = 0; j < 3; j++)
					e[j] = (struct index_entry){ at + pages(j), at + pages(j + 1), m };
				index_replace(&m->index, at, at + pages(3), e, taken ? 0 : 3);
			}
			expect(m->index.spare_count <= spare);
		}
		expect(!index_validate(&m->index));
		m->n = m->index.count;
		destroy_without_leak(m, live);
	}
}

/* Full leaves under a full root: a store over two that leaves 31 entries makes three leaves, and splits the root. */
static void the_store_that_needs_most_finds_it_reserved(void)
{
	struct index_entry e[3], first;
	struct index index;
	struct path p;
	uint64_t made = 0, at = 0;

	expect(index_init(&index) == 0);
	expect(index_build(&index, 14 * 15, next_made_up, &made) == 0);
	for (uint64_t leaf = 0; leaf < 16; leaf++) {
		/* The fifteenth entry fills a leaf; the first leaf gets a sixteenth, which makes it two. */
		at = leaf == 0 ? 0 : (leaf - 1) * 14 + 1;
		e[0] = (struct index_entry){ pages(3 * at + 2), pages(3 * at + 3), &index };
		expect(index_reserve(&index, 1) == 0);
		index_replace(&index, e[0].start, e[0].end, e, 1);
	}
	expect_eq(index.nodes, 16 + 1);
	path_seek(&p, &index, pages(3 * 14 * 7));
	expect_eq(node_keys(p.node[0]), NODE_KEYS);
	first = leaf_entry(p.node[0], NODE_KEYS - 1);
	e[0] = (struct index_entry){ first.start, first.start + 1, &index };
	e[1] = (struct index_entry){ first.start + 1, first.start + 2, &index };
	expect(path_step(&p, 0, FORWARD));
	expect_eq(node_keys(p.node[0]), NODE_KEYS);
	e[2] = (struct index_entry){ first.start + 2, leaf_entry(p.node[0], 0).end, &index };
	expect(index_reserve(&index, 1) == 0);
	index_replace(&index, e[0].start, e[2].end, e, 3);
	expect(!index_validate(&index));
	expect_eq(index.nodes, 17 + 2 + 1);
	index_destroy(&index);
}

static void init_without_memory_leaves_something_that_can_be_destroyed(void)
{
	int64_t live = live_when_settled();

	for (uint64_t n = 1;; n++) {
		struct index index;
		int err;

		alloc_fail_after(n);
		err = index_init(&index);
		alloc_fail_after(0);
		expect(err == 0 || err == -ENOMEM);
		index_destroy(&index);
		expect(live_when_settled() == live);
		if (!err)
			break;
	}
}

/* --- bulk build --------------------------------------------------------------------------------------------------- */

static bool next_of_cursor(void *arg, struct index_entry *out)
{
	return index_cursor_next(arg, out);
}

static void a_built_index_is_valid_and_dense_for_every_count(void)
{
	for (uint64_t count = 0; count < 3000; count += count < 500 ? 1 : 97) {
		struct index index;
		struct index_entry e;
		uint64_t made = 0;

		expect(index_init(&index) == 0);
		expect(index_build(&index, count, next_made_up, &made) == 0);
		expect(!index_validate(&index));
		expect_eq(index.count, count);
		expect(count < 400 || index_memory_bytes(&index) <= 32 * count);
		for (uint64_t i = 0; i < count; i++) {
			expect(index_find(&index, pages(3 * i), &e) && e.start == pages(3 * i));
			expect(index_find(&index, pages(3 * i) - (i > 0), &e) && e.end == pages(3 * i + 2));
		}
		index_destroy(&index);
	}
}

static void a_copy_is_the_same_and_takes_stores_of_its_own(void)
{
	struct model *m = model_create(NULL, 1), *copy = model_create(NULL, 2);
	struct index_cursor c;
	struct index_entry e;

	model_fill(m, 2000);
	expect(index_cursor_seek(&c, &m->index, 0, &e));
	expect(!index_cursor_prev(&c, &e));
	expect(index_build(&copy->index, m->index.count, next_of_cursor, &c) == 0);
	memcpy(copy->at, m->at, sizeof(m->at));
	copy->n = m->n;
	expect_same(copy);
	for (int i = 0; i < 1000; i++) {
		step(copy, i % 2);
		expect_valid(copy);
	}
	expect_same(copy);
	expect_same(m);
	model_destroy(copy);
	model_destroy(m);
}

static void a_build_without_memory_leaves_an_empty_index(void)
{
	int64_t live = live_when_settled();
	uint64_t n = 1;

	for (int err = -ENOMEM; err; n++) {
		struct model *m = model_create(NULL, 1);
		uint64_t made = 0;

		alloc_fail_after(n);
		err = index_build(&m->index, 300, next_made_up, &made);
		alloc_fail_after(0);
		if (err) {
			expect(err == -ENOMEM);
			expect_valid(m);
			model_fill(m, 50);
			expect_same(m);
		}
		destroy_without_leak(m, live);
	}
	expect(n > 20);
}

/* --- bytes an entry ----------------------------------------------------------------------------------------------- */

static void expect_bytes_an_entry(const struct index *index, uint64_t limit)
{
	printf("  %.1f bytes an entry of %llu\n", (double)index_memory_bytes(index) / (double)index->count,
	       (unsigned long long)index->count);
	expect(!index_validate(index));
	expect(index_memory_bytes(index) <= limit * index->count);
}

enum { CHURN_ENTRIES = 10000, CHURN_PLACES = 4 * CHURN_ENTRIES };

/* Inserts or erases at random until @want are there. */
static void churn(struct index *index, struct random *random, bool *present, uint64_t want)
{
	while (index->count != want) {
		uint64_t at = random_below(random, CHURN_PLACES);
		struct index_entry e = { pages(2 * at), pages(2 * at + 1), index };
		bool grow = index->count < want;

		if (present[at] == grow)
			continue;
		expect(index_reserve(index, 1) == 0);
		index_replace(index, e.start, e.end, &e, grow);
		present[at] = grow;
	}
}

static void memory_stays_below_64_bytes_an_entry_whatever_the_churn(void)
{
	static bool present[CHURN_PLACES];
	struct random random = { 7 };
	struct index index;

	expect(index_init(&index) == 0);
	churn(&index, &random, present, CHURN_ENTRIES);
	expect_bytes_an_entry(&index, 48);
	for (int round = 0; round < 2000; round++) {
		churn(&index, &random, present, CHURN_ENTRIES - 100);
		churn(&index, &random, present, CHURN_ENTRIES);
	}
	expect_bytes_an_entry(&index, 48);
	churn(&index, &random, present, 2 * CHURN_ENTRIES);
	churn(&index, &random, present, CHURN_ENTRIES);
	expect_bytes_an_entry(&index, 64);
	churn(&index, &random, present, CHURN_ENTRIES / 4);
	expect_bytes_an_entry(&index, 64);
	index_destroy(&index);
}

static const struct test_case cases[] = {
	CASE(a_refused_reservation_changes_nothing_and_leaks_nothing),
	CASE(reserved_stores_need_no_memory),
	CASE(the_store_that_needs_most_finds_it_reserved),
	CASE(init_without_memory_leaves_something_that_can_be_destroyed),
	CASE(a_built_index_is_valid_and_dense_for_every_count),
	CASE(a_copy_is_the_same_and_takes_stores_of_its_own),
	CASE(a_build_without_memory_leaves_an_empty_index),
	CASE(memory_stays_below_64_bytes_an_entry_whatever_the_churn),
};

TEST_MAIN(cases)
