/*
 * The host process forks while its threads are busy here: parent and child both go on working.
 *
 * ThreadSanitizer cannot follow a fork of a process with threads: those builds fork alone. AddressSanitizer's allocator
 * (gcc 12) does not let go of its locks in the child: those builds fork beside threads that allocate nothing.
 */
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "sync/rcu.h"
#include "sync/sync.h"
#include "test.h"
#include "vmalock.h"

#define LENGTH (UINT64_C(64) * VMALOCK_PAGE_SIZE)
#define FORKS 8
#define CHILD_SECONDS 30

static vmalock_mm *new_space(void)
{
	struct vmalock_options options;
	vmalock_mm *mm;

	vmalock_options_init(&options);
	options.frames = 1024;
	expect_eq(vmalock_mm_create(&options, &mm), 0);
	return mm;
}

/* Maps, writes and unmaps: takes VMAs and index nodes, and retires enough of them for many grace periods. */
static void use(vmalock_mm *mm, int rounds)
{
	for (int round = 0; round < rounds; round++) {
		uint64_t addr;

		expect_eq(vmalock_mm_map(mm, 0, LENGTH, VMALOCK_PROT_READ | VMALOCK_PROT_WRITE,
					 VMALOCK_MAP_PRIVATE | VMALOCK_MAP_ANONYMOUS, NULL, 0, &addr),
			  0);
		for (uint64_t page = 0; page < LENGTH; page += 8 * VMALOCK_PAGE_SIZE)
			expect_eq(vmalock_mm_fault(mm, addr + page, VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME,
				  VMALOCK_FAULT_MINOR);
		expect_eq(vmalock_mm_split(mm, addr + LENGTH / 2), 0);
		expect_eq(vmalock_mm_unmap(mm, addr, LENGTH), 0);
	}
}

static void use_new_space(void *unused)
{
	vmalock_mm *mm = new_space();

	(void)unused;
	use(mm, 100);
	vmalock_mm_put(mm);
}

/* What the child must be able to do: work, wait for grace periods, start threads, end. */
static _Noreturn void live_as_child(void)
{
	struct sync_thread thread;

	alarm(CHILD_SECONDS); /* a grace period that never ends would hang it */
	use_new_space(NULL);
	expect_eq(sync_thread_start(&thread, use_new_space, NULL), 0);
	sync_thread_join(&thread);
	use_new_space(NULL);
	rcu_wait_for_batches();
	/* What the vanished threads were using is lost to the child, which LeakSanitizer would tell at a proper exit. */
	if (VMALOCK_ASAN)
		_exit(0);
	exit(0);
}

static void fork_and_wait(void)
{
	int status;
	pid_t child = fork();

	expect(child >= 0);
	if (child == 0)
		live_as_child();
	expect(waitpid(child, &status, 0) == child);
	expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

#if !VMALOCK_TSAN

struct reader {
	atomic_u32 inside, leave;
};

static void stay_in_a_read_section(void *arg)
{
	struct reader *r = arg;

	rcu_read_lock();
	atomic_store_release(&r->inside, 1);
	while (!atomic_load_acquire(&r->leave))
		sync_yield();
	rcu_read_unlock();
}

static void a_reader_that_the_child_does_not_get_holds_up_nothing_there(void)
{
	struct reader reader = { 0 };
	struct sync_thread thread;

	expect_eq(sync_thread_start(&thread, stay_in_a_read_section, &reader), 0);
	while (!atomic_load_acquire(&reader.inside))
		sync_yield();
	fork_and_wait();
	atomic_store_release(&reader.leave, 1);
	sync_thread_join(&thread);
	rcu_wait_for_batches();
}

#if !VMALOCK_ASAN

static void work_until_told(void *arg)
{
	atomic_u32 *stop = arg;
	vmalock_mm *mm = new_space();

	while (!atomic_load_acquire(stop))
		use(mm, 1);
	vmalock_mm_put(mm);
}

static void a_fork_at_any_moment_leaves_both_sides_working(void)
{
	atomic_u32 stop = { 0 };
	struct sync_thread threads[2];

	for (int i = 0; i < 2; i++)
		expect_eq(sync_thread_start(&threads[i], work_until_told, &stop), 0);
	for (int n = 0; n < FORKS; n++)
		fork_and_wait();
	atomic_store_release(&stop, 1);
	for (int i = 0; i < 2; i++)
		sync_thread_join(&threads[i]);
	use_new_space(NULL);
	rcu_wait_for_batches();
}

#endif

static void note_index(void *arg)
{
	atomic_u32 *index = arg;

	atomic_store_release(index, sync_thread_index());
	while (atomic_load_acquire(index) != UINT32_MAX)
		sync_yield();
}

static void numbers_of_threads_that_the_child_does_not_get_are_free_there(void)
{
	atomic_u32 taken = { UINT32_MAX - 1 };
	struct sync_thread thread;
	uint32_t own = sync_thread_index(), other;
	int status;
	pid_t child;

	expect_eq(sync_thread_start(&thread, note_index, &taken), 0);
	while ((other = atomic_load_acquire(&taken)) == UINT32_MAX - 1)
		sync_yield();
	child = fork();
	if (child == 0) {
		atomic_u32 again = { UINT32_MAX - 1 };

		alarm(CHILD_SECONDS);
		expect_eq(sync_thread_index(), own);
		expect_eq(sync_thread_start(&thread, note_index, &again), 0);
		while (atomic_load_acquire(&again) == UINT32_MAX - 1)
			sync_yield();
		exit(atomic_load_acquire(&again) == other ? 0 : 1);
	}
	expect(waitpid(child, &status, 0) == child);
	expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	atomic_store_release(&taken, UINT32_MAX);
	sync_thread_join(&thread);
}

static const struct test_case cases[] = {
	CASE(a_reader_that_the_child_does_not_get_holds_up_nothing_there),
#if !VMALOCK_ASAN
	CASE(a_fork_at_any_moment_leaves_both_sides_working),
#endif
	CASE(numbers_of_threads_that_the_child_does_not_get_are_free_there),
};

#else

static void a_process_of_one_thread_forks(void)
{
	fork_and_wait();
}

static const struct test_case cases[] = { CASE(a_process_of_one_thread_forks) };

#endif

TEST_MAIN(cases)
