/* UFFDIO_MOVE: what may move, in which order it is refused, what is there afterwards. */
#include "base/alloc.h"
#include "ops/advise.h"
#include "support/observing.h"
#include "support/resolving.h"

#define HOLES VMALOCK_UFFD_MOVE_ALLOW_SRC_HOLES

/* Pages 0 to 3 are registered, 8 to 11 are where pages come from: written with 1, 2, 3 and 4. */
static struct rig rig_of(uint64_t mode)
{
	struct rig r = { .mm = space_of(NULL) };

	faults_return();
	r.uffd = uffd_with(r.mm, VMALOCK_UFFD_FEATURE_MOVE);
	map_at(r.mm, 0, 4, RW);
	map_at(r.mm, 8, 4, RW);
	expect_eq(register_pages(r.uffd, 0, 4, mode), 0);
	for (uint64_t n = 0; n < 4; n++)
		write_byte(r.mm, 8 + n, (uint8_t)(n + 1));
	return r;
}

/* @came: how many pages that must move. */
static int move_pages(vmalock_uffd *uffd, uint64_t to, uint64_t from, uint64_t pages, uint64_t mode, uint64_t came)
{
	uint64_t done;
	int err = vmalock_uffd_move(uffd, page(to), page(from), pages * P, mode, &done);

	expect_eq(done, came * P);
	return err;
}

static void pages_change_their_place_and_no_frame_is_taken(void)
{
	struct rig r = rig_of(MISSING);

	expect_pages(r.mm, 4, 0, 0, 4);
	expect_eq(move_pages(r.uffd, 1, 8, 2, 0, 2), 0);
	expect_pages(r.mm, 4, 0, 0, 4);
	expect_eq(read_byte(r.mm, 1), 1);
	expect_eq(read_byte(r.mm, 2), 2);
	expect_eq(read_byte(r.mm, 8), 0);
	expect_eq(read_byte(r.mm, 10), 3);
	expect_eq(fault_at(r.mm, 0, VMALOCK_READ), USERFAULT);
	expect_eq(fault_at(r.mm, 1, VMALOCK_WRITE), MINOR);
	end_rig(&r);
}

static void observers_are_told_of_the_old_place(void)
{
	struct rig r = rig_of(MISSING);
	struct recorder recorder;

	observe(r.mm, &recorder);
	expect_eq(move_pages(r.uffd, 1, 8, 2, 0, 2), 0);
	expect_told(&recorder, 0, 8, 2, VMALOCK_INVALIDATE_CLEAR);
	expect_eq(move_pages(r.uffd, 30, 8, 2, 0, 0), VMALOCK_ENOENT);
	expect_told_times(&recorder, 1);
	vmalock_mm_unobserve(r.mm, recorder.observation);
	end_rig(&r);
}

static void a_hole_is_enoent_unless_it_may_be_one(void)
{
	struct rig r = rig_of(MISSING);

	drop_pages(r.mm, 9, 1);
	expect_eq(move_pages(r.uffd, 0, 9, 1, 0, 0), VMALOCK_ENOENT);
	expect_eq(move_pages(r.uffd, 0, 8, 3, 0, 1), VMALOCK_EAGAIN);
	expect_eq(move_pages(r.uffd, 1, 9, 3, HOLES, 3), 0);
	expect_eq(read_byte(r.mm, 0), 1);
	expect_eq(fault_at(r.mm, 1, VMALOCK_READ), USERFAULT);
	expect_eq(read_byte(r.mm, 2), 3);
	expect_eq(read_byte(r.mm, 3), 4);
	end_rig(&r);
}

static void what_is_there_is_told_before_what_is_missing(void)
{
	struct rig r = rig_of(MISSING | WP);

	expect_eq(copy_pages(r.uffd, 0, 1, 9, 0, 1), 0);
	drop_pages(r.mm, 8, 1);
	expect_eq(move_pages(r.uffd, 0, 8, 1, 0, 0), VMALOCK_EEXIST);
	expect_eq(move_pages(r.uffd, 0, 9, 1, 0, 0), VMALOCK_EEXIST);
	expect_eq(read_byte(r.mm, 0), 9);
	end_rig(&r);
}

static void a_marker_neither_gives_way_nor_moves(void)
{
	struct rig r = rig_of(MISSING);

	expect_eq(vmalock_mm_advise(r.mm, page(8), P, MADV_IS_GUARD_INSTALL), 0);
	expect_eq(move_pages(r.uffd, 0, 8, 1, HOLES, 0), VMALOCK_EFAULT);
	expect_eq(vmalock_uffd_poison(r.uffd, page(0), P, 0, NULL), 0);
	expect_eq(move_pages(r.uffd, 0, 9, 1, HOLES, 0), VMALOCK_EEXIST);
	end_rig(&r);
}

static void a_page_that_fork_has_shared_is_busy_until_it_is_written(void)
{
	struct rig r = rig_of(MISSING);
	vmalock_mm *child = fork_of(r.mm);

	expect_eq(move_pages(r.uffd, 0, 8, 1, 0, 0), VMALOCK_EBUSY);
	end_space(child);
	expect_eq(move_pages(r.uffd, 0, 8, 1, 0, 0), VMALOCK_EBUSY);
	write_byte(r.mm, 8, 7);
	expect_eq(move_pages(r.uffd, 0, 8, 1, 0, 1), 0);
	expect_eq(read_byte(r.mm, 0), 7);
	end_rig(&r);
}

static void a_page_that_is_out_moves_without_coming_in(void)
{
	struct vmalock_options options;
	vmalock_mm *mm;
	vmalock_uffd *uffd;

	vmalock_options_init(&options);
	options.swap = 8;
	expect_eq(vmalock_mm_create(&options, &mm), 0);
	faults_return();
	uffd = uffd_with(mm, 0);
	map_at(mm, 0, 4, RW);
	write_byte(mm, 0, 1);
	write_byte(mm, 1, 2);
	end_space(fork_of(mm));
	write_byte(mm, 0, 1);
	expect_eq(vmalock_mm_advise(mm, page(0), 2 * P, 21 /* MADV_PAGEOUT */), 0);
	expect_eq(status_of(mm).vm_swap, 2 * P);
	expect_eq(register_pages(uffd, 2, 2, MISSING), 0);
	expect_eq(move_pages(uffd, 2, 1, 1, 0, 0), VMALOCK_EBUSY);
	expect_eq(move_pages(uffd, 2, 0, 1, 0, 1), 0);
	expect_eq(status_of(mm).vm_swap, 2 * P);
	expect_eq(read_byte(mm, 2), 1);
	expect_eq(status_of(mm).vm_swap, P);
	expect_valid(mm);
	vmalock_uffd_put(uffd);
	end_space(mm);
}

static void it_arrives_writable_and_unprotected(void)
{
	struct rig r = rig_of(WP);

	expect_eq(register_pages(r.uffd, 8, 4, WP), 0);
	expect_eq(protect_pages(r.uffd, 8, 1, true), 0);
	expect_eq(fault_at(r.mm, 8, VMALOCK_WRITE), USERFAULT);
	expect_eq(move_pages(r.uffd, 0, 8, 1, 0, 1), 0);
	expect_eq(fault_at(r.mm, 0, VMALOCK_WRITE), MINOR);
	expect_eq(stats_of(r.mm).cow_faults, 0);
	end_rig(&r);
}

static void a_zero_page_moves_as_one(void)
{
	struct rig r = rig_of(MISSING);

	drop_pages(r.mm, 8, 1);
	expect_eq(fault_at(r.mm, 8, VMALOCK_READ), MINOR);
	expect_eq(move_pages(r.uffd, 0, 8, 1, 0, 1), 0);
	expect_pages(r.mm, 3, 0, 0, 3);
	write_byte(r.mm, 0, 5);
	expect_pages(r.mm, 4, 0, 0, 4);
	end_rig(&r);
}

static void within_one_mapping_ranges_may_overlap(void)
{
	struct rig r = rig_of(MISSING);

	expect_eq(register_pages(r.uffd, 8, 4, MISSING), 0);
	expect_eq(move_pages(r.uffd, 0, 8, 1, 0, 1), 0);
	expect_eq(move_pages(r.uffd, 8, 9, 3, 0, 3), 0);
	expect_eq(read_byte(r.mm, 8), 2);
	expect_eq(read_byte(r.mm, 10), 4);
	expect_eq(move_pages(r.uffd, 8, 8, 1, HOLES, 0), VMALOCK_EEXIST);
	expect_eq(move_pages(r.uffd, 11, 11, 1, HOLES, 1), 0);
	end_rig(&r);
}

static void mappings_must_be_alike_and_whole(void)
{
	struct rig r = rig_of(MISSING);
	vmalock_uffd *other = uffd_with(r.mm, 0);

	map_at(r.mm, 20, 2, RO);
	map_shared_anonymous(r.mm, 24, 2);
	expect_eq(move_pages(r.uffd, 3, 8, 2, 0, 0), VMALOCK_EINVAL);  /* beyond the target's mapping */
	expect_eq(move_pages(r.uffd, 0, 11, 2, 0, 0), VMALOCK_EINVAL); /* beyond the source's */
	expect_eq(move_pages(r.uffd, 0, 20, 1, 0, 0), VMALOCK_EINVAL); /* read-only */
	expect_eq(move_pages(r.uffd, 0, 24, 1, 0, 0), VMALOCK_EINVAL); /* shared */
	expect_eq(move_pages(r.uffd, 8, 9, 1, 0, 0), VMALOCK_EINVAL);  /* the target is not registered */
	expect_eq(move_pages(other, 0, 8, 1, 0, 0), VMALOCK_EINVAL);   /* or with another one */
	expect_eq(vmalock_mm_mlock(r.mm, page(8), P, 0), 0);
	expect_eq(move_pages(r.uffd, 0, 8, 1, 0, 0), VMALOCK_EINVAL); /* locked and not */
	expect_eq(move_pages(r.uffd, 40, 8, 1, 0, 0), VMALOCK_ENOENT);
	expect_eq(move_pages(r.uffd, 0, 40, 1, 0, 0), VMALOCK_ENOENT);
	expect_eq(move_pages(r.uffd, 0, 8, 0, 0, 0), VMALOCK_EINVAL);
	expect_eq(vmalock_uffd_move(r.uffd, page(0) + 1, page(8), P, 0, NULL), VMALOCK_EINVAL);
	expect_eq(vmalock_uffd_move(r.uffd, page(0), page(8) + 1, P, 0, NULL), VMALOCK_EINVAL);
	expect_eq(move_pages(r.uffd, 0, 8, 1, 4, 0), VMALOCK_EINVAL);
	vmalock_uffd_put(other);
	vmalock_uffd_close(r.uffd);
	expect_eq(move_pages(r.uffd, 0, 9, 1, 0, 0), VMALOCK_EBADF);
	end_rig(&r);
}

static void a_move_survives_any_lack_of_memory(void)
{
	bool happened = true;

	for (uint64_t n = 1; happened; n++) {
		struct rig r = rig_of(MISSING);
		int err;

		map_at(r.mm, 4096, 4, RW);
		expect_eq(register_pages(r.uffd, 4096, 4, MISSING), 0);
		alloc_fail_after(n);
		err = vmalock_uffd_move(r.uffd, page(4096), page(8), 4 * P, 0, NULL);
		happened = alloc_failure_happened();
		alloc_fail_after(0);
		expect_eq(err, happened ? VMALOCK_ENOMEM : 0);
		expect_eq(read_byte(r.mm, err ? 8 : 4096), 1);
		expect(n < 100);
		end_rig(&r);
	}
}

/* --- huge pages ------------------------------------------------------------------------------------------------------ */

#define HUGE 512

/* Two times 2 MiB at multiples of that; the first is written, so that it has a huge page, the second registered. */
static struct rig huge_rig(void)
{
	struct vmalock_options options;
	struct rig r;
	uint64_t at;

	vmalock_options_init(&options);
	options.thp = VMALOCK_THP_MADVISE;
	expect_eq(vmalock_mm_create(&options, &r.mm), 0);
	faults_return();
	r.uffd = uffd_with(r.mm, 0);
	expect_eq(vmalock_mm_map(r.mm, page(0), 2 * HUGE * P, RW,
				 VMALOCK_MAP_PRIVATE | VMALOCK_MAP_ANONYMOUS | VMALOCK_MAP_FIXED, NULL, 0, &at),
		  0);
	expect_eq(vmalock_mm_advise(r.mm, page(0), 2 * HUGE * P, MADV_IS_HUGEPAGE), 0);
	write_byte(r.mm, 3, 3);
	expect_eq(register_pages(r.uffd, HUGE, HUGE, MISSING), 0);
	return r;
}

static void a_huge_page_moves_as_one_where_both_places_allow_it(void)
{
	struct rig r = huge_rig();

	expect_eq(move_pages(r.uffd, HUGE, 0, HUGE, 0, HUGE), 0);
	expect_eq(stats_of(r.mm).thp_split_pmd, 0);
	expect_eq(read_byte(r.mm, HUGE + 3), 3);
	expect_pages(r.mm, HUGE, 0, 0, status_of(r.mm).frames_used);
	expect_eq(move_pages(r.uffd, HUGE + 1, 0, 1, HOLES, 0), VMALOCK_EEXIST);
	end_rig(&r);
}

/* Other tables of the level above: whichever of the two was made first, both are taken in one order. */
static void a_huge_page_moves_a_gib_away_and_back(void)
{
	struct rig r = huge_rig();
	uint64_t far = HUGE * HUGE, at;

	expect_eq(vmalock_mm_map(r.mm, page(far), HUGE * P, RW,
				 VMALOCK_MAP_PRIVATE | VMALOCK_MAP_ANONYMOUS | VMALOCK_MAP_FIXED, NULL, 0, &at),
		  0);
	expect_eq(vmalock_mm_advise(r.mm, page(far), HUGE * P, MADV_IS_HUGEPAGE), 0);
	expect_eq(register_pages(r.uffd, 0, HUGE, MISSING), 0);
	expect_eq(register_pages(r.uffd, far, HUGE, MISSING), 0);
	expect_eq(move_pages(r.uffd, far, 0, HUGE, 0, HUGE), 0);
	expect_eq(move_pages(r.uffd, 0, far, HUGE, 0, HUGE), 0);
	expect_eq(stats_of(r.mm).thp_split_pmd, 0);
	expect_eq(read_byte(r.mm, 3), 3);
	end_rig(&r);
}

static void a_part_of_a_huge_page_splits_it(void)
{
	struct rig r = huge_rig();

	expect_eq(move_pages(r.uffd, HUGE + 1, 3, 1, 0, 1), 0);
	expect_eq(stats_of(r.mm).thp_split_pmd, 1);
	expect_eq(read_byte(r.mm, HUGE + 1), 3);
	expect_eq(read_byte(r.mm, 3), 0);
	end_rig(&r);
}

static void a_table_in_the_way_splits_it_too(void)
{
	struct rig r = huge_rig();

	expect_eq(copy_pages(r.uffd, HUGE + 5, 1, 8, 0, 1), 0);
	expect_eq(move_pages(r.uffd, HUGE, 0, HUGE, 0, 5), VMALOCK_EAGAIN);
	expect_eq(stats_of(r.mm).thp_split_pmd, 1);
	expect_eq(read_byte(r.mm, HUGE + 3), 3);
	expect_eq(read_byte(r.mm, HUGE + 5), 8);
	end_rig(&r);
}

/* Where nothing ever was there is no table, and that comes first: as Linux 6.18 answered. */
static void a_fault_that_is_told_leaves_a_table(void)
{
	struct rig r = rig_of(MISSING);

	map_at(r.mm, HUGE, HUGE, RW);
	expect_eq(register_pages(r.uffd, HUGE, HUGE, MISSING), 0);
	expect_eq(copy_pages(r.uffd, 0, 1, 9, 0, 1), 0);
	expect_eq(copy_pages(r.uffd, HUGE, 1, 9, 0, 1), 0);
	drop_pages(r.mm, HUGE, HUGE);
	expect_eq(move_pages(r.uffd, 0, HUGE + 7, 1, 0, 0), VMALOCK_ENOENT);
	expect_eq(fault_at(r.mm, HUGE + 3, VMALOCK_WRITE), USERFAULT);
	expect_eq(move_pages(r.uffd, 0, HUGE + 7, 1, 0, 0), VMALOCK_EEXIST);
	end_rig(&r);
}

/* mremap makes a table at the new place where the old one has one, with a page or without: as Linux 6.18 answered. */
static void a_page_that_never_was_moves_with_its_table(void)
{
	struct rig r = rig_of(MISSING);
	uint64_t at;

	map_at(r.mm, HUGE, HUGE, RW);
	expect_eq(register_pages(r.uffd, HUGE, HUGE, MISSING), 0);
	expect_eq(copy_pages(r.uffd, 0, 1, 9, 0, 1), 0);
	expect_eq(copy_pages(r.uffd, HUGE, 1, 9, 0, 1), 0);
	drop_pages(r.mm, HUGE, HUGE);
	expect_eq(move_pages(r.uffd, 0, HUGE + 7, 1, 0, 0), VMALOCK_ENOENT);
	map_at(r.mm, 20, 1, RW);
	expect_eq(vmalock_mm_remap(r.mm, page(20), P, P, VMALOCK_MREMAP_MAYMOVE | VMALOCK_MREMAP_FIXED, page(HUGE + 1),
				   &at),
		  0);
	expect_eq(move_pages(r.uffd, 0, HUGE + 7, 1, 0, 0), VMALOCK_EEXIST);
	end_rig(&r);
}

static void a_huge_page_that_fork_has_shared_is_busy_and_stays_whole(void)
{
	struct rig r = huge_rig();

	end_space(fork_of(r.mm));
	expect_eq(move_pages(r.uffd, HUGE, 0, HUGE, 0, 0), VMALOCK_EBUSY);
	expect_eq(move_pages(r.uffd, HUGE, 3, 1, 0, 0), VMALOCK_EBUSY);
	expect_eq(stats_of(r.mm).thp_split_pmd, 0);
	write_byte(r.mm, 4, 4);
	expect_eq(move_pages(r.uffd, HUGE, 0, HUGE, 0, HUGE), 0);
	expect_eq(read_byte(r.mm, HUGE + 4), 4);
	end_rig(&r);
}

static const struct test_case cases[] = {
	CASE(pages_change_their_place_and_no_frame_is_taken),
	CASE(observers_are_told_of_the_old_place),
	CASE(a_hole_is_enoent_unless_it_may_be_one),
	CASE(what_is_there_is_told_before_what_is_missing),
	CASE(a_marker_neither_gives_way_nor_moves),
	CASE(a_page_that_fork_has_shared_is_busy_until_it_is_written),
	CASE(a_page_that_is_out_moves_without_coming_in),
	CASE(it_arrives_writable_and_unprotected),
	CASE(a_zero_page_moves_as_one),
	CASE(within_one_mapping_ranges_may_overlap),
	CASE(mappings_must_be_alike_and_whole),
	CASE(a_move_survives_any_lack_of_memory),
	CASE(a_huge_page_moves_as_one_where_both_places_allow_it),
	CASE(a_huge_page_moves_a_gib_away_and_back),
	CASE(a_part_of_a_huge_page_splits_it),
	CASE(a_table_in_the_way_splits_it_too),
	CASE(a_fault_that_is_told_leaves_a_table),
	CASE(a_page_that_never_was_moves_with_its_table),
	CASE(a_huge_page_that_fork_has_shared_is_busy_and_stays_whole),
};
TEST_MAIN(cases)
