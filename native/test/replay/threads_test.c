/*
 * Runs with native threads: whatever the timing, the outcomes are the recorded ones; a run stops when it is told to,
 * keeps the recorded pace when it is told to, and gives back all it took.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "support/programs.h"
#include "support/racing.h"

static struct tracing t;

/* --- many threads -------------------------------------------------------------------------------------------------- */

static void run_and_compare(const struct program *p, vmalock_replay *replay, const char *policy)
{
	run_as_recorded(replay, policy);
	for (uint32_t s = 0; s < p->t.header.spaces.count; s++)
		expect_eq(strcmp(vmalock_replay_final_maps(replay, s), p->final_maps[s]), 0);
}

static void random_programs_end_as_recorded_under_every_policy(void)
{
	for (uint64_t seed = 1; seed <= 16; seed++) {
		struct program_shape shape = { .threads = 3 + (uint32_t)(seed % 6),
					       .events = 400,
					       .pages = WINDOW * (1 + (uint32_t)(seed % 5)) };
		struct program *p = program_create(seed * 7919, shape);
		vmalock_replay *replay = tracing_load(&p->t);

		for (uint32_t n = 0; vmalock_policy_name(n); n++) {
			for (int turn = 0; turn < 8; turn++)
				run_and_compare(p, replay, vmalock_policy_name(n));
		}
		vmalock_replay_free(replay);
		program_free(p);
	}
}

/* Each thread waits for each other, over and over. */
static void threads_hand_a_page_around(void)
{
	uint32_t threads[8];
	vmalock_replay *replay;

	tracing_begin(&t);
	add_map(&t, 0, 0, 1, RW);
	for (uint32_t i = 0; i < 8; i++)
		threads[i] = add_birth(&t, 0);
	for (uint32_t i = 0; i < 2000; i++) {
		uint32_t thread = threads[i * 5 % 8];

		add_protect(&t, thread, 0, 1, i % 2 ? RW : RO);
		add_fault(&t, threads[i * 3 % 8], 0, CODE_WRITE)->result = i % 2 ? 0 : VMALOCK_SIGSEGV_ACCERR;
	}
	replay = tracing_load(&t);
	for (int turn = 0; turn < 3; turn++)
		expect(run_as_recorded(replay, "per-vma").dependencies > 2000);
	vmalock_replay_free(replay);
}

static void a_short_life_starts_and_ends_while_others_go_on(void)
{
	vmalock_replay *replay;

	tracing_begin(&t);
	add_map(&t, 0, 0, 16, RW);
	for (uint32_t i = 0; i < 60; i++) {
		uint32_t child = add_birth(&t, 0);

		add_fault(&t, child, i % 16, CODE_WRITE);
		add_fault(&t, 0, i % 16, CODE_READ);
	}
	add_unmap(&t, 0, 0, 16);
	replay = tracing_load(&t);
	for (int turn = 0; turn < 3; turn++)
		expect_eq(run_as_recorded(replay, "mmap-lock").threads, 61);
	vmalock_replay_free(replay);
}

/* --- stopping ------------------------------------------------------------------------------------------------------ */

/* A run of its own, to be cancelled from here. */
struct running {
	struct sync_thread thread;
	vmalock_replay *replay;
	struct vmalock_replay_options options;
	uint32_t cancel;
	uint64_t progress;
	int result;
	atomic_u32 ended;
};

static void run_it(void *arg)
{
	struct running *r = arg;

	r->result = vmalock_replay_run(r->replay, &r->options);
	atomic_store_release(&r->ended, 1);
}

static void start_running(struct running *r, vmalock_replay *replay, enum vmalock_pace pace)
{
	*r = (struct running){ .replay = replay, .options = options_of("per-vma") };
	r->options.pace = pace;
	r->options.cancel = &r->cancel;
	r->options.progress = &r->progress;
	expect_eq(sync_thread_start(&r->thread, run_it, r), 0);
}

static uint64_t progress_of(struct running *r)
{
	return atomic_load_relaxed((atomic_u64 *)(void *)&r->progress);
}

/* Thread 0 sleeps for an hour of recorded time while another waits for it. */
static vmalock_replay *load_an_hour(void)
{
	uint32_t child;

	tracing_begin(&t);
	add_map(&t, 0, 0, 2, RW);
	child = add_birth(&t, 0);
	add_fault(&t, 0, 0, CODE_WRITE);
	add_unmap(&t, 0, 0, 1)->time_ns = UINT64_C(3600000000000);
	add_map(&t, child, 0, 1, RO)->time_ns = 5000;
	return tracing_load(&t);
}

static void a_cancelled_run_stops_soon_even_when_its_threads_sleep(void)
{
	vmalock_replay *replay = load_an_hour();
	int64_t live = alloc_live();
	struct running r;
	uint64_t start;

	start_running(&r, replay, VMALOCK_PACE_RECORDED);
	while (progress_of(&r) < 3)
		sync_yield();
	expect(!atomic_load_acquire(&r.ended));
	start = clock_now_ns();
	atomic_store_relaxed((atomic_u32 *)(void *)&r.cancel, 1);
	sync_thread_join(&r.thread);
	expect(clock_now_ns() - start < UINT64_C(20000000000));
	expect_eq(r.result, VMALOCK_ECANCELED);
	expect_eq(progress_of(&r), 3);
	vmalock_replay_free(replay);
	expect(alloc_live() < live);
}

static void a_run_that_is_cancelled_before_it_begins_does_nothing(void)
{
	struct vmalock_replay_options options = options_of("per-vma");
	vmalock_replay *replay = load_an_hour();
	uint32_t cancel = 1;

	options.cancel = &cancel;
	options.pace = VMALOCK_PACE_RECORDED;
	expect_eq(vmalock_replay_run(replay, &options), VMALOCK_ECANCELED);
	vmalock_replay_free(replay);
}

static void a_replay_runs_again_after_a_cancelled_run(void)
{
	struct vmalock_replay_options options = options_of("per-vma");
	vmalock_replay *replay = load_an_hour();
	uint64_t progress = 0;
	uint32_t cancel = 1;

	options.cancel = &cancel;
	expect_eq(vmalock_replay_run(replay, &options), VMALOCK_ECANCELED);
	cancel = 0;
	options.progress = &progress;
	expect_eq(vmalock_replay_run(replay, &options), 0);
	expect_eq(progress, 5);
	expect(!vmalock_replay_difference(replay, 0));
	vmalock_replay_free(replay);
}

/* --- no threads -------------------------------------------------------------------------------------------------- */

/* Some exist from the start, some are born; those born wait for the last of the first. */
static vmalock_replay *load_a_crowd(void)
{
	uint32_t first[3], last;

	tracing_begin(&t);
	add_map(&t, 0, 0, 8, RW);
	for (uint32_t i = 0; i < 3; i++)
		first[i] = add_thread(&t, 0);
	for (uint32_t i = 0; i < 3; i++)
		add_fault(&t, add_birth(&t, first[i]), i, CODE_WRITE);
	last = add_birth(&t, 0);
	add_unmap(&t, last, 0, 8);
	for (uint32_t thread = 0; thread < last; thread++)
		add_fault(&t, thread, 0, CODE_READ)->result = VMALOCK_SIGSEGV_MAPERR;
	return tracing_load(&t);
}

static void a_run_without_a_thread_to_be_had_ends_and_leaves_nothing(void)
{
	struct vmalock_replay_options options = options_of("per-vma");
	vmalock_replay *replay = load_a_crowd();
	int64_t live;

	run_as_recorded(replay, "per-vma");
	live = alloc_live();
	for (uint32_t n = 1; n <= 8; n++) {
		sync_thread_fail_after(n);
		expect_eq(vmalock_replay_run(replay, &options), VMALOCK_EAGAIN);
		sync_thread_fail_after(0);
		run_as_recorded(replay, "per-vma");
		expect_eq(alloc_live(), live);
	}
	vmalock_replay_free(replay);
}

/* --- pace ---------------------------------------------------------------------------------------------------------- */

static uint64_t wall_of(vmalock_replay *replay, enum vmalock_pace pace)
{
	struct vmalock_replay_options options = options_of("per-vma");
	struct vmalock_replay_report report;

	options.pace = pace;
	expect_eq(vmalock_replay_run(replay, &options), 0);
	vmalock_replay_get_report(replay, &report);
	expect_eq(report.unexpected, 0);
	return report.wall_ns;
}

static void the_recorded_pace_keeps_the_gaps_and_asap_does_not(void)
{
	vmalock_replay *replay;
	uint32_t child;

	tracing_begin(&t);
	add_map(&t, 0, 0, 1, RW)->time_ns = 0;
	child = add_birth(&t, 0);
	t.events[1].time_ns = UINT64_C(30000000);
	add_fault(&t, child, 0, CODE_WRITE)->time_ns = UINT64_C(60000000); /* 30 ms after its birth */
	add_fault(&t, child, 0, CODE_READ)->time_ns = UINT64_C(60010000);
	replay = tracing_load(&t);
	expect(wall_of(replay, VMALOCK_PACE_RECORDED) >= UINT64_C(60010000));
	vmalock_replay_free(replay);
	replay = load_an_hour();
	expect(wall_of(replay, VMALOCK_PACE_ASAP) < UINT64_C(60000000000));
	vmalock_replay_free(replay);
}

static const struct test_case cases[] = {
	CASE(random_programs_end_as_recorded_under_every_policy),
	CASE(threads_hand_a_page_around),
	CASE(a_short_life_starts_and_ends_while_others_go_on),
	CASE(a_cancelled_run_stops_soon_even_when_its_threads_sleep),
	CASE(a_run_that_is_cancelled_before_it_begins_does_nothing),
	CASE(a_replay_runs_again_after_a_cancelled_run),
	CASE(a_run_without_a_thread_to_be_had_ends_and_leaves_nothing),
	CASE(the_recorded_pace_keeps_the_gaps_and_asap_does_not),
};

TEST_MAIN(cases)
