/* A space ends while a reaper takes its pages and faults bring some. The argument is in ops/exit.h. */
#include "../fault/faulting.h"
#include "base/alloc.h"
#include "support/racing.h"

static int exit_space(vmalock_mm *mm)
{
	return vmalock_mm_exit(mm);
}

static int reap_space(vmalock_mm *mm)
{
	return vmalock_mm_reap(mm);
}

static vmalock_mm *space_with_pages(uint64_t pages)
{
	vmalock_mm *mm = space_with_anon(pages);

	for (uint64_t n = 0; n < pages; n++)
		write_byte(mm, n, 1);
	return mm;
}

static void expect_nothing_left(vmalock_mm *mm)
{
	struct vmalock_status status = status_of(mm);

	expect_eq(status.vm_rss, 0);
	expect_eq(status.map_count, 0);
	expect_eq(status.vm_size, 0);
	expect_eq(status.frames_used, 0);
	expect_valid(mm);
}

static void exit_and_reaper_work_side_by_side(void)
{
	vmalock_mm *mm = space_with_pages(8);
	uint8_t resident[8];
	struct racer r;

	syncpoint_arm("exit-takes-pages");
	race_request(&r, mm, exit_space);
	syncpoint_wait_parked("exit-takes-pages");
	expect_eq(vmalock_mm_reap(mm), 0);
	expect_eq(vmalock_mm_mincore(mm, page(0), 8 * P, resident), 0);
	for (int n = 0; n < 8; n++)
		expect_eq(resident[n], 0);
	syncpoint_release("exit-takes-pages");
	expect_eq(race_end(&r), 0);
	expect_nothing_left(mm);
	end_space(mm);
}

/* The reaper is about to walk the tables. */
static void exit_frees_no_table_under_the_reaper(void)
{
	vmalock_mm *mm = space_with_pages(8);
	struct racer reaper, exiting;

	syncpoint_arm("reap-takes-pages");
	race_request(&reaper, mm, reap_space);
	syncpoint_wait_parked("reap-takes-pages");
	race_request(&exiting, mm, exit_space);
	for (int i = 0; i < 1000 && !atomic_load_acquire(&exiting.done); i++)
		sync_yield(); /* it must not get past: nothing to wait for but time */
	expect(!atomic_load_acquire(&exiting.done));
	syncpoint_release("reap-takes-pages");
	expect_eq(race_end(&reaper), 0);
	expect_eq(race_end(&exiting), 0);
	expect_nothing_left(mm);
	end_space(mm);
}

static void a_reaper_does_not_wait_for_a_writer(void)
{
	vmalock_mm *mm = space_with_pages(8);
	struct racer r;

	syncpoint_arm("unmap-pages");
	race_request(&r, mm, exit_space);
	syncpoint_wait_parked("unmap-pages");
	expect_eq(vmalock_mm_reap(mm), VMALOCK_EAGAIN);
	syncpoint_release("unmap-pages");
	expect_eq(race_end(&r), 0);
	map_at(mm, 0, 1, RW);
	write_byte(mm, 0, 1); /* it has not made the space unstable either */
	end_space(mm);
}

/* The fault stands between its look at the table and its page, and the reaper has been by when it goes on. */
static void expect_taken_back(const char *point, uint64_t n, enum vmalock_access access)
{
	vmalock_mm *child, *mm = space_with_anon(1024);
	vmalock_file *file = file_with(4, 0x41, 0);
	struct racer r;

	map_file(mm, file, 1024, 4, RW, VMALOCK_MAP_PRIVATE);
	write_byte(mm, 1024, 1);
	expect_eq(vmalock_mm_advise(mm, page(512), 512 * P, 14 /* MADV_HUGEPAGE */), 0);
	write_byte(mm, 1, 1);
	child = fork_of(mm);
	syncpoint_arm(point);
	race_fault(&r, mm, page(n), access);
	syncpoint_wait_parked(point);
	expect_eq(vmalock_mm_reap(mm), 0);
	syncpoint_release(point);
	expect_eq(race_end(&r) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_SIGBUS);
	expect_eq(status_of(mm).vm_rss, 0);
	end_space(child);
	end_space(mm);
	vmalock_file_put(file);
}

static void no_page_that_a_fault_brings_stays_behind_the_reaper(void)
{
	expect_taken_back("fault-took-frame", 3, VMALOCK_WRITE);
	expect_taken_back("fault-took-block", 600, VMALOCK_WRITE);
	expect_taken_back("fault-has-page", 1025, VMALOCK_READ);
	expect_taken_back("cow-replaces", 1, VMALOCK_WRITE);
}

/* Said before the first page goes, so that none comes where the reaper has been. */
static void a_fault_is_refused_from_the_moment_in_which_the_reaper_begins(void)
{
	vmalock_mm *mm = space_with_pages(4);
	struct racer reaper;

	map_at(mm, 8, 2, RW);
	syncpoint_arm("reap-takes-pages");
	race_request(&reaper, mm, reap_space);
	syncpoint_wait_parked("reap-takes-pages");
	expect_eq(fault_at(mm, 8, VMALOCK_READ) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_SIGBUS);
	syncpoint_release("reap-takes-pages");
	expect_eq(race_end(&reaper), 0);
	end_space(mm);
}

static void a_reaped_space_has_its_shared_memory_and_no_other(void)
{
	vmalock_mm *mm = space_with_pages(4);

	map_shared_anonymous(mm, 8, 2);
	write_byte(mm, 8, 7);
	expect_eq(vmalock_mm_reap(mm), 0);
	expect_pages(mm, 0, 0, 1, 0);
	expect_eq(read_byte(mm, 8), 7);
	expect_eq(fault_at(mm, 0, VMALOCK_READ) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_SIGBUS);
	expect_eq(fault_at(mm, 0, VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_SIGBUS);
	expect_eq(fault_at(mm, 5, VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_SIGSEGV_MAPERR);
	expect_eq(fault_at(mm, 9, VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_MINOR); /* comes anew, too */
	expect_eq(status_of(mm).rss_anon, 0);
	expect_eq(vmalock_mm_exit(mm), 0);
	expect_nothing_left(mm);
	end_space(mm);
}

static void exit_does_not_ask_seals_and_may_have_no_memory(void)
{
	vmalock_mm *mm = space_with_pages(4);
	uint64_t n = 1;

	expect_eq(vmalock_mm_seal(mm, page(1), P, 0), 0);
	for (alloc_fail_after(n); vmalock_mm_exit(mm) == VMALOCK_ENOMEM; alloc_fail_after(++n))
		expect_valid(mm);
	alloc_fail_after(0);
	expect_nothing_left(mm);
	expect_eq(vmalock_mm_exit(mm), 0);
	map_at(mm, 0, 1, RW);
	write_byte(mm, 0, 1);
	end_space(mm);
}

/* --- everything at once ---------------------------------------------------------------------------------------------- */

#define PAGES 1024u

static atomic_u32 ended;

static void fault_everywhere(void *arg)
{
	vmalock_mm *mm = arg;

	for (uint64_t n = 0; !atomic_load_acquire(&ended); n = (n + 7) % PAGES)
		(void)vmalock_mm_fault(mm, page(n), n % 3 ? VMALOCK_WRITE : VMALOCK_READ);
}

static void exit_reaper_and_faults_leave_nothing(void)
{
	for (int round = 0; round < 30; round++) {
		vmalock_mm *mm = space_with_anon(PAGES);
		struct sync_thread thread;
		struct racer reaper, exiting;

		atomic_store_release(&ended, 0);
		expect_eq(sync_thread_start(&thread, fault_everywhere, mm), 0);
		race_request(&reaper, mm, reap_space);
		if (round % 2)
			expect_eq(race_end(&reaper), 0);
		race_request(&exiting, mm, exit_space);
		if (!(round % 2)) {
			uint32_t result = race_end(&reaper);

			expect(result == 0 || (int)result == VMALOCK_EAGAIN);
		}
		expect_eq(race_end(&exiting), 0);
		atomic_store_release(&ended, 1);
		sync_thread_join(&thread);
		expect_nothing_left(mm);
		end_space(mm);
	}
}

static const struct test_case cases[] = {
	CASE(exit_and_reaper_work_side_by_side),
	CASE(exit_frees_no_table_under_the_reaper),
	CASE(a_reaper_does_not_wait_for_a_writer),
	CASE(no_page_that_a_fault_brings_stays_behind_the_reaper),
	CASE(a_fault_is_refused_from_the_moment_in_which_the_reaper_begins),
	CASE(a_reaped_space_has_its_shared_memory_and_no_other),
	CASE(exit_does_not_ask_seals_and_may_have_no_memory),
	CASE(exit_reaper_and_faults_leave_nothing),
};

TEST_MAIN(cases)
