/*
 * concurrent_test.c - readers look up and step while a writer stores
 *
 * The address space has three parts, and the readers know of each what must hold at every moment:
 *   covered   always covered from end to end, by entries whose value tells their range; the writer cuts them into
 *             pieces and joins pieces, over many leaves at times
 *   pinned    every eighth page an entry that never changes; the writer inserts and erases between them
 *   sliding   entries that the writer stretches and shrinks one bound at a time, so that in place one word changes;
 *             an end is at its start's step or one ahead, and a mix of two moments would break that
 */
#include "base/bits.h"
#include "base/random.h"
#include "index/index.h"
#include "index/node.h"
#include "index/search.h"
#include "sync/sync.h"
#include "test.h"

#define pages(n) ((uint64_t)(n) << PAGE_SHIFT)

enum {
	READERS = 2,
	STORES = 40000,
	COVERED = 2048,   /* pages from 0 */
	PINNED = COVERED, /* first page */
	PINS = 64,
	PIN_STRIDE = 8, /* pages */
	SLIDING = PINNED + PINS * PIN_STRIDE,
	SLIDERS = 24,
	SLIDER_STRIDE = 64, /* pages */
	SLIDER_STEPS = 16,
	SLIDER_LENGTH = 20 /* pages: from the start at step 0 to the end at step 0 */
};

struct world {
	struct index index;
	struct random random; /* the writer's */
	uint32_t start_step[SLIDERS], end_step[SLIDERS];
	atomic_u32 stop;
	atomic_u64 lookups, seed;
};

/* A value that tells the range. Never NULL: an end is above 0. */
static void *value_of(uint64_t start, uint64_t end)
{
	return (void *)(uintptr_t)(start << 8 | end >> PAGE_SHIFT);
}

static struct index_entry entry_of(uint64_t start, uint64_t end)
{
	return (struct index_entry){ start, end, value_of(start, end) };
}

static bool tells_its_range(const struct index_entry *e)
{
	return e->value == value_of(e->start, e->end);
}

static uint64_t pin_at(uint64_t i)
{
	return pages(PINNED + PIN_STRIDE * i);
}

static uint64_t slider_base(uint64_t i)
{
	return pages(SLIDING + SLIDER_STRIDE * i + SLIDER_STEPS);
}

/* --- the writer --------------------------------------------------------------------------------------------------- */

static void store(struct world *w, uint64_t lo, uint64_t hi, const struct index_entry *entries, size_t n)
{
	expect(index_reserve(&w->index, 1) == 0);
	index_replace(&w->index, lo, hi, entries, n);
}

/* Cuts the entry at a random place into two or three, or joins it with its followers. */
static void store_covered(struct world *w)
{
	uint64_t at = pages(random_below(&w->random, COVERED));
	struct index_entry e, pieces[3];
	struct index_cursor c;
	uint64_t length, hi, join = random_below(&w->random, 8) ? 2 : 60;

	expect(index_cursor_seek(&c, &w->index, at, &e));
	length = (e.end - e.start) >> PAGE_SHIFT;
	if (length >= 3 && random_below(&w->random, 100) < 53) {
		uint64_t cut = e.start + pages(1 + random_below(&w->random, length - 2));

		pieces[0] = entry_of(e.start, cut);
		pieces[1] = entry_of(cut, cut + pages(1));
		pieces[2] = entry_of(cut + pages(1), e.end);
		store(w, e.start, e.end, pieces, 3);
		return;
	}
	at = e.start;
	for (hi = e.end; join-- > 0 && index_cursor_next(&c, &e) && e.start < pages(COVERED);)
		hi = e.end;
	pieces[0] = entry_of(at, hi);
	store(w, at, hi, pieces, 1);
}

/* Between two pins: everything, or nothing, or something else than before. */
static void store_between_pins(struct world *w)
{
	uint64_t lo = pin_at(random_below(&w->random, PINS - 1)) + pages(1);
	uint64_t hi = lo + pages(PIN_STRIDE - 1), n = random_below(&w->random, 4);
	struct index_entry entries[3];

	for (uint64_t i = 0; i < n; i++)
		entries[i] = entry_of(lo + pages(2 * i), lo + pages(2 * i + 1 + random_below(&w->random, 2)));
	store(w, lo, hi, entries, n);
}

static struct index_entry slider(const struct world *w, uint64_t i)
{
	uint64_t start = slider_base(i) + pages(w->start_step[i]);
	uint64_t end = slider_base(i) + pages(SLIDER_LENGTH + w->end_step[i]);

	return (struct index_entry){ start, end, value_of(i, pages(1)) };
}

/* The bound that lags moves ahead; at the far end both return, the start first so that the rule holds. */
static void store_slider(struct world *w)
{
	uint64_t i = random_below(&w->random, SLIDERS);
	uint64_t base = slider_base(i);
	bool level = w->start_step[i] == w->end_step[i];
	struct index_entry e;

	if (w->end_step[i] == SLIDER_STEPS) {
		w->start_step[i] = w->end_step[i] = 0;
	} else if (level) {
		w->end_step[i]++;
	} else {
		w->start_step[i]++;
	}
	e = slider(w, i);
	store(w, base, base + pages(SLIDER_LENGTH + SLIDER_STEPS), &e, 1);
}

static void fill(struct world *w)
{
	struct index_entry e = entry_of(0, pages(COVERED));

	store(w, e.start, e.end, &e, 1);
	for (uint64_t i = 0; i < PINS; i++) {
		e = entry_of(pin_at(i), pin_at(i) + pages(1));
		store(w, e.start, e.end, &e, 1);
	}
	for (uint64_t i = 0; i < SLIDERS; i++) {
		e = slider(w, i);
		store(w, e.start, e.end, &e, 1);
	}
}

static void write_all(struct world *w)
{
	for (uint32_t i = 0; i < STORES; i++) {
		switch (random_below(&w->random, 3)) {
		case 0:
			store_covered(w);
			break;
		case 1:
			store_between_pins(w);
			break;
		default:
			store_slider(w);
		}
		if (i % 1000 == 0)
			expect(!index_validate(&w->index));
	}
}

/* --- the readers -------------------------------------------------------------------------------------------------- */

static void look_into_covered(struct world *w, struct random *r)
{
	uint64_t at = random_below(r, pages(COVERED));
	struct index_entry e;

	expect(index_find(&w->index, at, &e));
	expect(e.start <= at && at < e.end && tells_its_range(&e));
}

static void look_for_pin(struct world *w, struct random *r)
{
	uint64_t i = random_below(r, PINS), at = pin_at(i), before = at - pages(1 + random_below(r, PIN_STRIDE - 1));
	struct index_entry e;

	expect(index_find(&w->index, at, &e));
	expect(e.start == at && tells_its_range(&e));
	/* From before the pin nothing beyond it is found, nor anything that ended. */
	if (i > 0) {
		expect(index_find(&w->index, before, &e));
		expect(before < e.end && e.start <= at && tells_its_range(&e));
	}
	expect(index_find_below(&w->index, at + pages(1), &e));
	expect(e.start == at && tells_its_range(&e));
}

static void look_for_slider(struct world *w, struct random *r)
{
	uint64_t i = random_below(r, SLIDERS), base = slider_base(i);
	struct index_entry e;
	uint64_t start, end;

	expect(index_find(&w->index, base + pages(SLIDER_LENGTH - 1), &e));
	expect(e.value == value_of(i, pages(1)));
	start = (e.start - base) >> PAGE_SHIFT;
	end = ((e.end - base) >> PAGE_SHIFT) - SLIDER_LENGTH;
	expect(start <= SLIDER_STEPS && (end == start || end == start + 1));
}

static void expect_pin(const struct index_entry *e, uint64_t i)
{
	expect(e->start == pin_at(i) && tells_its_range(e));
}

/* A walk over all pins meets each, in order, whatever comes and goes between them; and back. */
static void step_over_pins(struct world *w)
{
	struct index_entry e, last = { 0 };
	struct index_cursor c;
	uint64_t i = 0;
	bool more = index_cursor_seek(&c, &w->index, pin_at(0), &e);

	for (; more && i < PINS; more = index_cursor_next(&c, &e)) {
		expect(e.start > last.start && e.end > last.end && tells_its_range(&e));
		last = e;
		if (e.start >= pin_at(i))
			expect_pin(&e, i++);
	}
	expect_eq(i, PINS);
	more = index_cursor_seek(&c, &w->index, pin_at(PINS - 1), &e);
	for (; more && i > 0; more = index_cursor_prev(&c, &e)) {
		if (e.start <= pin_at(i - 1))
			expect_pin(&e, --i);
	}
	expect_eq(i, 0);
}

static void read_all(void *arg)
{
	struct world *w = arg;
	struct random r = { atomic_fetch_add_relaxed(&w->seed, 1) };
	uint64_t rounds = 0;

	while (!atomic_load_relaxed(&w->stop)) {
		rcu_read_lock();
		for (int i = 0; i < 8; i++) {
			look_into_covered(w, &r);
			look_for_pin(w, &r);
			look_for_slider(w, &r);
		}
		if (rounds % 16 == 0)
			step_over_pins(w);
		rcu_read_unlock();
		rounds++;
	}
	atomic_fetch_add_relaxed(&w->lookups, rounds * 8 * 5);
}

static void run_world(const struct index_search *search, uint64_t seed)
{
	struct world *w = calloc(1, sizeof(*w));
	struct sync_thread readers[READERS];

	expect(w && index_init(&w->index) == 0);
	if (search)
		w->index.search = search;
	w->random.state = seed;
	atomic_init(&w->seed, 1000 * seed);
	fill(w);
	for (int i = 0; i < READERS; i++)
		expect(sync_thread_start(&readers[i], read_all, w) == 0);
	write_all(w);
	atomic_store_relaxed(&w->stop, 1);
	for (int i = 0; i < READERS; i++)
		sync_thread_join(&readers[i]);
	expect(!index_validate(&w->index));
	printf("  seed %llu, %s: %llu entries, %llu lookups\n", (unsigned long long)seed, w->index.search->name,
	       (unsigned long long)w->index.count, (unsigned long long)atomic_load_relaxed(&w->lookups));
	index_destroy(&w->index);
	free(w);
}

static void readers_see_each_store_whole_while_a_writer_stores(void)
{
	run_world(NULL, 1);
	run_world(&search_portable, 2);
	run_world(NULL, 3);
}

static const struct test_case cases[] = {
	CASE(readers_see_each_store_whole_while_a_writer_stores),
};

TEST_MAIN(cases)
