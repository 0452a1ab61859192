/* Waiting for a write section to end: woken at its end, never asleep beyond it, never for nothing. */
#include "base/clock.h"
#include "base/random.h"
#include "locks/domain.h"
#include "support/aborting.h"
#include "sync/syncpoint.h"
#include "test.h"

#define RANK RANK_MMAP
#define LONG_NS UINT64_C(5000000000)

struct waiting {
	struct domain *domain;
	uint64_t seen, timeout_ns;
	enum section_wait result;
	struct sync_thread thread;
	atomic_u32 done;
};

static struct domain *domain_that_waits(void)
{
	static cache_aligned struct domain domain;

	domain_init(&domain, RANK);
	domain.faults_wait = true;
	return &domain;
}

static void open_section(struct domain *d)
{
	rwsem_write(&d->mmap_lock, RANK);
}

static void end_section(struct domain *d)
{
	domain_write_unlock_all(d);
	rwsem_write_unlock(&d->mmap_lock, RANK);
}

static void wait_run(void *arg)
{
	struct waiting *w = arg;

	w->result = domain_wait_for_section(w->domain, w->seen, w->timeout_ns);
	atomic_store_release(&w->done, 1);
}

static void start_waiting(struct waiting *w, struct domain *d, uint64_t timeout_ns)
{
	*w = (struct waiting){ .domain = d, .seen = atomic_load_acquire(&d->seq), .timeout_ns = timeout_ns };
	expect_eq(sync_thread_start(&w->thread, wait_run, w), 0);
}

/* Others may wait still. */
static enum section_wait end_waiting_beside(struct waiting *w)
{
	sync_thread_join(&w->thread);
	return w->result;
}

static enum section_wait end_waiting(struct waiting *w)
{
	enum section_wait result = end_waiting_beside(w);

	expect_eq(atomic_load_relaxed(&w->domain->waiters), 0);
	return result;
}

static void without_a_writer_nobody_waits(void)
{
	struct domain *d = domain_that_waits();

	expect_eq(domain_wait_for_section(d, atomic_load_acquire(&d->seq), SYNC_FOREVER), SECTION_NO_WRITER);
	open_section(d);
	domain_write_unlock_all(d);
	rwsem_downgrade(&d->mmap_lock, RANK);
	rwsem_downgraded_unlock(&d->mmap_lock, RANK);
	expect_eq(domain_wait_for_section(d, 1, SYNC_FOREVER), SECTION_ENDED);
	domain_destroy(d);
}

/* One who waits for an open section, and stands at @point of it. */
static void park_waiting(struct waiting *w, struct domain *d, const char *point)
{
	open_section(d);
	syncpoint_arm(point);
	start_waiting(w, d, LONG_NS);
	syncpoint_wait_parked(point);
}

/* The section ends while one stands at @point. */
static void expect_end_is_seen_from(const char *point)
{
	struct domain *d = domain_that_waits();
	struct waiting w;

	park_waiting(&w, d, point);
	end_section(d);
	syncpoint_release(point);
	expect_eq(end_waiting(&w), SECTION_ENDED);
	domain_destroy(d);
}

static void the_end_of_the_section_wakes_whoever_sleeps(void)
{
	struct domain *d = domain_that_waits();
	struct waiting w;

	park_waiting(&w, d, "section-wait-sleeps");
	syncpoint_release("section-wait-sleeps");
	sync_sleep_ns(20000000); /* asleep by now, most likely; if not, the test is that of the next case but one */
	expect(!atomic_load_acquire(&w.done));
	end_section(d);
	expect_eq(end_waiting(&w), SECTION_ENDED);
	domain_destroy(d);
}

/* The writer has looked for waiters when this one had just been counted: it must look at the sequence afterwards. */
static void a_section_that_ends_before_the_look_is_not_slept_through(void)
{
	struct domain *d = domain_that_waits();
	struct waiting w;

	park_waiting(&w, d, "section-wait-counted");
	end_section(d);
	open_section(d); /* somebody is writing again, so that only the sequence tells */
	syncpoint_release("section-wait-counted");
	expect_eq(end_waiting(&w), SECTION_ENDED);
	end_section(d);
	domain_destroy(d);
}

static void a_section_that_ends_between_the_look_and_the_sleep_is_not_slept_through(void)
{
	expect_end_is_seen_from("section-wait-sleeps");
}

/* The sequence had not moved, and now nobody writes: that was the end of the section, not a number that has wrapped. */
static void a_section_that_ends_amid_the_look_is_not_taken_for_none(void)
{
	expect_end_is_seen_from("section-looked");
}

/* The same with another writer by then: the word that is slept on was read before the look, so that the sleep does not begin. */
static void a_section_that_ends_amid_the_last_look_is_not_slept_through(void)
{
	struct domain *d = domain_that_waits();
	struct waiting w;

	park_waiting(&w, d, "section-wait-counted");
	syncpoint_arm("section-looked");
	syncpoint_release("section-wait-counted");
	syncpoint_wait_parked("section-looked");
	end_section(d);
	open_section(d);
	syncpoint_release("section-looked");
	expect_eq(end_waiting(&w), SECTION_ENDED);
	end_section(d);
	domain_destroy(d);
}

static void the_end_of_the_section_wakes_everybody(void)
{
	struct domain *d = domain_that_waits();
	struct waiting w[3];

	open_section(d);
	for (int i = 0; i < 3; i++)
		start_waiting(&w[i], d, LONG_NS);
	while (atomic_load_acquire(&d->waiters) < 3)
		sync_yield();
	sync_sleep_ns(20000000); /* asleep by now, most likely */
	end_section(d);
	open_section(d); /* so that nobody finds the lock free */
	for (int i = 0; i < 3; i++)
		expect_eq(end_waiting_beside(&w[i]), SECTION_ENDED);
	expect_eq(atomic_load_relaxed(&d->waiters), 0);
	end_section(d);
	domain_destroy(d);
}

struct writing {
	struct domain *domain;
	struct sync_thread thread;
	atomic_u32 has_opened, may_end;
};

static void write_run(void *arg)
{
	struct writing *w = arg;

	open_section(w->domain);
	atomic_store_release(&w->has_opened, 1);
	while (!atomic_load_acquire(&w->may_end))
		sync_yield();
	end_section(w->domain);
}

/* The writer stands where it has woken all: whoever goes on from there looks at its VMA, and must not find it taken by that section. */
static void whoever_is_woken_finds_the_section_ended(void)
{
	struct domain *d = domain_that_waits();
	struct writing writer = { .domain = d };
	struct waiting w;

	expect_eq(sync_thread_start(&writer.thread, write_run, &writer), 0);
	while (!atomic_load_acquire(&writer.has_opened))
		sync_yield();
	syncpoint_arm("section-wait-sleeps");
	start_waiting(&w, d, LONG_NS);
	syncpoint_wait_parked("section-wait-sleeps");
	syncpoint_arm("section-end-told");
	atomic_store_release(&writer.may_end, 1);
	syncpoint_wait_parked("section-end-told");
	syncpoint_release("section-wait-sleeps");
	expect_eq(end_waiting(&w), SECTION_ENDED);
	expect(atomic_load_acquire(&d->seq) != w.seen);
	syncpoint_release("section-end-told");
	sync_thread_join(&writer.thread);
	domain_destroy(d);
}

/* Of any rank: the writer, or a fault that it waits for, may need it. */
static void wait_with_a_vma_held(void *arg)
{
	struct domain *d = arg;

	held_add(RANK_VMA);
	(void)domain_wait_for_section(d, 0, 0);
}

static void nobody_waits_with_a_lock_held(void)
{
	struct domain *d = domain_that_waits();

	expect(aborts(wait_with_a_vma_held, d));
	domain_destroy(d);
}

static void a_wait_is_over_when_its_time_is(void)
{
	struct domain *d = domain_that_waits();
	struct waiting w;

	open_section(d);
	start_waiting(&w, d, 1000000);
	expect_eq(end_waiting(&w), SECTION_TIMED_OUT);
	end_section(d);
	domain_destroy(d);
}

/*
 * Store buffering: the writer stores the sequence and looks for waiters, the waiter counts itself in and looks at the
 * sequence, as close together as two threads can be brought. Without the writer's fence some round ends in neither
 * seeing the other, on x86 as well. One thread plays all waiters, the other all writers; a round is one section.
 */
enum { ROUNDS = 30000 };

struct litmus {
	struct domain *domain;
	uint64_t seen; /* the sequence of the open section; Guard: handed over by round and waited */
	atomic_u32 round, waited;
};

static void wait_in_each_round(void *arg)
{
	struct litmus *l = arg;

	for (uint32_t n = 1; n <= ROUNDS; n++) {
		while (atomic_load_acquire(&l->round) != n)
			sync_yield();
		expect(domain_wait_for_section(l->domain, l->seen, LONG_NS) != SECTION_TIMED_OUT);
		atomic_store_release(&l->waited, n);
	}
}

static void no_wake_up_is_lost_however_the_two_meet(void)
{
	struct litmus l = { .domain = domain_that_waits() };
	struct random random = { 7 };
	struct sync_thread thread;

	expect_eq(sync_thread_start(&thread, wait_in_each_round, &l), 0);
	for (uint32_t n = 1; n <= ROUNDS; n++) {
		open_section(l.domain);
		l.seen = atomic_load_relaxed(&l.domain->seq);
		atomic_store_release(&l.round, n);
		/* Until it is about to count itself in, or has just done so. */
		if (n % 2)
			while (!atomic_load_relaxed(&l.domain->waiters) && random_below(&random, 2000))
				;
		else
			for (uint64_t i = random_below(&random, 1500); i; i--)
				cpu_relax();
		end_section(l.domain);
		while (atomic_load_acquire(&l.waited) != n)
			sync_yield();
	}
	sync_thread_join(&thread);
	domain_destroy(l.domain);
}

static const struct test_case cases[] = {
	CASE(without_a_writer_nobody_waits),
	CASE(the_end_of_the_section_wakes_whoever_sleeps),
	CASE(a_section_that_ends_before_the_look_is_not_slept_through),
	CASE(a_section_that_ends_between_the_look_and_the_sleep_is_not_slept_through),
	CASE(a_section_that_ends_amid_the_look_is_not_taken_for_none),
	CASE(a_section_that_ends_amid_the_last_look_is_not_slept_through),
	CASE(the_end_of_the_section_wakes_everybody),
	CASE(whoever_is_woken_finds_the_section_ended),
	CASE(nobody_waits_with_a_lock_held),
	CASE(a_wait_is_over_when_its_time_is),
	CASE(no_wake_up_is_lost_however_the_two_meet),
};
TEST_MAIN(cases)
