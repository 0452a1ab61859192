/* Spaces that share few frames: each takes pages from the others, while they use them, fork and end. */
#include "base/clock.h"
#include "base/random.h"
#include "fault/faulting.h"
#include "api/handle.h"
#include "pt/frame_sharers.h"
#include "support/racing.h"

#define PAGES 24u
#define FRAMES 16u
#define SLOTS 1024u
#define THREADS 3u
#define TURNS 1500u

/* All bytes of a page are the same; each space writes bytes of its own. */
struct writer {
	struct sync_thread thread;
	vmalock_mm *mm;
	uint8_t bytes[PAGES]; /* what each page has */
	uint8_t next;
	struct random random;
};

static void expect_page(vmalock_mm *mm, uint64_t n, uint8_t byte)
{
	uint8_t all[P];

	expect_eq(vmalock_mm_read(mm, page(n), all, sizeof(all), NULL), 0);
	for (size_t i = 0; i < sizeof(all); i++)
		expect_eq(all[i], byte);
}

static void write_page(struct writer *w, uint64_t n)
{
	uint8_t all[P];

	memset(all, w->next, sizeof(all));
	expect_eq(vmalock_mm_write(w->mm, page(n), all, sizeof(all), NULL), 0);
	w->bytes[n] = w->next++;
}

/* A fork shares all pages anew; what it has stays, whatever its parent writes. */
static void fork_and_write(struct writer *w)
{
	vmalock_mm *child = fork_of(w->mm);
	uint8_t before[PAGES];

	memcpy(before, w->bytes, sizeof(before));
	for (uint64_t n = 0; n < PAGES; n += 3)
		write_page(w, n);
	for (uint64_t n = 0; n < PAGES; n++)
		expect_page(child, n, before[n]);
	end_space(child);
}

static void work(void *arg)
{
	struct writer *w = arg;

	for (uint32_t turn = 0; turn < TURNS; turn++) {
		uint64_t n = random_below(&w->random, PAGES);

		if (turn % 64 == 0)
			fork_and_write(w);
		else if (turn % 3 == 0)
			write_page(w, n);
		else
			expect_page(w->mm, n, w->bytes[n]);
	}
}

/*
 * Pages that forks share leave for each of them by itself, while the others read them, and write them once they are alone. No frame is
 * ever free for long here, so that every fault takes pages from everybody.
 */
static void shared_pages_leave_one_space_after_the_other_and_nobody_reads_anothers_bytes(void)
{
	vmalock_mm *mm = space_with_swap(VMALOCK_FAULTS_LINUX_6_18, VMALOCK_BACKING_MEMORY, FRAMES, SLOTS);
	struct writer writers[THREADS] = { { .mm = mm } };

	map_at(mm, 0, PAGES, RW);
	for (uint64_t n = 0; n < PAGES; n++)
		write_page(&writers[0], n);
	for (uint32_t i = 0; i < THREADS; i++) {
		struct writer *w = &writers[i];

		*w = writers[0];
		w->mm = i ? fork_of(mm) : mm;
		w->next = (uint8_t)(80 * i + 1);
		w->random = (struct random){ i + 1 };
	}
	for (uint32_t i = 0; i < THREADS; i++)
		expect_eq(sync_thread_start(&writers[i].thread, work, &writers[i]), 0);
	for (uint32_t i = 0; i < THREADS; i++)
		sync_thread_join(&writers[i].thread);
	for (uint32_t i = 0; i < THREADS; i++) {
		expect_valid(writers[i].mm);
		expect(stats_of(writers[i].mm).major_faults > TURNS / 10);
	}
	for (uint32_t i = THREADS; i-- > 0;)
		end_space(writers[i].mm);
}

static int end_it(vmalock_mm *mm)
{
	end_space(mm);
	return 0;
}

/* All frames are with a child, which stands at @point of its end. */
static vmalock_mm *space_whose_child_ends(struct racer *ending, const char *point)
{
	vmalock_mm *mm = space_with(VMALOCK_FAULTS_LINUX_6_18, VMALOCK_BACKING_MEMORY, 4);
	vmalock_mm *child;

	map_at(mm, 0, 4, RW);
	child = fork_of(mm);
	for (uint64_t n = 0; n < 4; n++)
		write_byte(child, n, 1);
	expect_eq(fault_at(mm, 0, VMALOCK_WRITE), VMALOCK_FAULT_OOM);
	syncpoint_arm(point);
	race_request(ending, child, end_it);
	syncpoint_wait_parked(point);
	return mm;
}

/* Nobody can take the child's frames from it any more, and they are not free yet. */
static void expect_fault_waits(const char *point)
{
	struct racer ending, fault;
	vmalock_mm *mm = space_whose_child_ends(&ending, point);

	syncpoint_arm("reclaim-waits");
	race_fault(&fault, mm, page(0), VMALOCK_WRITE);
	expect_parked(&fault, "reclaim-waits");
	syncpoint_release(point);
	race_end(&ending);
	syncpoint_release("reclaim-waits");
	expect_eq(race_end(&fault) & VMALOCK_FAULT_OUTCOME, MINOR);
	expect_valid(mm);
	end_space(mm);
}

static void a_fault_waits_for_the_frames_of_a_space_that_is_ending(void)
{
	expect_fault_waits("space-ends"); /* in the pool's list still, but nobody can hold it */
	expect_fault_waits("mm-left-pool");
}

/* An end that takes its time, as one may whose observers do: the fault tries again, and then gives up. */
static void a_fault_does_not_wait_for_ever(void)
{
	struct racer ending;
	vmalock_mm *mm = space_whose_child_ends(&ending, "mm-left-pool");
	uint64_t began = clock_now_ns();

	expect_eq(fault_at(mm, 0, VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_OOM);
	expect(clock_now_ns() - began >= UINT64_C(1000000000)); /* each time it slept */
	syncpoint_release("mm-left-pool");
	race_end(&ending);
	end_space(mm);
}

static int unmap_first(vmalock_mm *mm)
{
	return vmalock_mm_unmap(mm, page(0), 4 * P);
}

/* They are in no mapping any more, and not yet free. */
static void a_fault_waits_for_the_frames_that_munmap_is_freeing(void)
{
	vmalock_mm *mm = space_with(VMALOCK_FAULTS_LINUX_6_18, VMALOCK_BACKING_MEMORY, 4);
	struct racer unmap, fault;

	map_at(mm, 0, 4, RW);
	map_at(mm, 6, 2, RW);
	for (uint64_t n = 0; n < 4; n++)
		write_byte(mm, n, 1);
	syncpoint_arm("unmap-pages");
	race_request(&unmap, mm, unmap_first);
	syncpoint_wait_parked("unmap-pages");
	syncpoint_arm("mmap-lock-gate-waits");
	race_fault(&fault, mm, page(6), VMALOCK_WRITE);
	expect_parked(&fault, "mmap-lock-gate-waits");
	syncpoint_release("unmap-pages");
	expect_eq((int)race_end(&unmap), 0);
	syncpoint_release("mmap-lock-gate-waits");
	expect_eq(race_end(&fault) & VMALOCK_FAULT_OUTCOME, MINOR);
	end_space(mm);
}

/* The parent is freeing them, two children want some at once, and go through the spaces of the pool beside each other. */
static void faults_of_all_spaces_wait_for_the_one_that_is_freeing(void)
{
	vmalock_mm *mm = space_with(VMALOCK_FAULTS_LINUX_6_18, VMALOCK_BACKING_MEMORY, 4);
	vmalock_mm *children[2];
	struct racer unmap, faults[2];

	map_at(mm, 0, 4, RW);
	map_at(mm, 6, 2, RW);
	for (int i = 0; i < 2; i++)
		children[i] = fork_of(mm);
	for (uint64_t n = 0; n < 4; n++)
		write_byte(mm, n, 1);
	syncpoint_arm("unmap-pages");
	race_request(&unmap, mm, unmap_first);
	syncpoint_wait_parked("unmap-pages");
	for (int i = 0; i < 2; i++)
		race_fault(&faults[i], children[i], page(6), VMALOCK_WRITE);
	for (int i = 0; i < 1000; i++)
		sync_yield(); /* neither must get on: nothing to wait for but time */
	for (int i = 0; i < 2; i++)
		expect(!atomic_load_acquire(&faults[i].done));
	syncpoint_release("unmap-pages");
	expect_eq((int)race_end(&unmap), 0);
	for (int i = 0; i < 2; i++) {
		expect_eq(race_end(&faults[i]) & VMALOCK_FAULT_OUTCOME, MINOR);
		end_space(children[i]);
	}
	end_space(mm);
}

/* The last frame is in hand of a fault on the same page: who comes second finds no frame, and in a moment needs none. */
static void a_fault_waits_for_another_that_brings_its_page(void)
{
	vmalock_mm *mm = space_with(VMALOCK_FAULTS_LINUX_6_18, VMALOCK_BACKING_MEMORY, 2);
	struct racer first, second;

	map_at(mm, 0, 2, RW);
	write_byte(mm, 0, 1);
	syncpoint_arm("fault-took-frame");
	race_fault(&first, mm, page(1), VMALOCK_WRITE);
	syncpoint_wait_parked("fault-took-frame");
	syncpoint_arm("vma-write-waits");
	race_fault(&second, mm, page(1), VMALOCK_WRITE);
	expect_parked(&second, "vma-write-waits");
	syncpoint_release("fault-took-frame");
	expect_eq(race_end(&first) & VMALOCK_FAULT_OUTCOME, MINOR);
	syncpoint_release("vma-write-waits");
	expect_eq(race_end(&second) & VMALOCK_FAULT_OUTCOME, MINOR);
	end_space(mm);
}

/* --- which spaces are looked into ------------------------------------------------------------------------------------ */

static uint32_t sharers_of(vmalock_mm *mm)
{
	struct frame_sharers *sharers = frames_sharers(mm_of(mm)->pt.frames);
	uint32_t count;

	spinlock_lock(&sharers->lock, RANK_SHARERS);
	count = sharers->count;
	spinlock_unlock(&sharers->lock, RANK_SHARERS);
	return count;
}

static vmalock_mm *child;

static int fork_it(vmalock_mm *mm)
{
	child = fork_of(mm);
	return 0;
}

static int put_child(vmalock_mm *mm)
{
	(void)mm;
	vmalock_mm_put(child);
	return 0;
}

static vmalock_mm *small_space(void)
{
	vmalock_mm *mm = space_with_swap(VMALOCK_FAULTS_LINUX_6_18, VMALOCK_BACKING_MEMORY, 4, 32);

	map_at(mm, 0, 8, RW);
	write_byte(mm, 0, 1);
	return mm;
}

/* Half made it would be looked into: its lock has another rank yet, and its tables are being filled. */
static void a_child_is_looked_into_when_it_is_whole(void)
{
	vmalock_mm *mm = small_space();
	struct racer fork;

	syncpoint_arm("fork-copies-pages");
	race_request(&fork, mm, fork_it);
	syncpoint_wait_parked("fork-copies-pages");
	expect_eq(sharers_of(mm), 1);
	syncpoint_release("fork-copies-pages");
	expect_eq(race_end(&fork), 0);
	expect_eq(sharers_of(mm), 2);
	end_space(child);
	expect_eq(sharers_of(mm), 1);
	end_space(mm);
}

/* Its last reference has gone, and it is still in the list: who looks for frames must not bring it back to life. */
static void a_space_that_is_about_to_end_is_passed_over(void)
{
	vmalock_mm *mm = small_space();
	struct racer put;

	expect_eq(fork_it(mm), 0);
	syncpoint_arm("space-ends");
	race_request(&put, mm, put_child);
	syncpoint_wait_parked("space-ends");
	for (uint64_t n = 0; n < 8; n++)
		write_byte(mm, n, (uint8_t)(n + 1)); /* more than there are frames */
	syncpoint_release("space-ends");
	expect_eq(race_end(&put), 0);
	for (uint64_t n = 0; n < 8; n++)
		expect_eq(read_byte(mm, n), n + 1);
	end_space(mm);
}

static const struct test_case cases[] = {
	CASE(a_fault_waits_for_the_frames_of_a_space_that_is_ending),
	CASE(a_fault_does_not_wait_for_ever),
	CASE(a_fault_waits_for_the_frames_that_munmap_is_freeing),
	CASE(faults_of_all_spaces_wait_for_the_one_that_is_freeing),
	CASE(a_fault_waits_for_another_that_brings_its_page),
	CASE(a_child_is_looked_into_when_it_is_whole),
	CASE(a_space_that_is_about_to_end_is_passed_over),
	CASE(shared_pages_leave_one_space_after_the_other_and_nobody_reads_anothers_bytes),
};
TEST_MAIN(cases)
