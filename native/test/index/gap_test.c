/*
 * gap_test.c - the lowest and the highest gap against a search by hand
 */
#include "steps.h"

/* By trying each stretch between entries. */
static bool lowest_by_hand(const struct model *m, uint64_t lo, uint64_t hi, uint64_t length, uint64_t *out)
{
	for (size_t i = 0; i <= m->n; i++) {
		uint64_t begin = max_u64(i > 0 ? m->at[i - 1].end : 0, lo);
		uint64_t end = min_u64(i < m->n ? m->at[i].start : INDEX_MAX_ADDRESS, hi);

		if (begin <= end && end - begin >= length) {
			*out = begin;
			return true;
		}
	}
	return false;
}

static bool highest_by_hand(const struct model *m, uint64_t lo, uint64_t hi, uint64_t length, uint64_t *out)
{
	for (size_t i = m->n + 1; i-- > 0;) {
		uint64_t begin = max_u64(i > 0 ? m->at[i - 1].end : 0, lo);
		uint64_t end = min_u64(i < m->n ? m->at[i].start : INDEX_MAX_ADDRESS, hi);

		if (begin <= end && end - begin >= length) {
			*out = end - length;
			return true;
		}
	}
	return false;
}

static void expect_gaps(const struct model *m, uint64_t lo, uint64_t hi, uint64_t length)
{
	uint64_t got, wanted = 0;
	bool there = lowest_by_hand(m, lo, hi, length, &wanted);

	expect(index_gap_lowest(&m->index, lo, hi, length, &got) == there);
	if (there)
		expect_eq(got, wanted);
	expect(index_gap_highest(&m->index, lo, hi, length, &got) == highest_by_hand(m, lo, hi, length, &wanted));
	if (there)
		expect_eq(got, wanted);
}

static void an_empty_index_is_one_gap(void)
{
	struct model *m = model_create(NULL, 1);

	expect_gaps(m, 0, INDEX_MAX_ADDRESS, INDEX_MAX_ADDRESS);
	expect_gaps(m, 0, UINT64_MAX, INDEX_MAX_ADDRESS);
	expect_gaps(m, pages(5), pages(7), pages(2));
	expect_gaps(m, pages(5), pages(7), pages(3));
	expect_gaps(m, pages(7), pages(5), pages(1));
	expect_gaps(m, 0, INDEX_MAX_ADDRESS, UINT64_MAX);
	model_destroy(m);
}

static void a_full_range_has_no_gap(void)
{
	struct model *m = model_create(NULL, 1);

	for (size_t i = 0; i < 1000; i++)
		model_insert(m, pages(i), pages(i + 1));
	expect_gaps(m, 0, pages(1000), pages(1));
	expect_gaps(m, 0, pages(1001), pages(1));
	expect_gaps(m, pages(400), pages(600), pages(1));
	model_erase(m, 500);
	expect_gaps(m, 0, pages(1000), pages(1));
	expect_gaps(m, 0, pages(1000), pages(2));
	expect_gaps(m, pages(501), pages(1000), pages(1));
	expect_gaps(m, 0, pages(500), pages(1));
	model_destroy(m);
}

static void gaps_agree_with_a_search_by_hand_after_random_stores(void)
{
	for (uint64_t seed = 100; seed < 108; seed++) {
		struct model *m = model_create(NULL, seed);

		printf("  seed %llu\n", (unsigned long long)seed);
		for (int i = 0; i < 4000; i++) {
			uint64_t lo = model_below(m, 2) ? pick_edge(m) : pages(model_below(m, UNIVERSE));
			uint64_t hi = model_below(m, 2) ? pick_edge(m) : pages(model_below(m, 2 * UNIVERSE));

			step(m, i / 1000 % 2);
			expect_gaps(m, lo, hi, pages(1 + model_below(m, 1u << model_below(m, 7))));
		}
		expect_valid(m);
		model_destroy(m);
	}
}

static const struct test_case cases[] = {
	CASE(an_empty_index_is_one_gap),
	CASE(a_full_range_has_no_gap),
	CASE(gaps_agree_with_a_search_by_hand_after_random_stores),
};

TEST_MAIN(cases)
