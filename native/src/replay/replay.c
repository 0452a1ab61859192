/*
 * replay/replay.c - the public calls: load a trace, run it, tell what came of it
 */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "replay/crew.h"
#include "replay/order.h"
#include "replay/outcomes.h"
#include "replay/trace.h"
#include "replay/world.h"

struct vmalock_replay {
	struct trace *trace;
	struct order *order;
	/* Of the last run; the world's spaces are gone, their final maps are kept. */
	struct world *world;
	char **differences;
	uint32_t difference_count;
	struct vmalock_replay_report report;
};

/* --- loading ------------------------------------------------------------------------------------------------------- */

/* The mappings are in order and the spaces made once, so that only memory can be wanting: but who knows. */
static int find_order(struct vmalock_replay *replay, char *message)
{
	int err = order_create(replay->trace, &replay->order);

	if (!err || err == -ENOMEM)
		return err;
	return trace_refuse(message, "a space of the trace cannot be made (error %d)", err);
}

int vmalock_replay_load(const void *data, size_t size, char *message, vmalock_replay **out)
{
	char unread[TRACE_MESSAGE_SIZE];
	struct vmalock_replay *replay = alloc_zeroed(sizeof(*replay));
	int err;

	if (!replay)
		return -ENOMEM;
	if (!message)
		message = unread;
	err = trace_open(data, size, message, &replay->trace);
	if (!err)
		err = find_order(replay, message);
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
	if (replay->order)
		order_destroy(replay->order);
	if (replay->trace)
		trace_close(replay->trace);
	alloc_free(replay);
}

/* --- running ------------------------------------------------------------------------------------------------------- */

static int make_world(struct vmalock_replay *replay, const struct vmalock_replay_options *options)
{
	struct vmalock_options space_options;

	if (options->pace > VMALOCK_PACE_RECORDED)
		return -EINVAL;
	vmalock_options_init(&space_options);
	if (options->policy)
		space_options.policy = options->policy;
	space_options.faults = options->faults;
	space_options.backing = options->backing;
	space_options.thp = VMALOCK_THP_NEVER; /* a recording does not tell what its kernel had free */
	space_options.forbids_zero_page = replay->order->forbids_zero_page;
	if (options->frames)
		space_options.frames = options->frames;
	return world_create(replay->trace, &space_options, &replay->world);
}

/* A trace without a space to begin with would not notice a policy that does not exist. */
static int check_policy(const char *name)
{
	for (uint32_t n = 0; name && vmalock_policy_name(n); n++) {
		if (strcmp(name, vmalock_policy_name(n)) == 0)
			return 0;
	}
	return name ? -EINVAL : 0;
}

static int write_report(struct vmalock_replay *replay, const struct crew_counts *counts, struct outcomes *outcomes)
{
	const struct trace *trace = replay->trace;
	struct vmalock_replay_report *r = &replay->report;

	for (uint32_t i = 0; i < trace->space_count; i++)
		world_drop(replay->world, i);
	*r = (struct vmalock_replay_report){
		.events = trace->event_count,
		.threads = trace->thread_count,
		.spaces = trace->space_count,
		.dependencies = replay->order->wait_count,
		.forbids_zero_page = replay->order->forbids_zero_page,
		.wall_ns = counts->wall_ns,
		.cpu_ns = counts->cpu_ns,
		.faults = counts->faults,
		.unexpected = counts->unexpected,
		.unmodelled = counts->unmodelled,
		.stats = replay->world->totals.stats,
	};
	totals_summarise(&replay->world->totals, &r->mmap_lock_read, &r->mmap_lock_write);
	replay->differences = outcomes_texts(outcomes, trace);
	if (!replay->differences)
		return -ENOMEM;
	replay->difference_count = outcomes->kept;
	return 0;
}

static int run_crew(struct vmalock_replay *replay, const struct vmalock_replay_options *options,
		    struct outcomes *outcomes)
{
	struct crew_counts counts;
	int err = crew_run(replay->trace, replay->order, replay->world, outcomes, options, &counts);
	int report_err = write_report(replay, &counts, outcomes);

	return err ? err : report_err;
}

int vmalock_replay_run(vmalock_replay *replay, const struct vmalock_replay_options *options)
{
	struct outcomes *outcomes;
	int err;

	forget_last_run(replay);
	err = check_policy(options->policy);
	if (!err)
		err = make_world(replay, options);
	if (err)
		return err;
	outcomes = alloc_bytes(sizeof(*outcomes));
	if (!outcomes)
		return -ENOMEM;
	outcomes_init(outcomes);
	err = run_crew(replay, options, outcomes);
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
