/*
 * Runs of small traces: what each event does, who makes and ends spaces and threads, what the report says.
 */
#include "support/tracing.h"

static struct tracing t;

/* --- outcomes ------------------------------------------------------------------------------------------------------ */

static void a_program_of_one_thread_ends_with_its_final_map(void)
{
	vmalock_replay *replay;
	struct vmalock_replay_report report;
	char expected[512];

	tracing_begin(&t);
	add_map(&t, 0, 2, 4, RW);
	add_fault(&t, 0, 3, CODE_WRITE);
	add_unmap(&t, 0, 4, 1);
	add_fault(&t, 0, 4, CODE_READ)->result = VMALOCK_SIGSEGV_MAPERR;
	add_fault(&t, 0, WINDOW - 1, CODE_WRITE)->result = VMALOCK_SIGSEGV_ACCERR;
	add_exit(&t, 0);
	replay = tracing_load(&t);
	for (uint32_t n = 0; vmalock_policy_name(n); n++) {
		report = run_as_recorded(replay, vmalock_policy_name(n));
		expect_eq(report.events, 6);
		expect_eq(report.threads, 1);
		expect_eq(report.spaces, 1);
		expect_eq(report.dependencies, 0);
		expect_eq(report.faults, 3);
		expect_eq(report.stats.minor_faults, 1);
		expect_eq(report.stats.signal_faults, 2);
		expect(report.wall_ns > 0 && report.cpu_ns > 0);
		expect(report.mmap_lock_write.count > 0);
		(void)snprintf(expected, sizeof(expected),
			       "%llx-%llx rw-p 00000000 00:00 0 \n%llx-%llx rw-p 00000000 00:00 0 \n"
			       "%llx-%llx r--p 00000000 00:00 0 \n",
			       (unsigned long long)page(2), (unsigned long long)page(4), (unsigned long long)page(5),
			       (unsigned long long)page(6), (unsigned long long)page(WINDOW - 1),
			       (unsigned long long)page(WINDOW));
		expect_eq(strcmp(vmalock_replay_final_maps(replay, 0), expected), 0);
	}
	vmalock_replay_free(replay);
}

static void an_outcome_that_differs_is_counted_and_told_with_its_line(void)
{
	struct vmalock_replay_options options = options_of("per-vma");
	struct vmalock_replay_report report;
	vmalock_replay *replay;

	tracing_begin(&t);
	add_map(&t, 0, 0, 2, RW);
	add_unmap(&t, 0, 0, 1)->result = VMALOCK_ENOMEM;
	add_fault(&t, 0, 1, CODE_WRITE)->result = VMALOCK_SIGBUS;
	replay = tracing_load(&t);
	expect_eq(vmalock_replay_run(replay, &options), 0);
	vmalock_replay_get_report(replay, &report);
	expect_eq(report.unexpected, 2);
	expect_eq(strcmp(vmalock_replay_difference(replay, 0), "line 2: munmap(0x100000000, 4096) = 0, recorded ENOMEM"),
		  0);
	expect_eq(strcmp(vmalock_replay_difference(replay, 1),
			 "line 3: fault(0x100001000, write, code 0x6) = 0, recorded SIGBUS"),
		  0);
	expect(!vmalock_replay_difference(replay, 2));
	expect(!vmalock_replay_final_maps(replay, 0)); /* it never ended */
	vmalock_replay_free(replay);
}

static void at_most_a_thousand_differences_are_kept_but_all_are_counted(void)
{
	struct vmalock_replay_options options = options_of("per-vma");
	struct vmalock_replay_report report;
	vmalock_replay *replay;
	char first[64];

	tracing_begin(&t);
	for (uint32_t i = 0; i < 1500; i++)
		add_fault(&t, 0, 0, CODE_READ);
	replay = tracing_load(&t);
	expect_eq(vmalock_replay_run(replay, &options), 0);
	vmalock_replay_get_report(replay, &report);
	expect_eq(report.unexpected, 1500);
	for (uint32_t i = 0; i < 1000; i++) {
		(void)snprintf(first, sizeof(first), "line %u: ", i + 1);
		expect_eq(strncmp(vmalock_replay_difference(replay, i), first, strlen(first)), 0);
	}
	expect(!vmalock_replay_difference(replay, 1000));
	vmalock_replay_free(replay);
}

static void a_call_that_failed_is_expected_to_fail_again(void)
{
	vmalock_replay *replay;
	struct vmalock_trace_event *e;

	tracing_begin(&t);
	add_protect(&t, 0, 0, 1, RW)->result = VMALOCK_ENOMEM;
	e = add_map(&t, 0, WINDOW - 1, 1, RW);
	e->a = page(WINDOW - 1);
	e->aux |= VMALOCK_MAP_FIXED_NOREPLACE;
	e->result = VMALOCK_EEXIST;
	/* Nobody knows what this one's descriptor was. */
	e = add_map(&t, 0, 0, 1, RW);
	e->aux = VMALOCK_MAP_PRIVATE;
	e->result = VMALOCK_ENODEV;
	replay = tracing_load(&t);
	run_as_recorded(replay, "per-vma");
	vmalock_replay_free(replay);
}

static void a_recorded_address_is_honoured_and_replaces_nothing(void)
{
	struct vmalock_replay_options options = options_of("per-vma");
	vmalock_replay *replay;

	tracing_begin(&t);
	add_map(&t, 0, 7, 2, RW);
	add_map(&t, 0, 8, 2, RW); /* where page 8 is in use */
	replay = tracing_load(&t);
	expect_eq(vmalock_replay_run(replay, &options), 0);
	expect(strstr(vmalock_replay_difference(replay, 0), "line 2: mmap(") != NULL);
	expect(strstr(vmalock_replay_difference(replay, 0), "= EEXIST, recorded 0x100008000") != NULL);
	vmalock_replay_free(replay);
}

static void a_mapping_that_moved_goes_where_it_went_and_one_that_stayed_stays(void)
{
	struct vmalock_trace_event *e;
	vmalock_replay *replay;

	tracing_begin(&t);
	add_map(&t, 0, 0, 2, RW);
	e = add_event(&t, 0, VMALOCK_TRACE_REMAP);
	*e = (struct vmalock_trace_event){ .time_ns = e->time_ns,
					   .a = page(0),
					   .b = 2 * P,
					   .c = 4 * P,
					   .op = VMALOCK_TRACE_REMAP,
					   .aux = VMALOCK_MREMAP_MAYMOVE,
					   .result = (int64_t)page(9),
					   .file = VMALOCK_TRACE_NONE };
	e = add_event(&t, 0, VMALOCK_TRACE_REMAP);
	*e = (struct vmalock_trace_event){ .time_ns = e->time_ns,
					   .a = page(9),
					   .b = 4 * P,
					   .c = 5 * P,
					   .op = VMALOCK_TRACE_REMAP,
					   .aux = VMALOCK_MREMAP_MAYMOVE,
					   .result = (int64_t)page(9),
					   .file = VMALOCK_TRACE_NONE };
	add_exit(&t, 0);
	replay = tracing_load(&t);
	run_as_recorded(replay, "per-vma");
	expect_eq(strncmp(vmalock_replay_final_maps(replay, 0), "100009000-10000e000 rw-p", 24), 0);
	vmalock_replay_free(replay);
}

static void an_unknown_result_is_never_a_difference(void)
{
	vmalock_replay *replay;

	tracing_begin(&t);
	add_unmap(&t, 0, 0, 0)->flags = VMALOCK_TRACE_RESULT_UNKNOWN; /* EINVAL, in truth */
	replay = tracing_load(&t);
	expect_eq(run_as_recorded(replay, "per-vma").unexpected, 0);
	vmalock_replay_free(replay);
}

static void what_is_not_modelled_is_counted_and_not_run(void)
{
	vmalock_replay *replay;

	tracing_begin(&t);
	add_event(&t, 0, VMALOCK_TRACE_UNMODELLED)->name = add_string(&t, "shmat");
	add_event(&t, 0, VMALOCK_TRACE_UNMODELLED)->name = add_string(&t, "shmat");
	replay = tracing_load(&t);
	expect_eq(run_as_recorded(replay, "per-vma").unmodelled, 2);
	vmalock_replay_free(replay);
}

static void locking_and_looking_are_run_and_held_against_the_recording(void)
{
	vmalock_replay *replay;
	struct vmalock_trace_event *e;

	tracing_begin(&t);
	add_map(&t, 0, 4, 4, RW);
	add_range_call(&t, 0, VMALOCK_TRACE_MLOCK, 5, 1);
	add_range_call(&t, 0, VMALOCK_TRACE_MSYNC, 5, 1)->aux = VMALOCK_MS_SYNC;
	e = add_range_call(&t, 0, VMALOCK_TRACE_MSYNC, 4, 2);
	e->aux = VMALOCK_MS_INVALIDATE;
	e->result = VMALOCK_EBUSY;
	add_range_call(&t, 0, VMALOCK_TRACE_MINCORE, 4, 4);
	add_range_call(&t, 0, VMALOCK_TRACE_MINCORE, 4, 5)->result = VMALOCK_ENOMEM;
	add_range_call(&t, 0, VMALOCK_TRACE_MUNLOCK, 5, 4)->result = VMALOCK_ENOMEM;
	add_range_call(&t, 0, VMALOCK_TRACE_REMAP_FILE_PAGES, 4, 1)->result = VMALOCK_EINVAL;
	add_event(&t, 0, VMALOCK_TRACE_MLOCKALL)->aux = VMALOCK_MCL_CURRENT | VMALOCK_MCL_FUTURE;
	add_map(&t, 0, 10, 1, RW);
	e = add_range_call(&t, 0, VMALOCK_TRACE_MSYNC, 10, 1);
	e->aux = VMALOCK_MS_INVALIDATE;
	e->result = VMALOCK_EBUSY;
	add_event(&t, 0, VMALOCK_TRACE_MUNLOCKALL);
	add_range_call(&t, 0, VMALOCK_TRACE_MSYNC, 10, 1)->aux = VMALOCK_MS_INVALIDATE;
	replay = tracing_load(&t);
	expect_eq(run_as_recorded(replay, "per-vma").unexpected, 0);
	expect_eq(run_as_recorded(replay, "mmap-lock").unexpected, 0);
	vmalock_replay_free(replay);
}

static void the_kernels_own_access_faults_as_a_users_but_never_signals(void)
{
	vmalock_replay *replay;
	struct vmalock_replay_report report;

	tracing_begin(&t);
	add_map(&t, 0, 0, 1, RW);
	add_fault(&t, 0, 0, CODE_KERNEL_WRITE);
	add_fault(&t, 0, 1, CODE_KERNEL_WRITE); /* EFAULT to whoever called */
	replay = tracing_load(&t);
	report = run_as_recorded(replay, "per-vma");
	expect_eq(report.stats.minor_faults, 1);
	vmalock_replay_free(replay);
}

static void the_heap_follows_its_recorded_break(void)
{
	vmalock_replay *replay;

	tracing_begin(&t);
	t.spaces[0].brk_start = page(4);
	add_event(&t, 0, VMALOCK_TRACE_BRK)->result = (int64_t)page(4);
	add_brk(&t, 0, 6);
	add_brk(&t, 0, 5);
	add_exit(&t, 0);
	replay = tracing_load(&t);
	run_as_recorded(replay, "per-vma");
	expect(strstr(vmalock_replay_final_maps(replay, 0), "100004000-100005000 rw-p") != NULL);
	expect(strstr(vmalock_replay_final_maps(replay, 0), "[heap]") != NULL);
	vmalock_replay_free(replay);
}

/* --- spaces and threads ------------------------------------------------------------------------------------------ */

static void a_file_is_one_object_for_all_spaces_that_map_it(void)
{
	uint32_t file, child;
	struct vmalock_trace_event *e;
	vmalock_replay *replay;

	tracing_begin(&t);
	file = add_file(&t, "/lib/a file", 4);
	e = add_map(&t, 0, 0, 2, RO);
	e->aux = VMALOCK_MAP_PRIVATE;
	e->file = file;
	child = add_fork(&t, 0);
	e = add_map(&t, child, 2, 2, RO); /* goes on where the first ends: merges if it is the same object */
	e->aux = VMALOCK_MAP_PRIVATE;
	e->file = file;
	e->d = 2 * P;
	add_exit(&t, child);
	add_exit(&t, 0);
	replay = tracing_load(&t);
	run_as_recorded(replay, "per-vma");
	expect(strstr(vmalock_replay_final_maps(replay, 1), "100000000-100004000 r--p 00000000 08:00 40") != NULL);
	expect(strstr(vmalock_replay_final_maps(replay, 0), "100000000-100002000 r--p 00000000 08:00 40") != NULL);
	expect(strstr(vmalock_replay_final_maps(replay, 0), "/lib/a file\n") != NULL);
	vmalock_replay_free(replay);
}

static void shared_memory_is_the_object_that_was_recorded(void)
{
	struct vmalock_trace_event *e;
	vmalock_replay *replay;

	tracing_begin(&t);
	e = add_map(&t, 0, 0, 2, RW);
	e->aux = VMALOCK_MAP_SHARED | VMALOCK_MAP_ANONYMOUS;
	e->file = add_file(&t, "/dev/zero (deleted)", 2);
	add_exit(&t, 0);
	replay = tracing_load(&t);
	run_as_recorded(replay, "per-vma");
	expect(strstr(vmalock_replay_final_maps(replay, 0), "rw-s 00000000 08:00 40") != NULL);
	vmalock_replay_free(replay);
}

static void execve_leaves_the_old_space_without_final_map(void)
{
	uint32_t space;
	vmalock_replay *replay;

	tracing_begin(&t);
	space = add_space(&t, VMALOCK_TRACE_NONE);
	add_vma(&t, 2, 1, RW, VMALOCK_MAP_PRIVATE, VMALOCK_TRACE_NONE);
	add_map(&t, 0, 0, 1, RW);
	add_exec(&t, 0, space);
	add_fault(&t, 0, 2, CODE_WRITE);
	add_exit(&t, 0);
	replay = tracing_load(&t);
	run_as_recorded(replay, "per-vma");
	expect(!vmalock_replay_final_maps(replay, 0));
	expect_eq(strncmp(vmalock_replay_final_maps(replay, 1), "100002000-100003000 rw-p", 24), 0);
	expect(!vmalock_replay_final_maps(replay, 2));
	vmalock_replay_free(replay);
}

static void the_child_of_a_vfork_leaves_its_parents_space_alive(void)
{
	uint32_t space, child;
	vmalock_replay *replay;

	tracing_begin(&t);
	add_map(&t, 0, 0, 1, RW);
	child = add_birth(&t, 0);
	add_fault(&t, child, 0, CODE_WRITE);
	space = add_space(&t, VMALOCK_TRACE_NONE);
	add_vma(&t, 5, 1, RW, VMALOCK_MAP_PRIVATE, VMALOCK_TRACE_NONE);
	add_exec(&t, child, space);
	add_fault(&t, 0, 0, CODE_READ);
	add_fault(&t, child, 5, CODE_WRITE);
	add_exit(&t, child);
	add_exit(&t, 0);
	replay = tracing_load(&t);
	for (int i = 0; i < 20; i++) {
		run_as_recorded(replay, "per-vma");
		expect(vmalock_replay_final_maps(replay, 0) && vmalock_replay_final_maps(replay, 1));
	}
	vmalock_replay_free(replay);
}

static void a_forked_process_begins_with_its_space_even_if_nobody_tells_its_birth(void)
{
	uint32_t space, child;
	vmalock_replay *replay;

	tracing_begin(&t);
	add_map(&t, 0, 0, 1, RW);
	space = add_space(&t, 0);
	add_event(&t, 0, VMALOCK_TRACE_FORK)->aux = space;
	child = add_thread(&t, space);
	add_fault(&t, child, 0, CODE_WRITE);
	add_unmap(&t, 0, 0, 1);
	add_exit(&t, child);
	replay = tracing_load(&t);
	for (int i = 0; i < 20; i++)
		run_as_recorded(replay, "mmap-lock");
	vmalock_replay_free(replay);
}

static void stats_are_those_of_all_spaces_and_waits_of_all_locks(void)
{
	vmalock_replay *replay;
	struct vmalock_replay_report report;

	tracing_begin(&t);
	add_map(&t, 0, 0, 8, RW);
	for (uint32_t n = 0; n < 4; n++) {
		uint32_t child = add_fork(&t, 0);

		add_fault(&t, child, n, CODE_WRITE);
		if (n % 2)
			add_exit(&t, child);
	}
	replay = tracing_load(&t);
	for (uint32_t n = 0; vmalock_policy_name(n); n++) {
		report = run_as_recorded(replay, vmalock_policy_name(n));
		expect_eq(report.stats.minor_faults, 4);
		expect_eq(report.mmap_lock_read.count, report.stats.mmap_lock_reads);
		expect_eq(report.mmap_lock_write.count, report.stats.mmap_lock_writes);
		expect_eq(report.mmap_lock_write.waits, report.stats.mmap_lock_write_waits);
	}
	vmalock_replay_free(replay);
}

static void a_trace_without_events_runs(void)
{
	vmalock_replay *replay;

	tracing_begin(&t);
	replay = tracing_load(&t);
	expect_eq(run_as_recorded(replay, "per-vma").events, 0);
	vmalock_replay_free(replay);
	vmalock_replay_free(NULL);
}

static void an_unknown_policy_or_pace_is_refused(void)
{
	struct vmalock_replay_options options = options_of("no-such-policy");
	vmalock_replay *replay;

	tracing_begin(&t);
	replay = tracing_load(&t);
	expect_eq(vmalock_replay_run(replay, &options), VMALOCK_EINVAL);
	options = options_of("per-vma");
	options.pace = (enum vmalock_pace)7;
	expect_eq(vmalock_replay_run(replay, &options), VMALOCK_EINVAL);
	options = options_of("per-vma");
	options.faults = (enum vmalock_faults)99;
	expect_eq(vmalock_replay_run(replay, &options), VMALOCK_EINVAL);
	options = options_of(NULL);
	expect_eq(vmalock_replay_run(replay, &options), 0);
	vmalock_replay_free(replay);
}

static const struct test_case cases[] = {
	CASE(a_program_of_one_thread_ends_with_its_final_map),
	CASE(an_outcome_that_differs_is_counted_and_told_with_its_line),
	CASE(at_most_a_thousand_differences_are_kept_but_all_are_counted),
	CASE(a_call_that_failed_is_expected_to_fail_again),
	CASE(a_recorded_address_is_honoured_and_replaces_nothing),
	CASE(a_mapping_that_moved_goes_where_it_went_and_one_that_stayed_stays),
	CASE(an_unknown_result_is_never_a_difference),
	CASE(what_is_not_modelled_is_counted_and_not_run),
	CASE(locking_and_looking_are_run_and_held_against_the_recording),
	CASE(the_kernels_own_access_faults_as_a_users_but_never_signals),
	CASE(the_heap_follows_its_recorded_break),
	CASE(a_file_is_one_object_for_all_spaces_that_map_it),
	CASE(shared_memory_is_the_object_that_was_recorded),
	CASE(execve_leaves_the_old_space_without_final_map),
	CASE(the_child_of_a_vfork_leaves_its_parents_space_alive),
	CASE(a_forked_process_begins_with_its_space_even_if_nobody_tells_its_birth),
	CASE(stats_are_those_of_all_spaces_and_waits_of_all_locks),
	CASE(a_trace_without_events_runs),
	CASE(an_unknown_policy_or_pace_is_refused),
};

TEST_MAIN(cases)
