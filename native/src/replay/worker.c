#include "replay/worker.h"

#include <errno.h>

#include "base/clock.h"
#include "replay/step.h"

#define SPINS 200                            /* looks before a sleep: less than a wake-up costs */
#define SLEEP_AT_MOST_NS UINT64_C(100000000) /* between two looks at whether to stop */
#define EARLY_NS UINT64_C(60000)             /* a sleep ends late by about that */

/* --- stopping ------------------------------------------------------------------------------------------------------ */

void crew_stop(struct crew *crew, int error)
{
	uint32_t none = 0;

	(void)atomic_cas_acq_rel(&crew->error, &none, (uint32_t)error);
	atomic_store_release(&crew->stop, 1);
	sync_wake_u32(&crew->stop, UINT32_MAX);
}

static bool is_stopped(struct crew *crew)
{
	return atomic_load_relaxed(&crew->stop);
}

/* --- waiting ------------------------------------------------------------------------------------------------------- */

/*
 * pair [replay-done]: the exchange in publish(). What the other thread did in its event, and what it had waited for, is
 * seen by the event that comes after it; spaces are handed from thread to thread so (world.h).
 */
static bool has_come_to(struct worker *w, uint32_t done, uint32_t *word)
{
	*word = atomic_load_acquire(&w->word);
	return *word >> 1 >= done;
}

/* False: the crew stops. Whoever stops it wakes everybody, again and again, until they have left. */
static bool wait_for(struct crew *crew, struct moment m)
{
	struct worker *w = &crew->workers[m.thread];
	uint32_t word;

	for (uint32_t i = 0; i < SPINS; i++) {
		if (has_come_to(w, m.done, &word))
			return true;
		cpu_relax();
	}
	while (!has_come_to(w, m.done, &word)) {
		if (is_stopped(crew))
			return false;
		if (!(word & 1) && !atomic_cas_acquire(&w->word, &word, word | 1))
			continue;
		(void)sync_wait_u32(&w->word, word | 1, SYNC_FOREVER);
	}
	return true;
}

static bool wait_for_others(struct crew *crew, uint32_t event)
{
	const struct order *o = crew->order;

	for (uint32_t i = o->first_wait[event]; i < o->first_wait[event + 1]; i++) {
		if (!wait_for(crew, o->waits[i]))
			return false;
	}
	return true;
}

/*
 * pair [replay-done]: the acquire load in has_come_to().
 * without it: a thread works in a space before the fork that makes it, or after the exit that drops it.
 */
static void publish(struct worker *w, uint32_t done)
{
	if (atomic_exchange_acq_rel(&w->word, done << 1) & 1)
		sync_wake_u32(&w->word, UINT32_MAX);
}

/* --- pace ---------------------------------------------------------------------------------------------------------- */

static void sleep_until(struct crew *crew, uint64_t when_ns)
{
	uint64_t now = clock_now_ns();

	while (now < when_ns && !is_stopped(crew)) {
		uint64_t left = when_ns - now;

		if (left > 2 * EARLY_NS)
			(void)sync_wait_u32(&crew->stop, 0, min_u64(left - EARLY_NS, SLEEP_AT_MOST_NS));
		else
			sync_yield();
		now = clock_now_ns();
	}
}

/* An event begins no earlier after its predecessor than in the recording. */
static void keep_pace(struct worker *w, const struct vmalock_trace_event *e)
{
	uint64_t gap = e->time_ns > w->last_recorded_ns ? e->time_ns - w->last_recorded_ns : 0;

	if (gap < UINT64_MAX - w->last_start_ns)
		sleep_until(w->crew, w->last_start_ns + gap);
}

/* --- a thread's life ----------------------------------------------------------------------------------------------- */

static bool bear(struct crew *crew, const struct worker *parent, uint32_t event)
{
	const struct birth *births;
	uint32_t count = order_births_at(crew->order, event, &births);

	for (uint32_t i = 0; i < count; i++) {
		int err = worker_start(crew, births[i].thread, parent->last_start_ns, parent->last_recorded_ns);

		if (err) {
			crew_stop(crew, err);
			return false;
		}
	}
	return true;
}

static bool run_event(struct worker *w, uint32_t event)
{
	struct crew *crew = w->crew;
	const struct vmalock_trace_event *e = &crew->trace->events[event];
	struct step step;

	if (crew->pace == VMALOCK_PACE_RECORDED)
		keep_pace(w, e);
	if (!wait_for_others(crew, event) || is_stopped(crew))
		return false;
	if (crew->pace == VMALOCK_PACE_RECORDED)
		w->last_start_ns = clock_now_ns();
	w->last_recorded_ns = e->time_ns;
	step = step_run(crew->world, event);
	if (step.broken_off) {
		crew_stop(crew, step.broken_off);
		return false;
	}
	w->faults += e->op == VMALOCK_TRACE_FAULT;
	w->unmodelled += e->op == VMALOCK_TRACE_UNMODELLED;
	if (!step.as_recorded) {
		w->unexpected++;
		outcomes_note(crew->outcomes, event, step.value);
	}
	return true;
}

static void run_events(struct worker *w)
{
	const struct order *o = w->crew->order;
	uint32_t first = o->first[w->thread], count = o->first[w->thread + 1] - first;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t event = o->stream[first + i];

		if (!run_event(w, event))
			return;
		if ((o->marks[event] & ORDER_BEARS) && !bear(w->crew, w, event))
			return;
		if (o->marks[event] & ORDER_AWAITED)
			publish(w, i + 1);
		atomic_store_relaxed(&w->progress, i + 1);
	}
}

static void stand_at_start_line(struct crew *crew)
{
	/* pair [replay-go]: the release store in open_start_line(). start_ns was written before it. */
	while (!atomic_load_acquire(&crew->go))
		(void)sync_wait_u32(&crew->go, 0, SYNC_FOREVER);
}

static void report_end(struct worker *w)
{
	struct crew *crew = w->crew;

	sync_mutex_lock(&crew->lock);
	w->next_ended = crew->ended_first;
	crew->ended_first = w;
	sync_mutex_unlock(&crew->lock);
	/* pair [replay-ended]: the acquire load in watch(): what this thread started was counted before. */
	(void)atomic_fetch_add_acq_rel(&crew->ended, 1);
	sync_wake_u32(&crew->ended, 1);
}

static void worker_run(void *arg)
{
	struct worker *w = arg;
	uint64_t cpu;

	stand_at_start_line(w->crew);
	if (!w->last_start_ns)
		w->last_start_ns = w->crew->start_ns;
	cpu = clock_thread_cpu_ns();
	run_events(w);
	w->cpu_ns = clock_thread_cpu_ns() - cpu;
	w->end_ns = clock_now_ns();
	report_end(w);
}

int worker_start(struct crew *crew, uint32_t thread, uint64_t start_ns, uint64_t recorded_ns)
{
	struct worker *w = &crew->workers[thread];

	w->last_start_ns = start_ns;
	w->last_recorded_ns = recorded_ns;
	(void)atomic_fetch_add_relaxed(&crew->started, 1);
	if (sync_thread_start(&w->native, worker_run, w) == 0)
		return 0;
	(void)atomic_fetch_sub_relaxed(&crew->started, 1);
	return -EAGAIN;
}
