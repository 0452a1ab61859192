/* Page arithmetic at its edges, and memory whose failures a test orders. */
#include "base/bits.h"

#include "base/alloc.h"
#include "test.h"

static void rounding_stays_at_boundaries_and_wraps_only_past_the_last_page(void)
{
	expect_eq(page_down(0), 0);
	expect_eq(page_up(0), 0);
	expect_eq(page_down(4095), 0);
	expect_eq(page_up(1), 4096);
	expect_eq(page_up(4096), 4096);
	expect_eq(page_down(UINT64_MAX), UINT64_MAX - 4095);
	expect_eq(page_up(UINT64_MAX), 0);
	expect(page_aligned(UINT64_C(0x7ffffffff000)) && !page_aligned(1));
	expect_eq(min_u64(3, UINT64_MAX), 3);
	expect_eq(max_u64(3, UINT64_MAX), UINT64_MAX);
}

struct outer {
	char before[24];
	int member;
};

static void a_member_leads_back_to_what_holds_it(void)
{
	struct outer o;

	expect(container_of(&o.member, struct outer, member) == &o);
}

static void the_nth_allocation_fails_once_and_later_ones_do_not(void)
{
	int64_t live = alloc_live();
	void *first, *second, *third;

	alloc_fail_after(2);
	first = alloc_bytes(10);
	expect(first && !alloc_failure_happened());
	second = alloc_zeroed(10);
	expect(!second && alloc_failure_happened());
	third = alloc_aligned(128, 100);
	expect(third && (uintptr_t)third % 128 == 0);
	expect(alloc_live() == live + 2);
	alloc_free(first);
	alloc_free(third);
	alloc_free(NULL);
	expect(alloc_live() == live);
}

static void reserved_addresses_are_aligned_and_read_as_zeros(void)
{
	size_t size = UINT64_C(4) << 20, align = UINT64_C(2) << 20;
	uint8_t *memory = alloc_reserve(align, size, ALLOC_TOUCHABLE);

	expect(memory && (uintptr_t)memory % align == 0);
	expect(memory[0] == 0 && memory[size - 1] == 0);
	memory[size - 1] = 1;
	alloc_unreserve(memory, size);
	expect(alloc_reserve(align, -align, ALLOC_ADDRESSES_ONLY) == NULL);
}

static const struct test_case cases[] = {
	CASE(rounding_stays_at_boundaries_and_wraps_only_past_the_last_page),
	CASE(a_member_leads_back_to_what_holds_it),
	CASE(the_nth_allocation_fails_once_and_later_ones_do_not),
	CASE(reserved_addresses_are_aligned_and_read_as_zeros),
};

TEST_MAIN(cases)
