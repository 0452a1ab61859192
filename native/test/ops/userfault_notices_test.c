/*
 * Which changes userfaultfds are told of, in which words and which order, as Linux 6.18 tells them. One thread, which does not wait: that who
 * waits is told the same is shown in races/userfault_notices_test.c.
 */
#include "base/alloc.h"
#include "ops/advise.h"
#include "support/telling.h"
#include "sync/rcu.h"

/* Two userfaultfds of one space. */
struct pair {
	vmalock_mm *mm;
	vmalock_uffd *one, *two;
};

static struct pair pair_with(uint64_t features)
{
	struct pair p = { .mm = space_of(NULL) };

	faults_return();
	p.one = uffd_with(p.mm, features);
	p.two = uffd_with(p.mm, features);
	return p;
}

static void end_pair(struct pair *p)
{
	expect_valid(p->mm);
	vmalock_uffd_put(p->one);
	vmalock_uffd_put(p->two);
	end_space(p->mm);
}

static void map_registered(struct pair *p, vmalock_uffd *uffd, uint64_t first, uint64_t pages)
{
	map_at(p->mm, first, pages, RW);
	expect_eq(register_pages(uffd, first, pages, MISSING), 0);
}

static int unmap_pages(vmalock_mm *mm, uint64_t first, uint64_t end)
{
	return vmalock_mm_unmap(mm, page(first), (end - first) * P);
}

static int remap_pages(vmalock_mm *mm, uint64_t from, uint64_t pages, uint64_t to, uint64_t new_pages, uint32_t more)
{
	uint32_t flags = VMALOCK_MREMAP_MAYMOVE | VMALOCK_MREMAP_FIXED | more;
	uint64_t at;

	return vmalock_mm_remap(mm, page(from), pages * P, new_pages * P, flags, page(to), &at);
}

static bool is_registered(vmalock_mm *mm, uint64_t n)
{
	struct vmalock_vma vma;

	expect_eq(vmalock_mm_find(mm, page(n), &vma), 0);
	return vma.start <= page(n) && (vma.vm_flags & VMALOCK_VM_UFFD_MISSING);
}

static int advise_pages(vmalock_mm *mm, uint64_t first, uint64_t end, int advice)
{
	return vmalock_mm_advise(mm, page(first), (end - first) * P, advice);
}

/* --- unmap ----------------------------------------------------------------------------------------------------------- */

static void munmap_tells_its_range_once_to_each_that_has_part_of_it(void)
{
	struct pair p = pair_with(CHANGES);

	map_registered(&p, p.one, 0, 3);
	map_registered(&p, p.one, 5, 2);
	map_registered(&p, p.two, 8, 2);
	expect_eq(unmap_pages(p.mm, 1, 11), 0);
	expect_told(p.one, "unmap 1-11");
	expect_told(p.two, "unmap 1-11");
	expect_eq(unmap_pages(p.mm, 1, 11), 0);
	expect_told(p.one, "");
	end_pair(&p);
}

static void munmap_of_one_end_of_a_mapping_is_told(void)
{
	struct pair p = pair_with(CHANGES);

	map_registered(&p, p.one, 0, 8);
	expect_eq(unmap_pages(p.mm, 0, 2), 0);
	expect_eq(unmap_pages(p.mm, 6, 8), 0);
	expect_eq(unmap_pages(p.mm, 3, 4), 0);
	expect_told(p.one, "unmap 0-2, unmap 6-8, unmap 3-4");
	end_pair(&p);
}

static void without_its_feature_nothing_is_told(void)
{
	struct pair p = pair_with(0);

	map_registered(&p, p.one, 0, 8);
	expect_eq(advise_pages(p.mm, 0, 2, MADV_IS_DONTNEED), 0);
	expect_eq(remap_pages(p.mm, 2, 2, 12, 2, 0), 0);
	expect_eq(unmap_pages(p.mm, 0, 8), 0);
	expect_told(p.one, "");
	end_pair(&p);
}

static void mmap_over_registered_memory_is_told_also_when_it_is_refused_later(void)
{
	struct pair p = pair_with(CHANGES);
	struct vmalock_limits limits;
	uint64_t at;

	map_registered(&p, p.one, 1, 2);
	map_at(p.mm, 0, 4, RW);
	expect_told(p.one, "unmap 0-4");
	expect_eq(register_pages(p.one, 1, 2, MISSING), 0);
	vmalock_mm_get_limits(p.mm, &limits);
	limits.address_space = 10 * P;
	vmalock_mm_set_limits(p.mm, &limits);
	expect_eq(vmalock_mm_map(p.mm, page(0), 20 * P, RW, FIXED_ANON, NULL, 0, &at), VMALOCK_ENOMEM);
	expect_told(p.one, "unmap 0-20");
	expect(is_registered(p.mm, 1));
	end_pair(&p);
}

static void what_lies_before_a_sealed_mapping_is_told_and_stays(void)
{
	struct pair p = pair_with(CHANGES);

	map_registered(&p, p.one, 0, 4);
	map_at(p.mm, 4, 2, RW);
	expect_eq(vmalock_mm_seal(p.mm, page(4), 2 * P, 0), 0);
	map_registered(&p, p.two, 6, 2);
	expect_eq(unmap_pages(p.mm, 0, 8), VMALOCK_EPERM);
	expect_told(p.one, "unmap 0-8");
	expect_told(p.two, "");
	end_pair(&p);
}

static void a_heap_that_shrinks_is_told_and_one_that_cannot_is_not(void)
{
	struct pair p = pair_with(CHANGES);

	expect_eq(vmalock_mm_set_brk_start(p.mm, page(0)), 0);
	expect_eq(vmalock_mm_brk(p.mm, page(8)), page(8));
	expect_eq(register_pages(p.one, 0, 8, MISSING), 0);
	expect_eq(vmalock_mm_brk(p.mm, page(6)), page(6));
	expect_told(p.one, "unmap 6-8");
	expect_eq(vmalock_mm_seal(p.mm, page(5), P, 0), 0);
	expect_eq(vmalock_mm_brk(p.mm, page(2)), page(6));
	expect_told(p.one, "");
	expect_eq(vmalock_uffd_zeropage(p.one, page(2), P, 0, NULL), 0); /* and nothing waits to be read */
	end_pair(&p);
}

static void remap_file_pages_is_not_told(void)
{
	struct pair p = pair_with(CHANGES);

	map_shared_anonymous(p.mm, 0, 8);
	expect_eq(register_pages(p.one, 0, 8, MISSING), 0);
	expect_eq(vmalock_mm_remap_file_pages(p.mm, page(1), P, 0, 3, 0), 0);
	expect_told(p.one, "");
	expect(!is_registered(p.mm, 1));
	end_pair(&p);
}

/* --- mremap ---------------------------------------------------------------------------------------------------------- */

static void a_move_is_told_then_that_the_old_place_is_no_more_and_the_new_one_is_registered(void)
{
	struct pair p = pair_with(CHANGES);

	map_registered(&p, p.one, 2, 4);
	expect_eq(remap_pages(p.mm, 2, 3, 12, 3, 0), 0);
	expect_told(p.one, "remap 2-5 to 12, unmap 2-5");
	expect_drawing(p.mm, ".....A......BBB");
	expect(is_registered(p.mm, 12));
	end_pair(&p);
}

static void what_lay_at_the_new_place_is_told_first(void)
{
	struct pair p = pair_with(CHANGES);

	map_registered(&p, p.one, 0, 6);
	map_registered(&p, p.one, 12, 8);
	expect_eq(remap_pages(p.mm, 0, 5, 12, 3, 0), 0);
	expect_told(p.one, "unmap 12-15, remap 0-3 to 12, unmap 3-5, unmap 0-3");
	expect_drawing(p.mm, ".....A......BBBBBBBB");
	end_pair(&p);
}

static void a_move_that_grows_tells_its_old_length(void)
{
	struct pair p = pair_with(CHANGES);

	map_registered(&p, p.one, 0, 3);
	map_registered(&p, p.two, 12, 8);
	expect_eq(remap_pages(p.mm, 0, 3, 12, 5, 0), 0);
	expect_told(p.two, "unmap 12-17");
	expect_told(p.one, "remap 0-3 to 12, unmap 0-3");
	expect_drawing(p.mm, "............AAAAABBB");
	end_pair(&p);
}

static void in_place_only_shrinking_is_told(void)
{
	struct pair p = pair_with(CHANGES);
	uint64_t at;

	map_registered(&p, p.one, 0, 6);
	expect_eq(vmalock_mm_remap(p.mm, page(0), 6 * P, 8 * P, 0, 0, &at), 0);
	expect_told(p.one, "");
	expect_eq(vmalock_mm_remap(p.mm, page(0), 8 * P, 3 * P, 0, 0, &at), 0);
	expect_told(p.one, "unmap 3-8");
	end_pair(&p);
}

static void with_dontunmap_both_places_are_registered(void)
{
	struct pair p = pair_with(CHANGES);

	map_registered(&p, p.one, 0, 6);
	expect_eq(remap_pages(p.mm, 2, 3, 12, 3, VMALOCK_MREMAP_DONTUNMAP), 0);
	expect_told(p.one, "remap 2-5 to 12");
	expect_drawing(p.mm, "AAAAAA......BBB");
	expect(is_registered(p.mm, 3) && is_registered(p.mm, 12));
	end_pair(&p);
}

static void a_move_that_is_refused_tells_only_what_it_has_unmapped(void)
{
	struct pair p = pair_with(CHANGES);
	struct vmalock_limits limits;

	map_registered(&p, p.one, 0, 4);
	map_registered(&p, p.two, 12, 8);
	vmalock_mm_get_limits(p.mm, &limits);
	limits.address_space = 10 * P;
	vmalock_mm_set_limits(p.mm, &limits);
	expect_eq(remap_pages(p.mm, 0, 4, 12, 4, VMALOCK_MREMAP_DONTUNMAP), VMALOCK_ENOMEM);
	expect_told(p.one, "");
	expect_told(p.two, "unmap 12-16");
	expect_drawing(p.mm, "AAAA............BBBB");
	end_pair(&p);
}

static void several_mappings_that_move_tell_each_what_lay_there(void)
{
	struct pair p = pair_with(CHANGES);

	map_at(p.mm, 0, 4, RW);
	map_at(p.mm, 4, 4, RO);
	map_registered(&p, p.one, 12, 8);
	expect_eq(remap_pages(p.mm, 0, 8, 12, 8, 0), 0);
	expect_told(p.one, "unmap 12-16, unmap 16-20");
	end_pair(&p);
}

static void write_protection_moves_along_only_where_the_move_is_told(void)
{
	for (int told = 0; told < 2; told++) {
		struct pair p = pair_with(told ? REMAP : 0);

		map_at(p.mm, 0, 2, RW);
		write_byte(p.mm, 0, 7);
		expect_eq(register_pages(p.one, 0, 2, WP), 0);
		expect_eq(protect_pages(p.one, 0, 1, true), 0);
		expect_eq(remap_pages(p.mm, 0, 2, 12, 2, 0), 0);
		expect_told(p.one, told ? "remap 0-2 to 12" : "");
		expect_eq(fault_at(p.mm, 12, VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME, told ? USERFAULT : MINOR);
		expect_told(p.one, told ? "fault 12" : "");
		end_pair(&p);
	}
}

/* Without EVENT_REMAP all that merged at the new place is registered no more: here that is the source, too. */
static void an_old_place_that_lost_its_registration_by_the_move_is_not_told(void)
{
	struct pair p = pair_with(UNMAP);

	map_registered(&p, p.one, 4, 4);
	expect_eq(remap_pages(p.mm, 4, 2, 2, 2, 0), 0);
	expect_drawing(p.mm, "..AA..BB");
	expect_told(p.one, is_registered(p.mm, 6) ? "unmap 4-6" : "");
	end_pair(&p);
}

/* --- madvise --------------------------------------------------------------------------------------------------------- */

static void pages_that_go_are_told_mapping_by_mapping(void)
{
	struct pair p = pair_with(CHANGES);

	map_registered(&p, p.one, 0, 4);
	map_registered(&p, p.one, 6, 4);
	expect_eq(advise_pages(p.mm, 1, 9, MADV_IS_DONTNEED), VMALOCK_ENOMEM); /* for the hole, which it steps over */
	expect_told(p.one, "remove 1-4, remove 6-9");
	end_pair(&p);
}

static void what_is_told_of_each_advice(void)
{
	static const struct {
		int advice, err;
		bool told;
	} all[] = {
		{ MADV_IS_DONTNEED, 0, true },        { MADV_IS_FREE, 0, true },
		{ MADV_IS_DONTNEED_LOCKED, 0, true }, { MADV_IS_REMOVE, VMALOCK_EINVAL, false },
		{ MADV_IS_COLD, 0, false },           { MADV_IS_PAGEOUT, 0, false },
		{ MADV_IS_GUARD_INSTALL, 0, false },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct pair p = pair_with(CHANGES);

		map_registered(&p, p.one, 0, 4);
		expect_eq(advise_pages(p.mm, 1, 3, all[i].advice), all[i].err);
		expect_told(p.one, all[i].told ? "remove 1-3" : "");
		end_pair(&p);
	}
}

static void what_is_told_of_each_advice_for_a_file(void)
{
	static const struct {
		int advice, err;
		bool told;
	} all[] = {
		{ MADV_IS_DONTNEED, 0, true },
		{ MADV_IS_FREE, VMALOCK_EINVAL, true }, /* refused only after it was told */
		{ MADV_IS_REMOVE, 0, true },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct pair p = pair_with(CHANGES);

		map_shared_anonymous(p.mm, 0, 4);
		write_byte(p.mm, 1, 7);
		expect_eq(register_pages(p.one, 0, 4, MISSING), 0);
		expect_eq(advise_pages(p.mm, 1, 3, all[i].advice), all[i].err);
		expect_told(p.one, all[i].told ? "remove 1-3" : "");
		expect_eq(fault_at(p.mm, 1, VMALOCK_READ) & VMALOCK_FAULT_OUTCOME,
			  all[i].advice == MADV_IS_REMOVE ? USERFAULT : MINOR);
		end_pair(&p);
	}
}

static void what_is_refused_at_once_is_not_told(void)
{
	struct pair p = pair_with(CHANGES);

	map_registered(&p, p.one, 0, 4);
	expect_eq(vmalock_mm_mlock(p.mm, page(0), 2 * P, VMALOCK_MLOCK_ONFAULT), 0);
	expect_eq(advise_pages(p.mm, 0, 1, MADV_IS_DONTNEED), VMALOCK_EINVAL);
	expect_told(p.one, "");
	expect_eq(advise_pages(p.mm, 0, 1, MADV_IS_DONTNEED_LOCKED), 0);
	expect_told(p.one, "remove 0-1");
	end_pair(&p);
}

/* --- what is refused until it has been read ---------------------------------------------------------------------------- */

static void pages_are_refused_until_the_change_has_been_read(void)
{
	struct pair p = pair_with(CHANGES);
	uint64_t done = 77;

	map_registered(&p, p.one, 0, 8);
	map_registered(&p, p.two, 12, 2);
	expect_eq(unmap_pages(p.mm, 7, 8), 0);
	expect_eq(copy_pages(p.one, 0, 1, 5, 0, 0), VMALOCK_EAGAIN);
	expect_eq(vmalock_uffd_zeropage(p.one, page(0), 1, 0, &done),
		  VMALOCK_EAGAIN); /* before the range is looked at */
	expect_eq(done, 0);
	expect_eq(vmalock_uffd_continue(p.one, page(0), P, 0, NULL), VMALOCK_EAGAIN);
	expect_eq(vmalock_uffd_poison(p.one, page(0), P, 0, NULL), VMALOCK_EAGAIN);
	expect_eq(vmalock_uffd_move(p.one, page(0), page(1), P, 0, NULL), VMALOCK_EAGAIN);
	expect_eq(protect_pages(p.one, 0, 1, true), VMALOCK_EAGAIN);
	expect_eq(vmalock_uffd_wake(p.one, page(0), P), 0);
	expect_eq(register_pages(p.one, 0, 2, MISSING | WP), 0);
	expect_eq(unregister_pages(p.one, 0, 1), 0);
	expect_eq(copy_pages(p.two, 12, 1, 5, 0, 1), 0);
	expect_told(p.one, "unmap 7-8");
	expect_eq(copy_pages(p.one, 1, 1, 5, 0, 1), 0);
	end_pair(&p);
}

static void of_two_changes_both_must_have_been_read(void)
{
	struct pair p = pair_with(CHANGES);
	struct vmalock_uffd_event event;

	map_registered(&p, p.one, 0, 8);
	expect_eq(unmap_pages(p.mm, 7, 8), 0);
	expect_eq(unmap_pages(p.mm, 6, 7), 0);
	expect_eq(vmalock_uffd_read(p.one, &event, 0), 0);
	expect_eq(copy_pages(p.one, 0, 1, 5, 0, 0), VMALOCK_EAGAIN);
	expect_eq(vmalock_uffd_read(p.one, &event, 0), 0);
	expect_eq(copy_pages(p.one, 0, 1, 5, 0, 1), 0);
	end_pair(&p);
}

/* --- order ----------------------------------------------------------------------------------------------------------- */

static void what_a_thread_tells_without_waiting_is_read_in_its_order(void)
{
	struct pair p = pair_with(CHANGES);

	map_registered(&p, p.one, 0, 4);
	expect_eq(fault_at(p.mm, 1, VMALOCK_READ), USERFAULT);
	expect_eq(unmap_pages(p.mm, 0, 4), 0);
	map_registered(&p, p.one, 0, 4);
	expect_eq(fault_at(p.mm, 1, VMALOCK_READ), USERFAULT); /* of another mapping: no like of the first */
	expect_told(p.one, "fault 1, unmap 0-4, fault 1");
	end_pair(&p);
}

static void a_wake_forgets_faults_and_no_changes(void)
{
	struct pair p = pair_with(CHANGES);

	map_registered(&p, p.one, 0, 4);
	expect_eq(fault_at(p.mm, 1, VMALOCK_READ), USERFAULT);
	expect_eq(unmap_pages(p.mm, 3, 4), 0);
	expect_eq(vmalock_uffd_wake(p.one, page(0), 4 * P), 0);
	expect_told(p.one, "unmap 3-4");
	end_pair(&p);
}

static void changes_that_nobody_has_read_go_with_the_userfaultfd(void)
{
	struct pair p = pair_with(CHANGES);

	map_registered(&p, p.one, 0, 8);
	expect_eq(unmap_pages(p.mm, 0, 2), 0);
	expect_eq(unmap_pages(p.mm, 2, 3), 0);
	end_pair(&p);
	rcu_wait_for_batches(); /* also for what the tests before have retired */
	expect_eq(alloc_live(), 0);
}

/* --- memory ---------------------------------------------------------------------------------------------------------- */

/* What is refused for want of memory has told nobody and leaves nothing to be read. */
static void no_memory_at_any_point_of_a_move_leaves_nothing_announced(void)
{
	bool failed = true;

	for (uint64_t n = 1; failed; n++) {
		struct pair p = pair_with(CHANGES);
		int err;

		map_registered(&p, p.one, 0, 6);
		alloc_fail_after(n);
		err = remap_pages(p.mm, 2, 2, 12, 2, 0);
		failed = alloc_failure_happened();
		alloc_fail_after(0);
		expect_told(p.one, err ? "" : "remap 2-4 to 12, unmap 2-4");
		expect_eq(vmalock_uffd_zeropage(p.one, page(0), P, 0, NULL), 0);
		expect(err == 0 || err == VMALOCK_ENOMEM);
		end_pair(&p);
	}
}

static void no_memory_to_tell_of_an_advice_leaves_its_pages(void)
{
	struct pair p = pair_with(CHANGES);

	map_at(p.mm, 0, 1, RW);
	write_byte(p.mm, 0, 7);
	expect_eq(register_pages(p.one, 0, 1, MISSING), 0);
	alloc_fail_after(1);
	expect_eq(advise_pages(p.mm, 0, 1, MADV_IS_DONTNEED), VMALOCK_ENOMEM);
	alloc_fail_after(0);
	expect_told(p.one, "");
	expect_eq(read_byte(p.mm, 0), 7);
	end_pair(&p);
}

static const struct test_case cases[] = {
	CASE(munmap_tells_its_range_once_to_each_that_has_part_of_it),
	CASE(munmap_of_one_end_of_a_mapping_is_told),
	CASE(without_its_feature_nothing_is_told),
	CASE(mmap_over_registered_memory_is_told_also_when_it_is_refused_later),
	CASE(what_lies_before_a_sealed_mapping_is_told_and_stays),
	CASE(a_heap_that_shrinks_is_told_and_one_that_cannot_is_not),
	CASE(remap_file_pages_is_not_told),
	CASE(a_move_is_told_then_that_the_old_place_is_no_more_and_the_new_one_is_registered),
	CASE(what_lay_at_the_new_place_is_told_first),
	CASE(a_move_that_grows_tells_its_old_length),
	CASE(in_place_only_shrinking_is_told),
	CASE(with_dontunmap_both_places_are_registered),
	CASE(a_move_that_is_refused_tells_only_what_it_has_unmapped),
	CASE(several_mappings_that_move_tell_each_what_lay_there),
	CASE(write_protection_moves_along_only_where_the_move_is_told),
	CASE(an_old_place_that_lost_its_registration_by_the_move_is_not_told),
	CASE(pages_that_go_are_told_mapping_by_mapping),
	CASE(what_is_told_of_each_advice),
	CASE(what_is_told_of_each_advice_for_a_file),
	CASE(what_is_refused_at_once_is_not_told),
	CASE(pages_are_refused_until_the_change_has_been_read),
	CASE(of_two_changes_both_must_have_been_read),
	CASE(what_a_thread_tells_without_waiting_is_read_in_its_order),
	CASE(a_wake_forgets_faults_and_no_changes),
	CASE(changes_that_nobody_has_read_go_with_the_userfaultfd),
	CASE(no_memory_at_any_point_of_a_move_leaves_nothing_announced),
	CASE(no_memory_to_tell_of_an_advice_leaves_its_pages),
};
TEST_MAIN(cases)
