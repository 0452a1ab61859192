/*
 * store_test.c - stores of every shape against a sorted array, with the validator after each
 *
 * The random cases prefer the edges of nodes, where range trees go wrong: a store over two leaves that ends exactly
 * with the right one's last entry, the right one being the last child, once corrupted Linux's maple tree
 * (bea07fd63192).
 */
#include "index/node.h"
#include "steps.h"

static const struct index_search *const searches[2] = { &search_portable, NULL /* what the CPU has */ };

static void an_empty_index_finds_nothing_and_is_valid(void)
{
	struct model *m = model_create(NULL, 1);
	struct index_cursor c;
	struct index_entry e;

	expect_valid(m);
	expect(!index_find(&m->index, 0, &e));
	expect(!index_find(&m->index, UINT64_MAX, &e));
	expect(!index_find_below(&m->index, UINT64_MAX, &e));
	expect(!index_cursor_seek(&c, &m->index, 0, &e));
	expect(!index_cursor_next(&c, &e));
	expect(!index_cursor_prev(&c, &e));
	model_replace(m, 0, INDEX_MAX_ADDRESS, NULL, 0);
	expect_valid(m);
	model_destroy(m);
}

static void the_first_and_the_last_address_can_be_stored(void)
{
	struct model *m = model_create(NULL, 1);
	struct index_entry e;

	model_insert(m, 0, pages(1));
	model_insert(m, INDEX_MAX_ADDRESS - pages(1), INDEX_MAX_ADDRESS);
	expect_valid(m);
	expect_found(m, 0);
	expect_found(m, pages(1));
	expect_found(m, INDEX_MAX_ADDRESS - 1);
	expect(!index_find(&m->index, INDEX_MAX_ADDRESS, &e));
	expect(index_find_below(&m->index, UINT64_MAX, &e) && e.end == INDEX_MAX_ADDRESS);
	model_destroy(m);
}

static void a_store_replaces_what_lies_in_its_range_and_nothing_else(void)
{
	struct model *m = model_create(NULL, 1);
	struct index_entry three[3] = {
		{ pages(10), pages(20), (void *)16 },
		{ pages(20), pages(21), (void *)32 },
		{ pages(30), pages(41), (void *)48 },
	};

	model_fill(m, 40);
	model_replace(m, pages(9), pages(42), three, 3);
	expect_valid(m);
	expect_same(m);
	for (uint64_t at = 0; at < 90; at++)
		expect_found(m, pages(at));
	model_destroy(m);
}

static void ascending_and_descending_inserts_leave_leaves_well_filled(void)
{
	for (int down = 0; down < 2; down++) {
		struct model *m = model_create(NULL, 1);

		for (size_t i = 0; i < 4000; i++) {
			uint64_t at = pages(2 * (down ? 5000 - i : i));

			model_insert(m, at, at + pages(1));
		}
		expect_valid(m);
		expect_same(m);
		expect(index_memory_bytes(&m->index) <= 46 * m->n);
		model_destroy(m);
	}
}

static void a_store_over_two_leaves_that_ends_with_the_last_entry_of_a_last_child_leaves_one_copy(void)
{
	for (size_t back = 1; back < 30; back++) {
		struct model *m = model_create(NULL, 1);
		uint64_t first, last = 0, at = 0;
		bool is_last_child = false;
		struct index_entry e;
		size_t end;

		model_fill(m, 400);
		while (!is_last_child) {
			(void)leaf_of(m, at, &first, &last, &is_last_child);
			at = last;
		}
		end = model_lookup(m, last - 1);
		if (end < back)
			break;
		e = (struct index_entry){ m->at[end - back].start, last, model_value(m) };
		model_replace(m, e.start, e.end, &e, 1);
		expect_valid(m);
		expect_same(m);
		expect_found(m, last - 1);
		expect_found(m, last);
		model_destroy(m);
	}
}

static void one_word_changes_in_place_and_a_second_makes_a_new_leaf(void)
{
	struct model *m = model_create(NULL, 1);
	struct index_entry e;
	uint32_t spare;

	model_insert(m, pages(10), pages(20));
	expect(index_reserve(&m->index, 1) == 0);
	spare = m->index.spare_count;
	e = m->at[0];
	for (uint64_t end = 21; end < 30; end++) {
		e.end = pages(end);
		model_replace(m, e.start, e.end, &e, 1);
		expect_eq(m->index.spare_count, spare);
	}
	e.start = pages(9);
	model_replace(m, e.start, e.end, &e, 1);
	expect_eq(m->index.spare_count, spare - 1);
	e.start = pages(8);
	model_replace(m, e.start, e.end, &e, 1);
	expect_eq(m->index.spare_count, spare);
	expect_same(m);
	model_destroy(m);
}

static uint32_t height_of(const struct model *m)
{
	return root_level(atomic_plain(&m->index.root)) + 1;
}

static void random_stores_agree_with_a_sorted_array(void)
{
	for (uint64_t seed = 1; seed <= 16; seed++) {
		struct model *m = model_create(searches[seed % 2], seed);
		uint32_t height = 0;
		size_t most = 0;

		for (int i = 0; i < 8000; i++) {
			step(m, i / 2000 % 2);
			expect_valid(m);
			expect_found(m, pick_edge(m));
			expect_found(m, model_below(m, pages(UNIVERSE)));
			if (i % 100 == 0)
				expect_same(m);
			most = m->n > most ? m->n : most;
			height = height_of(m) > height ? height_of(m) : height;
		}
		printf("  seed %llu, %s: up to %zu entries, height %u\n", (unsigned long long)seed,
		       m->index.search->name, most, height);
		expect(height >= 3);
		expect_same(m);
		model_destroy(m);
	}
}

static void erasing_everything_in_any_order_leaves_an_empty_root(void)
{
	for (uint64_t seed = 1; seed <= 6; seed++) {
		struct model *m = model_create(NULL, seed);

		printf("  seed %llu\n", (unsigned long long)seed);
		model_fill(m, 3000);
		while (m->n) {
			model_erase(m, seed == 1 ? 0 : seed == 2 ? m->n - 1 : model_below(m, m->n));
			expect_valid(m);
		}
		expect_eq(m->index.nodes, 1);
		model_destroy(m);
	}
}

static void a_store_over_everything_leaves_only_its_entries(void)
{
	for (size_t n = 0; n <= 3; n++) {
		struct model *m = model_create(NULL, 1);
		struct index_entry e[3];

		model_fill(m, 2000);
		for (size_t i = 0; i < n; i++)
			e[i] = (struct index_entry){ pages(i), pages(i + 1), model_value(m) };
		model_replace(m, 0, INDEX_MAX_ADDRESS, e, n);
		expect_valid(m);
		expect_same(m);
		expect_eq(m->index.nodes, 1);
		model_destroy(m);
	}
}

static const struct test_case cases[] = {
	CASE(an_empty_index_finds_nothing_and_is_valid),
	CASE(the_first_and_the_last_address_can_be_stored),
	CASE(a_store_replaces_what_lies_in_its_range_and_nothing_else),
	CASE(ascending_and_descending_inserts_leave_leaves_well_filled),
	CASE(a_store_over_two_leaves_that_ends_with_the_last_entry_of_a_last_child_leaves_one_copy),
	CASE(one_word_changes_in_place_and_a_second_makes_a_new_leaf),
	CASE(random_stores_agree_with_a_sorted_array),
	CASE(erasing_everything_in_any_order_leaves_an_empty_root),
	CASE(a_store_over_everything_leaves_only_its_entries),
};

TEST_MAIN(cases)
