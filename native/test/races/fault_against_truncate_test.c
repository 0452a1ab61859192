/*
 * A file loses pages while a fault has one of them in hand, or while its mappings change. The argument is in ops/truncate.h; run with
 * AddressSanitizer, a copy of what was freed is an error of its own.
 */
#include "../fault/faulting.h"

#include "sync/rcu.h"

#define SHARED VMALOCK_MAP_SHARED
#define PRIVATE VMALOCK_MAP_PRIVATE

/* A truncation on a thread of its own. */
struct cutter {
	struct sync_thread thread;
	vmalock_file *file;
	uint64_t length;
	int result;
	atomic_u32 done;
};

static void cutter_run(void *arg)
{
	struct cutter *c = arg;

	c->result = vmalock_file_truncate(c->file, c->length);
	atomic_store_release(&c->done, 1);
}

static void start_cutting(struct cutter *c, vmalock_file *file, uint64_t length)
{
	*c = (struct cutter){ .file = file, .length = length };
	expect_eq(sync_thread_start(&c->thread, cutter_run, c), 0);
}

static void end_cutting(struct cutter *c)
{
	sync_thread_join(&c->thread);
	expect_eq(c->result, 0);
}

/* The file's page is found; then it is cut off; then the fault wants to put it in the table. */
static void expect_no_page_after(const char *point, uint32_t type, enum vmalock_access access, bool read_first)
{
	vmalock_mm *mm = space_of("per-vma");
	vmalock_file *file = file_with(2, 0x41, 0);
	struct racer r;

	map_file(mm, file, 0, 2, RW, type);
	write_byte(mm, 0, 1); /* an anon, if private */
	if (read_first)
		read_byte(mm, 1);
	syncpoint_arm(point);
	race_fault(&r, mm, page(1), access);
	syncpoint_wait_parked(point);
	expect_eq(vmalock_file_truncate(file, P), 0);
	/* Time to free it for those who think that nobody looks: AddressSanitizer then sees the copy read it. */
	sync_sleep_ns(20 * 1000 * 1000);
	syncpoint_release(point);
	expect_eq(race_end(&r) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_SIGBUS);
	rcu_wait_for_batches();
	expect_pages(mm, type == PRIVATE, type == SHARED, 0, type == PRIVATE);
	end_space(mm);
	vmalock_file_put(file);
}

static void a_page_that_a_fault_has_found_is_not_mapped_after_it_was_cut(void)
{
	expect_no_page_after("fault-has-page", SHARED, VMALOCK_READ, false);
	expect_no_page_after("fault-has-page", SHARED, VMALOCK_WRITE, false);
	expect_no_page_after("fault-has-page", PRIVATE, VMALOCK_READ, false);
}

static void a_copy_of_a_page_that_was_cut_is_thrown_away(void)
{
	expect_no_page_after("fault-has-page", PRIVATE, VMALOCK_WRITE, false);
	expect_no_page_after("fault-copies-page", PRIVATE, VMALOCK_WRITE, false);
	expect_no_page_after("cow-copies-page", PRIVATE, VMALOCK_WRITE, true);
}

/* The page is not only cut: the file has grown again, and has another one there. */
static void a_fault_maps_the_page_that_came_after_a_cut_and_not_the_one_before(void)
{
	vmalock_mm *mm = space_of("per-vma");
	vmalock_file *file = file_with(2, 0x41, 0);
	uint8_t new_byte = 9;
	struct racer r;

	map_file(mm, file, 0, 2, RW, SHARED);
	syncpoint_arm("fault-has-page");
	race_fault(&r, mm, page(1), VMALOCK_READ);
	syncpoint_wait_parked("fault-has-page");
	expect_eq(vmalock_file_truncate(file, P), 0);
	expect_eq(vmalock_file_write(file, P, &new_byte, 1), 0);
	syncpoint_release("fault-has-page");
	expect_eq(race_end(&r) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_MAJOR);
	rcu_wait_for_batches();
	expect_eq(read_byte(mm, 1), 9);
	new_byte = 10;
	expect_eq(vmalock_file_write(file, P, &new_byte, 1), 0);
	expect_eq(read_byte(mm, 1), 10);
	end_space(mm);
	vmalock_file_put(file);
}

/* The pages have left the file, their entries are still there: who writes by one of them writes to nobody, but to no freed page. */
static void pages_are_not_freed_before_their_entries_have_gone(void)
{
	vmalock_mm *mm = space_of("per-vma");
	vmalock_file *file = file_with(2, 0x41, 0);
	struct cutter cutter;

	map_file(mm, file, 0, 2, RW, SHARED);
	write_byte(mm, 1, 1);
	syncpoint_arm("truncate-cut");
	start_cutting(&cutter, file, P);
	syncpoint_wait_parked("truncate-cut");
	rcu_wait_for_batches();
	write_byte(mm, 1, 2);
	expect_eq(read_byte(mm, 1), 2);
	syncpoint_release("truncate-cut");
	end_cutting(&cutter);
	expect_eq(fault_at(mm, 1, VMALOCK_WRITE), VMALOCK_FAULT_SIGBUS);
	end_space(mm);
	vmalock_file_put(file);
}

static int move_mapping(vmalock_mm *mm)
{
	uint64_t at;

	return vmalock_mm_remap(mm, page(4), 2 * P, 2 * P, 3, page(12), &at);
}

static int protect_second_half(vmalock_mm *mm)
{
	return vmalock_mm_protect(mm, page(6), 2 * P, RO);
}

static int join_halves(vmalock_mm *mm)
{
	return vmalock_mm_protect(mm, page(5), P, RO);
}

static int unmap_first(vmalock_mm *mm)
{
	return vmalock_mm_unmap(mm, page(4), P);
}

/*
 * @request stands at @point, in the middle of what it does to the mapping of pages 4 to 7, when the file is cut. Wherever the entries of
 * pages 5 and 6 are then, they go.
 */
static void expect_found(int (*request)(vmalock_mm *mm), const char *point, uint64_t now_at)
{
	vmalock_mm *mm = space_of("per-vma");
	vmalock_file *file = file_with(4, 0x41, 0);
	struct racer r;

	map_file(mm, file, 4, 4, RW, PRIVATE);
	for (uint64_t n = 4; n < 7; n++)
		write_byte(mm, n, 1);
	if (request == join_halves)
		expect_eq(protect_second_half(mm), 0);
	syncpoint_arm(point);
	race_request(&r, mm, request);
	syncpoint_wait_parked(point);
	expect_eq(vmalock_file_truncate(file, P), 0);
	syncpoint_release(point);
	expect_eq(race_end(&r), 0);
	expect_eq(status_of(mm).rss_anon, request == unmap_first ? 0 : P);
	expect_eq(fault_at(mm, now_at, VMALOCK_READ), VMALOCK_FAULT_SIGBUS);
	end_space(mm);
	vmalock_file_put(file);
}

static void a_mapping_is_found_in_the_middle_of_every_change(void)
{
	expect_found(move_mapping, "remap-copied", 13);
	expect_found(protect_second_half, "split-attached", 5);
	expect_found(join_halves, "merge-target-grown", 5);
	expect_found(join_halves, "merge-stored", 5);
	expect_found(unmap_first, "unmap-stored", 5);
}

static int fork_and_look(vmalock_mm *mm)
{
	vmalock_mm *child = fork_of(mm);
	int result = vmalock_mm_fault(child, page(5), VMALOCK_READ) & VMALOCK_FAULT_OUTCOME;

	vmalock_mm_put(child);
	return result;
}

/*
 * The truncation has been to the first mapping when fork, or mremap, wants to take entries from one that it has not been to, to one that
 * it will not come to any more.
 */
static void expect_waits_for_walk(int (*request)(vmalock_mm *mm), const char *point, uint32_t result)
{
	vmalock_mm *mm = space_of("per-vma");
	vmalock_file *file = file_with(2, 0x41, 0);
	struct cutter cutter;
	struct racer r;
	uint64_t at;

	/* What moves joins this mapping, the first of the list: it has been looked at when the entries arrive. */
	expect_eq(vmalock_mm_map(mm, page(14), 2 * P, RW, PRIVATE | VMALOCK_MAP_FIXED, file, 2 * P, &at), 0);
	map_file(mm, file, 4, 2, RW, PRIVATE);
	write_byte(mm, 5, 2);
	syncpoint_arm(point);
	race_request(&r, mm, request);
	syncpoint_wait_parked(point);
	syncpoint_arm("truncate-mapping-done");
	start_cutting(&cutter, file, P);
	syncpoint_wait_parked("truncate-mapping-done");
	syncpoint_release(point);
	for (int i = 0; i < 1000 && !atomic_load_acquire(&r.done); i++)
		sync_yield(); /* it must not get past: nothing to wait for but time */
	expect(!atomic_load_acquire(&r.done));
	syncpoint_release("truncate-mapping-done");
	end_cutting(&cutter);
	expect_eq(race_end(&r), result);
	expect_eq(status_of(mm).rss_anon, 0);
	end_space(mm);
	vmalock_file_put(file);
}

static void entries_do_not_change_places_behind_the_back_of_a_truncation(void)
{
	expect_waits_for_walk(move_mapping, "remap-copied", 0);
	expect_waits_for_walk(fork_and_look, "fork-copies-pages", VMALOCK_FAULT_SIGBUS);
}

/* --- everything at once ---------------------------------------------------------------------------------------------- */

#define ROUNDS 300

struct churn {
	struct sync_thread thread;
	vmalock_mm *mm;
	vmalock_file *file;
	void (*step)(struct churn *c, uint32_t i);
};

static void churn_run(void *arg)
{
	struct churn *c = arg;

	for (uint32_t i = 0; i < ROUNDS; i++)
		c->step(c, i);
}

static void cut_and_grow(struct churn *c, uint32_t i)
{
	expect_eq(vmalock_file_truncate(c->file, i % 4 * P), 0);
	expect_eq(vmalock_file_punch_hole(c->file, P, P), 0);
	expect_eq(vmalock_file_truncate(c->file, 4 * P), 0);
}

static void touch(struct churn *c, uint32_t i)
{
	for (uint64_t n = 0; n < 16; n++) {
		uint32_t outcome = vmalock_mm_fault(c->mm, page(n), (i + n) % 3 ? VMALOCK_WRITE : VMALOCK_READ) &
				   VMALOCK_FAULT_OUTCOME;

		expect(outcome <= VMALOCK_FAULT_MAJOR || outcome == VMALOCK_FAULT_SIGBUS ||
		       outcome == VMALOCK_FAULT_SIGSEGV_MAPERR || outcome == VMALOCK_FAULT_SIGSEGV_ACCERR);
	}
}

static void rearrange(struct churn *c, uint32_t i)
{
	uint64_t at;

	expect_eq(vmalock_mm_protect(c->mm, page(5), P, RO | (i % 2 ? RW : RO)), 0);
	expect_eq(vmalock_mm_remap(c->mm, page(i % 2 ? 12 : 8), 4 * P, 4 * P, 3, page(i % 2 ? 8 : 12), &at), 0);
	if (i % 8 == 0)
		vmalock_mm_put(fork_of(c->mm));
	expect_eq(vmalock_mm_unmap(c->mm, page(0), 2 * P), 0);
	map_file(c->mm, c->file, 0, 4, RW, i % 3 ? SHARED : PRIVATE);
}

static void everything_beside_truncation_leaves_no_entry_beyond_the_end(void)
{
	vmalock_mm *mm = space_of("per-vma");
	vmalock_file *file = file_with(4, 0x41, 0);
	struct churn churns[3] = { { .step = cut_and_grow }, { .step = touch }, { .step = rearrange } };

	map_file(mm, file, 0, 4, RW, SHARED);
	map_file(mm, file, 4, 4, RW, PRIVATE);
	map_file(mm, file, 8, 4, RW, PRIVATE);
	for (size_t i = 0; i < 3; i++) {
		churns[i].mm = mm;
		churns[i].file = file;
		expect_eq(sync_thread_start(&churns[i].thread, churn_run, &churns[i]), 0);
	}
	for (size_t i = 0; i < 3; i++)
		sync_thread_join(&churns[i].thread);
	expect_eq(vmalock_file_truncate(file, 0), 0);
	expect_pages(mm, 0, 0, 0, 0);
	end_space(mm);
	vmalock_file_put(file);
	rcu_wait_for_batches();
}

static const struct test_case cases[] = {
	CASE(a_page_that_a_fault_has_found_is_not_mapped_after_it_was_cut),
	CASE(a_copy_of_a_page_that_was_cut_is_thrown_away),
	CASE(a_fault_maps_the_page_that_came_after_a_cut_and_not_the_one_before),
	CASE(pages_are_not_freed_before_their_entries_have_gone),
	CASE(a_mapping_is_found_in_the_middle_of_every_change),
	CASE(entries_do_not_change_places_behind_the_back_of_a_truncation),
	CASE(everything_beside_truncation_leaves_no_entry_beyond_the_end),
};

TEST_MAIN(cases)
