/* A fork that userfaultfds are told of: what the child's mappings are registered with, and who closes it. One thread, which does not wait. */
#include "base/alloc.h"
#include "support/telling.h"
#include "sync/rcu.h"

static struct rig rig_of(uint64_t features, uint64_t mode)
{
	return rig_with(features, 8, mode);
}

static uint64_t modes_at(vmalock_mm *mm, uint64_t n)
{
	struct vmalock_vma vma;

	expect_eq(vmalock_mm_find(mm, page(n), &vma), 0);
	return vma.vm_flags & (VMALOCK_VM_UFFD_MISSING | VMALOCK_VM_UFFD_WP | VMALOCK_VM_UFFD_MINOR);
}

/* The next event is a fork's; the child's userfaultfd is the caller's. */
static vmalock_uffd *child_told(vmalock_uffd *uffd)
{
	struct vmalock_uffd_event event;

	expect_eq(vmalock_uffd_read(uffd, &event, 0), 0);
	expect_eq(event.kind, VMALOCK_UFFD_FORK);
	expect(event.child);
	return event.child;
}

static void without_the_feature_the_child_is_registered_with_nobody(void)
{
	struct rig r = rig_of(CHANGES, MISSING);
	vmalock_mm *child = fork_of(r.mm);

	expect_told(r.uffd, "");
	expect_eq(modes_at(child, 0), 0);
	end_space(child);
	end_rig(&r);
}

static void only_the_privileged_may_be_told_of_forks(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_uffd *uffd;

	vmalock_mm_set_privileged(mm, 0);
	expect_eq(vmalock_uffd_create(mm, FORK, &uffd), VMALOCK_EPERM);
	expect_eq(vmalock_uffd_create(mm, FORK | UINT64_C(1) << 40, &uffd), VMALOCK_EPERM); /* asked first */
	expect_eq(vmalock_uffd_create(mm, UINT64_C(1) << 40, &uffd), VMALOCK_EINVAL);
	expect_eq(vmalock_uffd_create(mm, UNMAP, &uffd), 0);
	vmalock_uffd_put(uffd);
	end_space(mm);
}

static void the_child_has_a_userfaultfd_of_its_own_that_brings_its_pages(void)
{
	struct rig r = rig_of(FORK, MISSING);
	vmalock_mm *child = fork_of(r.mm);
	vmalock_uffd *of_child = child_told(r.uffd);

	expect_eq(modes_at(child, 0), VMALOCK_VM_UFFD_MISSING);
	expect_eq(fault_at(child, 1, VMALOCK_READ), USERFAULT);
	expect_told(r.uffd, "");
	expect_told(of_child, "fault 1");
	expect_eq(copy_pages(of_child, 1, 1, 9, 0, 1), 0);
	expect_eq(copy_pages(r.uffd, 1, 1, 5, 0, 1), 0);
	expect_eq(read_byte(child, 1), 9);
	expect_eq(read_byte(r.mm, 1), 5);
	vmalock_uffd_put(of_child);
	expect_eq(modes_at(child, 0), 0);
	expect_eq(modes_at(r.mm, 0), VMALOCK_VM_UFFD_MISSING);
	end_space(child);
	end_rig(&r);
}

static void one_event_tells_of_all_mappings_and_each_userfaultfd_gets_its_own(void)
{
	struct rig r = rig_of(FORK, MISSING);
	vmalock_uffd *two = uffd_with(r.mm, FORK | REMOVE), *child_of_one, *child_of_two;
	vmalock_mm *child;

	map_at(r.mm, 12, 2, RW);
	map_at(r.mm, 16, 2, RW);
	expect_eq(register_pages(two, 12, 2, WP), 0);
	expect_eq(register_pages(r.uffd, 16, 2, MISSING | WP), 0);
	child = fork_of(r.mm);
	child_of_one = child_told(r.uffd);
	child_of_two = child_told(two);
	expect_told(r.uffd, "");
	expect_told(two, "");
	expect_drawing(child, "AAAAAAAA....BB..CC");
	expect_eq(modes_at(child, 12), VMALOCK_VM_UFFD_WP);
	expect_eq(modes_at(child, 16), VMALOCK_VM_UFFD_MISSING | VMALOCK_VM_UFFD_WP);
	expect_eq(unregister_pages(child_of_one, 12, 2), VMALOCK_EINVAL); /* the other's */
	vmalock_uffd_put(child_of_one);
	drop_pages(child, 12, 1);
	expect_told(child_of_two, "remove 12-13"); /* the features of the parent's */
	vmalock_uffd_put(child_of_two);
	end_space(child);
	vmalock_uffd_put(two);
	end_rig(&r);
}

static void write_protection_goes_along_pages_and_markers(void)
{
	struct rig r = rig_of(FORK | VMALOCK_UFFD_FEATURE_WP_UNPOPULATED, WP);
	vmalock_uffd *of_child;
	vmalock_mm *child;

	write_byte(r.mm, 0, 7);
	write_byte(r.mm, 1, 7);
	expect_eq(protect_pages(r.uffd, 0, 1, true), 0);
	expect_eq(protect_pages(r.uffd, 4, 1, true), 0);
	child = fork_of(r.mm);
	of_child = child_told(r.uffd);
	expect_eq(fault_at(child, 0, VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME, USERFAULT);
	expect_eq(fault_at(child, 4, VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME, USERFAULT);
	expect_eq(fault_at(child, 1, VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME, MINOR);
	expect_told(of_child, "fault 0, fault 4");
	expect_eq(fault_at(r.mm, 0, VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME, USERFAULT); /* the parent's stays, too */
	expect_eq(protect_pages(of_child, 0, 1, false), 0);
	write_byte(child, 0, 9);
	faults_return();
	vmalock_uffd_put(of_child);
	end_space(child);
	end_rig(&r);
}

/* Pages of files are found again by faults, but what is protected is not: the table is copied. */
static void write_protection_of_a_file_goes_along_too(void)
{
	struct rig r = { .mm = space_of(NULL) };
	vmalock_uffd *of_child;
	vmalock_mm *child;
	uint64_t faults;

	faults_return();
	r.uffd = uffd_with(r.mm, FORK);
	map_shared_anonymous(r.mm, 0, 4);
	write_byte(r.mm, 0, 7);
	write_byte(r.mm, 3, 7);
	expect_eq(register_pages(r.uffd, 0, 4, WP), 0);
	expect_eq(protect_pages(r.uffd, 0, 2, true), 0); /* a page, and a marker */
	child = fork_of(r.mm);
	of_child = child_told(r.uffd);
	faults = stats_of(r.mm).minor_faults;
	write_byte(r.mm, 3, 8); /* shared for writing as before */
	expect_eq(stats_of(r.mm).minor_faults, faults);
	expect_eq(read_byte(child, 3), 8);
	expect_eq(fault_at(child, 0, VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME, USERFAULT);
	expect_eq(fault_at(child, 1, VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME, USERFAULT);
	expect_eq(fault_at(child, 2, VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME, MINOR);
	expect_eq(fault_at(r.mm, 0, VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME, USERFAULT);
	vmalock_uffd_put(of_child);
	end_space(child);
	end_rig(&r);
}

static void what_is_wiped_or_not_copied_is_so_all_the_same(void)
{
	struct rig r = rig_of(FORK, MISSING | WP);
	vmalock_uffd *of_child;
	vmalock_mm *child;
	struct vmalock_vma vma;

	expect_eq(copy_pages(r.uffd, 0, 1, 5, VMALOCK_UFFD_COPY_WP, 1), 0);
	expect_eq(vmalock_mm_advise(r.mm, page(0), 4 * P, 18), 0); /* MADV_WIPEONFORK */
	expect_eq(vmalock_mm_advise(r.mm, page(4), 4 * P, 10), 0); /* MADV_DONTFORK */
	child = fork_of(r.mm);
	of_child = child_told(r.uffd);
	expect_eq(vmalock_mm_find(child, page(4), &vma), VMALOCK_ENOENT);
	expect_eq(fault_at(child, 0, VMALOCK_READ) & VMALOCK_FAULT_OUTCOME, USERFAULT);
	expect_told(of_child, "fault 0");
	vmalock_uffd_put(of_child);
	end_space(child);
	end_rig(&r);
}

static void pages_of_the_parent_are_refused_until_the_fork_has_been_read(void)
{
	struct rig r = rig_of(FORK, MISSING);
	vmalock_mm *child = fork_of(r.mm);

	expect_eq(copy_pages(r.uffd, 0, 1, 5, 0, 0), VMALOCK_EAGAIN);
	vmalock_uffd_put(child_told(r.uffd));
	expect_eq(copy_pages(r.uffd, 0, 1, 5, 0, 1), 0);
	end_space(child);
	end_rig(&r);
}

/* As Linux has it: the child's mappings are registered no more, and stay apart. */
static void a_fork_that_nobody_read_of_ends_with_the_parents_userfaultfd(void)
{
	struct rig r = rig_of(FORK, MISSING);
	vmalock_mm *child;

	map_at(r.mm, 8, 2, RW);
	child = fork_of(r.mm);
	expect_eq(modes_at(child, 0), VMALOCK_VM_UFFD_MISSING);
	vmalock_uffd_close(r.uffd);
	expect_eq(modes_at(child, 0), 0);
	expect_drawing(child, "AAAAAAAABB");
	expect_drawing(r.mm, "AAAAAAAAAA");
	expect_eq(fault_at(child, 0, VMALOCK_READ) & VMALOCK_FAULT_OUTCOME, MINOR);
	end_space(child);
	end_rig(&r);
}

#define GENERATIONS 300

/* Each generation's event stands unread in the queue of the one before: all go with the first. */
static void generations_that_nobody_read_of_all_end_with_the_first(void)
{
	struct rig r = rig_of(FORK, MISSING);
	vmalock_mm *youngest = fork_of(r.mm);

	for (int i = 1; i < GENERATIONS; i++) {
		vmalock_mm *next = fork_of(youngest);

		vmalock_mm_put(youngest);
		youngest = next;
	}
	expect_eq(modes_at(youngest, 0), VMALOCK_VM_UFFD_MISSING);
	end_rig(&r);
	expect_eq(modes_at(youngest, 0), 0);
	end_space(youngest);
	rcu_wait_for_batches();
	expect_eq(alloc_live(), 0);
}

static void a_child_that_has_gone_leaves_its_userfaultfd_to_its_reader(void)
{
	struct rig r = rig_of(FORK, MISSING);
	vmalock_uffd *of_child;

	end_space(fork_of(r.mm));
	of_child = child_told(r.uffd);
	end_rig(&r);
	expect_eq(copy_pages(of_child, 0, 1, 5, 0, 1), 0); /* its memory is kept */
	vmalock_uffd_put(of_child);
}

static void no_memory_at_any_point_of_a_fork_leaves_nothing_announced(void)
{
	bool failed = true;

	for (uint64_t n = 1; failed; n++) {
		struct rig r = rig_of(FORK, MISSING | WP);
		vmalock_mm *child = NULL;
		int err;

		map_at(r.mm, 12, 2, RW);
		write_byte(r.mm, 12, 1);
		alloc_fail_after(n);
		err = vmalock_mm_fork(r.mm, &child);
		failed = alloc_failure_happened();
		alloc_fail_after(0);
		expect(err == 0 || err == VMALOCK_ENOMEM);
		if (err) {
			expect_told(r.uffd, "");
		} else {
			vmalock_uffd_put(child_told(r.uffd));
			end_space(child);
		}
		expect_eq(vmalock_uffd_zeropage(r.uffd, page(0), P, 0, NULL), 0);
		end_rig(&r);
	}
	rcu_wait_for_batches();
	expect_eq(alloc_live(), 0);
}

static const struct test_case cases[] = {
	CASE(without_the_feature_the_child_is_registered_with_nobody),
	CASE(only_the_privileged_may_be_told_of_forks),
	CASE(the_child_has_a_userfaultfd_of_its_own_that_brings_its_pages),
	CASE(one_event_tells_of_all_mappings_and_each_userfaultfd_gets_its_own),
	CASE(write_protection_goes_along_pages_and_markers),
	CASE(write_protection_of_a_file_goes_along_too),
	CASE(what_is_wiped_or_not_copied_is_so_all_the_same),
	CASE(pages_of_the_parent_are_refused_until_the_fork_has_been_read),
	CASE(a_fork_that_nobody_read_of_ends_with_the_parents_userfaultfd),
	CASE(generations_that_nobody_read_of_all_end_with_the_first),
	CASE(a_child_that_has_gone_leaves_its_userfaultfd_to_its_reader),
	CASE(no_memory_at_any_point_of_a_fork_leaves_nothing_announced),
};
TEST_MAIN(cases)
