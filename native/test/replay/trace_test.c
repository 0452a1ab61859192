/*
 * Traces that are not: every kind of damage is refused in one sentence that says where, and no byte outside is read
 * (AddressSanitizer looks on: each trace lies in a block of exactly its size).
 */
#include "base/random.h"
#include "support/tracing.h"

static struct tracing t;

/* A little of everything. */
static void begin_rich(void)
{
	struct vmalock_trace_event *e;
	uint32_t child, vforked, space, file;

	tracing_begin(&t);
	file = add_file(&t, "/bin/program", 4);
	add_vma(&t, WINDOW, 2, RO, VMALOCK_MAP_PRIVATE, file);
	t.spaces[0].brk_start = page(16);
	t.spaces[0].stack_start = page(WINDOW);
	add_map(&t, 0, 0, 4, RW);
	e = add_map(&t, 0, 8, 2, RO);
	e->aux = VMALOCK_MAP_SHARED;
	e->file = file;
	add_fault(&t, 0, 1, CODE_WRITE);
	child = add_fork(&t, 0);
	add_protect(&t, child, 1, 1, RO);
	vforked = add_birth(&t, 0);
	space = add_space(&t, VMALOCK_TRACE_NONE);
	add_vma(&t, 3, 1, RW, VMALOCK_MAP_PRIVATE, VMALOCK_TRACE_NONE);
	add_vma(&t, 5, 1, RO, VMALOCK_MAP_PRIVATE, file);
	add_exec(&t, vforked, space);
	add_advise(&t, child, 0, 4, 4);
	add_brk(&t, 0, 18);
	add_event(&t, 0, VMALOCK_TRACE_UNMODELLED)->name = add_string(&t, "mlock");
	add_unmap(&t, 0, 9, 1);
	add_exit(&t, child);
	add_exit(&t, vforked);
	add_exit(&t, 0);
}

/* Loads exactly these bytes; what loads is run, too. The message is empty, or a sentence. */
static int load_bytes(const uint8_t *bytes, size_t size, char *message)
{
	uint8_t *exact = malloc(size ? size : 1);
	struct vmalock_replay_options options = options_of("per-vma");
	vmalock_replay *replay;
	int err;

	expect(exact != NULL);
	memcpy(exact, bytes, size);
	memset(message, 0, 256);
	err = vmalock_replay_load(exact, size, message, &replay);
	free(exact);
	if (!err) {
		err = vmalock_replay_run(replay, &options);
		vmalock_replay_free(replay);
		expect(err == 0 || err == VMALOCK_ENOMEM);
		return 0;
	}
	expect(err == VMALOCK_BAD_TRACE || err == VMALOCK_ENOMEM);
	expect(err != VMALOCK_BAD_TRACE || message[0] != '\0');
	return err;
}

static void the_rich_trace_itself_is_right(void)
{
	vmalock_replay *replay;

	begin_rich();
	replay = tracing_load(&t);
	run_as_recorded(replay, "per-vma");
	vmalock_replay_free(replay);
}

/* Message of the trace as it stands in t. */
static const char *refusal(void)
{
	static char message[256];
	size_t size;
	uint8_t *bytes = tracing_bytes(&t, &size);

	expect_eq(load_bytes(bytes, size, message), VMALOCK_BAD_TRACE);
	free(bytes);
	return message;
}

#define expect_refused(change, wanted)                                                                                  \
	do {                                                                                                            \
		begin_rich();                                                                                           \
		change;                                                                                                 \
		if (!strstr(refusal(), wanted)) {                                                                       \
			fprintf(stderr, "%s:%d: \"%s\", expected \"%s\"\n", __FILE__, __LINE__, refusal(), wanted);     \
			exit(1);                                                                                        \
		}                                                                                                       \
	} while (0)

static uint32_t last_event(void)
{
	return (uint32_t)t.header.events.count - 1;
}

static void an_impossible_event_is_refused_with_its_number_and_line(void)
{
	expect_refused(t.events[1].op = 0, "event 1 (line 2): there is no operation 0");
	expect_refused(t.events[1].op = VMALOCK_TRACE_OPS, "event 1 (line 2): there is no operation 28");
	expect_refused(t.events[2].thread = 50, "event 2 (line 3): there is no thread 50");
	expect_refused(t.events[2].space = 50, "event 2 (line 3): there is no space 50");
	expect_refused(t.events[2].flags = 2, "event 2 (line 3): a bit is set that means nothing");
	expect_refused(t.events[2].reserved = 1, "event 2 (line 3): a bit is set that means nothing");
	expect_refused(t.events[2].result = 5, "event 2 (line 3): a fault cannot end in 5");
	expect_refused(t.events[0].result = -5000, "event 0 (line 1): -5000 is neither a value nor an error");
	expect_refused(t.events[1].file = 1, "event 1 (line 2): there is no file 1");
	expect_refused(t.events[3].aux = 3, "event 3 (line 4): there is no space 3");
	expect_refused(t.events[4].aux = 3, "event 4 (line 5): there is no thread 3");
	expect_refused(t.events[10].name.offset = 5000, "event 10 (line 11): its name is not inside the strings");
	expect_refused(t.events[10].name.length = UINT32_MAX, "event 10 (line 11): its name is not inside the strings");
}

static void an_event_out_of_its_time_is_refused(void)
{
	expect_refused(t.events[2].time_ns = 0, "event 2 (line 3): it comes before the event of its thread");
	expect_refused(t.events[4].aux = 2, "is born a second time");
	expect_refused(t.events[1].thread = 1, "event 1 (line 2): thread 1 is not born yet");
	expect_refused(t.events[1].space = 1, "event 1 (line 2): space 1 does not exist yet");
	expect_refused(t.events[last_event()].space = 1,
		       "event 12 (line 13): space 1 ends, but event 14 still acts in it");
	expect_refused((t.events[12].op = VMALOCK_TRACE_FAULT, t.events[11].thread = 1, t.events[11].space = 1,
			t.events[11].op = VMALOCK_TRACE_EXIT_SPACE, t.events[12].space = 0),
		       "event 12 (line 13): thread 1 has ended with its space");
}

static void a_space_made_wrongly_is_refused(void)
{
	expect_refused(t.spaces[1].parent = VMALOCK_TRACE_NONE,
		       "event 3 (line 4): it makes space 1, which names another parent");
	expect_refused(t.spaces[1].parent = 2, "names another parent");
	expect_refused(t.spaces[1].parent = 9, "space 1: there is no space 9");
	expect_refused(t.spaces[2].parent = 0, "space 2 was forked, and has mappings of its own");
	expect_refused((t.events[7].op = VMALOCK_TRACE_FORK, t.spaces[2].parent = 0, t.spaces[2].vma_count = 0,
			t.events[7].aux = 1),
		       "is made a second time");
	expect_refused((t.events[3].op = VMALOCK_TRACE_UNMODELLED), "space 1 has a parent, but no event forks it");
	expect_refused(t.spaces[2].vma_count = 99, "space 2: its mappings are not in the table of 4");
	expect_refused(t.spaces[2].first_vma = UINT64_MAX, "space 2: its mappings are not in the table of 4");
	expect_refused(t.spaces[0].brk_start = UINT64_MAX, "space 0: its heap or stack begins outside");
	expect_refused(t.spaces[2].comm.length = 5000, "space 2: its name is not inside the strings");
	expect_refused(t.threads[1].comm.offset = 5000, "thread 1: its name is not inside the strings");
}

static void an_impossible_mapping_is_refused(void)
{
	expect_refused(t.vmas[0].start += 1, "mapping 0: 100017001-100018000 is no range of pages");
	expect_refused(t.vmas[0].end = t.vmas[0].start, "is no range of pages");
	expect_refused(t.vmas[1].end = UINT64_MAX & ~(P - 1), "is no range of pages");
	expect_refused(t.vmas[3].start = t.vmas[2].start, "mapping 3: it begins before the one above it ends");
	expect_refused(t.vmas[1].pgoff = UINT64_MAX, "mapping 1: page offset 18446744073709551615 is too large");
	expect_refused(t.vmas[1].prot = 8, "mapping 1: protection 0x8, flags 0x2");
	expect_refused(t.vmas[1].flags = 3, "mapping 1: protection 0x1, flags 0x3");
	expect_refused(t.vmas[1].flags = 0, "mapping 1: protection 0x1, flags 0x0");
	expect_refused(t.vmas[1].file = 1, "mapping 1: there is no file 1");
	expect_refused(t.vmas[1].name.length = 5000, "mapping 1: its name is not inside the strings");
	expect_refused(t.files[0].name.offset = UINT32_MAX, "file 0: its name is not inside the strings");
}

/* The bytes of the rich trace with one header field changed. */
static const char *refusal_of_header(size_t offset, uint64_t value, size_t width)
{
	static char message[256];
	size_t size;
	uint8_t *bytes;

	begin_rich();
	bytes = tracing_bytes(&t, &size);
	memcpy(bytes + offset, &value, width);
	expect_eq(load_bytes(bytes, size, message), VMALOCK_BAD_TRACE);
	free(bytes);
	return message;
}

#define HEADER(field, value)                                                                                            \
	refusal_of_header(offsetof(struct vmalock_trace_header, field), value, sizeof(t.header.field))

static void a_header_that_does_not_fit_is_refused(void)
{
	expect(strstr(HEADER(magic, 1), "the first eight bytes are not those of a trace"));
	expect(strstr(HEADER(version, 2), "the trace is of version 2, this library reads version 1"));
	expect(strstr(HEADER(header_bytes, 100), "the header says it has 100 bytes, version 1 has 128"));
	expect(strstr(HEADER(total_bytes, 100), "the header tells of 100 bytes, but there are "));
	expect(strstr(HEADER(events.count, UINT64_MAX),
		      "the table of events has 18446744073709551615 records, too many"));
	expect(strstr(HEADER(events.count, INT32_MAX), "the table of events (2147483647 records"));
	expect(strstr(HEADER(vmas.offset, 130), "the table of mappings begins at 130, which is not a multiple of 8"));
	expect(strstr(HEADER(files.offset, 8), "the table of files (1 records of 32 bytes at 8) does not lie inside"));
	expect(strstr(HEADER(strings.offset, UINT64_MAX - 7), "the table of strings ("));
}

static void a_trace_cut_anywhere_is_refused(void)
{
	char message[256];
	size_t size;
	uint8_t *bytes;

	begin_rich();
	bytes = tracing_bytes(&t, &size);
	for (size_t length = 0; length < size; length++)
		expect_eq(load_bytes(bytes, length, message), VMALOCK_BAD_TRACE);
	free(bytes);
}

/* One to four bytes, each a bit flipped, or another byte, or one that numbers like to have at their ends. */
static void damage(uint8_t *bytes, size_t size, struct random *random)
{
	static const uint8_t ends[] = { 0, 1, 0x7f, 0x80, 0xff };

	for (uint64_t n = 1 + random_below(random, 4); n; n--) {
		uint8_t *byte = &bytes[random_below(random, size)];

		switch (random_below(random, 3)) {
		case 0:
			*byte ^= (uint8_t)(1u << random_below(random, 8));
			break;
		case 1:
			*byte = (uint8_t)random_next(random);
			break;
		default:
			*byte = ends[random_below(random, sizeof(ends))];
		}
	}
}

static void a_damaged_trace_is_refused_or_runs(void)
{
	struct random random = { 20 };
	uint32_t loaded = 0;
	char message[256];
	uint8_t *bytes, *damaged;
	size_t size;

	begin_rich();
	bytes = tracing_bytes(&t, &size);
	damaged = malloc(size);
	expect(damaged != NULL);
	for (uint32_t i = 0; i < 6000; i++) {
		memcpy(damaged, bytes, size);
		damage(damaged, size, &random);
		loaded += load_bytes(damaged, size, message) == 0;
	}
	expect(loaded > 100); /* else the damage is not worth its name */
	free(damaged);
	free(bytes);
}

static void a_message_is_not_needed(void)
{
	vmalock_replay *replay = NULL;

	expect_eq(vmalock_replay_load("no trace", 8, NULL, &replay), VMALOCK_BAD_TRACE);
	expect_eq(vmalock_replay_load("", 0, NULL, &replay), VMALOCK_BAD_TRACE);
	expect(!replay);
}

static const struct test_case cases[] = {
	CASE(the_rich_trace_itself_is_right),
	CASE(an_impossible_event_is_refused_with_its_number_and_line),
	CASE(an_event_out_of_its_time_is_refused),
	CASE(a_space_made_wrongly_is_refused),
	CASE(an_impossible_mapping_is_refused),
	CASE(a_header_that_does_not_fit_is_refused),
	CASE(a_trace_cut_anywhere_is_refused),
	CASE(a_damaged_trace_is_refused_or_runs),
	CASE(a_message_is_not_needed),
};

TEST_MAIN(cases)
