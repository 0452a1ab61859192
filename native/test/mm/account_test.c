/*
 * How much of what kind is mapped, what the limits allow, and a validator that finds what does not add up.
 */
#include "api/handle.h"
#include "mm/mmap_lock.h"
#include "support/picture.h"

#define MIB (UINT64_C(1) << 20)

static vmalock_mm *limited(struct vmalock_limits limits)
{
	struct vmalock_options options;
	vmalock_mm *mm;

	vmalock_options_init(&options);
	options.privileged = 0;
	if (limits.address_space)
		options.limits.address_space = limits.address_space;
	if (limits.data)
		options.limits.data = limits.data;
	options.limits.memlock = limits.memlock;
	options.frames = 4096;
	expect_eq(vmalock_mm_create(&options, &mm), 0);
	return mm;
}

static int map_with(vmalock_mm *mm, uint64_t first, uint64_t pages, uint32_t prot, uint32_t more_flags)
{
	uint64_t at;

	return vmalock_mm_map(mm, page(first), pages * P, prot, FIXED_ANON | more_flags, NULL, 0, &at);
}

static struct vmalock_status status_of(vmalock_mm *mm)
{
	struct vmalock_status status;

	vmalock_mm_status(mm, &status);
	return status;
}

static void status_counts_each_mapping_under_its_kind(void)
{
	vmalock_mm *mm = space_of(NULL);
	struct vmalock_status status;

	map_at(mm, 0, 3, RW);
	map_at(mm, 4, 2, RO);
	map_at(mm, 8, 1, VMALOCK_PROT_READ | VMALOCK_PROT_EXEC);
	expect_eq(map_with(mm, 10, 4, RW, VMALOCK_MAP_GROWSDOWN), 0);
	expect_eq(map_with(mm, 16, 5, RW, VMALOCK_MAP_NORESERVE), 0);
	write_byte(mm, 0, 1);
	(void)read_byte(mm, 4);

	status = status_of(mm);
	expect_eq(status.vm_size, 15 * P);
	expect_eq(status.vm_data, 8 * P);
	expect_eq(status.vm_stack, 4 * P);
	expect_eq(status.vm_lib, P);
	expect_eq(status.committed, 7 * P); /* data and stack, but not what reserves nothing */
	expect_eq(status.map_count, 5);
	expect_eq(status.rss_anon, P); /* the zero page is nobody's */
	expect_eq(status.frames_used, 1);
	expect(status.vm_pte >= 3 * P && status.index_bytes > 0);

	expect_eq(vmalock_mm_protect(mm, page(0), 3 * P, VMALOCK_PROT_READ), 0);
	expect_eq(status_of(mm).vm_data, 5 * P);
	expect_eq(vmalock_mm_unmap(mm, page(0), WINDOW * P), 0);
	status = status_of(mm);
	expect_eq(status.vm_size + status.vm_data + status.vm_stack + status.vm_lib + status.committed, 0);
	expect_eq(status.vm_peak, 15 * P);
	end_space(mm);
}

static void the_data_limit_counts_every_private_writable_mapping(void)
{
	vmalock_mm *mm = limited((struct vmalock_limits){ .data = 4 * P });

	expect_eq(map_with(mm, 0, 4, RW, 0), 0);
	expect_eq(map_with(mm, 8, 1, RW, 0), VMALOCK_ENOMEM);
	expect_eq(map_with(mm, 8, 1, RO, 0), 0);
	expect_eq(vmalock_mm_protect(mm, page(8), P, RW), VMALOCK_ENOMEM);
	expect_eq(vmalock_mm_unmap(mm, page(0), P), 0);
	expect_eq(vmalock_mm_protect(mm, page(8), P, RW), 0);
	end_space(mm);
}

static void a_mapping_over_others_is_charged_for_what_it_adds(void)
{
	vmalock_mm *mm = limited((struct vmalock_limits){ .address_space = 4 * P });

	expect_eq(map_with(mm, 0, 4, RW, 0), 0);
	expect_eq(map_with(mm, 4, 1, RW, 0), VMALOCK_ENOMEM);
	expect_eq(map_with(mm, 0, 4, RO, 0), 0);
	expect_eq(map_with(mm, 1, 4, RO, 0), VMALOCK_ENOMEM);
	expect_drawing(mm, "ABBB"); /* as Linux: the split came before the check */
	end_space(mm);
}

static void locked_memory_over_its_limit_is_eagain_and_without_any_eperm(void)
{
	vmalock_mm *some = limited((struct vmalock_limits){ .memlock = 2 * P });
	vmalock_mm *none = limited((struct vmalock_limits){ .memlock = 0 });

	expect_eq(map_with(some, 0, 2, RW, VMALOCK_MAP_LOCKED), 0);
	expect_eq(status_of(some).vm_locked, 2 * P);
	expect_eq(status_of(some).rss_anon, 2 * P);
	expect_eq(map_with(some, 4, 1, RW, VMALOCK_MAP_LOCKED), VMALOCK_EAGAIN);
	expect_eq(map_with(none, 0, 1, RW, VMALOCK_MAP_LOCKED), VMALOCK_EPERM);
	end_space(some);
	end_space(none);
}

static void the_unprivileged_may_not_map_the_first_page(void)
{
	vmalock_mm *mm = limited((struct vmalock_limits){ 0 });
	uint64_t at;

	expect_eq(vmalock_mm_map(mm, 0, P, RW, FIXED_ANON, NULL, 0, &at), VMALOCK_EPERM);
	expect_eq(vmalock_mm_map(mm, P, P, RW, FIXED_ANON, NULL, 0, &at), 0);
	/* nor does a hint lead there: it is taken for 64 KiB, also for the privileged */
	expect_eq(vmalock_mm_map(mm, P, P, RW, FIXED_ANON & ~VMALOCK_MAP_FIXED, NULL, 0, &at), 0);
	expect_eq(at, 16 * P);
	end_space(mm);
}

/* What the validator says after @spoil; the space is mended by @mend before it ends. */
static void expect_found(vmalock_mm *mm, void (*spoil)(struct mm *mm), void (*mend)(struct mm *mm))
{
	const char *what = NULL;

	mmap_write_lock(mm_of(mm));
	spoil(mm_of(mm));
	mmap_write_unlock(mm_of(mm));
	expect_eq(vmalock_mm_validate(mm, &what), VMALOCK_BROKEN);
	expect(what && *what);
	mmap_write_lock(mm_of(mm));
	mend(mm_of(mm));
	mmap_write_unlock(mm_of(mm));
	expect_valid(mm);
}

static void one_vma_more(struct mm *mm)
{
	mm->map_count++;
}

static void one_vma_less(struct mm *mm)
{
	mm->map_count--;
}

static void one_page_more(struct mm *mm)
{
	mm->total_pages++;
}

static void one_page_less(struct mm *mm)
{
	mm->total_pages--;
}

static void commit_more(struct mm *mm)
{
	mm->committed_pages++;
}

static void commit_less(struct mm *mm)
{
	mm->committed_pages--;
}

static void detach_first(struct mm *mm)
{
	atomic_store_relaxed(&mm_find(mm, 0)->attached, 0);
}

static void attach_first(struct mm *mm)
{
	atomic_store_relaxed(&mm_find(mm, 0)->attached, 1);
}

static void stretch_first(struct mm *mm)
{
	struct vma *vma = mm_find(mm, 0);

	atomic_store_relaxed(&vma->end, vma_end(vma) + P);
}

static void shorten_first(struct mm *mm)
{
	struct vma *vma = mm_find(mm, 0);

	atomic_store_relaxed(&vma->end, vma_end(vma) - P);
}

static void the_validator_finds_counts_and_vmas_that_do_not_agree(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 2, RW);
	map_at(mm, 4, 2, RO);
	expect_valid(mm);
	expect_found(mm, one_vma_more, one_vma_less);
	expect_found(mm, one_page_more, one_page_less);
	expect_found(mm, commit_more, commit_less);
	expect_found(mm, detach_first, attach_first);
	expect_found(mm, stretch_first, shorten_first);
	end_space(mm);
}

static const struct test_case cases[] = {
	CASE(status_counts_each_mapping_under_its_kind),
	CASE(the_data_limit_counts_every_private_writable_mapping),
	CASE(a_mapping_over_others_is_charged_for_what_it_adds),
	CASE(locked_memory_over_its_limit_is_eagain_and_without_any_eperm),
	CASE(the_unprivileged_may_not_map_the_first_page),
	CASE(the_validator_finds_counts_and_vmas_that_do_not_agree),
};

TEST_MAIN(cases)
