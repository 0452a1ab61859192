/* Limits and rights that change while a space lives: what is beyond them stays, what asks for more is refused. */
#include "support/picture.h"

static void set(vmalock_mm *mm, uint64_t *field, uint64_t value, struct vmalock_limits *limits)
{
	*field = value;
	vmalock_mm_set_limits(mm, limits);
}

static int map_more(vmalock_mm *mm, uint64_t first, uint32_t prot, uint32_t flags)
{
	uint64_t at;

	return vmalock_mm_map(mm, page(first), P, prot, FIXED_ANON | flags, NULL, 0, &at);
}

static void limits_are_told_as_they_were_set_and_a_fork_inherits_them(void)
{
	struct vmalock_limits wanted = { 1 << 20, 2 << 20, 3 << 20, 4 << 20, 99 }, told;
	vmalock_mm *mm = space_of(NULL), *child;

	vmalock_mm_set_limits(mm, &wanted);
	vmalock_mm_set_privileged(mm, 0);
	expect_eq(vmalock_mm_fork(mm, &child), 0);
	vmalock_mm_set_privileged(mm, 1);
	vmalock_mm_get_limits(child, &told);
	expect(memcmp(&wanted, &told, sizeof(told)) == 0);
	expect_eq(vmalock_mm_privileged(child), 0);
	expect_eq(vmalock_mm_privileged(mm), 1);
	end_space(child);
	end_space(mm);
}

static void what_is_beyond_a_new_limit_stays_and_more_is_refused(void)
{
	vmalock_mm *mm = space_of(NULL);
	struct vmalock_limits limits;
	uint64_t at;

	vmalock_mm_get_limits(mm, &limits);
	map_at(mm, 0, 4, RW);
	set(mm, &limits.address_space, 2 * P, &limits);
	expect_eq(map_more(mm, 8, RO, 0), VMALOCK_ENOMEM);
	/* in place of as much, and still too much */
	expect_eq(vmalock_mm_map(mm, page(0), 4 * P, RW, FIXED_ANON, NULL, 0, &at), VMALOCK_ENOMEM);
	expect_eq(vmalock_mm_remap(mm, page(0), 4 * P, 5 * P, 0, 0, &at), VMALOCK_ENOMEM);
	expect_drawing(mm, "AAAA");
	set(mm, &limits.address_space, 5 * P, &limits);
	expect_eq(map_more(mm, 8, RO, 0), 0);
	set(mm, &limits.address_space, UINT64_MAX, &limits);
	set(mm, &limits.data, 4 * P, &limits);
	expect_eq(map_more(mm, 10, RO, 0), 0);
	expect_eq(map_more(mm, 12, RW, 0), VMALOCK_ENOMEM);
	expect_eq(vmalock_mm_protect(mm, page(10), P, RW), VMALOCK_ENOMEM);
	limits.map_count = 2;
	vmalock_mm_set_limits(mm, &limits);
	expect_eq(map_more(mm, 14, RO, 0), VMALOCK_ENOMEM);
	expect_eq(vmalock_mm_unmap(mm, page(1), P), VMALOCK_ENOMEM);
	end_space(mm);
}

static void the_heap_and_the_stack_obey_limits_of_the_moment(void)
{
	vmalock_mm *mm = space_of(NULL);
	struct vmalock_limits limits;
	uint64_t at;

	vmalock_mm_get_limits(mm, &limits);
	expect_eq(vmalock_mm_set_brk_start(mm, page(0)), 0);
	expect_eq(vmalock_mm_brk(mm, page(2)), page(2));
	set(mm, &limits.data, 2 * P, &limits);
	expect_eq(vmalock_mm_brk(mm, page(3)), page(2));
	expect_eq(vmalock_mm_brk(mm, page(1)), page(1));
	set(mm, &limits.data, UINT64_MAX, &limits);
	expect_eq(vmalock_mm_brk(mm, page(3)), page(3));

	expect_eq(vmalock_mm_map(mm, page(2000), 2 * P, RW, FIXED_ANON | VMALOCK_MAP_GROWSDOWN, NULL, 0, &at), 0);
	set(mm, &limits.stack, 3 * P, &limits);
	expect_eq(vmalock_mm_fault(mm, page(1999), VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_MINOR);
	expect_eq(vmalock_mm_fault(mm, page(1998), VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_SIGSEGV_MAPERR);
	set(mm, &limits.stack, 4 * P, &limits);
	expect_eq(vmalock_mm_fault(mm, page(1998), VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_MINOR);
	end_space(mm);
}

static void rights_decide_about_locked_memory_and_low_addresses(void)
{
	vmalock_mm *mm = space_of(NULL);
	struct vmalock_limits limits;
	uint64_t at;

	vmalock_mm_get_limits(mm, &limits);
	set(mm, &limits.memlock, 0, &limits);
	map_at(mm, 0, 2, RW);
	expect_eq(vmalock_mm_mlock(mm, page(0), P, 0), 0);
	vmalock_mm_set_privileged(mm, 0);
	expect_eq(vmalock_mm_mlock(mm, page(1), P, 0), VMALOCK_EPERM);
	expect_eq(vmalock_mm_mlockall(mm, VMALOCK_MCL_CURRENT), VMALOCK_EPERM);
	expect_eq(map_more(mm, 4, RW, VMALOCK_MAP_LOCKED), VMALOCK_EPERM);
	set(mm, &limits.memlock, P, &limits);
	expect_eq(vmalock_mm_mlock(mm, page(1), P, 0), VMALOCK_ENOMEM);
	expect_eq(map_more(mm, 4, RW, VMALOCK_MAP_LOCKED), VMALOCK_EAGAIN);
	expect_eq(vmalock_mm_munlock(mm, page(0), P), 0);
	expect_eq(vmalock_mm_mlock(mm, page(1), P, 0), 0);
	expect_eq(vmalock_mm_map(mm, 0, P, RW, FIXED_ANON, NULL, 0, &at), VMALOCK_EPERM);
	vmalock_mm_set_privileged(mm, 1);
	expect_eq(vmalock_mm_map(mm, 0, P, RW, FIXED_ANON, NULL, 0, &at), 0);
	end_space(mm);
}

static void the_high_water_mark_of_resident_pages_stays(void)
{
	vmalock_mm *mm = space_of(NULL), *child;
	struct vmalock_status status;

	map_at(mm, 0, 8, RW);
	for (uint64_t n = 0; n < 6; n++)
		write_byte(mm, n, 1);
	vmalock_mm_status(mm, &status);
	expect_eq(status.vm_hwm, 6 * P);
	expect_eq(vmalock_mm_advise(mm, page(0), 4 * P, 4), 0);
	write_byte(mm, 0, 1);
	vmalock_mm_status(mm, &status);
	expect_eq(status.vm_rss, 3 * P);
	expect_eq(status.vm_hwm, 6 * P);
	expect_eq(vmalock_mm_fork(mm, &child), 0);
	expect_eq(vmalock_mm_unmap(child, page(0), 8 * P), 0);
	vmalock_mm_status(child, &status);
	expect_eq(status.vm_rss, 0);
	expect_eq(status.vm_hwm, 3 * P);
	end_space(child);
	for (uint64_t n = 0; n < 8; n++)
		write_byte(mm, n, 1);
	vmalock_mm_status(mm, &status);
	expect_eq(status.vm_hwm, 8 * P);
	expect_eq(status.vm_pin + status.vm_swap + status.vm_exe, 0);
	end_space(mm);
}

static const struct test_case cases[] = {
	CASE(limits_are_told_as_they_were_set_and_a_fork_inherits_them),
	CASE(what_is_beyond_a_new_limit_stays_and_more_is_refused),
	CASE(the_heap_and_the_stack_obey_limits_of_the_moment),
	CASE(rights_decide_about_locked_memory_and_low_addresses),
	CASE(the_high_water_mark_of_resident_pages_stays),
};
TEST_MAIN(cases)
