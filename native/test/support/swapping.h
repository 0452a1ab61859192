/*
 * swapping.h - what tests of swap and of reclaim share: written pages, MADV_PAGEOUT, where pages are
 */
#ifndef VMALOCK_TEST_SWAPPING_H
#define VMALOCK_TEST_SWAPPING_H

#include "fault/faulting.h"
#include "ops/advise.h"

/* @pages written pages at 0, each with its number. */
static inline vmalock_mm *written(uint64_t pages, uint64_t swap)
{
	vmalock_mm *mm = space_with_swap(VMALOCK_FAULTS_LINUX_6_18, VMALOCK_BACKING_MEMORY, 64, swap);

	map_at(mm, 0, pages, RW);
	for (uint64_t n = 0; n < pages; n++)
		write_byte(mm, n, (uint8_t)(n + 1));
	return mm;
}

static inline void page_out(vmalock_mm *mm, uint64_t first, uint64_t pages)
{
	expect_eq(vmalock_mm_advise(mm, page(first), pages * P, MADV_IS_PAGEOUT), 0);
}

static inline void expect_out(vmalock_mm *mm, uint64_t in, uint64_t out)
{
	expect_eq(status_of(mm).rss_anon, in * P);
	expect_eq(status_of(mm).vm_swap, out * P);
	expect_valid(mm);
}

static inline bool is_resident(vmalock_mm *mm, uint64_t n)
{
	uint8_t here;

	expect_eq(vmalock_mm_mincore(mm, page(n), P, &here), 0);
	return here & 1;
}

#endif
