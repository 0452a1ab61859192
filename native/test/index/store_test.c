/*
 * store_test.c - stores of every shape against a sorted array, with the validator after each
 *
 * The random cases prefer the edges of nodes, where range trees go wrong: a store over two leaves that ends exactly
 * with the right one's last entry, the right one being the last child, once corrupted Linux's maple tree (bea07fd63192).
 */
#include "index/node.h"
#include "model.h"

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
		{ pages(10), pages(20), (void *)16 }, { pages(20), pages(21), (void *)32 }, { pages(30), pages(41), (void *)48 }
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

/* How many entries the leaf of @addr holds; *last is the end of its last. */
static uint32_t leaf_of(const struct model *m, uint64_t addr, uint64_t *first, uint64_t *last, bool *is_last_child)
{
	struct path p;

	path_seek(&p, &m->index, addr);
	*first = leaf_entry(p.node[0], 0).start;
	*last = leaf_last_end(p.node[0]);
	*is_last_child = p.height > 1 && !path_has_sibling(&p, 0, FORWARD);
	return node_keys(p.node[0]);
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

/* --- random stores ------------------------------------------------------------------------------------------------ */

enum { UNIVERSE = 6000 };

/* An address near an entry's or a leaf's edge, or anywhere; never inside an entry. */
static uint64_t pick_edge(struct model *m)
{
	uint64_t at = pages(model_below(m, UNIVERSE)), first, last;
	bool is_last_child;
	size_t i;

	if (m->n && model_below(m, 2) && leaf_of(m, at, &first, &last, &is_last_child))
		at = model_below(m, 2) ? first : last;
	i = model_lookup(m, at);
	if (i < m->n && m->at[i].start < at)
		at = model_below(m, 2) ? m->at[i].start : m->at[i].end;
	return at;
}

/* Up to three entries inside [@lo, @hi), often touching its edges and one another. */
static size_t pick_entries(struct model *m, uint64_t lo, uint64_t hi, struct index_entry *out)
{
	size_t n = 0, want = model_below(m, INDEX_REPLACE_MAX + 1);

	while (n < want && lo < hi) {
		uint64_t room = (hi - lo) >> PAGE_SHIFT;
		uint64_t skip = model_below(m, 2) ? 0 : model_below(m, room);
		uint64_t length = model_below(m, 20) == 0 ? room - skip : 1 + model_below(m, min_u64(room - skip, 2));

		out[n] = (struct index_entry){ lo + pages(skip), lo + pages(skip + length), model_value(m) };
		lo = out[n++].end;
	}
	return n;
}

static void store_range(struct model *m)
{
	struct index_entry entries[INDEX_REPLACE_MAX];
	uint64_t lo = pick_edge(m), hi;

	if (model_below(m, 300) == 0) {
		hi = pick_edge(m);
	} else {
		size_t i = model_lookup(m, lo) + model_below(m, model_below(m, 20) ? 3 : 60);

		hi = i < m->n ? (model_below(m, 2) ? m->at[i].end : m->at[i].start) : pages(UNIVERSE + 1);
	}
	if (lo == hi)
		return;
	if (lo > hi) {
		uint64_t t = lo;

		lo = hi;
		hi = t;
	}
	model_replace(m, lo, hi, entries, pick_entries(m, lo, hi, entries));
}

static void insert_somewhere(struct model *m)
{
	uint64_t at = pick_edge(m);
	size_t i = model_lookup(m, at);
	uint64_t limit = i < m->n ? m->at[i].start : pages(UNIVERSE + 1);

	if (at < limit && m->n < MODEL_MAX - 4)
		model_insert(m, at, at + pages(1 + model_below(m, min_u64((limit - at) >> PAGE_SHIFT, 2))));
}

/* Moves one bound of one entry, or gives it another value; its range of the store covers both shapes. */
static void change_one(struct model *m)
{
	size_t i = model_lookup(m, pick_edge(m));
	uint64_t below, above;
	struct index_entry e, old;

	if (i == m->n)
		return;
	old = e = m->at[i];
	below = i > 0 ? m->at[i - 1].end : 0;
	above = i + 1 < m->n ? m->at[i + 1].start : pages(UNIVERSE + 1);
	switch (model_below(m, 3)) {
	case 0:
		e.end = e.start + pages(1 + model_below(m, min_u64((above - e.start) >> PAGE_SHIFT, 3)));
		break;
	case 1:
		e.start = e.end - pages(1 + model_below(m, min_u64((e.end - below) >> PAGE_SHIFT, 3)));
		break;
	default:
		e.value = model_value(m);
	}
	model_replace(m, min_u64(old.start, e.start), max_u64(old.end, e.end), &e, 1);
}

static void step(struct model *m, bool shrink)
{
	uint64_t kind = model_below(m, 20);

	if (kind == 0)
		store_range(m);
	else if (kind < 4)
		change_one(m);
	else if (kind < (shrink ? 8 : 18))
		insert_somewhere(m);
	else if (m->n)
		model_erase(m, model_below(m, m->n));
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
		printf("  seed %llu, %s: up to %zu entries, height %u\n", (unsigned long long)seed, m->index.search->name,
		       most, height);
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
	CASE(an_empty_index_finds_nothing_and_is_valid),
	CASE(the_first_and_the_last_address_can_be_stored),
	CASE(a_store_replaces_what_lies_in_its_range_and_nothing_else),
	CASE(ascending_and_descending_inserts_leave_leaves_well_filled),
	CASE(a_store_over_two_leaves_that_ends_with_the_last_entry_of_a_last_child_leaves_one_copy),
	CASE(one_word_changes_in_place_and_a_second_makes_a_new_leaf),
	CASE(random_stores_agree_with_a_sorted_array),
	CASE(erasing_everything_in_any_order_leaves_an_empty_root),
	CASE(a_store_over_everything_leaves_only_its_entries),
	CASE(memory_stays_below_64_bytes_an_entry_whatever_the_churn),
};

TEST_MAIN(cases)
