/*
 * replay/replay.c - the public calls: load a trace, run it, tell what came of it
 */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "replay/outcomes.h"
#include "replay/step.h"
#include "replay/trace.h"
#include "replay/world.h"

struct vmalock_replay {
	struct trace *trace;
	/* Of the last run; the world's spaces are gone, their final maps are kept. */
	struct world *world;
	char **differences;
	uint32_t difference_count;
	struct vmalock_replay_report report;
};

/* --- loading ------------------------------------------------------------------------------------------------------- */

int vmalock_replay_load(const void *data, size_t size, char *message, vmalock_replay **out)
{
	char unread[TRACE_MESSAGE_SIZE];
	struct vmalock_replay *replay = alloc_zeroed(sizeof(*replay));
	int err;

	if (!replay)
		return -ENOMEM;
	err = trace_open(data, size, message ? message : unread, &replay->trace);
	if (err)
		vmalock_replay_free(replay);
	else
		*out = replay;
	return err;
}

static void forget_last_run(struct vmalock_replay *replay)
{
	if (replay->world)
		world_destroy(replay->world);
	alloc_free(replay->differences);
	replay->world = NULL;
	replay->differences = NULL;
	replay->difference_count = 0;
	memset(&replay->report, 0, sizeof(replay->report));
}

void vmalock_replay_free(vmalock_replay *replay)
{
	if (!replay)
		return;
	forget_last_run(replay);
	if (replay->trace)
		trace_close(replay->trace);
	alloc_free(replay);
}

/* --- running ------------------------------------------------------------------------------------------------------- */

static int run_all(struct vmalock_replay *replay, const struct vmalock_replay_options *options,
		   struct outcomes *outcomes)
{
	const struct trace *trace = replay->trace;
	struct vmalock_replay_report *report = &replay->report;

	for (uint32_t i = 0; i < trace->event_count; i++) {
		struct step step = step_run(replay->world, i);

		if (step.broken_off)
			return step.broken_off;
		if (options->cancel && __atomic_load_n(options->cancel, __ATOMIC_RELAXED))
			return VMALOCK_ECANCELED;
		report->faults += trace->events[i].op == VMALOCK_TRACE_FAULT;
		report->unmodelled += trace->events[i].op == VMALOCK_TRACE_UNMODELLED;
		report->unexpected += !step.as_recorded;
		if (!step.as_recorded)
			outcomes_note(outcomes, i, step.value);
	}
	return 0;
}

int vmalock_replay_run(vmalock_replay *replay, const struct vmalock_replay_options *options)
{
	struct vmalock_options space_options;
	struct outcomes *outcomes;
	uint64_t start, cpu;
	int err;

	forget_last_run(replay);
	vmalock_options_init(&space_options);
	space_options.policy = options->policy;
	space_options.faults = options->faults;
	space_options.backing = options->backing;
	if (options->frames)
		space_options.frames = options->frames;
	err = world_create(replay->trace, &space_options, &replay->world);
	if (err)
		return err;
	outcomes = alloc_bytes(sizeof(*outcomes));
	if (!outcomes)
		return -ENOMEM;
	outcomes_init(outcomes);
	start = clock_now_ns();
	cpu = clock_thread_cpu_ns();
	err = run_all(replay, options, outcomes);
	replay->report.wall_ns = clock_now_ns() - start;
	replay->report.cpu_ns = clock_thread_cpu_ns() - cpu;
	replay->report.events = replay->trace->event_count;
	replay->report.threads = replay->trace->thread_count;
	replay->report.spaces = replay->trace->space_count;
	for (uint32_t i = 0; i < replay->trace->space_count; i++)
		world_drop(replay->world, i);
	replay->report.stats = replay->world->totals.stats;
	totals_summarise(&replay->world->totals, &replay->report.mmap_lock_read, &replay->report.mmap_lock_write);
	replay->difference_count = outcomes->kept;
	replay->differences = outcomes_texts(outcomes, replay->trace);
	outcomes_destroy(outcomes);
	alloc_free(outcomes);
	return err;
}

/* --- looking ------------------------------------------------------------------------------------------------------- */

void vmalock_replay_get_report(const vmalock_replay *replay, struct vmalock_replay_report *out)
{
	*out = replay->report;
}

const char *vmalock_replay_difference(const vmalock_replay *replay, uint64_t n)
{
	return n < replay->difference_count ? replay->differences[n] : NULL;
}

const char *vmalock_replay_final_maps(const vmalock_replay *replay, uint32_t space)
{
	if (!replay->world || space >= replay->trace->space_count)
		return NULL;
	return replay->world->spaces[space].final_maps;
}
