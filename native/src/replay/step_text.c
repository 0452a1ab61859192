/*
 * replay/step_text.c - an event and its two outcomes as a line of text
 */
#include <inttypes.h>
#include <stdio.h>

#include "replay/step.h"

#define CALL_SIZE 112
#define VALUE_SIZE 32

static void describe_fault(const struct vmalock_trace_event *e, char call[CALL_SIZE])
{
	const char *access = e->aux & 0x2u ? "write" : e->aux & 0x10u ? "exec" : "read";

	(void)snprintf(call, CALL_SIZE, "fault(0x%" PRIx64 ", %s, code 0x%" PRIx32 ")", e->a, access, e->aux);
}

static void describe_call(const struct vmalock_trace_event *e, char call[CALL_SIZE])
{
	switch (e->op) {
	case VMALOCK_TRACE_MAP:
		(void)snprintf(call, CALL_SIZE, "mmap(0x%" PRIx64 ", %" PRIu64 ", 0x%" PRIx64 ", 0x%" PRIx32 ")", e->a,
			       e->b, e->c, e->aux);
		return;
	case VMALOCK_TRACE_UNMAP:
		(void)snprintf(call, CALL_SIZE, "munmap(0x%" PRIx64 ", %" PRIu64 ")", e->a, e->b);
		return;
	case VMALOCK_TRACE_PROTECT:
		(void)snprintf(call, CALL_SIZE, "mprotect(0x%" PRIx64 ", %" PRIu64 ", 0x%" PRIx64 ")", e->a, e->b, e->c);
		return;
	case VMALOCK_TRACE_REMAP:
		(void)snprintf(call, CALL_SIZE,
			       "mremap(0x%" PRIx64 ", %" PRIu64 ", %" PRIu64 ", 0x%" PRIx32 ", 0x%" PRIx64 ")", e->a,
			       e->b, e->c, e->aux, e->d);
		return;
	case VMALOCK_TRACE_ADVISE:
		(void)snprintf(call, CALL_SIZE, "madvise(0x%" PRIx64 ", %" PRIu64 ", %" PRIu32 ")", e->a, e->b, e->aux);
		return;
	case VMALOCK_TRACE_BRK:
		(void)snprintf(call, CALL_SIZE, "brk(0x%" PRIx64 ")", e->a);
		return;
	case VMALOCK_TRACE_FAULT:
		describe_fault(e, call);
		return;
	case VMALOCK_TRACE_MLOCK:
		(void)snprintf(call, CALL_SIZE, "mlock2(0x%" PRIx64 ", %" PRIu64 ", 0x%" PRIx32 ")", e->a, e->b, e->aux);
		return;
	case VMALOCK_TRACE_MUNLOCK:
		(void)snprintf(call, CALL_SIZE, "munlock(0x%" PRIx64 ", %" PRIu64 ")", e->a, e->b);
		return;
	case VMALOCK_TRACE_MLOCKALL:
		(void)snprintf(call, CALL_SIZE, "mlockall(0x%" PRIx32 ")", e->aux);
		return;
	case VMALOCK_TRACE_MUNLOCKALL:
		(void)snprintf(call, CALL_SIZE, "munlockall()");
		return;
	case VMALOCK_TRACE_MSYNC:
		(void)snprintf(call, CALL_SIZE, "msync(0x%" PRIx64 ", %" PRIu64 ", 0x%" PRIx32 ")", e->a, e->b, e->aux);
		return;
	case VMALOCK_TRACE_MINCORE:
		(void)snprintf(call, CALL_SIZE, "mincore(0x%" PRIx64 ", %" PRIu64 ")", e->a, e->b);
		return;
	case VMALOCK_TRACE_REMAP_FILE_PAGES:
		(void)snprintf(call, CALL_SIZE,
			       "remap_file_pages(0x%" PRIx64 ", %" PRIu64 ", 0x%" PRIx64 ", %" PRIu64 ", 0x%" PRIx32 ")",
			       e->a, e->b, e->c, e->d, e->aux);
		return;
	case VMALOCK_TRACE_MSEAL:
		(void)snprintf(call, CALL_SIZE, "mseal(0x%" PRIx64 ", %" PRIu64 ", 0x%" PRIx32 ")", e->a, e->b, e->aux);
		return;
	case VMALOCK_TRACE_PKEY_PROTECT:
		(void)snprintf(call, CALL_SIZE, "pkey_mprotect(0x%" PRIx64 ", %" PRIu64 ", 0x%" PRIx64 ", %" PRId32 ")",
			       e->a, e->b, e->c, (int32_t)e->d);
		return;
	case VMALOCK_TRACE_PROCESS_ADVISE:
		(void)snprintf(call, CALL_SIZE,
			       "process_madvise(0x%" PRIx64 ", %" PRIu64 ", %" PRIu32 ", 0x%" PRIx64 ")", e->a, e->b,
			       e->aux, e->d);
		return;
	case VMALOCK_TRACE_SHMAT:
		(void)snprintf(call, CALL_SIZE, "shmat(0x%" PRIx64 ", 0x%" PRIx32 ") of %" PRIu64 " bytes", e->a, e->aux,
			       e->b);
		return;
	case VMALOCK_TRACE_SHMDT:
		(void)snprintf(call, CALL_SIZE, "shmdt(0x%" PRIx64 ")", e->a);
		return;
	case VMALOCK_TRACE_MBIND:
		(void)snprintf(call, CALL_SIZE,
			       "mbind(0x%" PRIx64 ", %" PRIu64 ", 0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx32 ")", e->a,
			       e->b, e->d, e->c, e->aux);
		return;
	case VMALOCK_TRACE_SET_MEMPOLICY:
		(void)snprintf(call, CALL_SIZE, "set_mempolicy(0x%" PRIx64 ", 0x%" PRIx64 ")", e->d, e->c);
		return;
	case VMALOCK_TRACE_GET_MEMPOLICY:
		(void)snprintf(call, CALL_SIZE, "get_mempolicy(0x%" PRIx64 ", 0x%" PRIx32 ")", e->a, e->aux);
		return;
	case VMALOCK_TRACE_FORK:
		(void)snprintf(call, CALL_SIZE, "fork()");
		return;
	case VMALOCK_TRACE_EXEC:
		(void)snprintf(call, CALL_SIZE, "execve()");
		return;
	case VMALOCK_TRACE_EXIT_SPACE:
		(void)snprintf(call, CALL_SIZE, "exit()");
		return;
	default:
		(void)snprintf(call, CALL_SIZE, "clone()");
	}
}

static bool gives_address(uint32_t op)
{
	return op == VMALOCK_TRACE_MAP || op == VMALOCK_TRACE_REMAP || op == VMALOCK_TRACE_BRK ||
	       op == VMALOCK_TRACE_SHMAT;
}

static void describe_value(uint32_t op, int64_t value, char text[VALUE_SIZE])
{
	const char *name = value < 0 && value > -INT32_MAX ? vmalock_error_name((int)value) : NULL;

	if (name)
		(void)snprintf(text, VALUE_SIZE, "%s", name);
	else if (value < 0)
		(void)snprintf(text, VALUE_SIZE, "errno %" PRId64, -value);
	else if (gives_address(op))
		(void)snprintf(text, VALUE_SIZE, "0x%" PRIx64, (uint64_t)value);
	else
		(void)snprintf(text, VALUE_SIZE, "%" PRId64, value);
}

void step_describe(const struct trace *trace, uint32_t event, int64_t value, char text[STEP_TEXT_SIZE])
{
	const struct vmalock_trace_event *e = &trace->events[event];
	char call[CALL_SIZE], ours[VALUE_SIZE], recorded[VALUE_SIZE];

	describe_call(e, call);
	describe_value(e->op, value, ours);
	describe_value(e->op, e->result, recorded);
	(void)snprintf(text, STEP_TEXT_SIZE, "line %" PRIu32 ": %s = %s, recorded %s", e->line, call, ours, recorded);
}
