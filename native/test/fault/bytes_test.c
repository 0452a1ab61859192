/*
 * bytes_test.c - bytes move like a program's loads and stores: a fault only where one is due
 */
#include "faulting.h"

static void a_page_that_is_there_is_read_and_written_without_a_fault(void)
{
	vmalock_mm *mm = space_of(NULL);
	struct vmalock_stats before, after;

	map_at(mm, 0, 1, RW);
	write_byte(mm, 0, 1);
	before = stats_of(mm);
	for (int i = 0; i < 10; i++) {
		write_byte(mm, 0, (uint8_t)i);
		expect_eq(read_byte(mm, 0), i);
	}
	after = stats_of(mm);
	expect_eq(after.minor_faults, before.minor_faults);
	expect_eq(after.vma_lock_attempts, before.vma_lock_attempts);
	end_space(mm);
}

static void bytes_cross_pages_and_stop_at_the_first_signal(void)
{
	const char *policy;

	for (uint32_t n = 0; (policy = vmalock_policy_name(n)); n++) {
		vmalock_mm *mm = space_of(policy);
		uint8_t bytes[3 * P], back[3 * P];
		size_t done = 99;

		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)(i % 251);
		map_at(mm, 0, 3, RW);
		map_at(mm, 3, 1, RO);
		expect_eq(vmalock_mm_write(mm, page(0) + 100, bytes, 2 * P, &done), 0);
		expect_eq(done, 2 * P);
		expect_eq(vmalock_mm_read(mm, page(0) + 100, back, 2 * P, &done), 0);
		expect(memcmp(bytes, back, 2 * P) == 0);
		expect_eq(vmalock_mm_write(mm, page(1) + 8, bytes, 3 * P, &done), (uint64_t)VMALOCK_SIGSEGV_ACCERR);
		expect_eq(done, 2 * P - 8);
		expect_eq(vmalock_mm_read(mm, page(3) + 8, back, P, &done), (uint64_t)VMALOCK_SIGSEGV_MAPERR);
		expect_eq(done, P - 8);
		expect_eq(vmalock_mm_read(mm, UINT64_MAX - 4, back, P, &done), (uint64_t)VMALOCK_SIGSEGV_MAPERR);
		expect_eq(done, 0);
		expect_eq(vmalock_mm_read(mm, page(0), back, 0, &done), 0);
		expect_eq(done, 0);
		end_space(mm);
	}
}

static void a_page_that_is_there_cannot_be_read_once_the_mapping_forbids_it(void)
{
	vmalock_mm *mm = space_of(NULL);
	uint8_t byte;

	map_at(mm, 0, 1, RW);
	write_byte(mm, 0, 1);
	expect_eq(vmalock_mm_protect(mm, page(0), P, 0), 0);
	expect_eq(vmalock_mm_read(mm, page(0), &byte, 1, NULL), (uint64_t)VMALOCK_SIGSEGV_ACCERR);
	expect_eq(vmalock_mm_protect(mm, page(0), P, RO), 0);
	expect_eq(read_byte(mm, 0), 1);
	end_space(mm);
}

static void store_byte(void *arg)
{
	struct racer *r = arg;
	uint8_t value = 9;

	r->result = (uint32_t)vmalock_mm_write(r->mm, r->addr, &value, 1, NULL);
	atomic_store_release(&r->done, 1);
}

static void a_page_taken_away_between_the_fault_and_the_store_is_faulted_again(void)
{
	vmalock_mm *mm = space_with_anon(2);
	struct racer store = { .mm = mm, .addr = page(1) };

	syncpoint_arm("bytes-faulted");
	expect_eq(sync_thread_start(&store.thread, store_byte, &store), 0);
	syncpoint_wait_parked("bytes-faulted");
	expect_pages(mm, 2, 0, 0, 2);
	drop_pages(mm, 1, 1);
	expect_pages(mm, 1, 0, 0, 1);
	syncpoint_release("bytes-faulted");
	expect_eq(race_end(&store), 0);
	expect_eq(read_byte(mm, 1), 9);
	expect_pages(mm, 2, 0, 0, 2);
	expect_eq(stats_of(mm).minor_faults, 3);
	end_space(mm);
}

static void a_mapping_taken_away_between_the_fault_and_the_store_is_a_signal(void)
{
	vmalock_mm *mm = space_with_anon(2);
	struct racer store = { .mm = mm, .addr = page(1) };

	syncpoint_arm("bytes-faulted");
	expect_eq(sync_thread_start(&store.thread, store_byte, &store), 0);
	syncpoint_wait_parked("bytes-faulted");
	expect_eq(vmalock_mm_unmap(mm, page(1), P), 0);
	syncpoint_release("bytes-faulted");
	expect_eq((int32_t)race_end(&store), (uint64_t)VMALOCK_SIGSEGV_MAPERR);
	expect_pages(mm, 1, 0, 0, 1);
	end_space(mm);
}

static const struct test_case cases[] = {
	CASE(a_page_that_is_there_is_read_and_written_without_a_fault),
	CASE(bytes_cross_pages_and_stop_at_the_first_signal),
	CASE(a_page_that_is_there_cannot_be_read_once_the_mapping_forbids_it),
	CASE(a_page_taken_away_between_the_fault_and_the_store_is_faulted_again),
	CASE(a_mapping_taken_away_between_the_fault_and_the_store_is_a_signal),
};
TEST_MAIN(cases)
