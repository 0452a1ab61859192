/*
 * Recordings of kernels with and without a zero page: what their faults look like, and what became of the mappings.
 */
#include "support/tracing.h"

#define READ_FIRST 16u

static struct tracing t;

/* The faults of reading page after page of a fresh mapping and then writing it, as the kernel of the recording had them. */
static void read_then_write_pages(uint32_t pages, bool has_zero_page)
{
	for (uint32_t n = 0; n < pages; n++) {
		add_fault(&t, 0, n, CODE_READ);
		if (has_zero_page)
			add_fault(&t, 0, n, CODE_WRITE | 1);
	}
}

static struct vmalock_replay_report report_of(vmalock_replay **replay)
{
	*replay = tracing_load(&t);
	return run_as_recorded(*replay, "per-vma");
}

/* How many lines the final map of space 0 has. */
static unsigned final_vmas(const vmalock_replay *replay)
{
	unsigned lines = 0;

	for (const char *c = vmalock_replay_final_maps(replay, 0); *c; c++)
		lines += *c == '\n';
	return lines;
}

static void fresh_pages_that_are_read_and_never_replaced_tell_of_a_kernel_without_zero_page(void)
{
	vmalock_replay *replay;
	struct vmalock_replay_report report;

	tracing_begin(&t);
	add_map(&t, 0, 0, READ_FIRST, RW);
	read_then_write_pages(READ_FIRST, false);
	/* Read on their own they have an anon each, so that what comes between joins the first of them only. */
	add_map(&t, 0, 18, 1, RW);
	add_fault(&t, 0, 18, CODE_READ);
	add_map(&t, 0, 16, 2, RW);
	add_exit(&t, 0);
	report = report_of(&replay);
	expect(report.forbids_zero_page);
	expect_eq(report.stats.cow_faults, 0);
	expect_eq(final_vmas(replay), 3);
	vmalock_replay_free(replay);
}

static void a_write_to_a_page_that_was_only_read_tells_of_a_zero_page(void)
{
	vmalock_replay *replay;
	struct vmalock_replay_report report;

	tracing_begin(&t);
	add_map(&t, 0, 0, READ_FIRST, RW);
	read_then_write_pages(READ_FIRST, true);
	add_exit(&t, 0);
	report = report_of(&replay);
	expect(!report.forbids_zero_page);
	expect_eq(report.stats.cow_faults, READ_FIRST);
	vmalock_replay_free(replay);
}

static void a_few_pages_say_nothing(void)
{
	vmalock_replay *replay;

	tracing_begin(&t);
	add_map(&t, 0, 0, READ_FIRST, RW);
	read_then_write_pages(READ_FIRST - 1, false);
	add_exit(&t, 0);
	expect(!report_of(&replay).forbids_zero_page);
	vmalock_replay_free(replay);
}

static void reads_after_a_fork_say_nothing(void)
{
	vmalock_replay *replay;

	tracing_begin(&t);
	add_map(&t, 0, 0, READ_FIRST, RW);
	add_fork(&t, 0);
	read_then_write_pages(READ_FIRST, false);
	add_exit(&t, 0);
	expect(!report_of(&replay).forbids_zero_page);
	vmalock_replay_free(replay);
}

static const struct test_case cases[] = {
	CASE(fresh_pages_that_are_read_and_never_replaced_tell_of_a_kernel_without_zero_page),
	CASE(a_write_to_a_page_that_was_only_read_tells_of_a_zero_page),
	CASE(a_few_pages_say_nothing),
	CASE(reads_after_a_fork_say_nothing),
};

TEST_MAIN(cases)
