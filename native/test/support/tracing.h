/*
 * tracing.h - builds traces by hand: spaces, threads and events, put together as vmalock_trace.h has it
 *
 *       struct tracing t;
 *       tracing_begin(&t);                                one space with a mapping, one thread
 *       add_map(&t, 0, 4, 2, RW);                         thread 0 maps pages 4 and 5
 *       replay = tracing_load(&t);
 *
 * Pages are those of picture.h's window. The time of an event is its number in microseconds; its line is its number and 1.
 */
#ifndef VMALOCK_TEST_TRACING_H
#define VMALOCK_TEST_TRACING_H

#include "support/picture.h"
#include "vmalock_trace.h"

#define TRACING_MOST 4096
#define TRACING_STRINGS 1024

struct tracing {
	struct vmalock_trace_header header;
	struct vmalock_trace_event events[TRACING_MOST];
	struct vmalock_trace_thread threads[64];
	struct vmalock_trace_space spaces[16];
	struct vmalock_trace_vma vmas[16];
	struct vmalock_trace_file files[4];
	char strings[TRACING_STRINGS];
	uint32_t space_of[64]; /* in which each thread acts now */
};

static inline struct vmalock_trace_string add_string(struct tracing *t, const char *text)
{
	struct vmalock_trace_string s = { (uint32_t)t->header.strings.count, (uint32_t)strlen(text) };

	expect(t->header.strings.count + s.length <= TRACING_STRINGS);
	memcpy(t->strings + s.offset, text, s.length);
	t->header.strings.count += s.length;
	return s;
}

static inline uint32_t add_space(struct tracing *t, uint32_t parent)
{
	uint32_t space = (uint32_t)t->header.spaces.count++;

	t->spaces[space] = (struct vmalock_trace_space){
		.pid = 100 + space, .parent = parent, .first_vma = t->header.vmas.count, .comm = add_string(t, "p")
	};
	return space;
}

/* To the space added last. */
static inline void add_vma(struct tracing *t, uint64_t first, uint64_t pages, uint32_t prot, uint32_t flags,
			   uint32_t file)
{
	t->vmas[t->header.vmas.count++] = (struct vmalock_trace_vma){
		.start = page(first),
		.end = page(first + pages),
		.pgoff = file == VMALOCK_TRACE_NONE ? page(first) / P : 0,
		.prot = prot,
		.flags = flags,
		.file = file,
	};
	t->spaces[t->header.spaces.count - 1].vma_count++;
}

static inline uint32_t add_file(struct tracing *t, const char *name, uint64_t pages)
{
	t->files[t->header.files.count] = (struct vmalock_trace_file){
		.name = add_string(t, name), .dev_major = 8, .inode = 40 + t->header.files.count, .length = pages * P
	};
	return (uint32_t)t->header.files.count++;
}

/* One that exists from the start, acting in @space. */
static inline uint32_t add_thread(struct tracing *t, uint32_t space)
{
	uint32_t thread = (uint32_t)t->header.threads.count++;

	t->threads[thread] =
		(struct vmalock_trace_thread){ .tid = 100 + thread, .pid = 100, .comm = add_string(t, "t") };
	t->space_of[thread] = space;
	return thread;
}

static inline struct vmalock_trace_event *add_event(struct tracing *t, uint32_t thread, enum vmalock_trace_op op)
{
	uint32_t n = (uint32_t)t->header.events.count++;

	expect(n < TRACING_MOST);
	t->events[n] = (struct vmalock_trace_event){ .time_ns = n * UINT64_C(1000),
						     .thread = thread,
						     .space = t->space_of[thread],
						     .op = op,
						     .file = VMALOCK_TRACE_NONE,
						     .line = n + 1 };
	return &t->events[n];
}

static inline struct vmalock_trace_event *add_map(struct tracing *t, uint32_t thread, uint64_t first, uint64_t pages,
						  uint32_t prot)
{
	struct vmalock_trace_event *e = add_event(t, thread, VMALOCK_TRACE_MAP);

	e->b = pages * P;
	e->c = prot;
	e->aux = VMALOCK_MAP_PRIVATE | VMALOCK_MAP_ANONYMOUS;
	e->result = (int64_t)page(first);
	return e;
}

static inline struct vmalock_trace_event *add_range_call(struct tracing *t, uint32_t thread, enum vmalock_trace_op op,
							 uint64_t first, uint64_t pages)
{
	struct vmalock_trace_event *e = add_event(t, thread, op);

	e->a = page(first);
	e->b = pages * P;
	return e;
}

static inline struct vmalock_trace_event *add_unmap(struct tracing *t, uint32_t thread, uint64_t first, uint64_t pages)
{
	return add_range_call(t, thread, VMALOCK_TRACE_UNMAP, first, pages);
}

static inline struct vmalock_trace_event *add_protect(struct tracing *t, uint32_t thread, uint64_t first, uint64_t pages,
						      uint32_t prot)
{
	struct vmalock_trace_event *e = add_range_call(t, thread, VMALOCK_TRACE_PROTECT, first, pages);

	e->c = prot;
	return e;
}

static inline struct vmalock_trace_event *add_advise(struct tracing *t, uint32_t thread, uint64_t first, uint64_t pages,
						     uint32_t advice)
{
	struct vmalock_trace_event *e = add_range_call(t, thread, VMALOCK_TRACE_ADVISE, first, pages);

	e->aux = advice;
	return e;
}

#define CODE_READ 0x4u
#define CODE_WRITE 0x6u
#define CODE_KERNEL_WRITE 0x2u

static inline struct vmalock_trace_event *add_fault(struct tracing *t, uint32_t thread, uint64_t n, uint32_t code)
{
	struct vmalock_trace_event *e = add_event(t, thread, VMALOCK_TRACE_FAULT);

	e->a = page(n);
	e->aux = code;
	return e;
}

static inline struct vmalock_trace_event *add_brk(struct tracing *t, uint32_t thread, uint64_t n)
{
	struct vmalock_trace_event *e = add_event(t, thread, VMALOCK_TRACE_BRK);

	e->a = page(n);
	e->result = (int64_t)page(n);
	return e;
}

/* A new thread, in the same space. */
static inline uint32_t add_birth(struct tracing *t, uint32_t thread)
{
	uint32_t child = add_thread(t, t->space_of[thread]);

	add_event(t, thread, VMALOCK_TRACE_THREAD)->aux = child;
	return child;
}

/* A new process: the thread that runs in it, which THREAD announces. */
static inline uint32_t add_fork(struct tracing *t, uint32_t thread)
{
	uint32_t space = add_space(t, t->space_of[thread]), child;

	add_event(t, thread, VMALOCK_TRACE_FORK)->aux = space;
	child = add_birth(t, thread);
	t->space_of[child] = space;
	return child;
}

static inline void add_exec(struct tracing *t, uint32_t thread, uint32_t space)
{
	add_event(t, thread, VMALOCK_TRACE_EXEC)->aux = space;
	t->space_of[thread] = space;
}

static inline void add_exit(struct tracing *t, uint32_t thread)
{
	add_event(t, thread, VMALOCK_TRACE_EXIT_SPACE);
}

/* One space with a read-only page at the end of the window, so that it is never empty, and one thread. */
static inline void tracing_begin(struct tracing *t)
{
	memset(t, 0, sizeof(*t));
	add_space(t, VMALOCK_TRACE_NONE);
	add_vma(t, WINDOW - 1, 1, RO, VMALOCK_MAP_PRIVATE, VMALOCK_TRACE_NONE);
	add_thread(t, 0);
}

/* --- the bytes ------------------------------------------------------------------------------------------------------ */

static inline void place_table(uint8_t *bytes, struct vmalock_trace_table *table, const void *records, size_t record,
			       uint64_t *at)
{
	table->offset = *at;
	if (table->count)
		memcpy(bytes + *at, records, table->count * record);
	*at += (table->count * record + 7) & ~UINT64_C(7);
}

/* For free(). */
static inline uint8_t *tracing_bytes(struct tracing *t, size_t *size)
{
	uint8_t *bytes = calloc(1, sizeof(*t));
	struct vmalock_trace_header *h = &t->header;
	uint64_t at = sizeof(*h);

	expect(bytes != NULL);
	h->magic = VMALOCK_TRACE_MAGIC;
	h->version = VMALOCK_TRACE_VERSION;
	h->header_bytes = sizeof(*h);
	place_table(bytes, &h->events, t->events, sizeof(t->events[0]), &at);
	place_table(bytes, &h->threads, t->threads, sizeof(t->threads[0]), &at);
	place_table(bytes, &h->spaces, t->spaces, sizeof(t->spaces[0]), &at);
	place_table(bytes, &h->vmas, t->vmas, sizeof(t->vmas[0]), &at);
	place_table(bytes, &h->files, t->files, sizeof(t->files[0]), &at);
	place_table(bytes, &h->strings, t->strings, 1, &at);
	h->total_bytes = at;
	memcpy(bytes, h, sizeof(*h));
	*size = (size_t)at;
	return bytes;
}

static inline vmalock_replay *tracing_load(struct tracing *t)
{
	char message[256] = "";
	vmalock_replay *replay;
	size_t size;
	uint8_t *bytes = tracing_bytes(t, &size);

	if (vmalock_replay_load(bytes, size, message, &replay)) {
		fprintf(stderr, "not loaded: %s\n", message);
		exit(1);
	}
	free(bytes);
	return replay;
}

static inline struct vmalock_replay_options options_of(const char *policy)
{
	return (struct vmalock_replay_options){ .policy = policy, .frames = 8192 };
}

/* Runs it and expects every outcome as recorded. */
static inline struct vmalock_replay_report run_as_recorded(vmalock_replay *replay, const char *policy)
{
	struct vmalock_replay_options options = options_of(policy);
	struct vmalock_replay_report report;

	expect_eq(vmalock_replay_run(replay, &options), 0);
	vmalock_replay_get_report(replay, &report);
	if (report.unexpected) {
		fprintf(stderr, "%s: %s\n", policy, vmalock_replay_difference(replay, 0));
		exit(1);
	}
	return report;
}

#endif
