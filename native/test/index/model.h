/*
 * model.h - an index and, beside it, a plain sorted array that must agree with it
 *
 * Addresses in the model are pages; the index gets bytes. Values are numbers given out in order, so that an entry that
 * was replaced by an equal range is still another one.
 */
#ifndef VMALOCK_TEST_INDEX_MODEL_H
#define VMALOCK_TEST_INDEX_MODEL_H

#include "base/alloc.h"
#include "base/bits.h"
#include "base/random.h"
#include "index/index.h"
#include "index/path.h"
#include "test.h"

#define MODEL_MAX 8192

struct model {
	struct index index;
	struct index_entry at[MODEL_MAX]; /* ascending, bytes */
	size_t n;
	uint64_t next_value;
	struct random random;
};

#define pages(n) ((uint64_t)(n) << PAGE_SHIFT)

static inline struct model *model_create(const struct index_search *search, uint64_t seed)
{
	struct model *m = calloc(1, sizeof(*m));

	expect(m);
	expect(index_init(&m->index) == 0);
	if (search)
		m->index.search = search;
	m->random.state = seed;
	m->next_value = 16;
	return m;
}

static inline void model_destroy(struct model *m)
{
	index_destroy(&m->index);
	free(m);
}

static inline void *model_value(struct model *m)
{
	return (void *)(uintptr_t)(m->next_value += 16);
}

static inline uint64_t model_below(struct model *m, uint64_t n)
{
	return random_below(&m->random, n);
}

/* The first entry that ends above @addr; n when there is none. */
static inline size_t model_lookup(const struct model *m, uint64_t addr)
{
	size_t lo = 0, hi = m->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (m->at[mid].end > addr)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

static inline bool same_entry(const struct index_entry *a, const struct index_entry *b)
{
	return a->start == b->start && a->end == b->end && a->value == b->value;
}

/* Stores in both; the reservation is exactly one store, and the store may use no more than that. */
static inline void model_replace(struct model *m, uint64_t lo, uint64_t hi, const struct index_entry *entries, size_t n)
{
	size_t begin = model_lookup(m, lo), end = begin;

	while (end < m->n && m->at[end].start < hi)
		end++;
	expect(m->n + n - (end - begin) <= MODEL_MAX);
	memmove(&m->at[begin + n], &m->at[end], (m->n - end) * sizeof(m->at[0]));
	if (n)
		memcpy(&m->at[begin], entries, n * sizeof(m->at[0]));
	m->n = m->n + n - (end - begin);
	expect(index_reserve(&m->index, 1) == 0);
	index_replace(&m->index, lo, hi, entries, n);
}

static inline void model_insert(struct model *m, uint64_t start, uint64_t end)
{
	struct index_entry e = { start, end, model_value(m) };

	model_replace(m, start, end, &e, 1);
}

static inline void model_erase(struct model *m, size_t i)
{
	model_replace(m, m->at[i].start, m->at[i].end, NULL, 0);
}

static inline void expect_valid(const struct model *m)
{
	const char *broken = index_validate(&m->index);

	if (broken) {
		fprintf(stderr, "index_validate: %s\n", broken);
		exit(1);
	}
	expect_eq(m->index.count, m->n);
}

/* Both hold the same, read forwards and backwards. */
static inline void expect_same(const struct model *m)
{
	struct index_cursor c;
	struct index_entry e;
	size_t i = 0;
	bool more = index_cursor_seek(&c, &m->index, 0, &e);

	for (; more; more = index_cursor_next(&c, &e), i++) {
		expect(i < m->n);
		expect(same_entry(&e, &m->at[i]));
	}
	expect_eq(i, m->n);
	for (; index_cursor_prev(&c, &e); i--) {
		expect(i > 0);
		expect(same_entry(&e, &m->at[i - 1]));
	}
	expect_eq(i, 0);
}

static inline void expect_found(const struct model *m, uint64_t addr)
{
	size_t i = model_lookup(m, addr), below = i;
	struct index_entry e;

	expect(index_find(&m->index, addr, &e) == (i < m->n));
	expect(i == m->n || same_entry(&e, &m->at[i]));
	expect(index_find_below(&m->index, addr, &e) == (below > 0));
	expect(below == 0 || same_entry(&e, &m->at[below - 1]));
}

/* @n entries of one page with a page between them. */
static inline void model_fill(struct model *m, size_t n)
{
	for (size_t i = 0; i < n; i++)
		model_insert(m, pages(2 * i + 1), pages(2 * i + 2));
}

#endif
