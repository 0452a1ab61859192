/*
 * replay/trace.h - a recorded program that has been checked: whoever holds a struct trace may follow any index in it
 *
 * What was checked stands in trace.c (tables, strings, mappings) and trace_events.c (events, and the lives of threads
 * and spaces). Nothing changes after trace_open(), so any thread may read.
 */
#ifndef VMALOCK_REPLAY_TRACE_H
#define VMALOCK_REPLAY_TRACE_H

#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"
#include "vmalock.h"
#include "vmalock_trace.h"

#define NO_EVENT UINT32_MAX
#define TRACE_MESSAGE_SIZE 256

struct trace {
	const struct vmalock_trace_event *events;
	const struct vmalock_trace_thread *threads;
	const struct vmalock_trace_space *spaces;
	const struct vmalock_trace_vma *vmas;
	const struct vmalock_trace_file *files;
	const char *strings;
	uint32_t event_count, thread_count, space_count, vma_count, file_count;
	uint64_t string_bytes;

	uint32_t *maker; /* of each space: its FORK or EXEC event, or NO_EVENT: it exists from the start */
	uint32_t *last;  /* of each space: the last event in it, or NO_EVENT */
	uint32_t *birth; /* of each thread: its THREAD event, or NO_EVENT: it exists from the start */

	void *block; /* the copy that all of the above points into */
};

/*
 * Copies and checks @size bytes. Return: 0; BAD_TRACE, and @message (TRACE_MESSAGE_SIZE bytes) says in one sentence what is
 * wrong where; ENOMEM.
 */
must_check int trace_open(const void *data, size_t size, char *message, struct trace **out);
void trace_close(struct trace *trace);

/* A copy that ends in a NUL, for alloc_free(). NULL: no memory. */
must_check char *trace_string_copy(const struct trace *trace, struct vmalock_trace_string string);

/* Does this event drop the space it acts in? (EXIT_SPACE; an EXEC that nothing in the old space follows.) */
int trace_event_ends_space(const struct trace *trace, uint32_t event);

/* --- between the files of the check -------------------------------------------------------------------------------- */

/* Writes the message. Return: BAD_TRACE. */
__attribute__((format(printf, 2, 3))) int trace_refuse(char *message, const char *format, ...);

/* The second half of the check; fills in maker, last and birth, which are there and hold NO_EVENT. 0, BAD_TRACE, ENOMEM. */
must_check int trace_check_events(struct trace *trace, char *message);

#endif
