/*
 * replay/trace_events.c - is each event possible, where it stands?
 *
 * Three passes: each event by itself; who makes which space and bears which thread; then the events in their order,
 * with the lives of threads and spaces.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>

#include "base/alloc.h"
#include "replay/trace.h"

#define MAX_ERRNO 4095 /* as Linux's */

#define EVENT "event %" PRIu32 " (line %" PRIu32 "): "
#define EVENT_ARGS(trace, i) (i), (trace)->events[i].line

/* --- each by itself ------------------------------------------------------------------------------------------------ */

static bool is_signal(int64_t result)
{
	return result == VMALOCK_SIGSEGV_MAPERR || result == VMALOCK_SIGSEGV_ACCERR || result == VMALOCK_SIGBUS;
}

static int check_operands(const struct trace *trace, uint32_t i, char *message)
{
	const struct vmalock_trace_event *e = &trace->events[i];
	bool unknown = e->flags & VMALOCK_TRACE_RESULT_UNKNOWN;

	switch (e->op) {
	case VMALOCK_TRACE_MAP:
	case VMALOCK_TRACE_SHMAT:
	case VMALOCK_TRACE_SHMDT:
		if (e->file != VMALOCK_TRACE_NONE && e->file >= trace->file_count)
			return trace_refuse(message, EVENT "there is no file %" PRIu32, EVENT_ARGS(trace, i), e->file);
		return 0;
	case VMALOCK_TRACE_FORK:
	case VMALOCK_TRACE_EXEC:
		if (e->aux >= trace->space_count)
			return trace_refuse(message, EVENT "there is no space %" PRIu32, EVENT_ARGS(trace, i), e->aux);
		return 0;
	case VMALOCK_TRACE_THREAD:
		if (e->aux >= trace->thread_count)
			return trace_refuse(message, EVENT "there is no thread %" PRIu32, EVENT_ARGS(trace, i), e->aux);
		return 0;
	case VMALOCK_TRACE_FAULT:
		if (e->result && !unknown && !is_signal(e->result))
			return trace_refuse(message, EVENT "a fault cannot end in %" PRId64, EVENT_ARGS(trace, i),
					    e->result);
		return 0;
	default:
		return 0;
	}
}

static int check_one(const struct trace *trace, uint32_t i, char *message)
{
	const struct vmalock_trace_event *e = &trace->events[i];

	if (e->op < VMALOCK_TRACE_MAP || e->op >= VMALOCK_TRACE_OPS)
		return trace_refuse(message, EVENT "there is no operation %" PRIu32, EVENT_ARGS(trace, i), e->op);
	if ((e->flags & ~VMALOCK_TRACE_RESULT_UNKNOWN) || e->reserved)
		return trace_refuse(message, EVENT "a bit is set that means nothing", EVENT_ARGS(trace, i));
	if (e->thread >= trace->thread_count)
		return trace_refuse(message, EVENT "there is no thread %" PRIu32, EVENT_ARGS(trace, i), e->thread);
	if (e->space >= trace->space_count)
		return trace_refuse(message, EVENT "there is no space %" PRIu32, EVENT_ARGS(trace, i), e->space);
	if (e->result < -MAX_ERRNO)
		return trace_refuse(message, EVENT "%" PRId64 " is neither a value nor an error", EVENT_ARGS(trace, i),
				    e->result);
	return check_operands(trace, i, message);
}

/* --- who makes whom ------------------------------------------------------------------------------------------------ */

static int note_maker(struct trace *trace, uint32_t i, char *message)
{
	const struct vmalock_trace_event *e = &trace->events[i];
	uint32_t parent = e->op == VMALOCK_TRACE_FORK ? e->space : VMALOCK_TRACE_NONE;

	if (trace->maker[e->aux] != NO_EVENT)
		return trace_refuse(message, EVENT "space %" PRIu32 " is made a second time", EVENT_ARGS(trace, i),
				    e->aux);
	if (trace->spaces[e->aux].parent != parent)
		return trace_refuse(message, EVENT "it makes space %" PRIu32 ", which names another parent",
				    EVENT_ARGS(trace, i), e->aux);
	trace->maker[e->aux] = i;
	return 0;
}

static int note_birth(struct trace *trace, uint32_t i, char *message)
{
	uint32_t thread = trace->events[i].aux;

	if (trace->birth[thread] != NO_EVENT)
		return trace_refuse(message, EVENT "thread %" PRIu32 " is born a second time", EVENT_ARGS(trace, i),
				    thread);
	trace->birth[thread] = i;
	return 0;
}

static int note_makers(struct trace *trace, char *message)
{
	int err = 0;

	for (uint32_t i = 0; i < trace->event_count && !err; i++) {
		const struct vmalock_trace_event *e = &trace->events[i];

		trace->last[e->space] = i;
		if (e->op == VMALOCK_TRACE_FORK || e->op == VMALOCK_TRACE_EXEC)
			err = note_maker(trace, i, message);
		else if (e->op == VMALOCK_TRACE_THREAD)
			err = note_birth(trace, i, message);
	}
	for (uint32_t s = 0; s < trace->space_count && !err; s++) {
		if (trace->spaces[s].parent != VMALOCK_TRACE_NONE && trace->maker[s] == NO_EVENT)
			err = trace_refuse(message, "space %" PRIu32 " has a parent, but no event forks it", s);
	}
	return err;
}

/* --- in their order ------------------------------------------------------------------------------------------------ */

struct life {
	uint64_t time_ns; /* of its last event */
	bool is_over;
};

static int check_in_order(const struct trace *trace, struct life *threads, uint32_t i, char *message)
{
	const struct vmalock_trace_event *e = &trace->events[i];
	struct life *thread = &threads[e->thread];
	uint32_t birth = trace->birth[e->thread], maker = trace->maker[e->space];

	if (birth != NO_EVENT && birth >= i)
		return trace_refuse(message, EVENT "thread %" PRIu32 " is not born yet", EVENT_ARGS(trace, i),
				    e->thread);
	if (thread->is_over)
		return trace_refuse(message, EVENT "thread %" PRIu32 " has ended with its space", EVENT_ARGS(trace, i),
				    e->thread);
	if (maker != NO_EVENT && maker >= i)
		return trace_refuse(message, EVENT "space %" PRIu32 " does not exist yet", EVENT_ARGS(trace, i),
				    e->space);
	if (e->time_ns < thread->time_ns)
		return trace_refuse(message, EVENT "it comes before the event of its thread that stands before it",
				    EVENT_ARGS(trace, i));
	if (e->op == VMALOCK_TRACE_EXIT_SPACE && trace->last[e->space] != i)
		return trace_refuse(message, EVENT "space %" PRIu32 " ends, but event %" PRIu32 " still acts in it",
				    EVENT_ARGS(trace, i), e->space, trace->last[e->space]);
	thread->time_ns = e->time_ns;
	thread->is_over = e->op == VMALOCK_TRACE_EXIT_SPACE;
	return 0;
}

static int check_order(const struct trace *trace, char *message)
{
	struct life *threads = alloc_zeroed(trace->thread_count ? trace->thread_count * sizeof(*threads) : 1);
	int err = 0;

	if (!threads)
		return -ENOMEM;
	for (uint32_t i = 0; i < trace->event_count && !err; i++)
		err = check_in_order(trace, threads, i, message);
	alloc_free(threads);
	return err;
}

int trace_check_events(struct trace *trace, char *message)
{
	int err = 0;

	for (uint32_t i = 0; i < trace->event_count && !err; i++)
		err = check_one(trace, i, message);
	if (!err)
		err = note_makers(trace, message);
	return err ? err : check_order(trace, message);
}
