/* What observers are told, request by request; and a TLB that lives by it, beside random requests. */
#include "../fault/faulting.h"
#include "base/alloc.h"
#include "base/random.h"
#include "ops/advise.h"
#include "support/nodes.h"
#include "support/observing.h"
#include "support/resolving.h"

static void advise(vmalock_mm *mm, uint64_t first, uint64_t pages, int advice)
{
	expect_eq(vmalock_mm_advise(mm, page(first), pages * P, advice), 0);
}

static void each_request_tells_its_range_and_why(void)
{
	vmalock_mm *child, *mm = space_of("per-vma");
	struct recorder r;
	uint64_t at;
	uint32_t told;

	map_at(mm, 0, 16, RW);
	write_byte(mm, 2, 1);
	observe(mm, &r);
	expect_eq(vmalock_mm_protect(mm, page(1), 2 * P, RO), 0);
	expect_told(&r, 0, 1, 2, VMALOCK_INVALIDATE_PROTECT);
	advise(mm, 0, 2, MADV_IS_DONTNEED);
	expect_told(&r, 2, 1, 1, VMALOCK_INVALIDATE_CLEAR); /* a range for each mapping */
	advise(mm, 4, 2, MADV_IS_FREE);
	expect_told(&r, 3, 4, 2, VMALOCK_INVALIDATE_CLEAR);
	advise(mm, 6, 1, MADV_IS_GUARD_INSTALL);
	expect_told(&r, 4, 6, 1, VMALOCK_INVALIDATE_CLEAR);
	expect_eq(vmalock_mm_remap(mm, page(12), 2 * P, 2 * P, 3, page(20), &at), 0);
	expect_told(&r, 5, 12, 2, VMALOCK_INVALIDATE_MOVE);
	expect_told(&r, 6, 12, 2, VMALOCK_INVALIDATE_UNMAP);
	expect_eq(vmalock_mm_unmap(mm, page(8), 4 * P), 0);
	expect_told(&r, 7, 8, 4, VMALOCK_INVALIDATE_UNMAP);
	write_byte(mm, 4, 1);
	expect_told_times(&r, 8); /* a page that comes takes nothing away */
	advise(mm, 4, 1, MADV_IS_PAGEOUT);
	expect_told(&r, 8, 4, 1, VMALOCK_INVALIDATE_CLEAR);
	child = fork_of(mm);
	expect_told(&r, 9, 0, 1, VMALOCK_INVALIDATE_FORK); /* of every private mapping */
	told = atomic_load_relaxed(&r.ends);
	vmalock_mm_unobserve(mm, r.observation);
	expect_eq(vmalock_mm_unmap(mm, page(0), 8 * P), 0);
	expect_told_times(&r, told);
	end_space(child);
	end_space(mm);
}

static void a_write_tells_when_it_gets_another_page(void)
{
	vmalock_mm *child, *mm = space_of("per-vma");
	struct recorder r;

	map_at(mm, 0, 4, RW);
	write_byte(mm, 1, 1);
	child = fork_of(mm);
	read_byte(mm, 2);
	observe(mm, &r);
	write_byte(mm, 2, 1); /* where the zero page was */
	expect_told(&r, 0, 2, 1, VMALOCK_INVALIDATE_COW);
	write_byte(mm, 1, 1); /* copied */
	expect_told(&r, 1, 1, 1, VMALOCK_INVALIDATE_COW);
	write_byte(mm, 1, 1);
	write_byte(mm, 3, 1);
	write_byte(child, 1, 2); /* nobody else's any more; and the child is not observed */
	expect_told_times(&r, 2);
	end_space(child);
	end_space(mm);
}

static void pages_that_move_to_another_node_are_told(void)
{
	vmalock_mm *mm = space_on_nodes(2, 64);
	struct recorder r;

	map_at(mm, 0, 8, RW);
	write_byte(mm, 3, 1);
	observe(mm, &r);
	expect_eq(bind_pages(mm, 2, 4, VMALOCK_MPOL_BIND, 2, 0), 0);
	expect_told_times(&r, 0); /* a policy alone moves nothing */
	expect_eq(bind_pages(mm, 2, 4, VMALOCK_MPOL_BIND, 2, VMALOCK_MPOL_MF_MOVE), 0);
	expect_told(&r, 0, 2, 4, VMALOCK_INVALIDATE_MIGRATE);
	expect_told_times(&r, 1);
	expect_nodes(mm, 3, "1");
	end_space(mm);
}

static void write_protection_by_a_userfaultfd_is_told(void)
{
	vmalock_mm *mm = space_of("per-vma");
	vmalock_uffd *uffd = uffd_with(mm, 0);
	struct recorder r;

	map_at(mm, 0, 4, RW);
	write_byte(mm, 1, 1);
	expect_eq(register_pages(uffd, 0, 4, WP), 0);
	observe(mm, &r);
	expect_eq(protect_pages(uffd, 1, 2, true), 0);
	expect_told(&r, 0, 1, 2, VMALOCK_INVALIDATE_PROTECT);
	expect_eq(protect_pages(uffd, 1, 2, false), 0);
	expect_told_times(&r, 1); /* more rights take nothing away */
	vmalock_uffd_put(uffd);
	end_space(mm);
}

static void the_reaper_tells_what_it_takes(void)
{
	vmalock_mm *mm = space_of("per-vma");
	struct recorder r;

	map_at(mm, 0, 4, RW);
	write_byte(mm, 1, 1);
	observe(mm, &r);
	expect_eq(vmalock_mm_reap(mm), 0);
	expect_told(&r, 0, 0, 4, VMALOCK_INVALIDATE_CLEAR);
	expect_told_times(&r, 1);
	end_space(mm);
}

static void a_file_that_is_cut_tells_all_that_map_it(void)
{
	vmalock_mm *mms[2] = { space_of("per-vma"), space_of("mmap-lock") };
	vmalock_file *file = file_with(4, 0x41, 0);
	struct recorder r[2];

	for (int i = 0; i < 2; i++) {
		map_file(mms[i], file, 4, 4, RW, VMALOCK_MAP_SHARED);
		observe(mms[i], &r[i]);
	}
	expect_eq(vmalock_file_truncate(file, 2 * P), 0);
	advise(mms[0], 4, 1, MADV_IS_REMOVE);
	for (int i = 0; i < 2; i++) {
		expect_told(&r[i], 0, 6, 2, VMALOCK_INVALIDATE_CLEAR);
		expect_told(&r[i], 1, 4, 1, VMALOCK_INVALIDATE_CLEAR);
		expect_told_times(&r[i], 2);
		end_space(mms[i]);
	}
	vmalock_file_put(file);
}

static void a_collapse_and_a_write_to_the_huge_zero_page_tell_of_2_mib(void)
{
	vmalock_mm *mm = space_of("per-vma");
	struct recorder r;

	map_at(mm, 0, 1024, RW);
	write_byte(mm, 0, 1);
	observe(mm, &r);
	advise(mm, 0, 512, MADV_IS_COLLAPSE);
	expect_told(&r, 0, 0, 512, VMALOCK_INVALIDATE_COLLAPSE);
	advise(mm, 0, 1024, MADV_IS_HUGEPAGE);
	read_byte(mm, 512);
	write_byte(mm, 513, 1);
	expect_told(&r, 1, 512, 512, VMALOCK_INVALIDATE_COW);
	expect_told_times(&r, 2);
	end_space(mm);
}

static void a_space_that_ends_tells_so_last(void)
{
	vmalock_mm *mm = space_of("per-vma");
	struct recorder first, second;

	map_at(mm, 0, 4, RW);
	observe(mm, &first);
	observe(mm, &second);
	end_space(mm);
	expect_told_times(&first, 1);
	expect_told_times(&second, 1);
	expect_eq(first.told[0].start, 0);
	expect_eq(first.told[0].end, VMALOCK_TASK_SIZE);
	expect_eq(first.told[0].why, VMALOCK_INVALIDATE_RELEASE);
}

static void without_memory_nobody_observes(void)
{
	vmalock_mm *mm = space_of("per-vma");
	struct vmalock_observer observer = { 0 };
	vmalock_observation *observation = NULL;

	alloc_fail_after(1);
	expect_eq(vmalock_mm_observe(mm, &observer, &observation), VMALOCK_ENOMEM);
	alloc_fail_after(0);
	expect(!observation);
	expect_eq(vmalock_mm_observe(mm, &observer, &observation), 0);
	map_at(mm, 0, 1, RW);
	expect_eq(vmalock_mm_unmap(mm, page(0), P), 0); /* callbacks that are not wanted are not called */
	end_space(mm);
}

/* --- a TLB ----------------------------------------------------------------------------------------------------------- */

/* Pages 0 to 7 anonymous, 8 to 11 a file's, 12 to 15 private pages of another: each file page in one place, so that it has one byte. */
#define PAGES 16u
#define ROUNDS 20000

struct tlb {
	struct {
		uint8_t valid, writable, byte;
	} entry[PAGES];
	struct random random;
	vmalock_mm *mm, *child;
	vmalock_file *shared, *copied;
};

static void flush(void *arg, uint64_t start, uint64_t end, enum vmalock_invalidation why)
{
	struct tlb *tlb = arg;

	(void)why;
	for (uint32_t n = 0; n < PAGES; n++)
		if (page(n) >= start && page(n) < end)
			tlb->entry[n].valid = 0;
}

static bool is_served(uint32_t result)
{
	return (result & VMALOCK_FAULT_OUTCOME) <= VMALOCK_FAULT_MAJOR;
}

/* Everything remembered is still so: readable, the same byte, and writable without another page. */
static void expect_true(struct tlb *tlb)
{
	for (uint64_t n = 0; n < PAGES; n++) {
		if (!tlb->entry[n].valid)
			continue;
		if (tlb->entry[n].writable)
			expect_eq(fault_at(tlb->mm, n, VMALOCK_WRITE) & OUTCOME_AND_COW, MINOR);
		expect_eq(fault_at(tlb->mm, n, VMALOCK_READ) & VMALOCK_FAULT_OUTCOME, MINOR);
		expect_eq(read_byte(tlb->mm, n), tlb->entry[n].byte);
	}
}

static void touch(struct tlb *tlb, uint64_t n, bool write)
{
	if (!is_served(fault_at(tlb->mm, n, write ? VMALOCK_WRITE : VMALOCK_READ)))
		return;
	if (write)
		write_byte(tlb->mm, n, (uint8_t)(1 + random_below(&tlb->random, 250)));
	tlb->entry[n].byte = read_byte(tlb->mm, n);
	tlb->entry[n].writable = write || (tlb->entry[n].valid && tlb->entry[n].writable);
	tlb->entry[n].valid = 1;
}

static void change(struct tlb *tlb, uint64_t n, uint64_t pages)
{
	uint64_t anon = n % 8, at, length = (anon + pages > 8 ? 8 - anon : pages) * P, to = (anon + pages) % 8;
	int err = 0;

	switch (random_below(&tlb->random, 9)) {
	case 0:
		err = vmalock_mm_unmap(tlb->mm, page(anon), length);
		break;
	case 1:
		map_at(tlb->mm, anon, length / P, RW);
		break;
	case 2:
		err = vmalock_mm_protect(tlb->mm, page(n), pages * P, RO);
		break;
	case 3:
		err = vmalock_mm_protect(tlb->mm, page(n), pages * P, RW);
		break;
	case 4:
		err = vmalock_mm_advise(tlb->mm, page(n), pages * P, MADV_IS_DONTNEED);
		break;
	case 5:
		err = vmalock_mm_remap(tlb->mm, page(anon), P, P, 3, page(to), &at);
		break;
	case 6:
		err = vmalock_file_truncate(random_below(&tlb->random, 2) ? tlb->shared : tlb->copied, pages * P);
		break;
	case 7:
		err = vmalock_file_punch_hole(random_below(&tlb->random, 2) ? tlb->shared : tlb->copied, n % 4 * P, P);
		break;
	default:
		vmalock_mm_put(tlb->child);
		tlb->child = fork_of(tlb->mm);
	}
	(void)err; /* the file may be short, a range a hole: what failed halfway was told as far as it went */
}

static void a_tlb_that_drops_what_it_is_told_is_always_right(void)
{
	static struct tlb tlb;
	struct vmalock_observer observer = { .invalidate_end = flush, .arg = &tlb };
	vmalock_observation *observation;

	tlb.mm = space_of("per-vma");
	tlb.shared = file_with(4, 0x41, 0);
	tlb.copied = file_with(4, 0x42, 0);
	tlb.random.state = 17;
	map_at(tlb.mm, 0, 8, RW);
	map_file(tlb.mm, tlb.shared, 8, 4, RW, VMALOCK_MAP_SHARED);
	map_file(tlb.mm, tlb.copied, 12, 4, RW, VMALOCK_MAP_PRIVATE);
	tlb.child = fork_of(tlb.mm);
	expect_eq(vmalock_mm_observe(tlb.mm, &observer, &observation), 0);
	for (int i = 0; i < ROUNDS; i++) {
		for (int k = 0; k < 4; k++)
			touch(&tlb, random_below(&tlb.random, PAGES), random_below(&tlb.random, 2));
		expect_true(&tlb);
		change(&tlb, random_below(&tlb.random, PAGES), 1 + random_below(&tlb.random, 4));
		expect_true(&tlb);
	}
	vmalock_mm_put(tlb.child);
	end_space(tlb.mm);
	vmalock_file_put(tlb.shared);
	vmalock_file_put(tlb.copied);
}

static const struct test_case cases[] = {
	CASE(each_request_tells_its_range_and_why),
	CASE(a_write_tells_when_it_gets_another_page),
	CASE(pages_that_move_to_another_node_are_told),
	CASE(write_protection_by_a_userfaultfd_is_told),
	CASE(the_reaper_tells_what_it_takes),
	CASE(a_file_that_is_cut_tells_all_that_map_it),
	CASE(a_collapse_and_a_write_to_the_huge_zero_page_tell_of_2_mib),
	CASE(a_space_that_ends_tells_so_last),
	CASE(without_memory_nobody_observes),
	CASE(a_tlb_that_drops_what_it_is_told_is_always_right),
};

TEST_MAIN(cases)
