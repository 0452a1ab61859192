/*
 * races_test.c - one store in the middle of one lookup or walk, each interleaving forced
 *
 * A lookup runs in a thread of its own and parks at a sync point. A cursor needs no thread: what it remembers between
 * two steps is all that it has, so the test stores in between, inside the read section that keeps old nodes alive.
 */
#include "index/node.h"
#include "model.h"
#include "sync/sync.h"
#include "sync/syncpoint.h"

struct lookup {
	struct index *index;
	bool (*find)(const struct index *index, uint64_t addr, struct index_entry *out);
	uint64_t addr;
	bool found;
	struct index_entry e;
	struct sync_thread thread;
};

static void look_up(void *arg)
{
	struct lookup *l = arg;

	rcu_read_lock();
	l->found = l->find(l->index, l->addr, &l->e);
	rcu_read_unlock();
}

static void park_lookup(struct lookup *l, const char *point)
{
	syncpoint_arm(point);
	expect(sync_thread_start(&l->thread, look_up, l) == 0);
	syncpoint_wait_parked(point);
}

static void finish_lookup(struct lookup *l, const char *point)
{
	syncpoint_release(point);
	sync_thread_join(&l->thread);
}

/* Entries of two pages, six pages apart: entry i is [6i+2, 6i+4). */
static struct model *spaced_out(size_t n)
{
	struct model *m = model_create(NULL, 1);

	for (size_t i = 0; i < n; i++)
		model_insert(m, pages(6 * i + 2), pages(6 * i + 4));
	return m;
}

/* The place in the model of the last entry of the second leaf; its parent has more. */
static size_t last_of_a_leaf(const struct model *m)
{
	struct path p;

	path_seek(&p, &m->index, 0);
	expect(path_step(&p, 0, FORWARD) && path_has_sibling(&p, 0, FORWARD));
	return model_lookup(m, leaf_last_end(p.node[0]) - 1);
}

/* Moves the end of entry @i in place. */
static void set_end(struct model *m, size_t i, uint64_t end)
{
	struct index_entry e = m->at[i];
	uint64_t hi = max_u64(e.end, end);

	e.end = end;
	model_replace(m, e.start, hi, &e, 1);
}

static void lookup_whose_entry_shrinks_away_from_it_finds_the_next(void)
{
	struct model *m = spaced_out(5);
	struct lookup l = { .index = &m->index, .find = index_find, .addr = m->at[1].end - 1 };

	park_lookup(&l, "index-entry-chosen");
	set_end(m, 1, m->at[1].end - pages(1));
	finish_lookup(&l, "index-entry-chosen");
	expect(l.found && same_entry(&l.e, &m->at[2]));
	model_destroy(m);
}

/* Its start and its end, one changed after the other, are never joined to an entry that nobody stored. */
static void lookup_between_two_words_of_an_entry_sees_one_of_its_states(void)
{
	struct model *m = spaced_out(5);
	struct index_entry old, moved;
	struct lookup l = { .index = &m->index, .find = index_find, .addr = m->at[1].start };

	set_end(m, 1, m->at[1].end + pages(1)); /* the word of this entry that may change in place from now on */
	old = m->at[1];
	park_lookup(&l, "index-end-loaded");
	set_end(m, 1, old.end + pages(1));
	moved = m->at[1];
	moved.start = old.end;
	model_replace(m, old.start, moved.end, &moved, 1);
	finish_lookup(&l, "index-end-loaded");
	expect(l.found && same_entry(&l.e, &old));
	expect_found(m, moved.start);
	model_destroy(m);
}

static void lookup_whose_leaf_loses_its_last_entry_finds_the_first_of_the_next_leaf(void)
{
	struct model *m = spaced_out(60);
	size_t i = last_of_a_leaf(m);
	struct lookup l = { .index = &m->index, .find = index_find, .addr = m->at[i].start };

	park_lookup(&l, "index-child-chosen");
	model_erase(m, i);
	finish_lookup(&l, "index-child-chosen");
	expect(l.found && same_entry(&l.e, &m->at[i]));
	model_destroy(m);
}

static void lookup_that_has_passed_a_pivot_before_it_rises_misses_only_what_came_later(void)
{
	struct model *m = spaced_out(60);
	size_t i = last_of_a_leaf(m);
	struct lookup l = { .index = &m->index, .find = index_find, .addr = m->at[i].end };

	park_lookup(&l, "index-child-chosen");
	set_end(m, i, m->at[i].end + pages(1));
	finish_lookup(&l, "index-child-chosen");
	expect(l.found && same_entry(&l.e, &m->at[i + 1]));
	expect_found(m, l.addr);
	model_destroy(m);
}

/* A store on a thread of its own: the last entry of a leaf gets another end, and also another value if it is renewed. */
struct store {
	struct model *m;
	size_t i;
	struct index_entry e;
	uint64_t hi;
	struct sync_thread thread;
};

static void store_it(void *arg)
{
	struct store *s = arg;

	model_replace(s->m, s->e.start, s->hi, &s->e, 1);
}

static void expect_finds(const struct model *m, uint64_t addr, const struct index_entry *wanted)
{
	struct index_entry e;

	rcu_read_lock();
	expect(index_find(&m->index, addr, &e) && same_entry(&e, wanted));
	rcu_read_unlock();
}

/* @edge is what the entry gains or loses: until the store's one word every lookup has the old entry, and from then on the new one. */
static void expect_one_word_decides(int64_t pages_more, bool renews)
{
	struct model *m = spaced_out(60);
	size_t i = last_of_a_leaf(m);
	struct index_entry old = m->at[i], next = m->at[i + 1];
	struct store s = { .m = m, .i = i, .e = old };
	uint64_t edge = pages_more > 0 ? old.end : old.end - pages(1);

	s.e.end = old.end + (uint64_t)(pages_more * (int64_t)PAGE_SIZE);
	s.hi = max_u64(old.end, s.e.end);
	if (renews)
		s.e.value = model_value(m);
	syncpoint_arm("index-bound-raised");
	syncpoint_arm("index-stored");
	expect(sync_thread_start(&s.thread, store_it, &s) == 0);
	syncpoint_wait_parked("index-bound-raised");
	expect_finds(m, old.start, &old);
	expect_finds(m, edge, pages_more > 0 ? &next : &old);
	syncpoint_release("index-bound-raised");
	syncpoint_wait_parked("index-stored");
	expect_finds(m, old.start, &s.e);
	expect_finds(m, edge, pages_more > 0 ? &s.e : &next);
	syncpoint_release("index-stored");
	sync_thread_join(&s.thread);
	expect_valid(m);
	model_destroy(m);
}

static void a_store_is_seen_as_a_whole_from_its_one_word_on(void)
{
	expect_one_word_decides(1, false);
	expect_one_word_decides(-1, false);
	expect_one_word_decides(1, true);
	expect_one_word_decides(-1, true);
}

static void lookup_inside_a_subtree_that_is_replaced_sees_all_of_the_old_one(void)
{
	struct model *m = spaced_out(60);
	size_t i = last_of_a_leaf(m);
	struct index_entry old = m->at[i], wide = { m->at[i - 15].start, m->at[i + 20].end, model_value(m) };
	struct lookup l = { .index = &m->index, .find = index_find, .addr = old.start };

	park_lookup(&l, "index-entry-chosen");
	model_replace(m, wide.start, wide.end, &wide, 1);
	finish_lookup(&l, "index-entry-chosen");
	expect(l.found && same_entry(&l.e, &old));
	expect_found(m, l.addr);
	model_destroy(m);
}

static void lookup_below_passes_over_an_entry_that_grows_across_the_address(void)
{
	struct model *m = spaced_out(5);
	struct lookup l = { .index = &m->index, .find = index_find_below, .addr = m->at[2].end };

	park_lookup(&l, "index-below-sought");
	set_end(m, 2, m->at[2].end + pages(1));
	finish_lookup(&l, "index-below-sought");
	expect(l.found && same_entry(&l.e, &m->at[1]));
	model_destroy(m);
}

static void cursor_passes_over_an_entry_made_behind_it_in_the_next_leaf(void)
{
	struct model *m = spaced_out(60);
	size_t i = last_of_a_leaf(m);
	uint64_t start = m->at[i].start;
	struct index_cursor c;
	struct index_entry e;

	rcu_read_lock();
	expect(index_cursor_seek(&c, &m->index, start, &e) && e.start == start);
	model_erase(m, i);
	model_insert(m, start - pages(1), start);
	expect(index_cursor_next(&c, &e) && same_entry(&e, &m->at[i + 1]));
	rcu_read_unlock();
	expect_valid(m);
	model_destroy(m);
}

static void cursor_going_back_passes_over_an_entry_that_grew_past_it(void)
{
	struct model *m = spaced_out(60);
	size_t i = last_of_a_leaf(m);
	struct index_cursor c;
	struct index_entry e;

	rcu_read_lock();
	expect(index_cursor_seek(&c, &m->index, m->at[i + 1].start, &e));
	model_erase(m, i + 1);
	set_end(m, i, e.end + pages(1));
	expect(index_cursor_prev(&c, &e) && same_entry(&e, &m->at[i - 1]));
	rcu_read_unlock();
	expect_valid(m);
	model_destroy(m);
}

static void cursor_in_a_retired_leaf_goes_on_with_the_entries_that_stay(void)
{
	struct model *m = spaced_out(400);
	struct index_cursor c;
	struct index_entry e;

	rcu_read_lock();
	expect(index_cursor_seek(&c, &m->index, m->at[0].start, &e));
	for (uint64_t at = 0; at < 400; at++) {
		expect_eq(e.start, pages(6 * at + 2));
		/* Splits leaves behind the cursor and ahead of it; what stays begins at the third page of each six. */
		model_insert(m, e.start - pages(1), e.start);
		if (at + 20 < 400)
			model_insert(m, e.start + pages(6 * 20 + 2), e.start + pages(6 * 20 + 3));
		while (index_cursor_next(&c, &e) && (e.start >> PAGE_SHIFT) % 6 != 2)
			continue;
	}
	rcu_read_unlock();
	expect_valid(m);
	model_destroy(m);
}

static const struct test_case cases[] = {
	CASE(lookup_whose_entry_shrinks_away_from_it_finds_the_next),
	CASE(lookup_between_two_words_of_an_entry_sees_one_of_its_states),
	CASE(lookup_whose_leaf_loses_its_last_entry_finds_the_first_of_the_next_leaf),
	CASE(lookup_that_has_passed_a_pivot_before_it_rises_misses_only_what_came_later),
	CASE(a_store_is_seen_as_a_whole_from_its_one_word_on),
	CASE(lookup_inside_a_subtree_that_is_replaced_sees_all_of_the_old_one),
	CASE(lookup_below_passes_over_an_entry_that_grows_across_the_address),
	CASE(cursor_passes_over_an_entry_made_behind_it_in_the_next_leaf),
	CASE(cursor_going_back_passes_over_an_entry_that_grew_past_it),
	CASE(cursor_in_a_retired_leaf_goes_on_with_the_entries_that_stay),
};

TEST_MAIN(cases)
