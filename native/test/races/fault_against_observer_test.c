/*
 * An observer is registered while something changes a translation: it is told of the change, or the change is over when it comes. RFC
 * patch 17; the argument is in mm/observer.h.
 */
#include "../fault/faulting.h"
#include "support/observing.h"
#include "support/racing.h"

static struct recorder recorder;

static int observe_it(vmalock_mm *mm)
{
	observe(mm, &recorder);
	return 0;
}

static int stop_observing(vmalock_mm *mm)
{
	vmalock_mm_unobserve(mm, recorder.observation);
	return 0;
}

/* The parent's next write copies. */
static vmalock_mm *space_with_shared_page(vmalock_mm **child)
{
	vmalock_mm *mm = space_with_anon(4);

	write_byte(mm, 2, 1);
	*child = fork_of(mm);
	return mm;
}

/* The fault has asked for observers and found none, so that it will not tell anybody: nobody may become one before it has ended. */
static void expect_observer_waits(bool in_second_vma)
{
	vmalock_mm *child, *mm = space_with_shared_page(&child);
	struct racer fault, observer;

	if (in_second_vma)
		expect_eq(vmalock_mm_split(mm, page(1)), 0);
	syncpoint_arm("cow-replaces");
	race_fault(&fault, mm, page(2), VMALOCK_WRITE);
	syncpoint_wait_parked("cow-replaces");
	syncpoint_arm("vma-write-waits");
	race_request(&observer, mm, observe_it);
	expect_parked(&observer, "vma-write-waits");
	syncpoint_release("cow-replaces");
	expect_eq(race_end(&fault), VMALOCK_FAULT_MINOR | VMALOCK_FAULT_VMA_LOCK | VMALOCK_FAULT_COW);
	syncpoint_release("vma-write-waits");
	expect_eq(race_end(&observer), 0);
	expect_told_times(&recorder, 0);
	end_space(child);
	end_space(mm);
}

static void an_observer_comes_when_the_fault_inside_is_out(void)
{
	expect_observer_waits(false);
	expect_observer_waits(true);
}

/* The other way round: it is being told, and is not gone before that has ended. */
static void an_observer_goes_when_nobody_tells_it_anything(void)
{
	vmalock_mm *child, *mm = space_with_shared_page(&child);
	struct racer fault, observer;

	observe(mm, &recorder);
	syncpoint_arm("cow-replaces");
	race_fault(&fault, mm, page(2), VMALOCK_WRITE);
	syncpoint_wait_parked("cow-replaces");
	syncpoint_arm("vma-write-waits");
	race_request(&observer, mm, stop_observing);
	expect_parked(&observer, "vma-write-waits");
	syncpoint_release("cow-replaces");
	expect_eq(race_end(&fault) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_MINOR);
	syncpoint_release("vma-write-waits");
	expect_eq(race_end(&observer), 0);
	expect_told_times(&recorder, 1);
	expect_told(&recorder, 0, 2, 1, VMALOCK_INVALIDATE_COW);
	end_space(child);
	end_space(mm);
}

struct cutter {
	struct sync_thread thread;
	vmalock_file *file;
};

static void cut_to_nothing(void *arg)
{
	struct cutter *c = arg;

	expect_eq(vmalock_file_truncate(c->file, 0), 0);
}

static void write_back(void *arg)
{
	struct cutter *c = arg;

	expect_eq(vmalock_file_sync(c->file, 0, UINT64_MAX), 1);
}

static int end_it(vmalock_mm *mm)
{
	vmalock_mm_put(mm);
	return 0;
}

/* @work stands at @point, between its start and its end, when @request comes, which must not get past. */
static void expect_not_amid(void (*work)(void *arg), const char *point, vmalock_mm *mm, int (*request)(vmalock_mm *mm))
{
	struct cutter cutter = { .file = file_with(4, 0x41, 0) };
	struct racer r;

	map_file(mm, cutter.file, 4, 4, RW, VMALOCK_MAP_SHARED);
	write_byte(mm, 5, 1);
	syncpoint_arm(point);
	expect_eq(sync_thread_start(&cutter.thread, work, &cutter), 0);
	syncpoint_wait_parked(point);
	race_request(&r, mm, request);
	for (int i = 0; i < 1000 && !atomic_load_acquire(&r.done); i++)
		sync_yield(); /* nothing to wait for but time */
	expect(!atomic_load_acquire(&r.done));
	syncpoint_release(point);
	sync_thread_join(&cutter.thread);
	expect_eq(race_end(&r), 0);
	vmalock_file_put(cutter.file);
}

/* Neither holds mmap_lock or a VMA. */
static void an_observer_comes_when_no_truncation_and_no_writeback_is_under_way(void)
{
	static void (*const works[])(void *arg) = { cut_to_nothing, write_back };
	static const char *const points[] = { "truncate-takes", "writeback-cleans" };

	for (int i = 0; i < 2; i++) {
		vmalock_mm *mm = space_of("per-vma");

		recorder = (struct recorder){ 0 };
		expect_not_amid(works[i], points[i], mm, observe_it);
		expect_told_times(&recorder, 0);
		end_space(mm);
	}
}

/* The end of a space tells its observers that all goes, and forgets them: not amid what a truncation tells them. */
static void a_space_ends_when_no_truncation_is_telling_its_observers(void)
{
	vmalock_mm *mm = space_of("per-vma");

	observe(mm, &recorder);
	expect_not_amid(cut_to_nothing, "truncate-takes", mm, end_it);
	expect_told_times(&recorder, 2);
	expect_eq(recorder.told[0].why, VMALOCK_INVALIDATE_CLEAR);
	expect_eq(recorder.told[1].why, VMALOCK_INVALIDATE_RELEASE);
}

static const struct test_case cases[] = {
	CASE(an_observer_comes_when_the_fault_inside_is_out),
	CASE(an_observer_goes_when_nobody_tells_it_anything),
	CASE(an_observer_comes_when_no_truncation_and_no_writeback_is_under_way),
	CASE(a_space_ends_when_no_truncation_is_telling_its_observers),
};

TEST_MAIN(cases)
