/* UFFDIO_POISON: what a touch of lost bytes comes to, where poison goes along, and what heals it. */
#include "ops/advise.h"
#include "support/resolving.h"

#define POISONED (VMALOCK_FAULT_SIGBUS | VMALOCK_FAULT_HWPOISON)

static struct rig rig_of(uint64_t pages, uint64_t mode)
{
	return rig_with(VMALOCK_UFFD_FEATURE_POISON, pages, mode);
}

/* @came: how many pages that must poison. */
static int poison_pages(vmalock_uffd *uffd, uint64_t first, uint64_t pages, uint64_t came)
{
	uint64_t done;
	int err = vmalock_uffd_poison(uffd, page(first), pages * P, 0, &done);

	expect_eq(done, came * P);
	return err;
}

static uint32_t touch(vmalock_mm *mm, uint64_t n, enum vmalock_access access)
{
	return vmalock_mm_fault(mm, page(n), access) & (VMALOCK_FAULT_OUTCOME | VMALOCK_FAULT_HWPOISON);
}

static void a_touch_of_a_poisoned_page_is_a_sigbus_that_says_so(void)
{
	struct rig r = rig_of(3, MISSING);
	uint8_t bytes[2 * P];
	size_t done;

	expect_eq(copy_pages(r.uffd, 0, 1, 7, 0, 1), 0);
	expect_eq(poison_pages(r.uffd, 1, 1, 1), 0);
	expect_eq(touch(r.mm, 1, VMALOCK_READ), POISONED);
	expect_eq(touch(r.mm, 1, VMALOCK_WRITE), POISONED);
	expect_eq(vmalock_mm_read(r.mm, page(0), bytes, sizeof(bytes), &done), VMALOCK_SIGBUS_MCEERR);
	expect_eq(done, P);
	expect_eq(vmalock_mm_write(r.mm, page(1), bytes, 1, &done), VMALOCK_SIGBUS_MCEERR);
	expect_eq(vmalock_mm_advise(r.mm, page(0), 2 * P, MADV_IS_POPULATE_READ), VMALOCK_EHWPOISON);
	expect_eq(vmalock_mm_advise(r.mm, page(0), 2 * P, MADV_IS_POPULATE_WRITE), VMALOCK_EHWPOISON);
	expect_eq(vmalock_mm_mlock(r.mm, page(0), 2 * P, 0), VMALOCK_ENOMEM);
	expect_no_event(r.uffd);
	expect_eq(stats_of(r.mm).userfaults, 0);
	end_rig(&r);
}

static void poison_replaces_nothing_and_a_page_that_is_brought_replaces_poison(void)
{
	struct rig r = rig_of(4, MISSING | WP);

	expect_eq(copy_pages(r.uffd, 1, 1, 7, 0, 1), 0);
	expect_eq(poison_pages(r.uffd, 1, 1, 0), VMALOCK_EEXIST);
	expect_eq(poison_pages(r.uffd, 0, 2, 1), VMALOCK_EAGAIN);
	expect_eq(poison_pages(r.uffd, 0, 1, 0), VMALOCK_EEXIST);
	expect_eq(vmalock_uffd_zeropage(r.uffd, page(0), P, 0, NULL), VMALOCK_EEXIST);
	expect_eq(copy_pages(r.uffd, 0, 1, 9, 0, 1), 0);
	expect_eq(read_byte(r.mm, 0), 9);
	expect_eq(read_byte(r.mm, 1), 7);
	end_rig(&r);
}

static void poison_is_refused_as_other_fills_are(void)
{
	struct rig r = rig_of(2, MISSING);

	map_at(r.mm, 4, 1, RW);
	expect_eq(vmalock_uffd_poison(r.uffd, page(0), P, 2, NULL), VMALOCK_EINVAL);
	expect_eq(vmalock_uffd_poison(r.uffd, page(0), 0, 0, NULL), VMALOCK_EINVAL);
	expect_eq(vmalock_uffd_poison(r.uffd, page(0) + 1, P, 0, NULL), VMALOCK_EINVAL);
	expect_eq(poison_pages(r.uffd, 4, 1, 0), VMALOCK_ENOENT);
	expect_eq(poison_pages(r.uffd, 1, 2, 0), VMALOCK_ENOENT);
	vmalock_uffd_close(r.uffd);
	expect_eq(vmalock_uffd_poison(r.uffd, page(0), P, 0, NULL), VMALOCK_EBADF);
	end_rig(&r);
}

static void dontneed_and_free_heal_and_write_protection_does_not(void)
{
	struct rig r = rig_of(3, WP);

	expect_eq(poison_pages(r.uffd, 0, 3, 3), 0);
	expect_eq(protect_pages(r.uffd, 0, 3, true), 0);
	expect_eq(protect_pages(r.uffd, 0, 3, false), 0);
	expect_eq(vmalock_mm_protect(r.mm, page(0), 3 * P, RO), 0);
	expect_eq(vmalock_mm_protect(r.mm, page(0), 3 * P, RW), 0);
	expect_eq(vmalock_mm_advise(r.mm, page(0), P, MADV_IS_DONTNEED), 0);
	expect_eq(vmalock_mm_advise(r.mm, page(1), P, MADV_IS_FREE), 0);
	expect_eq(touch(r.mm, 0, VMALOCK_WRITE), MINOR);
	expect_eq(touch(r.mm, 1, VMALOCK_WRITE), MINOR);
	expect_eq(touch(r.mm, 2, VMALOCK_READ), POISONED);
	end_rig(&r);
}

static void fork_and_mremap_take_poison_along_and_it_outlives_the_userfaultfd(void)
{
	struct rig r = rig_of(2, MISSING);
	vmalock_mm *child;
	uint64_t at;

	expect_eq(poison_pages(r.uffd, 1, 1, 1), 0);
	child = fork_of(r.mm);
	expect_eq(touch(child, 1, VMALOCK_READ), POISONED);
	expect_eq(touch(child, 0, VMALOCK_READ), MINOR);
	expect_valid(child);
	end_space(child);
	vmalock_uffd_close(r.uffd);
	expect_eq(vmalock_mm_remap(r.mm, page(0), 2 * P, 2 * P, VMALOCK_MREMAP_MAYMOVE | VMALOCK_MREMAP_FIXED, page(8),
				   &at),
		  0);
	expect_eq(touch(r.mm, 9, VMALOCK_READ), POISONED);
	expect_eq(touch(r.mm, 8, VMALOCK_READ), MINOR);
	end_rig(&r);
}

static void a_fork_forgets_poison_of_a_shared_file(void)
{
	vmalock_mm *mm = space_of(NULL), *child;
	vmalock_file *file = memory_file_with(2, 5, 0);
	vmalock_uffd *uffd;

	faults_return();
	uffd = uffd_with(mm, 0);
	map_file(mm, file, 0, 3, RW, VMALOCK_MAP_SHARED);
	expect_eq(register_pages(uffd, 0, 3, MINOR_MODE), 0);
	expect_eq(poison_pages(uffd, 0, 1, 1), 0);
	expect_eq(poison_pages(uffd, 2, 1, 0), VMALOCK_EFAULT);
	child = fork_of(mm);
	expect_eq(touch(mm, 0, VMALOCK_READ), POISONED);
	expect_eq(touch(child, 0, VMALOCK_READ) & VMALOCK_FAULT_HWPOISON, 0);
	expect_valid(mm);
	vmalock_uffd_put(uffd);
	vmalock_file_put(file);
	end_space(child);
	end_space(mm);
}

static void a_hole_of_the_file_leaves_poison_and_a_truncation_takes_it(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_file *file = memory_file_with(2, 5, 0);
	vmalock_uffd *uffd;

	faults_return();
	uffd = uffd_with(mm, 0);
	map_file(mm, file, 0, 2, RW, VMALOCK_MAP_SHARED);
	expect_eq(register_pages(uffd, 0, 2, MINOR_MODE), 0);
	expect_eq(poison_pages(uffd, 0, 2, 2), 0);
	expect_eq(vmalock_mm_advise(mm, page(0), P, 9 /* MADV_REMOVE */), 0);
	expect_eq(touch(mm, 0, VMALOCK_READ), POISONED);
	expect_eq(vmalock_file_truncate(file, 0), 0);
	expect_eq(vmalock_file_truncate(file, 2 * P), 0);
	expect_eq(touch(mm, 0, VMALOCK_READ) & VMALOCK_FAULT_HWPOISON, 0);
	expect_valid(mm);
	vmalock_uffd_put(uffd);
	vmalock_file_put(file);
	end_space(mm);
}

static void a_fault_that_waits_is_woken_into_the_signal(void)
{
	struct rig r = rig_of(1, MISSING);
	struct vmalock_uffd_event event;
	struct racer racer;

	race_fault(&racer, r.mm, page(0), VMALOCK_READ);
	expect_eq(vmalock_uffd_read(r.uffd, &event, VMALOCK_FOREVER), 0);
	expect_eq(poison_pages(r.uffd, 0, 1, 1), 0);
	expect_eq(race_end(&racer) & (VMALOCK_FAULT_OUTCOME | VMALOCK_FAULT_HWPOISON), POISONED);
	end_rig(&r);
}

/* Linux clears it before it asks whether a page is missing. */
static void a_marker_whose_registration_has_gone_goes_with_the_next_touch(void)
{
	struct rig r = { .mm = space_of(NULL) };

	faults_return();
	r.uffd = uffd_with(r.mm, VMALOCK_UFFD_FEATURE_POISON);
	map_shared_anonymous(r.mm, 0, 2);
	expect_eq(register_pages(r.uffd, 0, 2, WP), 0);
	expect_eq(protect_pages(r.uffd, 0, 2, true), 0);
	expect_eq(register_pages(r.uffd, 0, 2, MISSING), 0);
	expect_eq(poison_pages(r.uffd, 0, 1, 0), VMALOCK_EEXIST);
	expect_eq(touch(r.mm, 0, VMALOCK_READ), USERFAULT);
	expect_eq(poison_pages(r.uffd, 0, 1, 1), 0);
	expect_eq(poison_pages(r.uffd, 1, 1, 0), VMALOCK_EEXIST);
	end_rig(&r);
}

static const struct test_case cases[] = {
	CASE(a_touch_of_a_poisoned_page_is_a_sigbus_that_says_so),
	CASE(poison_replaces_nothing_and_a_page_that_is_brought_replaces_poison),
	CASE(poison_is_refused_as_other_fills_are),
	CASE(dontneed_and_free_heal_and_write_protection_does_not),
	CASE(fork_and_mremap_take_poison_along_and_it_outlives_the_userfaultfd),
	CASE(a_fork_forgets_poison_of_a_shared_file),
	CASE(a_hole_of_the_file_leaves_poison_and_a_truncation_takes_it),
	CASE(a_fault_that_waits_is_woken_into_the_signal),
	CASE(a_marker_whose_registration_has_gone_goes_with_the_next_touch),
};
TEST_MAIN(cases)
