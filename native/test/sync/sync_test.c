/*
 * sync_test.c - threads, waiting, numbers of threads, and read sections that outlive their objects
 */
#include "sync/sync.h"

#include "base/alloc.h"
#include "base/bits.h"
#include "base/check.h"
#include "sync/rcu.h"
#include "sync/thread_slots.h"
#include "test.h"

enum { THREADS = 4, ROUNDS = 20000 };

struct shared {
	struct sync_mutex mutex;
	struct sync_rwlock rwlock;
	uint64_t plain; /* Guard: mutex or rwlock. */
	atomic_u32 word;
	atomic_u64 indexes;
};

static void add_under_mutex(void *arg)
{
	struct shared *s = arg;

	for (int i = 0; i < ROUNDS; i++) {
		sync_mutex_lock(&s->mutex);
		s->plain++;
		sync_mutex_unlock(&s->mutex);
	}
}

static void add_under_rwlock(void *arg)
{
	struct shared *s = arg;

	for (int i = 0; i < ROUNDS; i++) {
		sync_rwlock_write(&s->rwlock);
		s->plain++;
		sync_rwlock_unlock(&s->rwlock);
		if (sync_rwlock_try_read(&s->rwlock))
			sync_rwlock_unlock(&s->rwlock);
	}
}

static void run_threads(void (*run)(void *), void *arg)
{
	struct sync_thread threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		expect(sync_thread_start(&threads[i], run, arg) == 0);
	for (int i = 0; i < THREADS; i++)
		sync_thread_join(&threads[i]);
}

static void locks_let_one_writer_in_at_a_time(void)
{
	struct shared s = { 0 };

	sync_mutex_init(&s.mutex);
	sync_rwlock_init(&s.rwlock);
	run_threads(add_under_mutex, &s);
	expect_eq(s.plain, THREADS * ROUNDS);
	run_threads(add_under_rwlock, &s);
	expect_eq(s.plain, 2 * THREADS * ROUNDS);
	sync_rwlock_destroy(&s.rwlock);
	sync_mutex_destroy(&s.mutex);
}

static void wait_for_one(void *arg)
{
	struct shared *s = arg;

	while (atomic_load_acquire(&s->word) == 0)
		sync_wait_u32(&s->word, 0, SYNC_FOREVER);
}

static void a_waiter_wakes_when_the_word_changes(void)
{
	struct shared s = { 0 };
	struct sync_thread t;

	expect(sync_thread_start(&t, wait_for_one, &s) == 0);
	atomic_store_release(&s.word, 1);
	sync_wake_u32(&s.word, 1);
	sync_thread_join(&t);
	expect(!sync_wait_u32(&s.word, 1, 1000));
	expect(sync_wait_u32(&s.word, 0, SYNC_FOREVER));
}

static void note_index(void *arg)
{
	struct shared *s = arg;
	uint32_t index = sync_thread_index();

	expect(index < THREAD_SLOTS);
	expect_eq(atomic_fetch_or_acq_rel(&s->indexes, UINT64_C(1) << index) & (UINT64_C(1) << index), 0);
	atomic_fetch_add_acq_rel(&s->word, 1);
	while (atomic_load_acquire(&s->word) < THREADS)
		sync_yield();
}

static void live_threads_have_different_numbers_and_ended_ones_give_them_back(void)
{
	for (int round = 0; round < 40; round++) {
		struct shared s = { 0 };

		run_threads(note_index, &s);
		expect(s.indexes.v >> (2 * THREADS) == 0);
	}
}

struct object {
	struct rcu_node rcu;
	uint64_t a, b;
};

static void free_object(struct rcu_node *node)
{
	struct object *o = container_of(node, struct object, rcu);

	o->a = o->b = 0xdead;
	alloc_free(o);
}

struct published {
	ATOMIC_PTR(struct object) current;
	atomic_u32 stop;
};

static void read_published(void *arg)
{
	struct published *p = arg;

	while (!atomic_load_relaxed(&p->stop)) {
		struct object *o;

		rcu_read_lock();
		check(rcu_read_held());
		o = rcu_deref(&p->current);
		expect(o->b == o->a + 1 && o->a != 0xdead);
		rcu_read_unlock();
	}
}

static struct object *make_object(uint64_t a)
{
	struct object *o = alloc_bytes(sizeof(*o));

	expect(o);
	o->a = a;
	o->b = a + 1;
	return o;
}

static void a_reader_never_sees_a_freed_or_half_made_object(void)
{
	struct published p = { .current = { make_object(1) } };
	struct sync_thread readers[2];
	struct rcu_batch batch;
	int64_t live = alloc_live();

	rcu_batch_init(&batch, free_object);
	for (int i = 0; i < 2; i++)
		expect(sync_thread_start(&readers[i], read_published, &p) == 0);
	for (uint64_t n = 2; n < ROUNDS; n++) {
		struct object *old = atomic_plain(&p.current);

		rcu_publish(&p.current, make_object(n));
		rcu_batch_add(&batch, &old->rcu);
	}
	atomic_store_relaxed(&p.stop, 1);
	for (int i = 0; i < 2; i++)
		sync_thread_join(&readers[i]);
	rcu_batch_flush(&batch);
	rcu_wait_for_batches();
	expect(alloc_live() == live);
	alloc_free(atomic_plain(&p.current));
}

/* One object, and a reader that stays in its section until it is told to leave. */
struct stay {
	atomic_u32 inside, leave;
};

static atomic_u32 given_back;

static void count_given_back(struct rcu_node *node)
{
	(void)atomic_fetch_add_acq_rel(&given_back, 1);
	alloc_free(container_of(node, struct object, rcu));
}

static void stay_inside(void *arg)
{
	struct stay *s = arg;

	rcu_read_lock();
	atomic_store_release(&s->inside, 1);
	while (!atomic_load_acquire(&s->leave))
		sync_yield();
	rcu_read_unlock();
}

static void nothing_is_freed_before_the_reader_that_may_have_seen_it_has_left(void)
{
	struct stay s = { 0 };
	struct sync_thread reader;
	struct rcu_batch batch;

	rcu_batch_init(&batch, count_given_back);
	expect(sync_thread_start(&reader, stay_inside, &s) == 0);
	while (!atomic_load_acquire(&s.inside))
		sync_yield();
	for (uint64_t n = 0; n < RCU_BATCH; n++)
		rcu_batch_add(&batch, &make_object(n)->rcu);
	expect_eq(batch.count, 0); /* full: it has asked */
	sync_sleep_ns(100000000);  /* nothing must happen meanwhile: nothing to wait for but time */
	expect_eq(atomic_load_acquire(&given_back), 0);
	atomic_store_release(&s.leave, 1);
	sync_thread_join(&reader);
	rcu_wait_for_batches();
	expect_eq(atomic_load_acquire(&given_back), RCU_BATCH);
}

/* One grace period for many, and none for few. */
static void a_batch_asks_when_it_is_full_and_not_before(void)
{
	struct rcu_batch batch;

	atomic_store_relaxed(&given_back, 0);
	rcu_batch_init(&batch, count_given_back);
	for (uint64_t n = 1; n < RCU_BATCH; n++) {
		rcu_batch_add(&batch, &make_object(n)->rcu);
		expect_eq(batch.count, n);
	}
	rcu_wait_for_batches();
	expect_eq(atomic_load_acquire(&given_back), 0);
	rcu_batch_add(&batch, &make_object(RCU_BATCH)->rcu);
	expect_eq(batch.count, 0);
	rcu_wait_for_batches();
	expect_eq(atomic_load_acquire(&given_back), RCU_BATCH);
}

static void a_batch_that_cannot_ask_for_a_grace_period_keeps_its_objects(void)
{
	struct rcu_batch batch;
	int64_t live = alloc_live();

	rcu_batch_init(&batch, free_object);
	rcu_batch_add(&batch, &make_object(1)->rcu);
	alloc_fail_after(1);
	rcu_batch_flush(&batch);
	expect(alloc_failure_happened());
	expect_eq(batch.count, 1);
	rcu_batch_drain(&batch);
	expect(alloc_live() == live);
}

static const struct test_case cases[] = {
	CASE(locks_let_one_writer_in_at_a_time),
	CASE(a_waiter_wakes_when_the_word_changes),
	CASE(live_threads_have_different_numbers_and_ended_ones_give_them_back),
	CASE(a_reader_never_sees_a_freed_or_half_made_object),
	CASE(nothing_is_freed_before_the_reader_that_may_have_seen_it_has_left),
	CASE(a_batch_asks_when_it_is_full_and_not_before),
	CASE(a_batch_that_cannot_ask_for_a_grace_period_keeps_its_objects),
};

TEST_MAIN(cases)
