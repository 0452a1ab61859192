/* One suite for every policy in the registry: the same answers, whatever the locks. */
#include "support/racing.h"

static void for_each_policy(void (*run)(const char *policy))
{
	const char *policy;

	for (uint32_t n = 0; (policy = vmalock_policy_name(n)); n++) {
		printf("  %s\n", policy);
		run(policy);
	}
}

static void the_registry_has_the_documented_policies_and_the_baseline_first(void)
{
	static const char *const names[] = { "mmap-lock", "per-vma", "per-vma-wait" };

	for (uint32_t n = 0; n < 3; n++)
		expect(vmalock_policy_name(n) && strcmp(vmalock_policy_name(n), names[n]) == 0);
	expect(!vmalock_policy_name(3));
}

static void outcomes(const char *policy)
{
	vmalock_mm *mm = space_of(policy);
	uint32_t outcome = VMALOCK_FAULT_OUTCOME | VMALOCK_FAULT_COW;

	map_at(mm, 0, 2, RW);
	map_at(mm, 2, 1, RO);
	map_at(mm, 3, 1, VMALOCK_PROT_NONE);
	expect_eq(vmalock_mm_fault(mm, page(0), VMALOCK_READ) & outcome, VMALOCK_FAULT_MINOR);
	expect_eq(vmalock_mm_fault(mm, page(0), VMALOCK_WRITE) & outcome, VMALOCK_FAULT_MINOR | VMALOCK_FAULT_COW);
	expect_eq(vmalock_mm_fault(mm, page(1), VMALOCK_WRITE) & outcome, VMALOCK_FAULT_MINOR);
	expect_eq(vmalock_mm_fault(mm, page(2), VMALOCK_WRITE) & outcome, VMALOCK_FAULT_SIGSEGV_ACCERR);
	expect_eq(vmalock_mm_fault(mm, page(2), VMALOCK_EXEC) & outcome, VMALOCK_FAULT_SIGSEGV_ACCERR);
	expect_eq(vmalock_mm_fault(mm, page(3), VMALOCK_READ) & outcome, VMALOCK_FAULT_SIGSEGV_ACCERR);
	expect_eq(vmalock_mm_fault(mm, page(4), VMALOCK_READ) & outcome, VMALOCK_FAULT_SIGSEGV_MAPERR);
	expect_eq(vmalock_mm_fault(mm, VMALOCK_TASK_SIZE, VMALOCK_READ) & outcome, VMALOCK_FAULT_SIGSEGV_MAPERR);
	expect_eq(vmalock_mm_fault(mm, UINT64_MAX, VMALOCK_READ) & outcome, VMALOCK_FAULT_SIGSEGV_MAPERR);
	(void)stats_of(mm);
	end_space(mm);
}

static void every_policy_gives_the_same_outcomes(void)
{
	for_each_policy(outcomes)
		;
}

/* Nothing covers the address, also where something lies above it; or the VMA does not permit the access. */
static void refusals(vmalock_mm *mm, bool fast)
{
	struct vmalock_stats stats;

	expect_eq(vmalock_mm_fault(mm, page(0) - P, VMALOCK_READ), VMALOCK_FAULT_SIGSEGV_MAPERR);
	expect_eq(vmalock_mm_fault(mm, page(9), VMALOCK_READ), VMALOCK_FAULT_SIGSEGV_MAPERR);
	expect_eq(vmalock_mm_fault(mm, page(3), VMALOCK_EXEC), VMALOCK_FAULT_SIGSEGV_ACCERR);
	expect_eq(vmalock_mm_fault(mm, VMALOCK_TASK_SIZE, VMALOCK_READ), VMALOCK_FAULT_SIGSEGV_MAPERR);
	stats = stats_of(mm);
	expect_eq(stats.abort_no_vma, fast ? 2 : 0);
	expect_eq(stats.vma_lock_abort, fast ? 2 : 0);
	expect_eq(stats.vma_lock_miss, 0);
	expect_eq(stats.vma_lock_access_error, fast ? 1 : 0);
	expect_eq(stats.signal_faults, 4);
}

static void counters(const char *policy)
{
	vmalock_mm *mm = space_of(policy);
	struct vmalock_stats stats;

	map_at(mm, 0, 4, RW);
	for (uint64_t n = 0; n < 4; n++)
		expect_eq(vmalock_mm_fault(mm, page(n), VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_MINOR);
	stats = stats_of(mm);
	expect_eq(stats.minor_faults, 4);
	expect_eq(stats.mmap_lock_writes, 1);
	if (strcmp(policy, "mmap-lock") == 0) {
		expect_eq(stats.vma_lock_attempts, 0);
		expect_eq(stats.mmap_lock_reads, 4);
	} else {
		expect_eq(stats.vma_lock_attempts, 4);
		expect_eq(stats.vma_lock_success, 3); /* the first one needed an anon, and mmap_lock for that */
		expect_eq(stats.vma_lock_retry, 1);
		expect_eq(stats.retry_anon_vma, 1);
		expect_eq(stats.mmap_lock_reads, 1);
	}
	refusals(mm, strcmp(policy, "mmap-lock") != 0);
	end_space(mm);
}

static void counters_tell_which_lock_served_a_fault(void)
{
	for_each_policy(counters)
		;
}

static int map_two_pages(vmalock_mm *mm)
{
	uint64_t at;

	return vmalock_mm_map(mm, page(0), 2 * P, RW, FIXED_ANON, NULL, 0, &at);
}

static int unmap_two_pages(vmalock_mm *mm)
{
	return vmalock_mm_unmap(mm, page(0), 2 * P);
}

/* A writer is inside; a fault, for which there is no VMA, and another writer have both looked and found the lock taken. */
static void waits(const char *policy)
{
	vmalock_mm *mm = space_of(policy);
	struct racer map, fault, unmap;
	struct vmalock_stats stats;

	syncpoint_arm("map-stored");
	race_request(&map, mm, map_two_pages);
	syncpoint_wait_parked("map-stored");
	syncpoint_arm("mmap-lock-read-waits");
	race_fault(&fault, mm, page(8), VMALOCK_READ);
	expect_parked(&fault, "mmap-lock-read-waits");
	syncpoint_arm("mmap-lock-gate-waits");
	race_request(&unmap, mm, unmap_two_pages);
	expect_parked(&unmap, "mmap-lock-gate-waits");
	syncpoint_release("map-stored");
	syncpoint_release("mmap-lock-read-waits");
	syncpoint_release("mmap-lock-gate-waits");
	expect_eq(race_end(&map), 0);
	expect_eq(race_end(&fault), VMALOCK_FAULT_SIGSEGV_MAPERR);
	expect_eq(race_end(&unmap), 0);
	stats = stats_of(mm);
	expect_eq(stats.mmap_lock_reads, 1);
	expect_eq(stats.mmap_lock_read_waits, 1);
	expect_eq(stats.mmap_lock_writes, 2);
	expect_eq(stats.mmap_lock_write_waits, 1);
	end_space(mm);
}

static void who_had_to_wait_for_mmap_lock_is_counted(void)
{
	for_each_policy(waits)
		;
}

/* 8 pages touched by two threads each: nothing is lost, nothing is counted twice. */
static void touch_all(void *arg)
{
	vmalock_mm *mm = arg;

	for (uint64_t n = 0; n < 512; n++)
		expect_eq(vmalock_mm_fault(mm, page(n), VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_MINOR);
}

static void side_by_side(const char *policy)
{
	vmalock_mm *mm = space_of(policy);
	struct vmalock_status status;
	struct sync_thread t[2];

	map_at(mm, 0, 512, RW);
	for (int i = 0; i < 2; i++)
		expect_eq(sync_thread_start(&t[i], touch_all, mm), 0);
	for (int i = 0; i < 2; i++)
		sync_thread_join(&t[i]);
	vmalock_mm_status(mm, &status);
	expect_eq(status.rss_anon, 512 * P);
	expect_eq(status.frames_used, 512);
	expect_eq(stats_of(mm).minor_faults, 1024);
	end_space(mm);
}

static void two_threads_that_touch_the_same_pages_install_each_once(void)
{
	for_each_policy(side_by_side)
		;
}

static void eras(const char *policy)
{
	struct vmalock_options options;
	bool fast = strcmp(policy, "mmap-lock") != 0;
	vmalock_mm *mm;
	uint64_t at;

	vmalock_options_init(&options);
	options.policy = policy;
	options.faults = VMALOCK_FAULTS_RFC;
	expect_eq(vmalock_mm_create(&options, &mm), 0);
	expect_eq(vmalock_mm_map(mm, page(0), P, RW, VMALOCK_MAP_SHARED | VMALOCK_MAP_ANONYMOUS | VMALOCK_MAP_FIXED,
				 NULL, 0, &at),
		  0);
	expect_eq(vmalock_mm_fault(mm, page(0), VMALOCK_WRITE), VMALOCK_FAULT_MINOR);
	expect_eq(stats_of(mm).abort_vma_kind, fast ? 1 : 0);
	end_space(mm);

	options.faults = VMALOCK_FAULTS_LINUX_6_7;
	expect_eq(vmalock_mm_create(&options, &mm), 0);
	expect_eq(vmalock_mm_map(mm, page(0), P, RW, VMALOCK_MAP_SHARED | VMALOCK_MAP_ANONYMOUS | VMALOCK_MAP_FIXED,
				 NULL, 0, &at),
		  0);
	expect_eq(vmalock_mm_fault(mm, page(0), VMALOCK_WRITE),
		  VMALOCK_FAULT_MINOR | (fast ? VMALOCK_FAULT_VMA_LOCK : 0));
	end_space(mm);
}

static void the_era_decides_whether_shared_memory_takes_the_fast_path(void)
{
	for_each_policy(eras)
		;
}

/* From 6.10 on a fault that needs an anon tries for mmap_lock beside its VMA's lock, which is a read like any other. */
static void tries(const char *policy)
{
	struct vmalock_options options;
	vmalock_mm *mm;

	vmalock_options_init(&options);
	options.policy = policy;
	options.faults = VMALOCK_FAULTS_LINUX_6_18;
	expect_eq(vmalock_mm_create(&options, &mm), 0);
	map_at(mm, 0, 2, RW);
	expect_eq(vmalock_mm_fault(mm, page(0), VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_MINOR);
	expect_eq(stats_of(mm).vma_lock_retry, 0);
	expect_eq(stats_of(mm).mmap_lock_reads, 1);
	end_space(mm);
}

static void mmap_lock_that_was_only_tried_for_is_counted(void)
{
	for_each_policy(tries)
		;
}

static const struct test_case cases[] = {
	CASE(the_registry_has_the_documented_policies_and_the_baseline_first),
	CASE(every_policy_gives_the_same_outcomes),
	CASE(counters_tell_which_lock_served_a_fault),
	CASE(who_had_to_wait_for_mmap_lock_is_counted),
	CASE(mmap_lock_that_was_only_tried_for_is_counted),
	CASE(two_threads_that_touch_the_same_pages_install_each_once),
	CASE(the_era_decides_whether_shared_memory_takes_the_fast_path),
};
TEST_MAIN(cases)
