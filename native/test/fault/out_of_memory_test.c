/*
 * out_of_memory_test.c - a fault that gets no memory says so, leaves everything valid, and works when there is some
 */
#include "base/alloc.h"
#include "faulting.h"

/* A space in which page 0 is about to fault in some way. */
struct scene {
	vmalock_mm *mm, *other; /* other: the parent of a fork, or NULL */
	vmalock_file *file;
};

static struct scene first_write(void)
{
	struct scene s = { .mm = space_of(NULL) };

	map_at(s.mm, 0, 1, RW);
	return s;
}

static struct scene first_read(void)
{
	return first_write();
}

static struct scene write_over_zero_page(void)
{
	struct scene s = first_write();

	expect_eq(fault_at(s.mm, 0, VMALOCK_READ), MINOR);
	return s;
}

static struct scene with_file(uint32_t type)
{
	struct scene s = { .mm = space_of(NULL), .file = file_with(100, 0x41, 0) };

	map_file(s.mm, s.file, 0, 1, RW, type);
	return s;
}

static struct scene private_file(void)
{
	return with_file(VMALOCK_MAP_PRIVATE);
}

static struct scene shared_file(void)
{
	return with_file(VMALOCK_MAP_SHARED);
}

static struct scene private_file_after_read(void)
{
	struct scene s = private_file();

	expect_eq(fault_at(s.mm, 0, VMALOCK_READ), MAJOR);
	return s;
}

static struct scene forked(void)
{
	struct scene s = { .other = space_of(NULL) };

	map_at(s.other, 0, 1, RW);
	write_byte(s.other, 0, 7);
	s.mm = fork_of(s.other);
	return s;
}

static void end_scene(struct scene *s)
{
	end_space(s->mm);
	if (s->other)
		end_space(s->other);
	if (s->file)
		vmalock_file_put(s->file);
}

static const struct {
	const char *name;
	struct scene (*make)(void);
	enum vmalock_access access;
	uint64_t allocations; /* at least: tables, anon with its tree, pages and nodes of the file */
	uint64_t frames;      /* that it takes */
	uint8_t byte;         /* what the page then shows */
} kinds[] = {
	{ "first write", first_write, VMALOCK_WRITE, 5, 1, 0 },
	{ "first read", first_read, VMALOCK_READ, 3, 0, 0 },
	{ "write over the zero page", write_over_zero_page, VMALOCK_WRITE, 2, 1, 0 },
	{ "private file, write", private_file, VMALOCK_WRITE, 7, 1, 0x41 },
	{ "private file, read", private_file, VMALOCK_READ, 5, 0, 0x41 },
	{ "private file, write after read", private_file_after_read, VMALOCK_WRITE, 2, 1, 0x41 },
	{ "shared file, write", shared_file, VMALOCK_WRITE, 5, 0, 0x41 },
	{ "copy after fork", forked, VMALOCK_WRITE, 0, 1, 7 },
};

static void a_fault_that_fails_at_any_allocation_leaves_all_valid_and_then_works(void)
{
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		int64_t live = alloc_live();
		uint64_t n, ooms = 0;

		for (n = 1;; n++) {
			struct scene s = kinds[k].make();
			struct vmalock_status before = status_of(s.mm), after;
			uint32_t result;
			bool failed;

			alloc_fail_after(n);
			result = fault_at(s.mm, 0, kinds[k].access);
			failed = alloc_failure_happened();
			alloc_fail_after(0);
			if (failed) {
				expect_eq(result, VMALOCK_FAULT_OOM);
				ooms++;
				after = status_of(s.mm);
				expect(after.vm_rss == before.vm_rss && after.frames_used == before.frames_used);
				expect_valid(s.mm);
				result = fault_at(s.mm, 0, kinds[k].access);
			}
			expect((result & VMALOCK_FAULT_OUTCOME) <= MAJOR);
			expect_eq(status_of(s.mm).frames_used, before.frames_used + kinds[k].frames);
			expect_eq(read_byte(s.mm, 0), kinds[k].byte);
			end_scene(&s);
			if (!failed)
				break;
		}
		printf("  %s: %llu allocations\n", kinds[k].name, (unsigned long long)ooms);
		expect(ooms >= kinds[k].allocations);
		expect_eq(alloc_live(), live);
	}
}

static void without_a_frame_a_write_is_oom_and_the_page_stays_what_it_was(void)
{
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		struct scene s;
		uint64_t filler = 0;

		if (!kinds[k].frames)
			continue;
		s = kinds[k].make();
		map_at(s.mm, 1, WINDOW - 1, RW);
		/* space_of() has 4096 frames; a second mapping far away takes them all. */
		expect_eq(vmalock_mm_map(s.mm, page(100000), 5000 * P, RW, FIXED_ANON, NULL, 0, &(uint64_t){ 0 }), 0);
		while (fault_at(s.mm, 100000 + filler, VMALOCK_WRITE) == MINOR)
			filler++;
		expect_eq(status_of(s.mm).frames_used, 4096);
		expect_eq(fault_at(s.mm, 0, VMALOCK_WRITE), VMALOCK_FAULT_OOM);
		expect_eq(vmalock_mm_write(s.mm, page(0), "x", 1, NULL), (uint64_t)VMALOCK_ENOMEM);
		expect_valid(s.mm);
		expect_eq(read_byte(s.mm, 0), kinds[k].byte);
		drop_pages(s.mm, 100000, 1);
		write_byte(s.mm, 0, 99);
		expect_eq(read_byte(s.mm, 0), 99);
		if (s.other)
			expect_eq(read_byte(s.other, 0), 7);
		end_scene(&s);
	}
}

static const struct test_case cases[] = {
	CASE(a_fault_that_fails_at_any_allocation_leaves_all_valid_and_then_works),
	CASE(without_a_frame_a_write_is_oom_and_the_page_stays_what_it_was),
};
TEST_MAIN(cases)
