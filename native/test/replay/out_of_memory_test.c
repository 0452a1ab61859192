/*
 * Loading and running without host memory, at each allocation in turn: ENOMEM, and nothing is left behind.
 *
 * A failure is ordered for one thread, so in a run it is the caller's: making files and spaces, the crew, the report. An
 * operation of the program that finds no memory says ENOMEM, as Linux would: an outcome that differs. In loading it does so
 * too, and the order is then that of what happened.
 */
#include "base/alloc.h"
#include "support/tracing.h"

static struct tracing t;

static void begin_small(void)
{
	uint32_t child, space;

	tracing_begin(&t);
	add_map(&t, 0, 0, 4, RW)->file = add_file(&t, "/memory", 4);
	t.events[0].aux = VMALOCK_MAP_PRIVATE;
	child = add_fork(&t, 0);
	add_fault(&t, child, 1, CODE_WRITE);
	add_unmap(&t, child, 2, 1);
	add_fault(&t, 0, 1, CODE_WRITE);
	space = add_space(&t, VMALOCK_TRACE_NONE);
	add_vma(&t, 3, 1, RW, VMALOCK_MAP_PRIVATE, VMALOCK_TRACE_NONE);
	t.vmas[1].name = add_string(&t, "[vdso]");
	add_exec(&t, 0, space);
	add_exit(&t, 0);
	add_exit(&t, child);
}

static void loading_without_memory_says_so_and_leaves_nothing(void)
{
	char message[256];
	size_t size;
	uint8_t *bytes;
	bool failed = true;
	uint64_t n;

	begin_small();
	bytes = tracing_bytes(&t, &size);
	for (n = 1; failed; n++) {
		int64_t live = alloc_live();
		vmalock_replay *replay;
		int err;

		alloc_fail_after(n);
		err = vmalock_replay_load(bytes, size, message, &replay);
		failed = alloc_failure_happened();
		alloc_fail_after(0);
		expect(err == 0 || (failed && err == VMALOCK_ENOMEM));
		if (!err)
			vmalock_replay_free(replay);
		expect_eq(alloc_live(), live);
	}
	expect(n > 50);
	free(bytes);
}

static void running_without_memory_says_so_and_leaves_nothing(void)
{
	struct vmalock_replay_options options = options_of("per-vma");
	vmalock_replay *replay;
	bool failed = true;
	uint64_t n;

	begin_small();
	replay = tracing_load(&t);
	for (n = 1; failed; n++) {
		int64_t live;
		int err;

		expect_eq(vmalock_replay_run(replay, &options), 0);
		live = alloc_live();
		alloc_fail_after(n);
		err = vmalock_replay_run(replay, &options);
		failed = alloc_failure_happened();
		alloc_fail_after(0);
		expect_eq(err, failed ? VMALOCK_ENOMEM : 0);
		expect_eq(vmalock_replay_run(replay, &options), 0);
		expect_eq(alloc_live(), live);
	}
	expect(n > 10);
	vmalock_replay_free(replay);
}

static void a_program_that_wants_more_frames_than_there_are_goes_on(void)
{
	struct vmalock_replay_options options = options_of("per-vma");
	struct vmalock_replay_report report;
	vmalock_replay *replay;

	tracing_begin(&t);
	add_map(&t, 0, 0, 16, RW);
	for (uint64_t n = 0; n < 16; n++)
		add_fault(&t, 0, n, CODE_WRITE);
	replay = tracing_load(&t);
	options.frames = 8;
	expect_eq(vmalock_replay_run(replay, &options), 0);
	vmalock_replay_get_report(replay, &report);
	expect_eq(report.unexpected, 8);
	expect(strstr(vmalock_replay_difference(replay, 0), "= ENOMEM, recorded 0") != NULL);
	vmalock_replay_free(replay);
}

static const struct test_case cases[] = {
	CASE(loading_without_memory_says_so_and_leaves_nothing),
	CASE(running_without_memory_says_so_and_leaves_nothing),
	CASE(a_program_that_wants_more_frames_than_there_are_goes_on),
};

TEST_MAIN(cases)
