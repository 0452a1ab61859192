/* UFFDIO_MOVE holds two VMAs and changes two entries, beside faults, writers and other moves. Docs: docs/races.md, F19 and D2. */
#include "base/random.h"
#include "ops/advise.h"
#include "support/resolving.h"

#define HUGE 512

static vmalock_uffd *uffd_for_requests; /* of the one test that runs */

/* Pages 0 to 3 are where pages come from, written with 1 to 4; four from @far on, another VMA, are registered. */
static struct rig rig_to(const char *policy, uint64_t far)
{
	struct vmalock_options options;
	struct rig r;

	vmalock_options_init(&options);
	options.policy = policy;
	options.faults = VMALOCK_FAULTS_LINUX_6_18;
	options.swap = 8;
	expect_eq(vmalock_mm_create(&options, &r.mm), 0);
	r.uffd = uffd_for_requests = uffd_with(r.mm, 0);
	map_at(r.mm, 0, 4, RW);
	map_at(r.mm, far, 4, RW);
	for (uint64_t n = 0; n < 4; n++)
		write_byte(r.mm, n, (uint8_t)(n + 1));
	write_byte(r.mm, far + 3, 9);
	expect_eq(register_pages(r.uffd, far, 4, WP), 0);
	return r;
}

static struct rig rig_under(const char *policy)
{
	return rig_to(policy, 8);
}

static int move_first(vmalock_mm *mm)
{
	(void)mm;
	return vmalock_uffd_move(uffd_for_requests, page(8), page(0), P, 0, NULL);
}

static uint64_t marked_so_far(vmalock_mm *mm)
{
	struct vmalock_stats stats;

	vmalock_mm_stats(mm, &stats);
	return stats.vma_lock_writes;
}

/* The writer has marked the source and waits for the reader of the target: a wait for the source would be for ever. */
static int lock_both(vmalock_mm *mm)
{
	return vmalock_mm_mlockall(mm, VMALOCK_MCL_CURRENT | VMALOCK_MCL_ONFAULT);
}

static void the_second_vma_is_only_tried(const char *policy)
{
	struct rig r = rig_under(policy);
	struct racer mover, writer;
	uint64_t marked;

	syncpoint_arm("uffd-move-holds-one");
	race_request(&mover, r.mm, move_first);
	expect_parked(&mover, "uffd-move-holds-one");
	marked = marked_so_far(r.mm);
	race_request(&writer, r.mm, lock_both);
	while (marked_so_far(r.mm) < marked + 2)
		expect(!atomic_load_acquire(&writer.done));
	syncpoint_release("uffd-move-holds-one");
	expect_eq(race_end(&mover), 0);
	expect_eq(race_end(&writer), 0);
	expect_eq(stats_of(r.mm).vma_lock_waits, 0);
	expect_eq(read_byte(r.mm, 8), 1);
	end_rig(&r);
}

static void a_writer_that_waits_for_one_vma_of_a_move_is_not_waited_for(void)
{
	the_second_vma_is_only_tried("per-vma");
	the_second_vma_is_only_tried("per-vma-wait");
}

static void a_fault_that_took_a_frame_for_a_place_gives_it_back_to_what_has_moved_there(void)
{
	struct rig r = rig_under("per-vma");
	struct racer fault;
	uint64_t frames = status_of(r.mm).frames_used;

	syncpoint_arm("fault-took-frame");
	race_fault(&fault, r.mm, page(8), VMALOCK_WRITE);
	expect_parked(&fault, "fault-took-frame");
	expect_eq(move_first(r.mm), 0);
	syncpoint_release("fault-took-frame");
	expect_eq(race_end(&fault) & VMALOCK_FAULT_OUTCOME, MINOR);
	expect_eq(read_byte(r.mm, 8), 1);
	expect_eq(status_of(r.mm).frames_used, frames);
	end_rig(&r);
}

static void what_a_move_saw_before_it_had_the_tables_counts_for_nothing(void)
{
	struct rig r = rig_under("per-vma");
	struct racer mover;

	syncpoint_arm("uffd-moves");
	race_request(&mover, r.mm, move_first);
	expect_parked(&mover, "uffd-moves");
	expect_eq(vmalock_mm_advise(r.mm, page(0), P, MADV_IS_DONTNEED), 0);
	syncpoint_release("uffd-moves");
	expect_eq((int)race_end(&mover), VMALOCK_ENOENT);
	write_byte(r.mm, 0, 1);
	syncpoint_arm("uffd-moves");
	race_request(&mover, r.mm, move_first);
	expect_parked(&mover, "uffd-moves");
	expect_eq(copy_pages(r.uffd, 8, 1, 7, 0, 1), 0);
	syncpoint_release("uffd-moves");
	expect_eq((int)race_end(&mover), VMALOCK_EEXIST);
	expect_eq(read_byte(r.mm, 0), 1);
	expect_eq(read_byte(r.mm, 8), 7);
	end_rig(&r);
}

/* F19: the slot's number moves while a fault reads the slot. */
static void a_page_that_is_out_moves_away_from_the_fault_that_brings_it_back(void)
{
	struct rig r = rig_under("per-vma");
	struct racer fault;

	expect_eq(vmalock_mm_advise(r.mm, page(0), P, MADV_IS_PAGEOUT), 0);
	expect_eq(status_of(r.mm).vm_swap, P);
	syncpoint_arm("swap-copied");
	race_fault(&fault, r.mm, page(0), VMALOCK_READ);
	expect_parked(&fault, "swap-copied");
	expect_eq(move_first(r.mm), 0);
	expect_eq(status_of(r.mm).vm_swap, P);
	syncpoint_release("swap-copied");
	expect_eq(race_end(&fault) & VMALOCK_FAULT_OUTCOME, MINOR);
	expect_eq(read_byte(r.mm, 0), 0);
	expect_eq(read_byte(r.mm, 8), 1);
	expect_eq(status_of(r.mm).vm_swap, 0);
	end_rig(&r);
}

static void a_page_that_moves_in_wakes_who_waits_for_it(void)
{
	struct rig r = rig_under("per-vma");
	struct vmalock_uffd_event event;
	struct racer fault;

	expect_eq(register_pages(r.uffd, 8, 4, MISSING), 0);
	race_fault(&fault, r.mm, page(8), VMALOCK_READ);
	expect_eq(vmalock_uffd_read(r.uffd, &event, VMALOCK_FOREVER), 0);
	expect_eq(move_first(r.mm), 0);
	expect_eq(race_end(&fault) & VMALOCK_FAULT_OUTCOME, MINOR);
	expect_eq(read_byte(r.mm, 8), 1);
	end_rig(&r);
}

/* --- huge pages ------------------------------------------------------------------------------------------------------ */

static int move_huge(vmalock_mm *mm)
{
	(void)mm;
	return vmalock_uffd_move(uffd_for_requests, page(HUGE), page(0), HUGE * P, 0, NULL);
}

/* Twice 2 MiB: the first with a huge page, in which page 3 has a 3, the second registered. */
static struct rig rig_with_huge_page(void)
{
	struct vmalock_options options;
	struct rig r;
	uint64_t at;

	vmalock_options_init(&options);
	options.thp = VMALOCK_THP_MADVISE;
	expect_eq(vmalock_mm_create(&options, &r.mm), 0);
	r.uffd = uffd_for_requests = uffd_with(r.mm, 0);
	expect_eq(vmalock_mm_map(r.mm, page(0), 2 * HUGE * P, RW,
				 VMALOCK_MAP_PRIVATE | VMALOCK_MAP_ANONYMOUS | VMALOCK_MAP_FIXED, NULL, 0, &at),
		  0);
	expect_eq(vmalock_mm_advise(r.mm, page(0), HUGE * P, MADV_IS_HUGEPAGE), 0);
	write_byte(r.mm, 3, 3);
	expect_eq(register_pages(r.uffd, HUGE, HUGE, MISSING), 0);
	return r;
}

static void drop_huge(vmalock_mm *mm)
{
	expect_eq(vmalock_mm_advise(mm, page(0), HUGE * P, MADV_IS_DONTNEED), 0);
}

static void a_huge_page_that_has_gone_meanwhile_is_not_moved(void)
{
	struct rig r = rig_with_huge_page();
	struct racer mover;

	syncpoint_arm("uffd-moves-huge");
	race_request(&mover, r.mm, move_huge);
	expect_parked(&mover, "uffd-moves-huge");
	drop_huge(r.mm);
	syncpoint_release("uffd-moves-huge");
	expect_eq((int)race_end(&mover), VMALOCK_ENOENT);
	expect_pages(r.mm, 0, 0, 0, 0);
	end_rig(&r);
}

static int move_first_far(vmalock_mm *mm)
{
	(void)mm;
	return vmalock_uffd_move(uffd_for_requests, page(HUGE), page(0), P, VMALOCK_UFFD_MOVE_ALLOW_SRC_HOLES, NULL);
}

/* It looks again from above: what was an empty table is a huge page by now, which is split. */
static void a_small_page_is_moved_out_of_the_huge_page_that_came_meanwhile(void)
{
	struct rig r = rig_with_huge_page();
	struct racer mover;

	drop_huge(r.mm);
	syncpoint_arm("uffd-moves");
	race_request(&mover, r.mm, move_first_far);
	expect_parked(&mover, "uffd-moves");
	write_byte(r.mm, 0, 5);
	syncpoint_release("uffd-moves");
	expect_eq((int)race_end(&mover), 0);
	expect_eq(read_byte(r.mm, HUGE), 5);
	expect_eq(stats_of(r.mm).thp_split_pmd, 1);
	end_rig(&r);
}

/* Like 512 small ones: what the table has by then stays, and nothing is lost. */
static void a_huge_page_that_finds_a_table_in_its_new_place_is_split(void)
{
	struct rig r = rig_with_huge_page();
	struct racer mover;

	syncpoint_arm("uffd-moves-huge");
	race_request(&mover, r.mm, move_huge);
	expect_parked(&mover, "uffd-moves-huge");
	expect_eq(copy_pages(r.uffd, HUGE + 5, 1, 8, 0, 1), 0);
	syncpoint_release("uffd-moves-huge");
	expect_eq((int)race_end(&mover), VMALOCK_EAGAIN);
	expect_eq(read_byte(r.mm, HUGE + 3), 3);
	expect_eq(read_byte(r.mm, HUGE + 5), 8);
	expect_eq(stats_of(r.mm).thp_split_pmd, 1);
	end_rig(&r);
}

/* --- many ------------------------------------------------------------------------------------------------------------ */

#define MOVES 3000
#define MOVERS 3

struct crowd {
	vmalock_uffd *uffd;
	uint64_t seed, far;
};

/* Page n is at n or at far + n, whoever moves it. */
static void move_at_random(void *arg)
{
	struct crowd *c = arg;
	struct random random = { c->seed };

	for (uint64_t i = 0; i < MOVES; i++) {
		uint64_t n = random_below(&random, 3), there = random_below(&random, 2) ? c->far : 0;
		int err = vmalock_uffd_move(c->uffd, page(there + n), page(c->far - there + n), P, 0, NULL);

		expect(!err || err == VMALOCK_ENOENT || err == VMALOCK_EEXIST || err == VMALOCK_EINVAL);
	}
}

static void every_page_is_at_one_place_under(const char *policy, uint64_t far)
{
	struct rig r = rig_to(policy, far);
	struct crowd crowd[MOVERS];
	struct sync_thread thread[MOVERS];

	expect_eq(register_pages(r.uffd, 0, 4, WP), 0);
	for (uint64_t i = 0; i < MOVERS; i++) {
		crowd[i] = (struct crowd){ r.uffd, i + 1, far };
		expect_eq(sync_thread_start(&thread[i], move_at_random, &crowd[i]), 0);
	}
	for (int i = 0; i < 300; i++) {
		expect_eq(vmalock_mm_protect(r.mm, page(0), (far + 4) * P, RO),
			  VMALOCK_ENOMEM); /* for the hole between */
		expect_eq(vmalock_mm_protect(r.mm, page(0), 4 * P, RW), 0);
		expect_eq(vmalock_mm_protect(r.mm, page(far), 4 * P, RW), 0);
	}
	for (uint64_t i = 0; i < MOVERS; i++)
		sync_thread_join(&thread[i]);
	expect_pages(r.mm, 5, 0, 0, 5);
	for (uint64_t n = 0; n < 3; n++) {
		uint8_t there[2];

		expect_eq(vmalock_mm_mincore(r.mm, page(n), P, &there[0]), 0);
		expect_eq(vmalock_mm_mincore(r.mm, page(far + n), P, &there[1]), 0);
		expect_eq(there[0] + there[1], 1);
		expect_eq(read_byte(r.mm, there[0] ? n : far + n), n + 1);
	}
	end_rig(&r);
}

static void a_crowd_of_moves_loses_no_page_under_any_policy(void)
{
	for (uint32_t n = 0; vmalock_policy_name(n); n++) {
		every_page_is_at_one_place_under(vmalock_policy_name(n), 8);
		every_page_is_at_one_place_under(vmalock_policy_name(n), HUGE); /* in another table */
	}
}

static const struct test_case cases[] = {
	CASE(a_writer_that_waits_for_one_vma_of_a_move_is_not_waited_for),
	CASE(a_fault_that_took_a_frame_for_a_place_gives_it_back_to_what_has_moved_there),
	CASE(what_a_move_saw_before_it_had_the_tables_counts_for_nothing),
	CASE(a_page_that_is_out_moves_away_from_the_fault_that_brings_it_back),
	CASE(a_page_that_moves_in_wakes_who_waits_for_it),
	CASE(a_huge_page_that_finds_a_table_in_its_new_place_is_split),
	CASE(a_huge_page_that_has_gone_meanwhile_is_not_moved),
	CASE(a_small_page_is_moved_out_of_the_huge_page_that_came_meanwhile),
	CASE(a_crowd_of_moves_loses_no_page_under_any_policy),
};
TEST_MAIN(cases)
