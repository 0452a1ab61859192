#include "base/histogram.h"
#include "base/random.h"
#include "test.h"

static struct histogram *fresh(void)
{
	struct histogram *h = calloc(1, sizeof(*h));

	expect(h);
	return h;
}

static void an_empty_histogram_answers_zero(void)
{
	struct histogram *h = fresh();

	expect_eq(histogram_count(h), 0);
	expect_eq(histogram_percentile(h, 990), 0);
	free(h);
}

static void small_values_are_exact(void)
{
	struct histogram *h = fresh();

	for (uint64_t v = 0; v < 10; v++)
		histogram_add(h, v);
	expect_eq(histogram_percentile(h, 500), 4);
	expect_eq(histogram_percentile(h, 1000), 9);
	expect_eq(atomic_load_relaxed(&h->total), 45);
	free(h);
}

static void a_percentile_is_at_most_a_sixteenth_above_the_value(void)
{
	struct random r = { 7 };

	for (int i = 0; i < 20000; i++) {
		struct histogram *h = fresh();
		uint64_t v = random_next(&r) >> (24 + random_below(&r, 40)), p;

		histogram_add(h, v);
		histogram_add(h, UINT64_C(1) << 39); /* so that the maximum does not cap the first */
		p = histogram_percentile(h, 1);
		expect(v <= UINT64_C(1) << 39 ? p >= v && p - v <= v / 16 : 1);
		free(h);
		if (i > 2000 && i % 2)
			i++;
	}
}

static void longer_than_the_last_bucket_counts_as_the_maximum(void)
{
	struct histogram *h = fresh();

	histogram_add(h, UINT64_MAX / 2);
	expect_eq(histogram_count(h), 1);
	expect_eq(atomic_load_relaxed(&h->max), UINT64_MAX / 2);
	free(h);
}

static void merging_adds_counts_and_keeps_the_greater_maximum(void)
{
	struct histogram *a = fresh(), *b = fresh();

	histogram_add(a, 3);
	histogram_add(b, 1000);
	histogram_add(b, 5);
	histogram_merge(a, b);
	expect_eq(histogram_count(a), 3);
	expect_eq(atomic_load_relaxed(&a->max), 1000);
	expect_eq(atomic_load_relaxed(&a->total), 1008);
	free(a);
	free(b);
}

static const struct test_case cases[] = {
	CASE(an_empty_histogram_answers_zero),
	CASE(small_values_are_exact),
	CASE(a_percentile_is_at_most_a_sixteenth_above_the_value),
	CASE(longer_than_the_last_bucket_counts_as_the_maximum),
	CASE(merging_adds_counts_and_keeps_the_greater_maximum),
};
TEST_MAIN(cases)
