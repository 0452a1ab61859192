/*
 * replay/trace.c - reads a block of bytes as a trace, or says what is wrong with it
 *
 * Nothing in the block is trusted: a table is looked at only when all of it is known to lie inside, and an index is
 * followed only when it is known to be below its table's count. Counts fit 32 bits, since records name each other by
 * 32-bit indices.
 */
#include "replay/trace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bits.h"

_Static_assert(sizeof(struct vmalock_trace_header) == 128, "the header has no holes");
_Static_assert(sizeof(struct vmalock_trace_file) == 32, "a file has no holes");
_Static_assert(sizeof(struct vmalock_trace_space) == 48, "a space has no holes");
_Static_assert(sizeof(struct vmalock_trace_vma) == 48, "a mapping has no holes");
_Static_assert(sizeof(struct vmalock_trace_thread) == 16, "a thread has no holes");
_Static_assert(sizeof(struct vmalock_trace_event) == 88, "an event has no holes");

int trace_refuse(char *message, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(message, TRACE_MESSAGE_SIZE, format, args);
	va_end(args);
	return VMALOCK_BAD_TRACE;
}

/* --- header and tables --------------------------------------------------------------------------------------------- */

static int check_header(const struct vmalock_trace_header *h, size_t size, char *message)
{
	if (h->magic != VMALOCK_TRACE_MAGIC)
		return trace_refuse(message, "the first eight bytes are not those of a trace");
	if (h->version != VMALOCK_TRACE_VERSION)
		return trace_refuse(message, "the trace is of version %" PRIu32 ", this library reads version %u",
				    h->version, VMALOCK_TRACE_VERSION);
	if (h->header_bytes != sizeof(*h))
		return trace_refuse(message, "the header says it has %" PRIu32 " bytes, version %u has %zu",
				    h->header_bytes, VMALOCK_TRACE_VERSION, sizeof(*h));
	if (h->total_bytes != size)
		return trace_refuse(message, "the header tells of %" PRIu64 " bytes, but there are %zu", h->total_bytes,
				    size);
	return 0;
}

/* Records are named by 32 bits; events done are counted in 31 (worker.h). */
#define MOST_RECORDS INT32_MAX

/* One table: where it begins and how many records it has, once it is known to lie inside the block. */
static int check_table(const struct vmalock_trace_header *h, const struct vmalock_trace_table *table, size_t record,
		       const char *name, char *message)
{
	if (table->count > MOST_RECORDS)
		return trace_refuse(message, "the table of %s has %" PRIu64 " records, too many", name, table->count);
	if (table->offset % 8)
		return trace_refuse(message, "the table of %s begins at %" PRIu64 ", which is not a multiple of 8", name,
				    table->offset);
	if (table->offset < h->header_bytes || table->offset > h->total_bytes ||
	    table->count > (h->total_bytes - table->offset) / record)
		return trace_refuse(message,
				    "the table of %s (%" PRIu64 " records of %zu bytes at %" PRIu64
				    ") does not lie inside the %" PRIu64 " bytes",
				    name, table->count, record, table->offset, h->total_bytes);
	return 0;
}

/* @field of the trace becomes a pointer into the block. */
#define OPEN_TABLE(field, field_count, record, name)                                                                    \
	do {                                                                                                            \
		int err_ = check_table(h, &h->field, (record), (name), message);                                        \
		if (err_)                                                                                               \
			return err_;                                                                                    \
		trace->field = (const void *)((const char *)trace->block + h->field.offset);                            \
		field_count(trace, h->field.count);                                                                     \
	} while (0)

#define COUNT_EVENTS(t, n) ((t)->event_count = (uint32_t)(n))
#define COUNT_THREADS(t, n) ((t)->thread_count = (uint32_t)(n))
#define COUNT_SPACES(t, n) ((t)->space_count = (uint32_t)(n))
#define COUNT_VMAS(t, n) ((t)->vma_count = (uint32_t)(n))
#define COUNT_FILES(t, n) ((t)->file_count = (uint32_t)(n))
#define COUNT_STRINGS(t, n) ((t)->string_bytes = (n))

static int open_tables(struct trace *trace, char *message)
{
	const struct vmalock_trace_header *h = trace->block;

	OPEN_TABLE(events, COUNT_EVENTS, sizeof(struct vmalock_trace_event), "events");
	OPEN_TABLE(threads, COUNT_THREADS, sizeof(struct vmalock_trace_thread), "threads");
	OPEN_TABLE(spaces, COUNT_SPACES, sizeof(struct vmalock_trace_space), "spaces");
	OPEN_TABLE(vmas, COUNT_VMAS, sizeof(struct vmalock_trace_vma), "mappings");
	OPEN_TABLE(files, COUNT_FILES, sizeof(struct vmalock_trace_file), "files");
	OPEN_TABLE(strings, COUNT_STRINGS, 1, "strings");
	return 0;
}

/* --- records ------------------------------------------------------------------------------------------------------- */

static bool string_is_inside(const struct trace *trace, struct vmalock_trace_string s)
{
	return s.offset <= trace->string_bytes && s.length <= trace->string_bytes - s.offset;
}

static int check_strings(const struct trace *trace, char *message)
{
	for (uint32_t i = 0; i < trace->file_count; i++) {
		if (!string_is_inside(trace, trace->files[i].name))
			return trace_refuse(message, "file %" PRIu32 ": its name is not inside the strings", i);
	}
	for (uint32_t i = 0; i < trace->thread_count; i++) {
		if (!string_is_inside(trace, trace->threads[i].comm))
			return trace_refuse(message, "thread %" PRIu32 ": its name is not inside the strings", i);
	}
	for (uint32_t i = 0; i < trace->space_count; i++) {
		if (!string_is_inside(trace, trace->spaces[i].comm))
			return trace_refuse(message, "space %" PRIu32 ": its name is not inside the strings", i);
	}
	for (uint32_t i = 0; i < trace->vma_count; i++) {
		if (!string_is_inside(trace, trace->vmas[i].name))
			return trace_refuse(message, "mapping %" PRIu32 ": its name is not inside the strings", i);
	}
	for (uint32_t i = 0; i < trace->event_count; i++) {
		if (!string_is_inside(trace, trace->events[i].name))
			return trace_refuse(message,
					    "event %" PRIu32 " (line %" PRIu32 "): its name is not inside the strings",
					    i, trace->events[i].line);
	}
	return 0;
}

#define PROT_OF_MAPPING (VMALOCK_PROT_READ | VMALOCK_PROT_WRITE | VMALOCK_PROT_EXEC)
#define FLAGS_OF_MAPPING (VMALOCK_MAP_SHARED | VMALOCK_MAP_PRIVATE | VMALOCK_MAP_GROWSDOWN | VMALOCK_TRACE_VMA_SPECIAL)

static int check_vma(const struct trace *trace, uint32_t i, char *message)
{
	const struct vmalock_trace_vma *vma = &trace->vmas[i];
	uint32_t type = vma->flags & (VMALOCK_MAP_SHARED | VMALOCK_MAP_PRIVATE);

	if (!page_aligned(vma->start | vma->end) || vma->start >= vma->end || vma->end > VMALOCK_TASK_SIZE)
		return trace_refuse(message, "mapping %" PRIu32 ": %" PRIx64 "-%" PRIx64 " is no range of pages", i,
				    vma->start, vma->end);
	if (vma->pgoff > UINT64_MAX / PAGE_SIZE - (vma->end >> PAGE_SHIFT))
		return trace_refuse(message, "mapping %" PRIu32 ": page offset %" PRIu64 " is too large", i, vma->pgoff);
	if ((vma->prot & ~PROT_OF_MAPPING) || (vma->flags & ~FLAGS_OF_MAPPING) || vma->reserved ||
	    (type != VMALOCK_MAP_SHARED && type != VMALOCK_MAP_PRIVATE))
		return trace_refuse(message, "mapping %" PRIu32 ": protection 0x%" PRIx32 ", flags 0x%" PRIx32, i,
				    vma->prot, vma->flags);
	if (vma->file != VMALOCK_TRACE_NONE && vma->file >= trace->file_count)
		return trace_refuse(message, "mapping %" PRIu32 ": there is no file %" PRIu32, i, vma->file);
	return 0;
}

static int check_space(const struct trace *trace, uint32_t i, char *message)
{
	const struct vmalock_trace_space *space = &trace->spaces[i];

	if (space->parent != VMALOCK_TRACE_NONE && space->parent >= trace->space_count)
		return trace_refuse(message, "space %" PRIu32 ": there is no space %" PRIu32, i, space->parent);
	if (space->parent != VMALOCK_TRACE_NONE && space->vma_count)
		return trace_refuse(message, "space %" PRIu32 " was forked, and has mappings of its own", i);
	if (space->first_vma > trace->vma_count || space->vma_count > trace->vma_count - space->first_vma)
		return trace_refuse(message, "space %" PRIu32 ": its mappings are not in the table of %" PRIu32, i,
				    trace->vma_count);
	if (space->brk_start >= VMALOCK_TASK_SIZE || space->stack_start >= VMALOCK_TASK_SIZE)
		return trace_refuse(message, "space %" PRIu32 ": its heap or stack begins outside the address space", i);
	for (uint64_t n = 1; n < space->vma_count; n++) {
		const struct vmalock_trace_vma *vma = &trace->vmas[space->first_vma + n];

		if (vma->start < vma[-1].end)
			return trace_refuse(message, "mapping %" PRIu64 ": it begins before the one above it ends",
					    space->first_vma + n);
	}
	return 0;
}

static int check_layouts(const struct trace *trace, char *message)
{
	int err = 0;

	for (uint32_t i = 0; i < trace->vma_count && !err; i++)
		err = check_vma(trace, i, message);
	for (uint32_t i = 0; i < trace->space_count && !err; i++)
		err = check_space(trace, i, message);
	return err;
}

/* --- the whole ----------------------------------------------------------------------------------------------------- */

static uint32_t *new_events_column(uint32_t count)
{
	uint32_t *column = alloc_bytes(count ? count * sizeof(*column) : 1);

	for (uint32_t i = 0; column && i < count; i++)
		column[i] = NO_EVENT;
	return column;
}

static int fill_in(struct trace *trace, char *message)
{
	int err = open_tables(trace, message);

	if (!err)
		err = check_strings(trace, message);
	if (!err)
		err = check_layouts(trace, message);
	if (err)
		return err;
	trace->maker = new_events_column(trace->space_count);
	trace->last = new_events_column(trace->space_count);
	trace->birth = new_events_column(trace->thread_count);
	if (!trace->maker || !trace->last || !trace->birth)
		return -ENOMEM;
	return trace_check_events(trace, message);
}

int trace_open(const void *data, size_t size, char *message, struct trace **out)
{
	struct vmalock_trace_header header;
	struct trace *trace;
	int err;

	if (size < sizeof(header))
		return trace_refuse(message, "%zu bytes are too few for a trace", size);
	memcpy(&header, data, sizeof(header));
	err = check_header(&header, size, message);
	if (err)
		return err;
	trace = alloc_zeroed(sizeof(*trace));
	if (!trace)
		return -ENOMEM;
	trace->block = alloc_bytes(size);
	if (trace->block) {
		memcpy(trace->block, data, size);
		err = fill_in(trace, message);
	} else {
		err = -ENOMEM;
	}
	if (err)
		trace_close(trace);
	else
		*out = trace;
	return err;
}

void trace_close(struct trace *trace)
{
	alloc_free(trace->maker);
	alloc_free(trace->last);
	alloc_free(trace->birth);
	alloc_free(trace->block);
	alloc_free(trace);
}

char *trace_string_copy(const struct trace *trace, struct vmalock_trace_string string)
{
	char *text = alloc_bytes((size_t)string.length + 1);

	if (!text)
		return NULL;
	memcpy(text, trace->strings + string.offset, string.length);
	text[string.length] = '\0';
	return text;
}

int trace_event_ends_space(const struct trace *trace, uint32_t event)
{
	const struct vmalock_trace_event *e = &trace->events[event];

	return e->op == VMALOCK_TRACE_EXIT_SPACE || (e->op == VMALOCK_TRACE_EXEC && trace->last[e->space] == event);
}
