/* The commit account: what is charged to it, what gives back, and what each mode refuses. */
#include "support/picture.h"

static uint64_t committed(vmalock_mm *mm)
{
	return vmalock_mm_get_overcommit(mm, NULL) / P;
}

/* A space whose machine never promises as much as @pages, which is two less than what Linux would call the limit here: asks below it. */
static vmalock_mm *strict_space(uint64_t pages)
{
	struct vmalock_options options;
	vmalock_mm *mm;

	vmalock_options_init(&options);
	options.overcommit = (struct vmalock_overcommit){ .mode = VMALOCK_OVERCOMMIT_NEVER, .limit = pages * P };
	expect_eq(vmalock_mm_create(&options, &mm), 0);
	return mm;
}

static int map_pages(vmalock_mm *mm, uint64_t first, uint64_t pages, uint32_t prot, uint32_t flags)
{
	uint64_t at;

	return vmalock_mm_map(mm, page(first), pages * P, prot, flags | VMALOCK_MAP_FIXED, NULL, 0, &at);
}

#define PRIVATE (VMALOCK_MAP_PRIVATE | VMALOCK_MAP_ANONYMOUS)
#define SHARED (VMALOCK_MAP_SHARED | VMALOCK_MAP_ANONYMOUS)
#define NORESERVE VMALOCK_MAP_NORESERVE

static void private_writable_memory_is_charged_and_given_back(void)
{
	vmalock_mm *mm = space_of(NULL);
	uint64_t at;

	expect_eq(map_pages(mm, 0, 4, RW, PRIVATE), 0);
	expect_eq(map_pages(mm, 4, 4, RO, PRIVATE), 0);
	expect_eq(map_pages(mm, 8, 4, RW, PRIVATE | NORESERVE), 0);
	expect_eq(committed(mm), 4);
	expect_eq(vmalock_mm_protect(mm, page(4), 2 * P, RW), 0);
	expect_eq(committed(mm), 6);
	expect_eq(vmalock_mm_protect(mm, page(4), P, RO), 0); /* never written: given back */
	expect_eq(committed(mm), 5);
	write_byte(mm, 5, 1);
	expect_eq(vmalock_mm_protect(mm, page(5), P, RO), 0);
	expect_eq(committed(mm), 5);
	expect_eq(map_pages(mm, 2, 4, RO, PRIVATE), 0); /* over three that were charged */
	expect_eq(committed(mm), 2);
	expect_eq(vmalock_mm_remap(mm, page(0), 2 * P, 3 * P, VMALOCK_MREMAP_MAYMOVE | VMALOCK_MREMAP_FIXED, page(16),
				   &at),
		  0);
	expect_eq(committed(mm), 3);
	expect_eq(
		vmalock_mm_remap(mm, page(16), 3 * P, 3 * P, VMALOCK_MREMAP_MAYMOVE | VMALOCK_MREMAP_DONTUNMAP, 0, &at),
		0);
	expect_eq(committed(mm), 6);
	expect_eq(vmalock_mm_unmap(mm, page(16), 2 * P), 0);
	expect_eq(committed(mm), 4);
	end_space(mm);
}

static void shared_memory_is_charged_once_until_its_last_mapping_goes(void)
{
	vmalock_mm *mm = space_of(NULL), *child;

	expect_eq(map_pages(mm, 0, 4, RO, SHARED), 0);
	expect_eq(map_pages(mm, 8, 4, RW, SHARED | NORESERVE), 0);
	expect_eq(committed(mm), 4);
	expect_eq(vmalock_mm_fork(mm, &child), 0);
	expect_eq(vmalock_mm_protect(mm, page(0), 4 * P, RW), 0);
	expect_eq(vmalock_mm_unmap(mm, page(0), 4 * P), 0);
	expect_eq(committed(mm), 4);
	expect_eq(vmalock_mm_unmap(child, page(0), 3 * P), 0);
	expect_eq(committed(mm), 4);
	end_space(child);
	expect_eq(committed(mm), 0);
	end_space(mm);
}

static void a_fork_is_charged_for_what_it_copies_and_gives_it_back(void)
{
	vmalock_mm *mm = strict_space(11), *child, *other;

	expect_eq(map_pages(mm, 0, 5, RW, PRIVATE), 0);
	expect_eq(map_pages(mm, 5, 5, RO, PRIVATE), 0);
	expect_eq(vmalock_mm_fork(mm, &child), 0);
	expect_eq(committed(mm), 10);
	expect_eq(committed(child), 10);
	expect_eq(vmalock_mm_fork(mm, &other), VMALOCK_ENOMEM);
	expect_eq(committed(mm), 10);
	expect_eq(map_pages(mm, 20, 1, RW, PRIVATE), VMALOCK_ENOMEM);
	end_space(child);
	expect_eq(committed(mm), 5);
	expect_eq(vmalock_mm_advise(mm, page(0), 5 * P, 10), 0); /* MADV_DONTFORK */
	expect_eq(vmalock_mm_fork(mm, &other), 0);
	expect_eq(committed(mm), 5);
	end_space(other);
	end_space(mm);
}

static void never_refuses_what_comes_to_the_limit_and_leaves_all_as_it_was(void)
{
	vmalock_mm *mm = strict_space(9);
	uint64_t at;

	expect_eq(map_pages(mm, 0, 9, RW, PRIVATE), VMALOCK_ENOMEM);
	expect_eq(map_pages(mm, 0, 8, RW, PRIVATE), 0);
	expect_eq(map_pages(mm, 8, 1, RW, PRIVATE), VMALOCK_ENOMEM);
	expect_eq(map_pages(mm, 8, 1, RW, PRIVATE | NORESERVE), VMALOCK_ENOMEM);
	expect_eq(map_pages(mm, 8, 1, RO, SHARED), VMALOCK_ENOMEM);
	expect_eq(map_pages(mm, 8, 1, RO, PRIVATE), 0);
	expect_eq(vmalock_mm_protect(mm, page(8), P, RW), VMALOCK_ENOMEM);
	expect_eq(vmalock_mm_remap(mm, page(0), 8 * P, 9 * P, VMALOCK_MREMAP_MAYMOVE, 0, &at), VMALOCK_ENOMEM);
	expect_eq(vmalock_mm_remap(mm, page(0), P, P, VMALOCK_MREMAP_MAYMOVE | VMALOCK_MREMAP_DONTUNMAP, 0, &at),
		  VMALOCK_ENOMEM);
	expect_drawing(mm, "AAAAAAAAB");
	expect_eq(map_pages(mm, 2, 4, RW, PRIVATE), 0); /* in place of as much */
	expect_eq(map_pages(mm, 2, 4, RW, SHARED), VMALOCK_ENOMEM);
	expect_drawing(mm, "AA....BBC"); /* asked for when these had gone */
	expect_eq(committed(mm), 4);
	expect_eq(map_pages(mm, 2, 4, RW, PRIVATE), 0);
	expect_eq(committed(mm), 8);
	expect_eq(vmalock_mm_remap(mm, page(0), P, P, VMALOCK_MREMAP_MAYMOVE | VMALOCK_MREMAP_FIXED, page(12), &at), 0);
	expect_eq(vmalock_mm_unmap(mm, page(12), P), 0);
	expect_eq(vmalock_mm_protect(mm, page(8), P, RW), 0);
	expect_eq(committed(mm), 8);
	end_space(mm);
}

static void a_stack_and_a_heap_that_grow_are_charged(void)
{
	vmalock_mm *mm = strict_space(4);

	expect_eq(vmalock_mm_set_brk_start(mm, page(0)), 0);
	expect_eq(vmalock_mm_brk(mm, page(2)), page(2));
	expect_eq(map_pages(mm, 600, 1, RW, PRIVATE | VMALOCK_MAP_GROWSDOWN), 0);
	expect_eq(committed(mm), 3);
	expect_eq(vmalock_mm_brk(mm, page(3)), page(2));
	expect_eq(vmalock_mm_fault(mm, page(599), VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_SIGSEGV_MAPERR);
	expect_eq(vmalock_mm_brk(mm, page(1)), page(1));
	expect_eq(vmalock_mm_fault(mm, page(599), VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_MINOR);
	expect_eq(committed(mm), 3);
	end_space(mm);
}

static void the_heuristic_refuses_one_request_that_no_machine_could_meet(void)
{
	struct vmalock_overcommit how = { .limit = 4 * P };
	vmalock_mm *mm = space_of(NULL);
	uint64_t at;

	expect_eq(vmalock_mm_set_overcommit(mm, &how), 0);
	expect_eq(map_pages(mm, 0, 5, RW, PRIVATE), VMALOCK_ENOMEM);
	expect_eq(map_pages(mm, 0, 5, RW, SHARED), VMALOCK_ENOMEM);
	expect_eq(map_pages(mm, 0, 5, RW, PRIVATE | NORESERVE), 0);
	expect_eq(map_pages(mm, 8, 4, RW, PRIVATE), 0);
	expect_eq(map_pages(mm, 12, 4, RW, PRIVATE), 0);
	expect_eq(vmalock_mm_remap(mm, page(8), 8 * P, 13 * P, VMALOCK_MREMAP_MAYMOVE, 0, &at), VMALOCK_ENOMEM);
	expect_eq(vmalock_mm_remap(mm, page(8), 8 * P, 12 * P, VMALOCK_MREMAP_MAYMOVE, 0, &at), 0);
	expect_eq(map_pages(mm, 32, 5, RO, PRIVATE), 0);
	expect_eq(vmalock_mm_protect(mm, page(32), 5 * P, RW), VMALOCK_ENOMEM);
	expect_eq(vmalock_mm_protect(mm, page(32), 4 * P, RW), 0);
	expect_eq(vmalock_mm_protect(mm, page(32), 5 * P, RW), 0); /* only one of them is new */
	how.mode = VMALOCK_OVERCOMMIT_ALWAYS;
	expect_eq(vmalock_mm_set_overcommit(mm, &how), 0);
	expect_eq(map_pages(mm, 40, 5, RW, PRIVATE), 0);
	end_space(mm);
}

static void reserves_are_kept_from_the_unprivileged_and_from_large_spaces(void)
{
	struct vmalock_overcommit how = { VMALOCK_OVERCOMMIT_NEVER, 70 * P, 4 * P, 3 * P }, told;
	vmalock_mm *mm = space_of(NULL);

	expect_eq(vmalock_mm_set_overcommit(mm, &how), 0);
	expect_eq(map_pages(mm, 100, 32, RO, PRIVATE), 0); /* a 32nd of it is one page */
	expect_eq(map_pages(mm, 0, 69, RW, PRIVATE), VMALOCK_ENOMEM);
	expect_eq(map_pages(mm, 0, 68, RW, PRIVATE), 0); /* of 100 pages three are kept, but they were 32 then */
	expect_eq(map_pages(mm, 68, 1, RW, PRIVATE), VMALOCK_ENOMEM);
	expect_eq(vmalock_mm_unmap(mm, page(0), 4 * P), 0);
	expect_eq(map_pages(mm, 0, 3, RW, PRIVATE), VMALOCK_ENOMEM);
	expect_eq(map_pages(mm, 0, 2, RW, PRIVATE), 0);
	expect_eq(vmalock_mm_unmap(mm, page(0), 2 * P), 0);
	vmalock_mm_set_privileged(mm, 0);
	expect_eq(map_pages(mm, 0, 1, RW, PRIVATE), VMALOCK_ENOMEM);
	how.limit = 5 * P + 1; /* below what is promised already */
	expect_eq(vmalock_mm_set_overcommit(mm, &how), 0);
	expect_eq(vmalock_mm_get_overcommit(mm, &told), 64 * P);
	expect(told.mode == how.mode && told.limit == 5 * P && told.admin_reserve == 4 * P &&
	       told.user_reserve == 3 * P);
	how.mode = (enum vmalock_overcommit_mode)3;
	expect_eq(vmalock_mm_set_overcommit(mm, &how), VMALOCK_EINVAL);
	end_space(mm);
}

static const struct test_case cases[] = {
	CASE(private_writable_memory_is_charged_and_given_back),
	CASE(shared_memory_is_charged_once_until_its_last_mapping_goes),
	CASE(a_fork_is_charged_for_what_it_copies_and_gives_it_back),
	CASE(never_refuses_what_comes_to_the_limit_and_leaves_all_as_it_was),
	CASE(a_stack_and_a_heap_that_grow_are_charged),
	CASE(the_heuristic_refuses_one_request_that_no_machine_could_meet),
	CASE(reserves_are_kept_from_the_unprivileged_and_from_large_spaces),
};

TEST_MAIN(cases)
