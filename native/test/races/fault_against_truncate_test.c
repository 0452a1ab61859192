/*
 * A file loses pages while a fault has one of them in hand, or while its mappings change. The argument is in ops/truncate.h; run with
 * AddressSanitizer, a copy of what was freed is an error of its own.
 */
#include "support/resolving.h"

#include "api/handle.h"
#include "sync/rcu.h"

#define SHARED VMALOCK_MAP_SHARED
#define PRIVATE VMALOCK_MAP_PRIVATE

/* A truncation on a thread of its own. */
struct cutter {
	struct sync_thread thread;
	vmalock_file *file;
	uint64_t length;
	bool punches; /* a hole from there on instead */
	int result;
	atomic_u32 done;
};

static void cutter_run(void *arg)
{
	struct cutter *c = arg;

	if (c->punches)
		c->result = vmalock_file_punch_hole(c->file, c->length, P);
	else
		c->result = vmalock_file_truncate(c->file, c->length);
	atomic_store_release(&c->done, 1);
}

static void start(struct cutter *c, vmalock_file *file, uint64_t length, bool punches)
{
	*c = (struct cutter){ .file = file, .length = length, .punches = punches };
	expect_eq(sync_thread_start(&c->thread, cutter_run, c), 0);
}

static void start_cutting(struct cutter *c, vmalock_file *file, uint64_t length)
{
	start(c, file, length, false);
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
	expect_no_page_after("cow-took-frame", PRIVATE, VMALOCK_WRITE, true);
	expect_no_page_after("cow-copies-page", PRIVATE, VMALOCK_WRITE, true);
}

static uint64_t entry_of(vmalock_mm *mm, uint64_t n)
{
	struct pt_slot slot;

	return pt_slot_find(&mm_of(mm)->pt, page(n), &slot) ? atomic_load_relaxed(slot.entry) : 0;
}

/* True: the entry of page 1 is what it was, though the file's page is another one, at the same address. Not every allocator does it. */
static bool cut_until_the_address_comes_again(vmalock_mm *mm, vmalock_file *file)
{
	uint64_t before = entry_of(mm, 1);

	for (int turn = 0; turn < 200; turn++) {
		expect_eq(vmalock_file_truncate(file, P), 0);
		expect_eq(vmalock_file_truncate(file, 2 * P), 0);
		rcu_wait_for_batches();
		expect_eq(read_byte(mm, 1), 0);
		if (entry_of(mm, 1) == before)
			return true;
	}
	return false;
}

/* Somebody has read zeros in the meantime: what was there before must not come back. */
static void a_copy_is_thrown_away_when_the_entry_names_another_page_at_the_same_address(void)
{
	vmalock_mm *mm = space_of("per-vma");
	vmalock_file *file = file_with(2, 0, 0);
	const uint8_t byte = 7;
	struct racer r;

	expect_eq(vmalock_file_write(file, P, &byte, 1), 0);
	map_file(mm, file, 0, 2, RW, PRIVATE);
	write_byte(mm, 0, 1);
	expect_eq(read_byte(mm, 1), 7);
	syncpoint_arm("cow-replaces");
	race_fault(&r, mm, page(1), VMALOCK_WRITE);
	syncpoint_wait_parked("cow-replaces");
	if (!cut_until_the_address_comes_again(mm, file))
		printf("  the allocator gave no address twice: only the other half is tested\n");
	syncpoint_release("cow-replaces");
	expect_eq(race_end(&r) & OUTCOME_AND_COW, MINOR | COW);
	expect_eq(read_byte(mm, 1), 0);
	end_space(mm);
	vmalock_file_put(file);
}

/* The page has left the file, its entry is still there. Who reads the file sees zeros already. */
static void a_page_that_has_left_its_file_is_not_copied(void)
{
	vmalock_mm *mm = space_of("per-vma");
	vmalock_file *file = file_with(2, 0x41, 0);
	struct cutter cutter;
	uint8_t byte = 1;

	map_file(mm, file, 0, 2, RW, PRIVATE);
	write_byte(mm, 0, 1);
	expect_eq(read_byte(mm, 1), 0x41);
	syncpoint_arm("truncate-cut");
	start(&cutter, file, P, true);
	syncpoint_wait_parked("truncate-cut");
	expect_eq(vmalock_file_read(file, P, &byte, 1), 1);
	expect_eq(byte, 0);
	expect_eq(vmalock_mm_fault(mm, page(1), VMALOCK_WRITE) & OUTCOME_AND_COW, VMALOCK_FAULT_MAJOR | COW);
	syncpoint_release("truncate-cut");
	end_cutting(&cutter);
	expect_eq(read_byte(mm, 1), 0);
	end_space(mm);
	vmalock_file_put(file);
}

static void wait_for_grace_period(void *arg)
{
	rcu_wait_for_batches();
	atomic_store_release((atomic_u32 *)arg, 1);
}

/* The copy is under way in a read section: the page's memory stays until it is over. */
static void expect_kept_for_the_copy(const char *point, bool read_first)
{
	vmalock_mm *mm = space_of("per-vma");
	vmalock_file *file = file_with(2, 0x41, 0);
	atomic_u32 over = { 0 };
	struct sync_thread waiter;
	struct racer r;

	map_file(mm, file, 0, 2, RW, PRIVATE);
	write_byte(mm, 0, 1);
	if (read_first)
		read_byte(mm, 1);
	syncpoint_arm(point);
	race_fault(&r, mm, page(1), VMALOCK_WRITE);
	syncpoint_wait_parked(point);
	expect_eq(vmalock_file_truncate(file, P), 0);
	expect_eq(sync_thread_start(&waiter, wait_for_grace_period, &over), 0);
	sync_sleep_ns(100000000); /* it must not end: nothing to wait for but time */
	expect(!atomic_load_acquire(&over));
	syncpoint_release(point);
	expect_eq(race_end(&r) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_SIGBUS);
	sync_thread_join(&waiter);
	end_space(mm);
	vmalock_file_put(file);
}

static void a_page_that_is_being_copied_is_not_freed(void)
{
	expect_kept_for_the_copy("fault-copies-page", false);
	expect_kept_for_the_copy("cow-copies-page", true);
}

/* The number is told when the pages are out: who has the new one must not find them. */
static void a_fault_that_begins_when_the_cut_is_told_finds_no_page(void)
{
	vmalock_mm *mm = space_of("per-vma");
	vmalock_file *file = file_with(2, 0x41, 0);
	struct cutter cutter;
	struct racer r;

	map_file(mm, file, 0, 2, RW, SHARED);
	read_byte(mm, 1);
	drop_pages(mm, 0, 2);
	syncpoint_arm("truncate-told");
	start_cutting(&cutter, file, P);
	syncpoint_wait_parked("truncate-told");
	syncpoint_arm("fault-has-page");
	race_fault(&r, mm, page(1), VMALOCK_WRITE);
	while (!syncpoint_is_parked("fault-has-page") && !atomic_load_acquire(&r.done))
		sync_yield();
	syncpoint_release("truncate-told");
	end_cutting(&cutter);
	syncpoint_release("fault-has-page");
	expect_eq(race_end(&r) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_SIGBUS);
	expect_pages(mm, 0, 0, 0, 0);
	end_space(mm);
	vmalock_file_put(file);
}

static int cut_off(vmalock_file *file)
{
	return vmalock_file_truncate(file, P);
}

static int punch_out(vmalock_file *file)
{
	return vmalock_file_punch_hole(file, P, P);
}

/* The page is not only cut: the file has grown again, or had a hole, and has another one there. */
static void expect_maps_the_page_that_came_after(int (*lose)(vmalock_file *file))
{
	vmalock_mm *mm = space_of("per-vma");
	vmalock_file *file = file_with(2, 0x41, 0);
	uint8_t new_byte = 9;
	struct racer r;

	map_file(mm, file, 0, 2, RW, SHARED);
	syncpoint_arm("fault-has-page");
	race_fault(&r, mm, page(1), VMALOCK_READ);
	syncpoint_wait_parked("fault-has-page");
	expect_eq(lose(file), 0);
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

static void a_fault_maps_the_page_that_came_after_a_cut_and_not_the_one_before(void)
{
	expect_maps_the_page_that_came_after(cut_off);
	expect_maps_the_page_that_came_after(punch_out);
}

static vmalock_uffd *uffd_of_requests;

static int fill_page_1(vmalock_mm *mm)
{
	(void)mm;
	return copy_pages(uffd_of_requests, 1, 1, 0x42, 0, 1);
}

/* The same where a userfaultfd brings the page. */
static void a_page_that_a_userfaultfd_brought_is_mapped_only_if_the_file_still_has_it(void)
{
	vmalock_mm *mm = space_of("per-vma");
	vmalock_file *file = memory_file_with(2, 0, 0);
	uint8_t new_byte = 9;
	struct racer r;

	uffd_of_requests = uffd_with(mm, 0);
	map_file(mm, file, 0, 2, RW, SHARED);
	expect_eq(register_pages(uffd_of_requests, 0, 2, MISSING), 0);
	syncpoint_arm("uffd-added-page");
	race_request(&r, mm, fill_page_1);
	syncpoint_wait_parked("uffd-added-page");
	expect_eq(punch_out(file), 0);
	expect_eq(vmalock_file_write(file, 0, &new_byte, 1), 0);
	syncpoint_release("uffd-added-page");
	expect_eq(race_end(&r), 0);
	expect_eq(vmalock_file_write(file, P, &new_byte, 1), 0);
	expect_eq(read_byte(mm, 1), 9); /* one page, seen by both ways */
	vmalock_uffd_put(uffd_of_requests);
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

static vmalock_file *file_of_requests; /* of the one test that runs */

static int map_more(vmalock_mm *mm)
{
	uint64_t at;

	return vmalock_mm_map(mm, page(12), 2 * P, RW, PRIVATE | VMALOCK_MAP_FIXED, file_of_requests, 0, &at);
}

static int unmap_whole(vmalock_mm *mm)
{
	return vmalock_mm_unmap(mm, page(4), 4 * P);
}

/* A truncation, or a hole, is about to walk the list: no mapping comes, goes, or changes its bounds before it is through. */
static void expect_waits_for_list(int (*request)(vmalock_mm *mm), bool punches)
{
	vmalock_mm *mm = space_of("per-vma");
	vmalock_file *file = file_of_requests = file_with(4, 0x41, 0);
	struct cutter cutter;
	struct racer r;

	map_file(mm, file, 4, 4, RW, PRIVATE);
	read_byte(mm, 5);
	syncpoint_arm("truncate-cut");
	start(&cutter, file, P, punches);
	syncpoint_wait_parked("truncate-cut");
	race_request(&r, mm, request);
	for (int i = 0; i < 1000 && !atomic_load_acquire(&r.done); i++)
		sync_yield(); /* it must not get past: nothing to wait for but time */
	expect(!atomic_load_acquire(&r.done));
	syncpoint_release("truncate-cut");
	end_cutting(&cutter);
	expect_eq(race_end(&r), 0);
	end_space(mm);
	vmalock_file_put(file);
}

static void the_list_of_mappings_stands_still_while_it_is_walked(void)
{
	static int (*const requests[])(vmalock_mm * mm) = { map_more, unmap_first, unmap_whole };

	for (int i = 0; i < 3; i++) {
		expect_waits_for_list(requests[i], false);
		expect_waits_for_list(requests[i], true);
	}
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
	CASE(a_page_that_has_left_its_file_is_not_copied),
	CASE(a_page_that_is_being_copied_is_not_freed),
	CASE(a_copy_is_thrown_away_when_the_entry_names_another_page_at_the_same_address),
	CASE(a_fault_that_begins_when_the_cut_is_told_finds_no_page),
	CASE(a_fault_maps_the_page_that_came_after_a_cut_and_not_the_one_before),
	CASE(a_page_that_a_userfaultfd_brought_is_mapped_only_if_the_file_still_has_it),
	CASE(pages_are_not_freed_before_their_entries_have_gone),
	CASE(a_mapping_is_found_in_the_middle_of_every_change),
	CASE(entries_do_not_change_places_behind_the_back_of_a_truncation),
	CASE(the_list_of_mappings_stands_still_while_it_is_walked),
	CASE(everything_beside_truncation_leaves_no_entry_beyond_the_end),
};

TEST_MAIN(cases)
