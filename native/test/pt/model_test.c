/*
 * model_test.c - random operations on the tables of a parent and a child against plain arrays
 *
 * The window lies across the boundary of two lowest tables, of 1 GiB and of 512 GiB, so that every operation meets
 * seams. Each frame holds the number it was mapped with; the arrays say which number, which bits and how many users
 * there must be.
 */
#include "base/bits.h"
#include "base/random.h"
#include "pt/table.h"
#include "space.h"

enum { PAGES = 1200, SPACES = 2, TURNS = 3000, MAPPED_AT_ONCE = 60 };
#define BASE ((UINT64_C(1) << 39) - 600 * PAGE_SIZE)

/* What the model knows of one entry. */
struct model_entry {
	bool present;
	enum pte_kind kind;
	uint64_t bits;   /* PTE_WRITE, PTE_DIRTY */
	uint64_t number; /* of the frame */
};

struct model {
	struct random random;
	struct space space[SPACES];
	struct model_entry entry[SPACES][PAGES];
	uint64_t next_number;
};

static _Alignas(4096) uint8_t page_of_file[4096];

static uint64_t address(uint64_t page)
{
	return BASE + page * PAGE_SIZE;
}

/* --- operations, on both sides ------------------------------------------------------------------------------------ */

static void map_one(struct model *m, uint32_t s, uint64_t page)
{
	struct model_entry *e = &m->entry[s][page];
	struct space *space = &m->space[s];
	uint64_t *frame;

	*e = (struct model_entry){ .present = true, .kind = (enum pte_kind)random_below(&m->random, 4) };
	switch (e->kind) {
	case PTE_ANON:
		frame = frame_take_zeroed(space->frames);
		expect(frame && frame[0] == 0);
		e->number = frame[0] = ++m->next_number;
		e->bits = PTE_WRITE | PTE_DIRTY;
		space_set(space, address(page), pte_make(frame, PTE_ANON, e->bits));
		break;
	case PTE_FILE:
	case PTE_SHMEM:
		e->bits = random_below(&m->random, 2) ? PTE_WRITE | PTE_DIRTY : 0;
		space_set(space, address(page), pte_make(page_of_file, e->kind, e->bits));
		break;
	case PTE_ZERO:
		space_set(space, address(page), pte_make(frame_zero_page(), PTE_ZERO, 0));
	}
}

static void zap(struct model *m, uint32_t s, uint64_t first, uint64_t end)
{
	pt_zap(&m->space[s].pt, address(first), address(end));
	for (uint64_t page = first; page < end; page++)
		m->entry[s][page].present = false;
}

static void take_bit(struct model *m, uint32_t s, uint64_t first, uint64_t end, uint64_t bit)
{
	if (bit == PTE_WRITE)
		pt_write_protect(&m->space[s].pt, address(first), address(end));
	else
		pt_clean(&m->space[s].pt, address(first), address(end));
	for (uint64_t page = first; page < end; page++)
		m->entry[s][page].bits &= ~bit;
}

/* The destination is emptied first, as mremap does. */
static void move(struct model *m, uint32_t s, uint64_t from, uint64_t to, uint64_t pages)
{
	struct pt *pt = &m->space[s].pt;

	if (from + pages > to && to + pages > from)
		return;
	zap(m, s, to, to + pages);
	expect_eq(pt_move_reserve(pt, address(from), address(to), pages << PAGE_SHIFT), 0);
	pt_move(pt, address(from), address(to), pages << PAGE_SHIFT);
	memcpy(&m->entry[s][to], &m->entry[s][from], pages * sizeof(struct model_entry));
	memset(&m->entry[s][from], 0, pages * sizeof(struct model_entry));
}

/* The child's part is emptied first: fork copies into a space that has nothing. */
static void copy(struct model *m, uint64_t first, uint64_t end)
{
	zap(m, 1, first, end);
	expect_eq(pt_copy(&m->space[1].pt, &m->space[0].pt, address(first), address(end)), 0);
	for (uint64_t page = first; page < end; page++) {
		struct model_entry *from = &m->entry[0][page];

		if (!from->present)
			continue;
		if (from->kind == PTE_ANON)
			from->bits &= ~PTE_WRITE;
		m->entry[1][page] = *from;
		if (from->kind != PTE_ANON)
			m->entry[1][page].bits &= ~PTE_DIRTY; /* the child has not written it */
	}
}

/* Frees tables in the largest hole around a page that has none. */
static void free_tables(struct model *m, uint32_t s, uint64_t page)
{
	uint64_t first = page, end = page, ceiling;

	while (first > 0 && !m->entry[s][first - 1].present)
		first--;
	while (end < PAGES && !m->entry[s][end].present)
		end++;
	ceiling = end < PAGES ? address(end) : UINT64_C(1) << 47;
	if (first < end)
		pt_free_tables(&m->space[s].pt, first ? address(first) : 0, ceiling);
}

/* --- comparing ---------------------------------------------------------------------------------------------------- */

static void compare_entry(struct model *m, uint32_t s, uint64_t page)
{
	const struct model_entry *e = &m->entry[s][page];
	uint64_t pte = space_pte(&m->space[s], address(page));

	expect_eq(pte_is_present(pte), e->present);
	if (!e->present)
		return;
	expect_eq(pte_kind(pte), e->kind);
	expect_eq(pte & (PTE_WRITE | PTE_DIRTY), e->bits);
	if (e->kind == PTE_ANON)
		expect_eq(*(uint64_t *)pte_page(pte), e->number);
}

/* Frames with different numbers. One may have many users: copied, moved by the parent and copied again. */
static uint64_t distinct_frames(const struct model *m)
{
	static uint8_t seen[TURNS * MAPPED_AT_ONCE + 1];
	uint64_t distinct = 0;

	memset(seen, 0, m->next_number + 1);
	for (uint32_t s = 0; s < SPACES; s++) {
		for (uint64_t page = 0; page < PAGES; page++) {
			const struct model_entry *e = &m->entry[s][page];

			if (!e->present || e->kind != PTE_ANON)
				continue;
			distinct += !seen[e->number];
			seen[e->number] = 1;
		}
	}
	return distinct;
}

static void compare(struct model *m)
{
	uint8_t there[PAGES];

	for (uint32_t s = 0; s < SPACES; s++) {
		uint64_t by_kind[4] = { 0 };

		pt_resident(&m->space[s].pt, address(0), address(PAGES), there);
		for (uint64_t page = 0; page < PAGES; page++) {
			const struct model_entry *e = &m->entry[s][page];

			compare_entry(m, s, page);
			expect_eq(there[page], e->present);
			by_kind[e->kind] += e->present;
		}
		space_expect(&m->space[s], by_kind[PTE_ANON], by_kind[PTE_FILE], by_kind[PTE_SHMEM]);
	}
	expect_eq(frames_used(m->space[0].frames), distinct_frames(m));
}

static void turn(struct model *m)
{
	uint32_t s = (uint32_t)random_below(&m->random, SPACES);
	uint64_t first = random_below(&m->random, PAGES), most = random_below(&m->random, 4) ? 40 : PAGES;
	uint64_t end = first + 1 + random_below(&m->random, min_u64(PAGES - first, most));

	switch (random_below(&m->random, 9)) {
	case 0:
		zap(m, s, first, end);
		break;
	case 1:
		take_bit(m, s, first, end, PTE_WRITE);
		break;
	case 2:
		take_bit(m, s, first, end, PTE_DIRTY);
		break;
	case 3:
		move(m, s, first, random_below(&m->random, PAGES - (end - first) + 1), end - first);
		break;
	case 4:
		copy(m, first, end);
		break;
	case 5:
		free_tables(m, s, first);
		break;
	default:
		for (uint64_t page = first; page < min_u64(end, first + MAPPED_AT_ONCE); page++)
			map_one(m, s, page);
	}
}

static void run(uint64_t seed)
{
	static struct model m;

	m = (struct model){ .random = { seed } };
	space_init(&m.space[0], UINT64_C(2) * PAGES);
	space_init_over(&m.space[1], m.space[0].frames);
	for (int i = 0; i < TURNS; i++) {
		turn(&m);
		if (i % 10 == 0)
			compare(&m);
	}
	compare(&m);
	space_end(&m.space[0]);
	space_end(&m.space[1]);
}

static void random_operations_on_two_spaces_agree_with_arrays(void)
{
	for (uint64_t seed = 1; seed <= 5; seed++) {
		printf("  seed %llu\n", (unsigned long long)seed);
		run(seed);
	}
}

static const struct test_case cases[] = {
	CASE(random_operations_on_two_spaces_agree_with_arrays),
};
TEST_MAIN(cases)
