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
static void an_observer_comes_when_the_fault_inside_is_out(void)
{
	vmalock_mm *child, *mm = space_with_shared_page(&child);
	struct racer fault, observer;

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

/* A truncation holds neither mmap_lock nor a VMA. */
static void an_observer_comes_when_no_truncation_is_under_way(void)
{
	vmalock_mm *mm = space_of("per-vma");
	struct cutter cutter = { .file = file_with(4, 0x41, 0) };
	struct racer observer;

	map_file(mm, cutter.file, 4, 4, RW, VMALOCK_MAP_SHARED);
	write_byte(mm, 5, 1);
	syncpoint_arm("truncate-takes");
	expect_eq(sync_thread_start(&cutter.thread, cut_to_nothing, &cutter), 0);
	syncpoint_wait_parked("truncate-takes");
	race_request(&observer, mm, observe_it);
	for (int i = 0; i < 1000 && !atomic_load_acquire(&observer.done); i++)
		sync_yield(); /* it must not get past: nothing to wait for but time */
	expect(!atomic_load_acquire(&observer.done));
	syncpoint_release("truncate-takes");
	sync_thread_join(&cutter.thread);
	expect_eq(race_end(&observer), 0);
	expect_told_times(&recorder, 0);
	end_space(mm);
	vmalock_file_put(cutter.file);
}

static const struct test_case cases[] = {
	CASE(an_observer_comes_when_the_fault_inside_is_out),
	CASE(an_observer_goes_when_nobody_tells_it_anything),
	CASE(an_observer_comes_when_no_truncation_is_under_way),
};

TEST_MAIN(cases)
