/* Faults that wait for a userfaultfd, against those who resolve, unregister and close. No wake-up is lost. */
#include "api/handle.h"
#include "pt/pte.h"
#include "support/resolving.h"

static vmalock_uffd *uffd_for_requests; /* of the one test that runs */

static struct rig rig_in(enum vmalock_faults era)
{
	struct rig r = { .mm = space_with(era, VMALOCK_BACKING_MEMORY, 64) };

	r.uffd = uffd_for_requests = uffd_with(r.mm, 0);
	map_at(r.mm, 0, 4, RW);
	write_byte(r.mm, 3, 1);
	expect_eq(register_pages(r.uffd, 0, 3, MISSING | WP), 0);
	return r;
}

/* Until the fault stands in the queue: reading its event says so. */
static void wait_for_event(vmalock_uffd *uffd, uint64_t n)
{
	struct vmalock_uffd_event event;

	expect_eq(vmalock_uffd_read(uffd, &event, VMALOCK_FOREVER), 0);
	expect_eq(event.address, page(n));
}

static void a_fault_waits_until_its_page_is_copied(void)
{
	struct rig r = rig_in(VMALOCK_FAULTS_LINUX_6_18);
	struct racer fault;

	race_fault(&fault, r.mm, page(1), VMALOCK_WRITE);
	wait_for_event(r.uffd, 1);
	expect(!atomic_load_acquire(&fault.done));
	expect_eq(copy_pages(r.uffd, 1, 1, 0x77, 0, 1), 0);
	expect_eq(race_end(&fault) & VMALOCK_FAULT_OUTCOME, MINOR);
	expect_eq(read_byte(r.mm, 1), 0x77);
	end_rig(&r);
}

static void a_page_that_comes_before_the_fault_is_queued_is_not_waited_for(void)
{
	struct rig r = rig_in(VMALOCK_FAULTS_LINUX_6_18);
	struct racer fault;

	syncpoint_arm("userfault-queues"); /* decided, and not yet in the queue: the wake-up of the copy finds nobody */
	race_fault(&fault, r.mm, page(1), VMALOCK_READ);
	syncpoint_wait_parked("userfault-queues");
	expect_eq(copy_pages(r.uffd, 1, 1, 5, 0, 1), 0);
	syncpoint_release("userfault-queues");
	expect_eq(race_end(&fault) & VMALOCK_FAULT_OUTCOME, MINOR);
	end_rig(&r);
}

static void a_page_that_comes_before_the_fault_sleeps_wakes_it(void)
{
	struct rig r = rig_in(VMALOCK_FAULTS_LINUX_6_18);
	struct racer fault;

	syncpoint_arm("userfault-waits");
	race_fault(&fault, r.mm, page(1), VMALOCK_READ);
	syncpoint_wait_parked("userfault-waits");
	expect_eq(copy_pages(r.uffd, 1, 1, 5, 0, 1), 0);
	syncpoint_release("userfault-waits");
	expect_eq(race_end(&fault) & VMALOCK_FAULT_OUTCOME, MINOR);
	expect_eq(stats_of(r.mm).retry_userfault, 1); /* it let go of its VMA to wait */
	end_rig(&r);
}

static void a_copy_without_wake_leaves_the_fault_to_a_wake_of_its_own(void)
{
	struct rig r = rig_in(VMALOCK_FAULTS_LINUX_6_18);
	struct racer fault;

	syncpoint_arm("userfault-waits"); /* past its second look, which would see the page */
	race_fault(&fault, r.mm, page(1), VMALOCK_READ);
	syncpoint_wait_parked("userfault-waits");
	wait_for_event(r.uffd, 1);
	expect_eq(copy_pages(r.uffd, 1, 1, 5, VMALOCK_UFFD_COPY_DONTWAKE, 1), 0);
	syncpoint_release("userfault-waits");
	sync_sleep_ns(2000000);
	expect(!atomic_load_acquire(&fault.done));
	expect_eq(vmalock_uffd_wake(r.uffd, page(2), P), 0);
	sync_sleep_ns(2000000);
	expect(!atomic_load_acquire(&fault.done));
	expect_eq(vmalock_uffd_wake(r.uffd, page(1), P), 0);
	expect_eq(race_end(&fault) & VMALOCK_FAULT_OUTCOME, MINOR);
	end_rig(&r);
}

static void a_wake_without_a_page_makes_a_new_event(void)
{
	struct rig r = rig_in(VMALOCK_FAULTS_LINUX_6_18);
	struct racer fault;

	race_fault(&fault, r.mm, page(1), VMALOCK_READ);
	for (int turn = 0; turn < 3; turn++) {
		wait_for_event(r.uffd, 1);
		expect_eq(vmalock_uffd_wake(r.uffd, page(1), P), 0);
	}
	wait_for_event(r.uffd, 1);
	expect_eq(vmalock_uffd_zeropage(r.uffd, page(1), P, 0, NULL), 0);
	expect_eq(race_end(&fault) & VMALOCK_FAULT_OUTCOME, MINOR);
	expect_eq(stats_of(r.mm).userfaults, 4);
	end_rig(&r);
}

static void many_faults_on_one_page_are_woken_by_one_copy(void)
{
	struct rig r = rig_in(VMALOCK_FAULTS_LINUX_6_18);
	struct racer faults[5];

	for (int i = 0; i < 5; i++)
		race_fault(&faults[i], r.mm, page(1), i % 2 ? VMALOCK_READ : VMALOCK_WRITE);
	for (int i = 0; i < 5; i++)
		wait_for_event(r.uffd, 1);
	expect_eq(copy_pages(r.uffd, 1, 1, 5, 0, 1), 0);
	for (int i = 0; i < 5; i++)
		expect_eq(race_end(&faults[i]) & VMALOCK_FAULT_OUTCOME, MINOR);
	end_rig(&r);
}

static void a_write_waits_until_protection_is_lifted(void)
{
	struct rig r = rig_in(VMALOCK_FAULTS_LINUX_6_18);
	struct racer fault;

	expect_eq(copy_pages(r.uffd, 1, 1, 5, VMALOCK_UFFD_COPY_WP, 1), 0);
	race_fault(&fault, r.mm, page(1), VMALOCK_WRITE);
	wait_for_event(r.uffd, 1);
	expect_eq(protect_pages(r.uffd, 1, 1, false), 0);
	expect_eq(race_end(&fault) & VMALOCK_FAULT_OUTCOME, MINOR);
	end_rig(&r);
}

/* Memory that is to have a huge page: the fault is told before there is a table. */
static void a_fault_where_a_huge_page_could_come_waits_and_is_woken_all_the_same(const char *parked)
{
	struct vmalock_options options;
	struct rig r;
	struct racer fault;
	uint64_t at;

	vmalock_options_init(&options);
	options.thp = VMALOCK_THP_ALWAYS;
	options.frames = 2048;
	expect_eq(vmalock_mm_create(&options, &r.mm), 0);
	r.uffd = uffd_with(r.mm, 0);
	expect_eq(vmalock_mm_map(r.mm, page(0), 512 * P, RW, FIXED_ANON, NULL, 0, &at), 0);
	expect_eq(register_pages(r.uffd, 0, 512, MISSING), 0);
	syncpoint_arm(parked);
	race_fault(&fault, r.mm, page(7), VMALOCK_WRITE);
	syncpoint_wait_parked(parked);
	expect_eq(copy_pages(r.uffd, 7, 1, 5, 0, 1), 0);
	syncpoint_release(parked);
	expect_eq(race_end(&fault) & VMALOCK_FAULT_OUTCOME, MINOR);
	expect_eq(read_byte(r.mm, 7), 5);
	expect_pages(r.mm, 1, 0, 0, 1);
	end_rig(&r);
}

static void a_page_that_comes_before_a_fault_without_a_table_is_queued_is_not_waited_for(void)
{
	a_fault_where_a_huge_page_could_come_waits_and_is_woken_all_the_same("userfault-queues");
}

static void a_page_that_comes_before_a_fault_without_a_table_sleeps_wakes_it(void)
{
	a_fault_where_a_huge_page_could_come_waits_and_is_woken_all_the_same("userfault-waits");
}

/* --- unregister and close --------------------------------------------------------------------------------------------- */

static int unregister_all(vmalock_mm *mm)
{
	(void)mm;
	return unregister_pages(uffd_for_requests, 0, 3);
}

static int close_it(vmalock_mm *mm)
{
	(void)mm;
	vmalock_uffd_close(uffd_for_requests);
	return 0;
}

static int register_more(vmalock_mm *mm)
{
	(void)mm;
	return register_pages(uffd_for_requests, 0, 4, WP);
}

static void a_fault_that_waits_goes_on_after(int (*request)(vmalock_mm *mm))
{
	struct rig r = rig_in(VMALOCK_FAULTS_LINUX_6_18);
	struct racer fault, change;

	race_fault(&fault, r.mm, page(1), VMALOCK_WRITE);
	wait_for_event(r.uffd, 1);
	race_request(&change, r.mm, request);
	expect_eq(race_end(&change), 0);
	expect_eq(race_end(&fault) & VMALOCK_FAULT_OUTCOME, MINOR);
	expect_eq(read_byte(r.mm, 1), 0);
	end_rig(&r);
}

static void a_fault_that_waits_goes_on_after_unregister(void)
{
	a_fault_that_waits_goes_on_after(unregister_all);
}

static void a_fault_that_waits_goes_on_after_close(void)
{
	a_fault_that_waits_goes_on_after(close_it);
}

/*
 * The fault is inside the VMA and has decided, but does not stand in the queue: the request must wait for it, and only then wake those
 * in the queue, for nobody else ever will.
 */
static void a_fault_on_its_way_into_the_queue_is_woken_by(int (*request)(vmalock_mm *mm))
{
	struct rig r = rig_in(VMALOCK_FAULTS_LINUX_6_18);
	struct racer fault, change;

	write_byte(r.mm, 3, 1);
	expect_eq(copy_pages(r.uffd, 0, 1, 1, 0, 1), 0); /* an anon: the fault stays under the VMA's lock */
	syncpoint_arm("userfault-queues");
	syncpoint_arm("vma-write-waits");
	race_fault(&fault, r.mm, page(1), VMALOCK_WRITE);
	syncpoint_wait_parked("userfault-queues");
	race_request(&change, r.mm, request);
	expect_parked(&change, "vma-write-waits");
	syncpoint_release("vma-write-waits");
	syncpoint_release("userfault-queues");
	expect_eq(race_end(&change), 0);
	expect_eq(race_end(&fault) & VMALOCK_FAULT_OUTCOME, MINOR);
	end_rig(&r);
}

static void a_fault_on_its_way_into_the_queue_is_woken_by_unregister(void)
{
	a_fault_on_its_way_into_the_queue_is_woken_by(unregister_all);
}

static void a_fault_on_its_way_into_the_queue_is_woken_by_close(void)
{
	a_fault_on_its_way_into_the_queue_is_woken_by(close_it);
}

static bool is_protected(vmalock_mm *mm, uint64_t n)
{
	struct pt_slot slot;

	return pt_slot_find(&mm_of(mm)->pt, page(n), &slot) && (atomic_load_relaxed(slot.entry) & PTE_UFFD_WP);
}

/* No entry is touched before the faults inside are out. */
static void protection_stays_until_the_fault_inside_is_out(int (*request)(vmalock_mm *mm))
{
	struct rig r = rig_in(VMALOCK_FAULTS_LINUX_6_18);
	struct racer fault, change;

	expect_eq(copy_pages(r.uffd, 0, 1, 1, VMALOCK_UFFD_COPY_WP, 1), 0);
	syncpoint_arm("fault-vma-locked");
	syncpoint_arm("vma-write-waits");
	race_fault(&fault, r.mm, page(0), VMALOCK_READ);
	syncpoint_wait_parked("fault-vma-locked");
	race_request(&change, r.mm, request);
	expect_parked(&change, "vma-write-waits");
	expect(is_protected(r.mm, 0));
	syncpoint_release("fault-vma-locked");
	expect_eq(race_end(&fault) & VMALOCK_FAULT_VMA_LOCK, VMALOCK_FAULT_VMA_LOCK);
	syncpoint_release("vma-write-waits");
	expect_eq(race_end(&change), 0);
	expect(!is_protected(r.mm, 0));
	end_rig(&r);
}

static void unregister_leaves_protection_until_the_fault_inside_is_out(void)
{
	protection_stays_until_the_fault_inside_is_out(unregister_all);
}

static void close_leaves_protection_until_the_fault_inside_is_out(void)
{
	protection_stays_until_the_fault_inside_is_out(close_it);
}

static void registering_waits_for_a_fault_inside_the_vma(void)
{
	struct rig r = rig_in(VMALOCK_FAULTS_LINUX_6_18);
	struct racer fault, change;

	expect_eq(unregister_pages(r.uffd, 0, 3), 0);
	syncpoint_arm("fault-vma-locked");
	syncpoint_arm("vma-write-waits");
	race_fault(&fault, r.mm, page(1), VMALOCK_WRITE);
	syncpoint_wait_parked("fault-vma-locked");
	race_request(&change, r.mm, register_more);
	expect_parked(&change, "vma-write-waits");
	syncpoint_release("fault-vma-locked");
	expect_eq(race_end(&fault) & VMALOCK_FAULT_VMA_LOCK, VMALOCK_FAULT_VMA_LOCK);
	syncpoint_release("vma-write-waits");
	expect_eq(race_end(&change), 0);
	end_rig(&r);
}

static void a_mapping_that_goes_leaves_the_fault_to_a_wake(void)
{
	struct rig r = rig_in(VMALOCK_FAULTS_LINUX_6_18);
	struct racer fault;

	race_fault(&fault, r.mm, page(1), VMALOCK_WRITE);
	wait_for_event(r.uffd, 1);
	expect_eq(vmalock_mm_unmap(r.mm, page(0), 4 * P), 0); /* a fault that waits holds nothing */
	expect_eq(vmalock_uffd_wake(r.uffd, page(1), P), 0);
	expect_eq(race_end(&fault), VMALOCK_FAULT_SIGSEGV_MAPERR);
	end_rig(&r);
}

/* --- which lock serves it ---------------------------------------------------------------------------------------------- */

/* docs/races.md, F14: an era whose faults cannot let go of the VMA's lock goes the long way. */
static void eras_before_6_6_hand_over_under_mmap_lock_and_later_ones_under_the_vma_lock(void)
{
	for (int era = VMALOCK_FAULTS_RFC; era <= VMALOCK_FAULTS_LINUX_6_18; era++) {
		struct rig r = rig_in((enum vmalock_faults)era);
		bool fast = era >= VMALOCK_FAULTS_LINUX_6_6;
		uint32_t result;

		expect_eq(copy_pages(r.uffd, 0, 1, 1, 0, 1), 0); /* an anon */
		faults_return();
		result = vmalock_mm_fault(r.mm, page(1), VMALOCK_WRITE);
		faults_wait();
		expect_eq(result & VMALOCK_FAULT_OUTCOME, USERFAULT);
		expect_eq(result & VMALOCK_FAULT_VMA_LOCK, fast ? VMALOCK_FAULT_VMA_LOCK : 0);
		expect_eq(stats_of(r.mm).retry_userfault, fast ? 0 : era == VMALOCK_FAULTS_RFC);
		end_rig(&r);
	}
}

/* --- who gives up ------------------------------------------------------------------------------------------------------ */

static int count_down(void *arg)
{
	int *left = arg;

	return --*left > 0;
}

static void a_thread_may_be_told_to_wait_no_longer(void)
{
	struct rig r = rig_in(VMALOCK_FAULTS_LINUX_6_18);
	int left = 2;

	vmalock_thread_userfaults(VMALOCK_USERFAULTS_WAIT, count_down, &left);
	expect_eq(vmalock_mm_fault(r.mm, page(1), VMALOCK_READ) & VMALOCK_FAULT_OUTCOME, USERFAULT);
	expect_eq(left, 0);
	faults_wait();
	expect_no_event(r.uffd);
	end_rig(&r);
}

/* --- readers ----------------------------------------------------------------------------------------------------------- */

static int read_one(vmalock_mm *mm)
{
	struct vmalock_uffd_event event;

	(void)mm;
	return vmalock_uffd_read(uffd_for_requests, &event, VMALOCK_FOREVER);
}

static void a_reader_between_its_look_and_its_sleep_misses_no_event(void)
{
	struct rig r = rig_in(VMALOCK_FAULTS_LINUX_6_18);
	struct racer reader;

	syncpoint_arm("userfault-reader-sleeps");
	race_request(&reader, r.mm, read_one);
	syncpoint_wait_parked("userfault-reader-sleeps");
	faults_return();
	expect_eq(fault_at(r.mm, 1, VMALOCK_READ), USERFAULT);
	faults_wait();
	syncpoint_release("userfault-reader-sleeps");
	expect_eq(race_end(&reader), 0);
	end_rig(&r);
}

static void a_reader_ends_with_the_close(void)
{
	struct rig r = rig_in(VMALOCK_FAULTS_LINUX_6_18);
	struct racer reader;

	race_request(&reader, r.mm, read_one);
	sync_sleep_ns(2000000);
	vmalock_uffd_close(r.uffd);
	expect_eq((int)race_end(&reader), VMALOCK_EBADF);
	end_rig(&r);
}

static void a_reader_comes_back_when_its_time_is_over(void)
{
	struct rig r = rig_in(VMALOCK_FAULTS_LINUX_6_18);
	struct vmalock_uffd_event event;

	expect_eq(vmalock_uffd_read(r.uffd, &event, 1000000), VMALOCK_EAGAIN);
	end_rig(&r);
}

/* --- everything at once ------------------------------------------------------------------------------------------------ */

#define FAULTERS 4
#define ROUNDS 300

struct crowd {
	vmalock_mm *mm;
	vmalock_uffd *uffd;
	atomic_u32 running;
};

static void fault_on_and_on(void *arg)
{
	struct crowd *c = arg;

	for (int round = 0; round < ROUNDS; round++) {
		uint64_t n = (uint64_t)round % 3;

		expect_eq(vmalock_mm_fault(c->mm, page(n), round % 2 ? VMALOCK_WRITE : VMALOCK_READ) &
				  VMALOCK_FAULT_OUTCOME,
			  MINOR);
		if (round % 5 == 0)
			drop_pages(c->mm, n, 1);
	}
	(void)atomic_fetch_sub_acq_rel(&c->running, 1);
}

static void resolve_one(struct crowd *c, const struct vmalock_uffd_event *event, uint32_t turn)
{
	static const uint8_t bytes[P] = { 42 };
	uint64_t mode = turn % 3 ? 0 : VMALOCK_UFFD_COPY_WP;
	int err;

	if (event->kind == VMALOCK_UFFD_WP)
		err = vmalock_uffd_writeprotect(c->uffd, event->address, P, 0);
	else
		err = vmalock_uffd_copy(c->uffd, event->address, bytes, P, mode, NULL);
	expect(!err || err == VMALOCK_EEXIST);
	if (err) /* somebody else's page: the faults that came after it still wait */
		expect_eq(vmalock_uffd_wake(c->uffd, event->address, P), 0);
}

static void a_crowd_of_faults_all_get_on_under_every_policy(void)
{
	const char *policy;

	for (uint32_t i = 0; (policy = vmalock_policy_name(i)); i++) {
		struct crowd c = { .mm = space_of(policy) };
		struct sync_thread threads[FAULTERS];
		struct vmalock_uffd_event event;
		uint32_t turn = 0;

		c.uffd = uffd_with(c.mm, 0);
		map_at(c.mm, 0, 3, RW);
		expect_eq(register_pages(c.uffd, 0, 3, MISSING | WP), 0);
		atomic_init(&c.running, FAULTERS);
		for (int t = 0; t < FAULTERS; t++)
			expect_eq(sync_thread_start(&threads[t], fault_on_and_on, &c), 0);
		while (atomic_load_acquire(&c.running))
			if (vmalock_uffd_read(c.uffd, &event, 1000000) == 0)
				resolve_one(&c, &event, turn++);
		for (int t = 0; t < FAULTERS; t++)
			sync_thread_join(&threads[t]);
		(void)stats_of(c.mm);
		vmalock_uffd_put(c.uffd);
		end_space(c.mm);
	}
}

static const struct test_case cases[] = {
	CASE(a_fault_waits_until_its_page_is_copied),
	CASE(a_page_that_comes_before_the_fault_is_queued_is_not_waited_for),
	CASE(a_page_that_comes_before_the_fault_sleeps_wakes_it),
	CASE(a_copy_without_wake_leaves_the_fault_to_a_wake_of_its_own),
	CASE(a_wake_without_a_page_makes_a_new_event),
	CASE(many_faults_on_one_page_are_woken_by_one_copy),
	CASE(a_write_waits_until_protection_is_lifted),
	CASE(a_page_that_comes_before_a_fault_without_a_table_is_queued_is_not_waited_for),
	CASE(a_page_that_comes_before_a_fault_without_a_table_sleeps_wakes_it),
	CASE(a_fault_that_waits_goes_on_after_unregister),
	CASE(a_fault_that_waits_goes_on_after_close),
	CASE(a_fault_on_its_way_into_the_queue_is_woken_by_unregister),
	CASE(a_fault_on_its_way_into_the_queue_is_woken_by_close),
	CASE(unregister_leaves_protection_until_the_fault_inside_is_out),
	CASE(close_leaves_protection_until_the_fault_inside_is_out),
	CASE(registering_waits_for_a_fault_inside_the_vma),
	CASE(a_mapping_that_goes_leaves_the_fault_to_a_wake),
	CASE(eras_before_6_6_hand_over_under_mmap_lock_and_later_ones_under_the_vma_lock),
	CASE(a_thread_may_be_told_to_wait_no_longer),
	CASE(a_reader_between_its_look_and_its_sleep_misses_no_event),
	CASE(a_reader_ends_with_the_close),
	CASE(a_reader_comes_back_when_its_time_is_over),
	CASE(a_crowd_of_faults_all_get_on_under_every_policy),
};
TEST_MAIN(cases)
