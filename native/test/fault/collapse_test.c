/*
 * collapse_test.c - MADV_COLLAPSE and khugepaged: what becomes a huge page, what does not and how that is told
 */
#include <errno.h>

#include "base/alloc.h"
#include "support/swapping.h"

#define HUGE UINT64_C(512)

/* With as much swap as frames. */
static vmalock_mm *space_thp_blocks(enum vmalock_thp thp, uint64_t frames, uint64_t blocks)
{
	struct vmalock_options options;
	vmalock_mm *mm;

	vmalock_options_init(&options);
	options.thp = thp;
	options.frames = frames;
	options.swap = frames;
	expect_eq(vmalock_mm_create(&options, &mm), 0);
	map_at(mm, 0, blocks * HUGE, RW);
	return mm;
}

static vmalock_mm *space_blocks(uint64_t blocks)
{
	return space_thp_blocks(VMALOCK_THP_MADVISE, 16384, blocks);
}

static int collapse(vmalock_mm *mm, uint64_t first, uint64_t pages)
{
	return vmalock_mm_advise(mm, page(first), pages * P, MADV_IS_COLLAPSE);
}

static uint64_t khugepaged(vmalock_mm *mm, uint32_t max_ptes_none, uint32_t max_ptes_shared)
{
	return vmalock_mm_khugepaged(
		mm, &(struct vmalock_khugepaged){ .max_ptes_none = max_ptes_none, .max_ptes_shared = max_ptes_shared });
}

static uint64_t khugepaged_with_swap(vmalock_mm *mm, uint32_t max_ptes_swap)
{
	return vmalock_mm_khugepaged(mm, &(struct vmalock_khugepaged){ 511, 256, max_ptes_swap });
}

static uint64_t collapses(vmalock_mm *mm)
{
	struct vmalock_stats stats;

	vmalock_mm_stats(mm, &stats);
	return stats.thp_collapse_alloc;
}

static void small_pages_become_a_huge_one_with_their_bytes(void)
{
	vmalock_mm *mm = space_blocks(1);

	for (uint64_t i = 0; i < HUGE; i += 3)
		write_byte(mm, i, (uint8_t)(i + 1));
	expect_eq(read_byte(mm, 1), 0); /* a zero page */
	expect_eq(collapse(mm, 0, HUGE), 0);
	expect_pages(mm, 512, 0, 0, 512);
	for (uint64_t i = 0; i < HUGE; i++)
		expect_eq(read_byte(mm, i), i % 3 ? 0 : (uint8_t)(i + 1));
	expect_eq(fault_at(mm, 1, VMALOCK_WRITE), MINOR); /* writable */
	expect_eq(collapses(mm), 1);
	expect_eq(collapse(mm, 0, HUGE), 0); /* it is one already */
	expect_eq(collapses(mm), 1);
	drop_pages(mm, 7, 1);
	expect_eq(collapse(mm, 0, HUGE), 0);
	expect_eq(read_byte(mm, 9), 10);
	expect_eq(read_byte(mm, 6), 7);
	expect_pages(mm, 512, 0, 0, 512);
	vmalock_mm_put(mm);
}

static void a_read_only_mapping_collapses_and_stays_read_only(void)
{
	vmalock_mm *mm = space_blocks(1);

	write_byte(mm, 4, 4);
	expect_eq(vmalock_mm_protect(mm, page(0), HUGE * P, RO), 0);
	expect_eq(collapse(mm, 0, HUGE), 0);
	expect_eq(read_byte(mm, 4), 4);
	expect_eq(fault_at(mm, 4, VMALOCK_WRITE), VMALOCK_FAULT_SIGSEGV_ACCERR);
	expect_pages(mm, 512, 0, 0, 512);
	vmalock_mm_put(mm);
}

static void pages_shared_by_fork_are_copied(void)
{
	vmalock_mm *mm = space_blocks(1), *child;

	for (uint64_t i = 0; i < 100; i++)
		write_byte(mm, i, (uint8_t)(i + 1));
	child = fork_of(mm);
	expect_eq(collapse(child, 0, HUGE), 0);
	expect_pages(child, 512, 0, 0, 612);
	write_byte(child, 5, 0xee);
	expect_eq(read_byte(mm, 5), 6);
	expect_eq(read_byte(child, 99), 100);
	expect_valid(mm);
	vmalock_mm_put(child);
	vmalock_mm_put(mm);
}

static void pages_that_are_out_are_brought_in(void)
{
	vmalock_mm *mm = space_blocks(1);

	for (uint64_t i = 0; i < HUGE; i += 2)
		write_byte(mm, i, (uint8_t)(i / 2 + 1));
	page_out(mm, 0, 256);
	expect_eq(vmalock_mm_protect(mm, page(0), HUGE * P, 0), 0); /* whatever it permits */
	expect_eq(collapse(mm, 0, HUGE), 0);
	expect_pages(mm, 512, 0, 0, 512);
	expect_eq(status_of(mm).vm_swap, 0);
	expect_eq(vmalock_mm_protect(mm, page(0), HUGE * P, RO), 0);
	for (uint64_t i = 0; i < HUGE; i++)
		expect_eq(read_byte(mm, i), i % 2 ? 0 : (uint8_t)(i / 2 + 1));
	expect_valid(mm);
	vmalock_mm_put(mm);
}

static void without_a_frame_for_what_is_out_it_is_einval(void)
{
	vmalock_mm *mm = space_thp_blocks(VMALOCK_THP_MADVISE, 512 + 8, 1);

	for (uint64_t i = 0; i < 16; i++)
		write_byte(mm, i, (uint8_t)(i + 1));
	page_out(mm, 0, 16);
	expect_eq(collapse(mm, 0, HUGE), (uint64_t)-EINVAL); /* 8 frames are left beside the block */
	expect_valid(mm);
	for (uint64_t i = 0; i < 16; i++)
		expect_eq(read_byte(mm, i), i + 1);
	vmalock_mm_put(mm);
}

/* As Linux 6.18 answered: mapped 0 to 3 blocks, written where `written` says. */
static void errors_and_what_stays_behind(void)
{
	static const struct {
		const char *written; /* one letter a block: w a page, d dropped afterwards, . nothing */
		uint64_t first, pages;
		int err;
		uint64_t huge; /* collapsed */
	} rows[] = {
		{ "w", 0, 512, 0, 1 },       { ".", 0, 512, -EINVAL, 0 },    { "d", 0, 512, -EINVAL, 0 },
		{ "ww", 0, 1024, 0, 2 },     { "w.w", 0, 1536, -EINVAL, 1 }, { "ww", 1, 1023, 0, 1 },
		{ "w", 0, 1, 0, 0 },         { "w", 1, 1, -EINVAL, 0 },      { "w", 1, 511, 0, 0 },
		{ "w", 1, 510, -EINVAL, 0 }, { "w", 0, 513, -ENOMEM, 1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint64_t blocks = strlen(rows[i].written);
		vmalock_mm *mm = space_blocks(blocks);

		for (uint64_t b = 0; b < blocks; b++) {
			if (rows[i].written[b] != '.')
				write_byte(mm, b * HUGE + 3, 1);
			if (rows[i].written[b] == 'd')
				drop_pages(mm, b * HUGE, HUGE);
		}
		expect_eq(collapse(mm, rows[i].first, rows[i].pages), (uint64_t)rows[i].err);
		expect_eq(collapses(mm), rows[i].huge);
		expect_valid(mm);
		vmalock_mm_put(mm);
	}
}

static void what_may_not_have_huge_pages_is_refused(void)
{
	vmalock_mm *mm = space_blocks(1);

	write_byte(mm, 0, 1);
	expect_eq(vmalock_mm_advise(mm, page(0), HUGE * P, MADV_IS_NOHUGEPAGE), 0);
	expect_eq(collapse(mm, 0, HUGE), (uint64_t)-EINVAL);
	map_shared_anonymous(mm, 0, HUGE);
	write_byte(mm, 0, 1);
	expect_eq(collapse(mm, 0, HUGE), (uint64_t)-EINVAL);
	map_at(mm, 1, HUGE, RW); /* holds no 2 MiB */
	write_byte(mm, 1, 1);
	expect_eq(collapse(mm, 1, HUGE), (uint64_t)-EINVAL);
	expect_eq(collapse(mm, 1, 0), 0);
	expect_eq(vmalock_mm_advise(mm, page(1) + 1, P, MADV_IS_COLLAPSE), (uint64_t)-EINVAL);
	vmalock_mm_put(mm);
	mm = space_thp_blocks(VMALOCK_THP_ALWAYS, 4096, 1);
	expect_eq(vmalock_mm_set_thp_disable(mm, 1, 0), 0);
	write_byte(mm, 0, 1);
	expect_eq(collapse(mm, 0, HUGE), (uint64_t)-EINVAL);
	expect_eq(khugepaged(mm, 511, 256), 0);
	vmalock_mm_put(mm);
}

/* The option is for what Linux does by itself; who asks by MADV_COLLAPSE has seen it. */
static void what_no_fault_may_have_is_made_when_it_is_asked_for(void)
{
	vmalock_mm *mm = space_thp_blocks(VMALOCK_THP_NEVER, 4096, 1);

	write_byte(mm, 0, 1);
	expect_eq(khugepaged(mm, 511, 256), 0);
	expect_eq(collapse(mm, 0, HUGE), 0);
	expect_pages(mm, 512, 0, 0, 512);
	vmalock_mm_put(mm);
	mm = space_thp_blocks(VMALOCK_THP_ALWAYS, 4096, 1);
	expect_eq(vmalock_mm_set_thp_disable(mm, 1, VMALOCK_THP_DISABLE_EXCEPT_ADVISED), 0);
	write_byte(mm, 0, 1);
	expect_eq(khugepaged(mm, 511, 256), 0);
	expect_eq(collapse(mm, 0, HUGE), 0);
	expect_pages(mm, 512, 0, 0, 512);
	vmalock_mm_put(mm);
}

static void a_part_with_an_empty_table_collapses_into_zeros(void)
{
	vmalock_mm *mm = space_blocks(1);

	write_byte(mm, 0, 1);
	drop_pages(mm, 0, 1);
	expect_eq(collapse(mm, 0, HUGE), 0);
	expect_eq(read_byte(mm, 0), 0);
	expect_pages(mm, 512, 0, 0, 512);
	vmalock_mm_put(mm);
}

static void without_a_free_block_it_is_enomem_and_nothing_has_changed(void)
{
	vmalock_mm *mm = space_thp_blocks(VMALOCK_THP_MADVISE, 600, 1);

	for (uint64_t i = 0; i < 200; i++)
		write_byte(mm, i, (uint8_t)i);
	expect_eq(collapse(mm, 0, HUGE), (uint64_t)-ENOMEM);
	expect_pages(mm, 200, 0, 0, 200);
	expect_eq(read_byte(mm, 199), 199);
	vmalock_mm_put(mm);
}

static void without_memory_nothing_has_changed(void)
{
	for (uint64_t n = 1, failed = 1; failed; n++) {
		vmalock_mm *mm = space_blocks(1);
		int err;

		for (uint64_t i = 0; i < 50; i++)
			write_byte(mm, i, (uint8_t)i);
		alloc_fail_after(n);
		err = collapse(mm, 0, HUGE);
		alloc_fail_after(0);
		failed = err != 0;
		expect(!err || err == -ENOMEM);
		expect_pages(mm, err ? 50 : 512, 0, 0, err ? 50 : 512);
		expect_eq(read_byte(mm, 49), 49);
		vmalock_mm_put(mm);
		expect(n < 10);
	}
}

/* --- khugepaged ----------------------------------------------------------------------------------------------------- */

static void khugepaged_collapses_what_wants_huge_pages_and_is_full_enough(void)
{
	vmalock_mm *mm = space_blocks(4);

	for (uint64_t i = 0; i < 100; i++)
		write_byte(mm, HUGE + i, 1);
	write_byte(mm, 2 * HUGE, 1);
	expect_eq(khugepaged(mm, 511, 256), 0); /* nobody has asked for huge pages */
	expect_eq(vmalock_mm_advise(mm, page(0), 4 * HUGE * P, MADV_IS_HUGEPAGE), 0);
	expect_eq(khugepaged(mm, 411, 256), 0);
	expect_eq(khugepaged(mm, 412, 256), 1);
	expect_eq(khugepaged(mm, 511, 256), 1);
	expect_eq(khugepaged(mm, 511, 256), 0);
	expect_pages(mm, 1024, 0, 0, 1024);
	expect_eq(collapses(mm), 2);
	vmalock_mm_put(mm);
	mm = space_thp_blocks(VMALOCK_THP_ALWAYS, 4096, 1);
	expect_eq(vmalock_mm_advise(mm, page(0), HUGE * P, MADV_IS_NOHUGEPAGE), 0);
	write_byte(mm, 0, 1);
	expect_eq(khugepaged(mm, 511, 256), 0);
	expect_eq(vmalock_mm_advise(mm, page(0), HUGE * P, MADV_IS_HUGEPAGE), 0);
	expect_eq(khugepaged(mm, 511, 256), 1);
	vmalock_mm_put(mm);
}

static void khugepaged_leaves_pages_that_too_many_share(void)
{
	vmalock_mm *mm = space_blocks(1), *child;

	for (uint64_t i = 0; i < 10; i++)
		write_byte(mm, i, 1);
	expect_eq(vmalock_mm_advise(mm, page(0), HUGE * P, MADV_IS_HUGEPAGE), 0);
	child = fork_of(mm);
	expect_eq(khugepaged(child, 511, 10), 0); /* the child has touched none of it */
	expect_eq(read_byte(child, 3), 1);
	expect_eq(khugepaged(child, 511, 9), 0);
	expect_eq(khugepaged(child, 511, 10), 1);
	vmalock_mm_put(child);
	expect_valid(mm);
	vmalock_mm_put(mm);
}

static void khugepaged_brings_in_a_little_where_much_is_in_use(void)
{
	vmalock_mm *mm = space_blocks(1);

	for (uint64_t i = 0; i < 300; i++)
		write_byte(mm, i, 1);
	expect_eq(vmalock_mm_advise(mm, page(0), HUGE * P, MADV_IS_HUGEPAGE), 0);
	page_out(mm, 0, 40);
	expect_eq(khugepaged_with_swap(mm, 39), 0);
	page_out(mm, 40, 10);
	drop_pages(mm, 250, 50);
	expect_eq(khugepaged_with_swap(mm, 64), 0); /* 200 were touched */
	expect_eq(status_of(mm).vm_swap, 50 * P);
	for (uint64_t i = 0; i < 256; i++)
		write_byte(mm, 256 + i, 1);
	expect_eq(khugepaged_with_swap(mm, 64), 1);
	expect_eq(status_of(mm).vm_swap, 0);
	vmalock_mm_put(mm);
}

static const struct test_case cases[] = {
	CASE(small_pages_become_a_huge_one_with_their_bytes),
	CASE(a_read_only_mapping_collapses_and_stays_read_only),
	CASE(pages_shared_by_fork_are_copied),
	CASE(pages_that_are_out_are_brought_in),
	CASE(without_a_frame_for_what_is_out_it_is_einval),
	CASE(errors_and_what_stays_behind),
	CASE(what_may_not_have_huge_pages_is_refused),
	CASE(what_no_fault_may_have_is_made_when_it_is_asked_for),
	CASE(a_part_with_an_empty_table_collapses_into_zeros),
	CASE(without_a_free_block_it_is_enomem_and_nothing_has_changed),
	CASE(without_memory_nothing_has_changed),
	CASE(khugepaged_collapses_what_wants_huge_pages_and_is_full_enough),
	CASE(khugepaged_leaves_pages_that_too_many_share),
	CASE(khugepaged_brings_in_a_little_where_much_is_in_use),
};
TEST_MAIN(cases)
