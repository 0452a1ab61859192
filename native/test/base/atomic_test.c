/*
 * What each name in base/atomic.h promises: the value it leaves and returns, for each width, and the order it gives,
 * by the shapes that memory models are tested with. Whichever back end this build has is the one that runs here; the
 * instructions of both are read by test/unit/native/fences.spec.ts.
 */
#include "base/atomic.h"

#include "base/alloc.h"
#include "base/bits.h"
#include "base/cpu.h"
#include "sync/sync.h"
#include "test.h"

#define ROUNDS 20000
#define HIGH (UINT64_C(1) << 40)

static void loads_and_stores_move_whole_words(void)
{
	atomic_u32 narrow = { 0 };
	atomic_u64 wide = { 0 };
	ATOMIC_PTR(int) pointer = { NULL };
	int target;

	atomic_store_relaxed(&narrow, 0xfedcba98u);
	expect_eq(atomic_load_acquire(&narrow), 0xfedcba98u);
	atomic_store_release(&narrow, 7);
	expect_eq(atomic_load_relaxed(&narrow), 7);
	atomic_store_release(&wide, UINT64_C(0xfedcba9876543210));
	expect_eq(atomic_load_acquire(&wide), UINT64_C(0xfedcba9876543210));
	atomic_store_release(&pointer, &target);
	expect(atomic_load_acquire(&pointer) == &target);
}

static void updates_return_what_was_there_before(void)
{
	atomic_u32 narrow = { UINT32_MAX };
	atomic_u64 wide = { HIGH };

	expect_eq(atomic_fetch_add_relaxed(&narrow, 2), UINT32_MAX);
	expect_eq(atomic_fetch_add_acquire(&narrow, 1), 1);
	expect_eq(atomic_fetch_add_acq_rel(&narrow, 1), 2);
	expect_eq(atomic_fetch_sub_relaxed(&narrow, 1), 3);
	expect_eq(atomic_fetch_sub_release(&narrow, 1), 2);
	expect_eq(atomic_fetch_sub_acq_rel(&narrow, 1), 1);
	expect_eq(atomic_fetch_or_acq_rel(&wide, 1), HIGH);
	expect_eq(atomic_exchange_acq_rel(&wide, 5), HIGH + 1);
	expect_eq(atomic_load_relaxed(&wide), 5);
	expect_eq(atomic_load_relaxed(&narrow), 0);
}

static void a_compare_and_swap_that_fails_tells_what_it_saw(void)
{
	atomic_u64 word = { HIGH };
	uint64_t expected = HIGH;

	expect(atomic_cas_acquire(&word, &expected, 2));
	expect(!atomic_cas_acquire(&word, &expected, 3));
	expect_eq(expected, 2);
	expect(atomic_cas_release(&word, &expected, 4));
	expect(!atomic_cas_release(&word, &expected, 5));
	expect_eq(expected, 4);
	expect(atomic_cas_acq_rel(&word, &expected, HIGH));
	expect_eq(atomic_load_relaxed(&word), HIGH);
}

/* --- two threads, cell by cell -------------------------------------------------------------------------------------- */

/*
 * Both threads run through the same cells at their own pace, from a start line, so that now and then they meet in one.
 * What each saw is judged when both are through.
 */
#define CELLS 2000
#define BATCHES 200

struct cell {
	cache_aligned atomic_u64 x;
	cache_aligned atomic_u64 y;
	uint64_t first_saw;   /* Guard: run_shape() reads it after the join of a batch */
	uint64_t partner_saw; /* as above */
};

struct shape {
	struct cell *cells;
	void (*partner)(struct cell *cell);
	cache_aligned atomic_u32 ready; /* threads at the start line, all batches together */
	cache_aligned atomic_u32 done;  /* batches the partner has finished */
};

static void start_line(struct shape *s, uint32_t batch)
{
	atomic_fetch_add_acq_rel(&s->ready, 1);
	while (atomic_load_acquire(&s->ready) < 2 * batch)
		cpu_relax();
}

static void run_partner(void *arg)
{
	struct shape *s = arg;

	for (uint32_t batch = 1; batch <= BATCHES; batch++) {
		start_line(s, batch);
		for (int i = 0; i < CELLS; i++)
			s->partner(&s->cells[i]);
		atomic_store_release(&s->done, batch);
	}
}

static void run_shape(void (*first)(struct cell *cell), void (*partner)(struct cell *cell),
		      bool (*allowed)(const struct cell *cell))
{
	struct shape s = { .cells = alloc_aligned(CACHE_LINE, CELLS * sizeof(struct cell)), .partner = partner };
	struct sync_thread thread;

	expect(s.cells);
	memset(s.cells, 0, CELLS * sizeof(struct cell));
	expect_eq(sync_thread_start(&thread, run_partner, &s), 0);
	for (uint32_t batch = 1; batch <= BATCHES; batch++) {
		start_line(&s, batch);
		for (int i = 0; i < CELLS; i++)
			first(&s.cells[i]);
		while (atomic_load_acquire(&s.done) != batch)
			sync_yield();
		for (int i = 0; i < CELLS; i++)
			expect(allowed(&s.cells[i]));
		memset(s.cells, 0, CELLS * sizeof(struct cell));
	}
	sync_thread_join(&thread);
	alloc_free(s.cells);
}

static void write_message(struct cell *cell)
{
	atomic_store_relaxed(&cell->x, 1);
	atomic_store_release(&cell->y, 1);
}

static void read_message(struct cell *cell)
{
	uint64_t flag = atomic_load_acquire(&cell->y);

	cell->partner_saw = flag && !atomic_load_relaxed(&cell->x);
}

static bool message_was_whole(const struct cell *cell)
{
	return !cell->partner_saw;
}

/* MP: whoever sees the flag sees the message. */
static void a_release_store_brings_along_what_was_written_before_it(void)
{
	run_shape(write_message, read_message, message_was_whole);
}

static void store_then_look(struct cell *cell)
{
	atomic_store_relaxed(&cell->x, 1);
	atomic_fence_full();
	cell->first_saw = atomic_load_relaxed(&cell->y);
}

static void store_then_look_back(struct cell *cell)
{
	atomic_store_relaxed(&cell->y, 1);
	atomic_fence_full();
	cell->partner_saw = atomic_load_relaxed(&cell->x);
}

static bool somebody_saw(const struct cell *cell)
{
	return cell->first_saw || cell->partner_saw;
}

/* SB: with store-to-load order at least one of the two sees the other's store. */
static void a_full_fence_keeps_a_store_before_a_later_load(void)
{
	run_shape(store_then_look, store_then_look_back, somebody_saw);
}

/* --- updates under contention -------------------------------------------------------------------------------------- */

struct contended {
	atomic_u64 sum;
	atomic_u32 lock; /* 0 free */
	uint64_t plain;  /* Guard: lock */
};

static void count_up(void *arg)
{
	struct contended *c = arg;

	for (int i = 0; i < ROUNDS; i++) {
		uint32_t open = 0;

		atomic_fetch_add_relaxed(&c->sum, HIGH + 1);
		while (!atomic_cas_acquire(&c->lock, &open, 1)) {
			open = 0;
			sync_yield();
		}
		c->plain++;
		atomic_store_release(&c->lock, 0);
	}
}

static void no_update_is_lost_and_a_lock_made_of_two_orders_excludes(void)
{
	struct contended c = { 0 };
	struct sync_thread threads[3];

	for (size_t i = 0; i < array_size(threads); i++)
		expect_eq(sync_thread_start(&threads[i], count_up, &c), 0);
	for (size_t i = 0; i < array_size(threads); i++)
		sync_thread_join(&threads[i]);
	expect_eq(atomic_load_relaxed(&c.sum), array_size(threads) * ROUNDS * (HIGH + 1));
	expect_eq(c.plain, array_size(threads) * ROUNDS);
}

static const struct test_case cases[] = {
	CASE(loads_and_stores_move_whole_words),
	CASE(updates_return_what_was_there_before),
	CASE(a_compare_and_swap_that_fails_tells_what_it_saw),
	CASE(a_release_store_brings_along_what_was_written_before_it),
	CASE(a_full_fence_keeps_a_store_before_a_later_load),
	CASE(no_update_is_lost_and_a_lock_made_of_two_orders_excludes),
};

TEST_MAIN(cases)
