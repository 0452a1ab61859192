#include "replay/crew.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "replay/worker.h"

#define TICK_NS UINT64_C(10000000) /* between two looks for a cancel */

/* --- the start ----------------------------------------------------------------------------------------------------- */

static int allocate(struct crew *crew)
{
	size_t size = ((size_t)crew->trace->thread_count + 1) * sizeof(*crew->workers);

	crew->workers = alloc_aligned(CACHE_LINE, size);
	if (!crew->workers)
		return -ENOMEM;
	memset(crew->workers, 0, size);
	for (uint32_t t = 0; t < crew->trace->thread_count; t++) {
		crew->workers[t].crew = crew;
		crew->workers[t].thread = t;
	}
	return 0;
}

/* Those who exist from the start; they wait at the line. */
static void start_first(struct crew *crew)
{
	for (uint32_t t = 0; t < crew->trace->thread_count; t++) {
		int err = crew->order->starts_first[t] ? worker_start(crew, t, 0, 0) : 0;

		if (err) {
			crew_stop(crew, err);
			return;
		}
	}
}

static void open_start_line(struct crew *crew)
{
	crew->start_ns = clock_now_ns();
	/* pair [replay-go]: the acquire load in stand_at_start_line(). */
	atomic_store_release(&crew->go, 1);
	sync_wake_u32(&crew->go, UINT32_MAX);
}

/* --- while they run ------------------------------------------------------------------------------------------------ */

static void join_ended(struct crew *crew)
{
	struct worker *w;

	sync_mutex_lock(&crew->lock);
	w = crew->ended_first;
	crew->ended_first = NULL;
	sync_mutex_unlock(&crew->lock);
	for (; w; w = w->next_ended)
		sync_thread_join(&w->native);
}

static void tell_progress(const struct crew *crew, uint64_t *progress)
{
	uint64_t done = 0;

	if (!progress)
		return;
	for (uint32_t t = 0; t < crew->trace->thread_count; t++)
		done += atomic_load_relaxed(&crew->workers[t].progress);
	atomic_store_relaxed((atomic_u64 *)(void *)progress, done);
}

static bool is_cancelled(const uint32_t *cancel)
{
	return cancel && atomic_load_relaxed((const atomic_u32 *)(const void *)cancel);
}

/* Who looked just before the stop may fall asleep just after: so this is done at each tick until all have ended. */
static void wake_everybody(struct crew *crew)
{
	for (uint32_t t = 0; t < crew->trace->thread_count; t++)
		sync_wake_u32(&crew->workers[t].word, UINT32_MAX);
	sync_wake_u32(&crew->stop, UINT32_MAX);
}

/* When as many have ended as were started, nobody is left who could start another. */
static void watch(struct crew *crew, const struct vmalock_replay_options *options)
{
	for (;;) {
		/* pair [replay-ended]: report_end(). First this count, then that of the started. */
		uint32_t ended = atomic_load_acquire(&crew->ended);

		if (is_cancelled(options->cancel))
			crew_stop(crew, VMALOCK_ECANCELED);
		join_ended(crew);
		tell_progress(crew, options->progress);
		if (ended == atomic_load_relaxed(&crew->started))
			return;
		if (atomic_load_relaxed(&crew->stop))
			wake_everybody(crew);
		(void)sync_wait_u32(&crew->ended, ended, TICK_NS);
	}
}

/* --- the end ------------------------------------------------------------------------------------------------------- */

static void sum_up(const struct crew *crew, struct crew_counts *counts)
{
	uint64_t end_ns = crew->start_ns;

	for (uint32_t t = 0; t < crew->trace->thread_count; t++) {
		const struct worker *w = &crew->workers[t];

		end_ns = max_u64(end_ns, w->end_ns);
		counts->cpu_ns += w->cpu_ns;
		counts->faults += w->faults;
		counts->unexpected += w->unexpected;
		counts->unmodelled += w->unmodelled;
	}
	counts->wall_ns = end_ns - crew->start_ns;
}

int crew_run(const struct trace *trace, const struct order *order, struct world *world, struct outcomes *outcomes,
	     const struct vmalock_replay_options *options, struct crew_counts *counts)
{
	struct crew crew = {
		.trace = trace,
		.order = order,
		.world = world,
		.outcomes = outcomes,
		.pace = options->pace,
	};

	*counts = (struct crew_counts){ 0 };
	if (allocate(&crew))
		return -ENOMEM;
	sync_mutex_init(&crew.lock);
	start_first(&crew);
	open_start_line(&crew);
	watch(&crew, options);
	sum_up(&crew, counts);
	sync_mutex_destroy(&crew.lock);
	alloc_free(crew.workers);
	return (int)atomic_load_relaxed(&crew.error);
}
