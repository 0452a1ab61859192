/*
 * Changes that wait until a userfaultfd's reader has been told of them, against that reader, against its close, and against those who bring
 * pages. Nobody who waits holds a lock, and no page that was decided upon before a change comes after it.
 */
#include "ops/advise.h"
#include "support/telling.h"

static vmalock_uffd *uffd_of_rig; /* of the one test that runs */

static struct rig rig_of(uint64_t features)
{
	struct rig r = { .mm = space_with(VMALOCK_FAULTS_LINUX_6_18, VMALOCK_BACKING_MEMORY, 64) };

	faults_wait();
	r.uffd = uffd_of_rig = uffd_with(r.mm, features);
	map_at(r.mm, 0, 8, RW);
	write_byte(r.mm, 7, 1);
	expect_eq(register_pages(r.uffd, 0, 8, MISSING), 0);
	return r;
}

static int unmap_two(vmalock_mm *mm)
{
	return vmalock_mm_unmap(mm, page(2), 2 * P);
}

static int map_over_two(vmalock_mm *mm)
{
	uint64_t at;

	return vmalock_mm_map(mm, page(2), 2 * P, RW, FIXED_ANON, NULL, 0, &at);
}

static int move_two(vmalock_mm *mm)
{
	uint64_t at;

	return vmalock_mm_remap(mm, page(2), 2 * P, 2 * P, VMALOCK_MREMAP_MAYMOVE | VMALOCK_MREMAP_FIXED, page(12), &at);
}

static int drop_two(vmalock_mm *mm)
{
	return vmalock_mm_advise(mm, page(2), 2 * P, MADV_IS_DONTNEED);
}

static void read_told(vmalock_uffd *uffd, const char *wanted)
{
	struct vmalock_uffd_event event;
	char text[64] = "";

	expect_eq(vmalock_uffd_read(uffd, &event, VMALOCK_FOREVER), 0);
	describe_event(text, &event);
	if (strcmp(text, wanted) == 0)
		return;
	fprintf(stderr, "told \"%s\", expected \"%s\"\n", text, wanted);
	exit(1);
}

/* Until it stands in the queue, and can come no further. */
static void expect_waiting(struct racer *r)
{
	syncpoint_wait_parked("userfault-notice-waits");
	syncpoint_release("userfault-notice-waits");
	sync_sleep_ns(2000000);
	expect(!atomic_load_acquire(&r->done));
}

static void race_until_it_waits(struct racer *r, vmalock_mm *mm, int (*request)(vmalock_mm *mm))
{
	syncpoint_arm("userfault-notice-waits");
	race_request(r, mm, request);
	expect_waiting(r);
}

/* --- who waits ------------------------------------------------------------------------------------------------------- */

static void a_change_waits_until_each_of_its_events_has_been_read(void)
{
	static const struct {
		int (*request)(vmalock_mm *mm);
		const char *events[2];
	} all[] = {
		{ unmap_two, { "unmap 2-4", NULL } },
		{ map_over_two, { "unmap 2-4", NULL } },
		{ drop_two, { "remove 2-4", NULL } },
		{ move_two, { "remap 2-4 to 12", "unmap 2-4" } },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct rig r = rig_of(CHANGES);
		struct racer change;

		race_until_it_waits(&change, r.mm, all[i].request);
		read_told(r.uffd, all[i].events[0]);
		if (all[i].events[1]) {
			sync_sleep_ns(2000000);
			expect(!atomic_load_acquire(&change.done));
			expect_eq(copy_pages(r.uffd, 0, 1, 5, 0, 0), VMALOCK_EAGAIN);
			read_told(r.uffd, all[i].events[1]);
		}
		expect_eq((int)race_end(&change), 0);
		expect_no_event(r.uffd);
		end_rig(&r);
	}
}

/* Whatever the reader needs to do with the event, the one who waits does not stand in its way. */
static void who_waits_holds_no_lock(void)
{
	struct rig r = rig_of(CHANGES);
	struct racer change;

	race_until_it_waits(&change, r.mm, unmap_two);
	map_at(r.mm, 16, 2, RW);
	expect_eq(register_pages(r.uffd, 16, 2, MISSING), 0);
	expect_eq(unregister_pages(r.uffd, 0, 2), 0);
	expect_valid(r.mm);
	expect(!atomic_load_acquire(&change.done));
	read_told(r.uffd, "unmap 2-4");
	expect_eq((int)race_end(&change), 0);
	end_rig(&r);
}

static void faults_are_read_before_changes_that_wait(void)
{
	struct rig r = rig_of(CHANGES);
	struct racer change, fault;

	race_until_it_waits(&change, r.mm, unmap_two);
	syncpoint_arm("userfault-waits");
	race_fault(&fault, r.mm, page(1), VMALOCK_READ);
	syncpoint_wait_parked("userfault-waits");
	syncpoint_release("userfault-waits");
	read_told(r.uffd, "fault 1");
	expect_eq(copy_pages(r.uffd, 1, 1, 5, 0, 0), VMALOCK_EAGAIN); /* not before it knows what has changed */
	read_told(r.uffd, "unmap 2-4");
	expect_eq(copy_pages(r.uffd, 1, 1, 5, 0, 1), 0);
	expect_eq(race_end(&fault) & VMALOCK_FAULT_OUTCOME, MINOR);
	expect_eq((int)race_end(&change), 0);
	end_rig(&r);
}

static int count_down(void *arg)
{
	int *left = arg;

	return --*left > 0;
}

static int unmap_two_impatiently(vmalock_mm *mm)
{
	int left = 2, err;

	vmalock_thread_userfaults(VMALOCK_USERFAULTS_WAIT, count_down, &left);
	err = unmap_two(mm);
	expect_eq(left, 0);
	return err;
}

static void who_gives_up_leaves_its_event_to_be_read(void)
{
	struct rig r = rig_of(CHANGES);
	struct racer change;

	race_request(&change, r.mm, unmap_two_impatiently);
	expect_eq((int)race_end(&change), 0);
	expect_eq(copy_pages(r.uffd, 0, 1, 5, 0, 0), VMALOCK_EAGAIN);
	read_told(r.uffd, "unmap 2-4");
	expect_eq(copy_pages(r.uffd, 0, 1, 5, 0, 1), 0);
	end_rig(&r);
}

static atomic_u32 patience_is_over;

static int is_patient(void *arg)
{
	(void)arg;
	return !atomic_load_acquire(&patience_is_over);
}

static int unmap_two_while_patient(vmalock_mm *mm)
{
	vmalock_thread_userfaults(VMALOCK_USERFAULTS_WAIT, is_patient, NULL);
	return unmap_two(mm);
}

static int drop_seventh(vmalock_mm *mm)
{
	return vmalock_mm_advise(mm, page(6), P, MADV_IS_DONTNEED);
}

/* What its thread does from then on comes after it: a fault too. Who waits behind it still lets faults go first. */
static void an_event_that_was_given_up_is_read_before_faults_that_come_later(void)
{
	struct rig r = rig_of(CHANGES);
	struct racer impatient, patient, fault;

	atomic_store_relaxed(&patience_is_over, 0);
	race_until_it_waits(&impatient, r.mm, unmap_two_while_patient);
	race_until_it_waits(&patient, r.mm, drop_seventh);
	atomic_store_release(&patience_is_over, 1);
	expect_eq((int)race_end(&impatient), 0);
	syncpoint_arm("userfault-waits");
	race_fault(&fault, r.mm, page(1), VMALOCK_READ);
	syncpoint_wait_parked("userfault-waits");
	syncpoint_release("userfault-waits");
	read_told(r.uffd, "unmap 2-4");
	read_told(r.uffd, "fault 1");
	read_told(r.uffd, "remove 6-7");
	expect_eq((int)race_end(&patient), 0);
	expect_eq(copy_pages(r.uffd, 1, 1, 5, 0, 1), 0);
	expect_eq(race_end(&fault) & VMALOCK_FAULT_OUTCOME, MINOR);
	end_rig(&r);
}

/* --- close ----------------------------------------------------------------------------------------------------------- */

static void who_waits_goes_on_when_the_userfaultfd_closes(void)
{
	struct rig r = rig_of(CHANGES);
	struct racer change;

	race_until_it_waits(&change, r.mm, move_two);
	vmalock_uffd_close(r.uffd);
	expect_eq((int)race_end(&change), 0);
	end_rig(&r);
}

/* Announced, and closed before it is told: nobody is left to read it. */
static void a_userfaultfd_that_closes_before_it_is_told_is_not_waited_for(void)
{
	struct rig r = rig_of(CHANGES);
	struct racer change;

	syncpoint_arm("userfault-notice-told");
	race_request(&change, r.mm, unmap_two);
	syncpoint_wait_parked("userfault-notice-told");
	vmalock_uffd_close(r.uffd);
	syncpoint_release("userfault-notice-told");
	expect_eq((int)race_end(&change), 0);
	end_rig(&r);
}

/* The same just before it stands in the queue: whether there is anybody to read it is asked under the queue's lock. */
static void a_userfaultfd_that_closes_before_the_event_is_queued_is_not_waited_for(void)
{
	struct rig r = rig_of(CHANGES);
	struct racer change;

	syncpoint_arm("userfault-notice-told");
	race_request(&change, r.mm, unmap_two);
	syncpoint_wait_parked("userfault-notice-told");
	syncpoint_arm("userfault-locks");
	syncpoint_release("userfault-notice-told");
	syncpoint_wait_parked("userfault-locks");
	vmalock_uffd_close(r.uffd);
	syncpoint_release("userfault-locks");
	expect_eq((int)race_end(&change), 0);
	end_rig(&r);
}

/* The last handle goes while the change is on its way: the event holds the context. */
static void a_userfaultfd_that_is_gone_before_it_is_told_is_not_touched(void)
{
	struct rig r = rig_of(CHANGES);
	struct racer change;

	syncpoint_arm("userfault-notice-told");
	race_request(&change, r.mm, unmap_two);
	syncpoint_wait_parked("userfault-notice-told");
	vmalock_uffd_put(r.uffd);
	syncpoint_release("userfault-notice-told");
	expect_eq((int)race_end(&change), 0);
	end_space(r.mm);
}

static vmalock_mm *child_of_rig;

static int fork_it(vmalock_mm *mm)
{
	return vmalock_mm_fork(mm, &child_of_rig);
}

static uint64_t modes_of_child(void)
{
	struct vmalock_vma vma;

	expect_eq(vmalock_mm_find(child_of_rig, page(0), &vma), 0);
	return vma.vm_flags & VMALOCK_VM_UFFD_MISSING;
}

static void a_fork_waits_until_it_has_been_read_and_the_reader_has_the_child(void)
{
	struct rig r = rig_of(FORK);
	struct vmalock_uffd_event event;
	struct racer change;

	race_until_it_waits(&change, r.mm, fork_it);
	expect_eq(vmalock_uffd_read(r.uffd, &event, VMALOCK_FOREVER), 0);
	expect_eq((int)race_end(&change), 0);
	expect(modes_of_child());
	expect_eq(vmalock_uffd_zeropage(event.child, page(0), P, 0, NULL), 0);
	vmalock_uffd_put(event.child);
	end_space(child_of_rig);
	end_rig(&r);
}

static void a_fork_whose_userfaultfd_closes_unread_takes_the_registration_off_its_child(void)
{
	struct rig r = rig_of(FORK);
	struct racer change;

	race_until_it_waits(&change, r.mm, fork_it);
	vmalock_uffd_close(r.uffd);
	expect_eq((int)race_end(&change), 0);
	expect(!modes_of_child());
	end_space(child_of_rig);
	end_rig(&r);
}

static int close_it(vmalock_mm *mm)
{
	(void)mm;
	vmalock_uffd_close(uffd_of_rig);
	return 0;
}

/* The child runs already, and a fault of it has a VMA that points to the userfaultfd which nobody is going to read. */
static void the_registration_is_taken_off_a_child_when_its_faults_inside_are_out(void)
{
	struct rig r = rig_of(FORK);
	struct racer closer, fault;

	faults_return();
	expect_eq(fork_it(r.mm), 0);
	faults_wait();
	syncpoint_arm("fault-vma-locked");
	race_fault(&fault, child_of_rig, page(0), VMALOCK_READ);
	syncpoint_wait_parked("fault-vma-locked");
	syncpoint_arm("vma-write-waits");
	race_request(&closer, r.mm, close_it);
	expect_parked(&closer, "vma-write-waits");
	syncpoint_release("vma-write-waits");
	syncpoint_release("fault-vma-locked");
	expect_eq((int)race_end(&closer), 0);
	expect_eq(race_end(&fault) & VMALOCK_FAULT_OUTCOME, MINOR);
	expect(!modes_of_child());
	end_space(child_of_rig);
	end_rig(&r);
}

static int fork_without_waiting(vmalock_mm *mm)
{
	faults_return();
	return fork_it(mm);
}

static void expect_gone_before_it_is_told(int (*request)(vmalock_mm *mm))
{
	struct rig r = rig_of(FORK);
	struct racer change;

	syncpoint_arm("userfault-notice-told");
	race_request(&change, r.mm, request);
	syncpoint_wait_parked("userfault-notice-told");
	vmalock_uffd_put(r.uffd);
	syncpoint_release("userfault-notice-told");
	expect_eq((int)race_end(&change), 0);
	expect(!modes_of_child());
	end_space(child_of_rig);
	end_space(r.mm);
}

/* Read the other way round, who brings pages would take memory for mapped that has gone. */
static void changes_are_read_in_the_order_in_which_they_were_told_whoever_waits(void)
{
	struct rig r = rig_of(CHANGES);
	struct racer change;

	race_until_it_waits(&change, r.mm, drop_two);
	faults_return();
	expect_eq(fault_at(r.mm, 5, VMALOCK_READ) & VMALOCK_FAULT_OUTCOME, USERFAULT);
	expect_eq(vmalock_mm_unmap(r.mm, page(2), 2 * P), 0);
	expect_eq(fault_at(r.mm, 6, VMALOCK_READ) & VMALOCK_FAULT_OUTCOME, USERFAULT);
	faults_wait();
	expect(!atomic_load_acquire(&change.done));
	expect_told(r.uffd, "fault 5, remove 2-4, unmap 2-4, fault 6");
	expect_eq((int)race_end(&change), VMALOCK_ENOMEM);
	end_rig(&r);
}

/* --- madvise --------------------------------------------------------------------------------------------------------- */

/* mmap_lock is let go while it waits: what it is to empty may be another mapping by then, or none. */
static void what_madvise_told_of_may_be_gone_when_it_has_been_read(void)
{
	struct rig r = rig_of(CHANGES);
	struct racer change;

	race_until_it_waits(&change, r.mm, drop_two);
	faults_return();
	expect_eq(vmalock_mm_unmap(r.mm, page(2), 2 * P), 0);
	faults_wait();
	expect_told(r.uffd, "remove 2-4, unmap 2-4");
	expect_eq((int)race_end(&change), VMALOCK_ENOMEM);
	end_rig(&r);
}

static int drop_all(vmalock_mm *mm)
{
	return vmalock_mm_advise(mm, page(0), 8 * P, MADV_IS_DONTNEED);
}

static void madvise_tells_of_the_rest_again_where_the_mapping_was_cut_meanwhile(void)
{
	struct rig r = rig_of(CHANGES);
	struct racer change;

	race_until_it_waits(&change, r.mm, drop_all);
	expect_eq(vmalock_mm_protect(r.mm, page(4), 4 * P, RO), 0);
	read_told(r.uffd, "remove 0-8");
	read_told(r.uffd, "remove 4-8");
	expect_eq((int)race_end(&change), 0);
	expect_pages(r.mm, 0, 0, 0, 0);
	end_rig(&r);
}

static void madvise_takes_no_page_of_memory_that_was_locked_meanwhile(void)
{
	struct rig r = rig_of(CHANGES);
	struct racer change;

	race_until_it_waits(&change, r.mm, drop_all);
	expect_eq(vmalock_mm_mlock(r.mm, page(0), 8 * P, VMALOCK_MLOCK_ONFAULT), 0);
	read_told(r.uffd, "remove 0-8");
	expect_eq((int)race_end(&change), VMALOCK_EINVAL);
	expect_eq(read_byte(r.mm, 7), 1);
	end_rig(&r);
}

static void a_fork_whose_userfaultfd_is_gone_before_it_is_told_takes_it_off_too(void)
{
	expect_gone_before_it_is_told(fork_it);
	expect_gone_before_it_is_told(fork_without_waiting);
}

/* --- who brings pages -------------------------------------------------------------------------------------------------- */

static int copy_page_2(vmalock_mm *mm)
{
	(void)mm;
	return copy_pages(uffd_of_rig, 2, 1, 5, 0, 1);
}

/*
 * A page that was decided upon before the change, by one who could not know of it, must not come after it: MADV_DONTNEED takes no VMA's lock,
 * and would leave stale bytes where the next fault is to be told. ctx->changes makes the announcement wait for it.
 */
static void a_copy_that_began_before_an_advice_is_not_left_behind_it(void)
{
	struct rig r = rig_of(CHANGES);
	struct racer copy, change;

	syncpoint_arm("uffd-has-frame");
	syncpoint_arm("userfault-announces");
	race_request(&copy, r.mm, copy_page_2);
	syncpoint_wait_parked("uffd-has-frame");
	race_request(&change, r.mm, drop_two);
	syncpoint_wait_parked("userfault-announces");
	syncpoint_release("userfault-announces");
	expect_eq(vmalock_uffd_read(r.uffd, &(struct vmalock_uffd_event){ 0 }, 2000000),
		  VMALOCK_EAGAIN); /* not announced yet */
	syncpoint_release("uffd-has-frame");
	expect_eq(race_end(&copy), 0);
	read_told(r.uffd, "remove 2-4");
	expect_eq((int)race_end(&change), 0);
	faults_return();
	expect_eq(fault_at(r.mm, 2, VMALOCK_READ) & VMALOCK_FAULT_OUTCOME, USERFAULT);
	end_rig(&r);
}

static int copy_page_2_too_late(vmalock_mm *mm)
{
	(void)mm;
	return copy_pages(uffd_of_rig, 2, 1, 5, 0, 0);
}

static int move_to_page_2_too_late(vmalock_mm *mm)
{
	(void)mm;
	return vmalock_uffd_move(uffd_of_rig, page(2), page(7), P, 0, NULL);
}

static int protect_page_2_too_late(vmalock_mm *mm)
{
	(void)mm;
	return protect_pages(uffd_of_rig, 2, 1, true);
}

/* It has looked before the announcement and holds its VMA only after it: it looks again. */
static void who_comes_to_its_page_after_the_announcement_is_refused(void)
{
	static const struct {
		const char *begins;
		int (*request)(vmalock_mm *mm);
	} all[] = {
		{ "uffd-fill-begins", copy_page_2_too_late },
		{ "uffd-move-begins", move_to_page_2_too_late },
		{ "uffd-protect-begins", protect_page_2_too_late },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct rig r = rig_of(CHANGES);
		struct racer late, change;

		syncpoint_arm(all[i].begins);
		race_request(&late, r.mm, all[i].request);
		syncpoint_wait_parked(all[i].begins);
		race_until_it_waits(&change, r.mm, drop_two);
		syncpoint_release(all[i].begins);
		expect_eq((int)race_end(&late), VMALOCK_EAGAIN);
		read_told(r.uffd, "remove 2-4");
		expect_eq((int)race_end(&change), 0);
		end_rig(&r);
	}
}

/* --- everything at once ------------------------------------------------------------------------------------------------ */

#define CHANGERS 3
#define ROUNDS 200

struct crowd {
	vmalock_mm *mm;
	vmalock_uffd *uffd;
	atomic_u32 running, next;
};

/* Each in pages of its own, beside the others in the same mappings. */
static void change_on_and_on(void *arg)
{
	struct crowd *c = arg;
	uint64_t first = 2 * (uint64_t)atomic_fetch_add_relaxed(&c->next, 1), at;

	for (int round = 0; round < ROUNDS; round++) {
		expect_eq(vmalock_mm_fault(c->mm, page(first), VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME, MINOR);
		expect_eq(vmalock_mm_advise(c->mm, page(first), P, MADV_IS_DONTNEED), 0);
		expect_eq(vmalock_mm_unmap(c->mm, page(first), P), 0);
		expect_eq(vmalock_mm_remap(c->mm, page(first + 1), P, P, VMALOCK_MREMAP_MAYMOVE | VMALOCK_MREMAP_FIXED,
					   page(first), &at),
			  0);
		map_at(c->mm, first + 1, 1, RW);
		expect_eq(register_pages(c->uffd, first + 1, 1, MISSING), 0);
	}
	(void)atomic_fetch_sub_acq_rel(&c->running, 1);
}

/* As a monitor does: what cannot be brought because of a change is woken, and told again. */
static void serve(struct crowd *c, const struct vmalock_uffd_event *event)
{
	static const uint8_t bytes[P] = { 42 };

	if (event->kind != VMALOCK_UFFD_MISSING)
		return;
	if (vmalock_uffd_copy(c->uffd, event->address, bytes, P, 0, NULL))
		expect_eq(vmalock_uffd_wake(c->uffd, event->address, P), 0);
}

static void a_crowd_of_changes_all_get_on_under_every_policy(void)
{
	const char *policy;

	for (uint32_t i = 0; (policy = vmalock_policy_name(i)); i++) {
		struct crowd c = { .mm = space_of(policy) };
		struct sync_thread threads[CHANGERS];
		struct vmalock_uffd_event event;

		c.uffd = uffd_with(c.mm, CHANGES);
		map_at(c.mm, 0, 2 * CHANGERS, RW);
		expect_eq(register_pages(c.uffd, 0, 2 * CHANGERS, MISSING), 0);
		atomic_init(&c.running, CHANGERS);
		atomic_init(&c.next, 0);
		for (int t = 0; t < CHANGERS; t++)
			expect_eq(sync_thread_start(&threads[t], change_on_and_on, &c), 0);
		while (atomic_load_acquire(&c.running))
			if (vmalock_uffd_read(c.uffd, &event, 1000000) == 0)
				serve(&c, &event);
		for (int t = 0; t < CHANGERS; t++)
			sync_thread_join(&threads[t]);
		(void)stats_of(c.mm);
		vmalock_uffd_put(c.uffd);
		end_space(c.mm);
	}
}

static const struct test_case cases[] = {
	CASE(a_change_waits_until_each_of_its_events_has_been_read),
	CASE(who_waits_holds_no_lock),
	CASE(faults_are_read_before_changes_that_wait),
	CASE(who_gives_up_leaves_its_event_to_be_read),
	CASE(an_event_that_was_given_up_is_read_before_faults_that_come_later),
	CASE(who_waits_goes_on_when_the_userfaultfd_closes),
	CASE(a_userfaultfd_that_closes_before_it_is_told_is_not_waited_for),
	CASE(a_userfaultfd_that_closes_before_the_event_is_queued_is_not_waited_for),
	CASE(a_userfaultfd_that_is_gone_before_it_is_told_is_not_touched),
	CASE(a_fork_waits_until_it_has_been_read_and_the_reader_has_the_child),
	CASE(a_fork_whose_userfaultfd_closes_unread_takes_the_registration_off_its_child),
	CASE(the_registration_is_taken_off_a_child_when_its_faults_inside_are_out),
	CASE(a_fork_whose_userfaultfd_is_gone_before_it_is_told_takes_it_off_too),
	CASE(changes_are_read_in_the_order_in_which_they_were_told_whoever_waits),
	CASE(what_madvise_told_of_may_be_gone_when_it_has_been_read),
	CASE(madvise_tells_of_the_rest_again_where_the_mapping_was_cut_meanwhile),
	CASE(madvise_takes_no_page_of_memory_that_was_locked_meanwhile),
	CASE(a_copy_that_began_before_an_advice_is_not_left_behind_it),
	CASE(who_comes_to_its_page_after_the_announcement_is_refused),
	CASE(a_crowd_of_changes_all_get_on_under_every_policy),
};
TEST_MAIN(cases)
