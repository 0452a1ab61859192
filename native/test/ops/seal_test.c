/* mseal: what a sealed mapping refuses, what stays of a request that meets one half-way, and what it permits. */
#include "support/picture.h"

#define SEALED VMALOCK_VM_SEALED

static vmalock_mm *sealed_in(uint64_t pages, uint64_t first, uint64_t count, uint32_t prot)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, pages, prot);
	expect_eq(vmalock_mm_seal(mm, page(first), count * P, 0), 0);
	return mm;
}

static uint64_t flags_at(vmalock_mm *mm, uint64_t n)
{
	struct vmalock_vma vma;

	expect_eq(vmalock_mm_find(mm, page(n), &vma), 0);
	return vma.vm_flags;
}

static void a_sealed_part_is_a_vma_of_its_own_and_merges_with_its_like(void)
{
	vmalock_mm *mm = sealed_in(6, 2, 2, RW);

	expect_drawing(mm, "AABBCC");
	expect(flags_at(mm, 2) & SEALED);
	expect_eq(vmalock_mm_seal(mm, page(4), 2 * P, 0), 0);
	expect_drawing(mm, "AABBBB");
	expect_eq(vmalock_mm_seal(mm, page(0), 6 * P, 0), 0);
	expect_drawing(mm, "AAAAAA");
	end_space(mm);
}

static void nobody_unmaps_moves_resizes_protects_or_replaces_it(void)
{
	const uint32_t move = VMALOCK_MREMAP_MAYMOVE | VMALOCK_MREMAP_FIXED;
	vmalock_mm *mm = sealed_in(3, 0, 3, RW);
	uint64_t at;

	expect_eq(vmalock_mm_unmap(mm, page(0), 3 * P), VMALOCK_EPERM);
	expect_eq(vmalock_mm_unmap(mm, page(0), P), VMALOCK_EPERM);
	expect_eq(vmalock_mm_unmap(mm, page(1), P), VMALOCK_EPERM);
	expect_eq(vmalock_mm_protect(mm, page(1), P, RO), VMALOCK_EPERM);
	expect_eq(vmalock_mm_protect(mm, page(1), P, RW), VMALOCK_EPERM);
	expect_eq(vmalock_mm_map(mm, page(1), P, RW, FIXED_ANON, NULL, 0, &at), VMALOCK_EPERM);
	expect_eq(vmalock_mm_remap(mm, page(0), 3 * P, 3 * P, 0, 0, &at), VMALOCK_EPERM); /* not even nothing */
	expect_eq(vmalock_mm_remap(mm, page(0), 3 * P, 4 * P, 0, 0, &at), VMALOCK_EPERM);
	expect_eq(vmalock_mm_remap(mm, page(0), 3 * P, 2 * P, 0, 0, &at), VMALOCK_EPERM);
	expect_eq(vmalock_mm_remap(mm, page(0), P, P, move, page(8), &at), VMALOCK_EPERM);
	map_at(mm, 8, 1, RW);
	expect_eq(vmalock_mm_remap(mm, page(8), P, P, move, page(1), &at), VMALOCK_EPERM);
	expect_drawing(mm, "AAA.....B");
	end_space(mm);
}

static void what_lies_before_it_is_protected_and_nothing_is_unmapped(void)
{
	vmalock_mm *mm = sealed_in(6, 3, 1, RW);

	expect_eq(vmalock_mm_unmap(mm, page(1), 4 * P), VMALOCK_EPERM);
	expect_drawing(mm, "ABBCDD"); /* the first cut was made before the seal was met */
	expect_eq(vmalock_mm_protect(mm, page(0), 6 * P, RO), VMALOCK_EPERM);
	expect(!(flags_at(mm, 1) & VMALOCK_VM_WRITE) && (flags_at(mm, 4) & VMALOCK_VM_WRITE));
	end_space(mm);
}

static void its_pages_go_only_where_they_could_be_overwritten(void)
{
	static const int discards[] = { 4, 8, 10, 18, 24, 102 };
	vmalock_mm *writable = sealed_in(2, 0, 2, RW), *readable = sealed_in(2, 0, 2, RO);

	for (size_t i = 0; i < sizeof(discards) / sizeof(discards[0]); i++) {
		expect_eq(vmalock_mm_advise(readable, page(0), P, discards[i]), VMALOCK_EPERM);
		expect_eq(vmalock_mm_advise(writable, page(0), P, discards[i]), 0);
	}
	expect_eq(vmalock_mm_advise(readable, page(0), P, 1), 0); /* MADV_RANDOM loses nothing */
	end_space(writable);
	end_space(readable);
}

static void arguments_are_looked_at_before_holes(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 2, RW);
	map_at(mm, 3, 1, RW);
	expect_eq(vmalock_mm_seal(mm, page(0), P, 1), VMALOCK_EINVAL);
	expect_eq(vmalock_mm_seal(mm, page(0) + 1, P, 0), VMALOCK_EINVAL);
	expect_eq(vmalock_mm_seal(mm, page(0), UINT64_MAX, 0), VMALOCK_EINVAL);
	expect_eq(vmalock_mm_seal(mm, page(1), 0 - 2 * P, 0), VMALOCK_EINVAL);
	expect_eq(vmalock_mm_seal(mm, page(9), 0, 0), 0);
	expect_eq(vmalock_mm_seal(mm, page(0), 4 * P, 0), VMALOCK_ENOMEM);
	expect(!(flags_at(mm, 0) & SEALED));
	end_space(mm);
}

static void a_child_is_sealed_as_its_parent(void)
{
	vmalock_mm *mm = sealed_in(2, 0, 1, RW), *child;

	expect_eq(vmalock_mm_fork(mm, &child), 0);
	expect_eq(vmalock_mm_unmap(child, page(0), P), VMALOCK_EPERM);
	end_space(child);
	end_space(mm);
}

static void a_sealed_heap_does_not_shrink(void)
{
	vmalock_mm *mm = space_of(NULL);

	expect_eq(vmalock_mm_set_brk_start(mm, page(0)), 0);
	expect_eq(vmalock_mm_brk(mm, page(3)), page(3));
	expect_eq(vmalock_mm_seal(mm, page(0), 3 * P, 0), 0);
	expect_eq(vmalock_mm_brk(mm, page(1)), page(3));
	end_space(mm);
}

static const struct test_case cases[] = {
	CASE(a_sealed_part_is_a_vma_of_its_own_and_merges_with_its_like),
	CASE(nobody_unmaps_moves_resizes_protects_or_replaces_it),
	CASE(what_lies_before_it_is_protected_and_nothing_is_unmapped),
	CASE(its_pages_go_only_where_they_could_be_overwritten),
	CASE(arguments_are_looked_at_before_holes),
	CASE(a_child_is_sealed_as_its_parent),
	CASE(a_sealed_heap_does_not_shrink),
};
TEST_MAIN(cases)
