/*
 * opening.h - a hand-built trace as the layers below the public calls get it
 */
#ifndef VMALOCK_TEST_OPENING_H
#define VMALOCK_TEST_OPENING_H

#include "replay/trace.h"
#include "support/tracing.h"

/* For trace_close(). */
static inline struct trace *open_trace(struct tracing *from)
{
	char message[TRACE_MESSAGE_SIZE];
	struct trace *trace;
	size_t size;
	uint8_t *bytes = tracing_bytes(from, &size);

	expect_eq(trace_open(bytes, size, message, &trace), 0);
	free(bytes);
	return trace;
}

#endif
