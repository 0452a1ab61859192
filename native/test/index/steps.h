/*
 * steps.h - random stores on a model: every shape that index_replace() takes, with a liking for the edges of nodes
 */
#ifndef VMALOCK_TEST_INDEX_STEPS_H
#define VMALOCK_TEST_INDEX_STEPS_H

#include "model.h"

/* How many entries the leaf of @addr holds; *last is the end of its last. */
static inline uint32_t leaf_of(const struct model *m, uint64_t addr, uint64_t *first, uint64_t *last,
			       bool *is_last_child)
{
	struct path p;

	path_seek(&p, &m->index, addr);
	*first = leaf_entry(p.node[0], 0).start;
	*last = leaf_last_end(p.node[0]);
	*is_last_child = p.height > 1 && !path_has_sibling(&p, 0, FORWARD);
	return node_keys(p.node[0]);
}

enum { UNIVERSE = 6000 /* pages */ };

/* An address near an entry's or a leaf's edge, or anywhere; never inside an entry. */
static inline uint64_t pick_edge(struct model *m)
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
static inline size_t pick_entries(struct model *m, uint64_t lo, uint64_t hi, struct index_entry *out)
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

static inline void store_range(struct model *m)
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

static inline void insert_somewhere(struct model *m)
{
	uint64_t at = pick_edge(m);
	size_t i = model_lookup(m, at);
	uint64_t limit = i < m->n ? m->at[i].start : pages(UNIVERSE + 1);

	if (at < limit && m->n < MODEL_MAX - 4)
		model_insert(m, at, at + pages(1 + model_below(m, min_u64((limit - at) >> PAGE_SHIFT, 2))));
}

/* Moves one bound of one entry, or gives it another value; its range of the store covers both shapes. */
static inline void change_one(struct model *m)
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

static inline void step(struct model *m, bool shrink)
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

#endif
