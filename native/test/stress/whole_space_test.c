/*
 * What concerns a space as a whole, on many threads at once: the heap, a stack that grows, mlockall, limits, policies of the task,
 * khugepaged, observers that come and go, the texts and counts of /proc; forks that end while a reaper is at work; a userfaultfd of whose
 * faults and changes a monitor reads; a file that is mapped, written and synced. Under every policy; then the validators, the bytes and
 * the identity of the counters.
 *
 * Each thread has private pages and one page of the file, whose bytes it knows. Beside them all threads use a heap, a stack, a huge range
 * and a registered range as they like.
 */
#include <stdlib.h>

#include "../fault/faulting.h"
#include "base/bits.h"
#include "base/random.h"
#include "ops/advise.h"
#include "support/policies.h"
#include "support/racing.h"

#define THREADS 4
#define ROUNDS 8000
#define OWN_PAGES 8
#define AREA_PAGES 16
#define MIB2 (UINT64_C(512) * P)
#define TEXT_BYTES (UINT64_C(1) << 20)

#define HEAP (BASE + 32 * MIB2)
#define HUGE_AREA (BASE + 64 * MIB2)
#define FILE_AREA (BASE + 80 * MIB2)
#define TOLD_AREA (BASE + 90 * MIB2)
#define STACK_TOP                                                                                                       \
	(BASE -                                                                                                         \
	 MIB2) /* below everything: without a limit it would grow down to wherever else a thread touches nothing */

struct world {
	vmalock_mm *mm;
	vmalock_file *file;
	vmalock_uffd *uffd;
	atomic_u32 *told; /* events that the monitor has read */
};

struct worker {
	struct sync_thread thread;
	const struct world *world;
	uint32_t index;
	uint64_t start;
	struct random random;
	uint8_t bytes[OWN_PAGES];
	uint8_t file_byte;
	char *text;
};

static uint64_t one_of(struct worker *w, uint64_t count)
{
	return random_below(&w->random, count);
}

static enum vmalock_access any_access(struct worker *w)
{
	return (enum vmalock_access)one_of(w, 2);
}

/* --- what each thread knows ------------------------------------------------------------------------------------------- */

static void use_own(struct worker *w)
{
	vmalock_mm *mm = w->world->mm;
	uint64_t n = one_of(w, OWN_PAGES), at = w->start + n * P;
	struct vmalock_range range = { at, P };
	uint8_t byte = 0;

	switch (one_of(w, 4)) {
	case 0:
		w->bytes[n] = (uint8_t)random_next(&w->random);
		expect_eq(vmalock_mm_write(mm, at, &w->bytes[n], 1, NULL), 0);
		break;
	case 1: /* refused while another thread has it locked, or has taken the right to it */
		if (vmalock_mm_process_madvise(mm, &range, 1, MADV_IS_PAGEOUT, 0, 1) != P)
			expect_eq((uint64_t)vmalock_mm_process_madvise(mm, &range, 1, MADV_IS_WILLNEED, 0, 0), P);
		break;
	case 2:
		expect_eq(vmalock_mm_pkey_protect(mm, at, P, RW, -1), 0);
		break;
	default:
		expect_eq(vmalock_mm_read(mm, at, &byte, 1, NULL), 0);
		expect_eq(byte, w->bytes[n]);
	}
}

/* Through the mapping, or past it: it is one page. */
static void use_file(struct worker *w)
{
	vmalock_mm *mm = w->world->mm;
	vmalock_file *file = w->world->file;
	uint64_t offset = w->index * P, at = FILE_AREA + offset, dirty[THREADS];
	uint8_t byte = 0;

	switch (one_of(w, 5)) {
	case 0:
		w->file_byte++;
		expect_eq(vmalock_mm_write(mm, at, &w->file_byte, 1, NULL), 0);
		expect(vmalock_file_dirty_pages(file, w->index, dirty, 1) <= 1);
		break;
	case 1:
		w->file_byte++;
		expect_eq(vmalock_file_write(file, offset, &w->file_byte, 1), 0);
		break;
	case 2:
		expect(vmalock_file_sync(file, 0, UINT64_MAX) <= THREADS);
		break;
	case 3:
		expect_eq(vmalock_file_read(file, offset, &byte, 1), 1);
		expect_eq(byte, w->file_byte);
		break;
	default:
		expect_eq(vmalock_mm_read(mm, at, &byte, 1, NULL), 0);
		expect_eq(byte, w->file_byte);
	}
}

/* --- what all of them do, with any answer ---------------------------------------------------------------------------- */

static void move_break(struct worker *w)
{
	vmalock_mm *mm = w->world->mm;
	uint64_t end = vmalock_mm_brk(mm, HEAP + one_of(w, 64) * P + one_of(w, 2));

	expect(end >= HEAP && end < HEAP + 65 * P);
	for (uint64_t i = 0; i < 8; i++)
		(void)vmalock_mm_fault(mm, HEAP + one_of(w, 64) * P, any_access(w));
}

static void grow_stack(struct worker *w)
{
	const uint32_t type = VMALOCK_MAP_PRIVATE | VMALOCK_MAP_ANONYMOUS | VMALOCK_MAP_FIXED | VMALOCK_MAP_GROWSDOWN;
	vmalock_mm *mm = w->world->mm;
	uint64_t out, at = STACK_TOP - (1 + one_of(w, 64)) * P;
	int ignored;

	if (one_of(w, 8) == 0)
		ignored = vmalock_mm_unmap(mm, at, STACK_TOP - at);
	if (one_of(w, 8) == 0)
		ignored = vmalock_mm_map(mm, STACK_TOP - 2 * P, 2 * P, RW, type, NULL, 0, &out);
	(void)vmalock_mm_fault(mm, at, any_access(w));
	(void)vmalock_mm_fault_arch(mm, VMALOCK_ARCH_X86, at, 6 /* a user's write */);
	(void)ignored;
}

static void lock_all(struct worker *w)
{
	int ignored = vmalock_mm_mlockall(w->world->mm, (uint32_t)(1 + one_of(w, 7)));

	if (one_of(w, 2))
		ignored = vmalock_mm_munlockall(w->world->mm);
	(void)ignored;
}

static void set_limits(struct worker *w)
{
	static const uint64_t choices[] = { UINT64_MAX, UINT64_MAX, 0, 64 * P, 2 * MIB2 };
	vmalock_mm *mm = w->world->mm;
	struct vmalock_limits limits;
	struct vmalock_overcommit how;
	uint64_t committed = vmalock_mm_get_overcommit(mm, &how);

	vmalock_mm_get_limits(mm, &limits);
	limits.address_space = choices[one_of(w, array_size(choices))];
	limits.data = choices[one_of(w, array_size(choices))];
	limits.stack = choices[one_of(w, array_size(choices))];
	limits.memlock = choices[one_of(w, array_size(choices))];
	vmalock_mm_set_limits(mm, &limits);
	expect(committed < how.limit);
	how.mode = one_of(w, 2) ? VMALOCK_OVERCOMMIT_ALWAYS : VMALOCK_OVERCOMMIT_HEURISTIC;
	expect_eq(vmalock_mm_set_overcommit(mm, &how), 0);
	vmalock_mm_set_privileged(mm, one_of(w, 2) != 0);
}

static void set_task_policy(struct worker *w)
{
	static const uint32_t modes[] = { VMALOCK_MPOL_BIND, VMALOCK_MPOL_INTERLEAVE, VMALOCK_MPOL_PREFERRED };
	vmalock_nodemask nodes = { { 1 + one_of(w, 3) } };
	uint32_t mode;

	expect_eq(vmalock_set_thread_node((uint32_t)one_of(w, 2)), 0);
	expect_eq(vmalock_mm_set_mempolicy(w->world->mm, modes[one_of(w, array_size(modes))], &nodes), 0);
	expect_eq(vmalock_mm_get_mempolicy(w->world->mm, 0, 0, &mode, &nodes), 0);
	expect(nodes.bits[0] >= 1 && nodes.bits[0] <= 3);
}

static void use_huge(struct worker *w)
{
	static const struct vmalock_khugepaged often = { 511, 512, 512 };
	uint64_t at = HUGE_AREA + one_of(w, 1024) * P, out;
	vmalock_mm *mm = w->world->mm;
	int ignored = 0;

	switch (one_of(w, 8)) {
	case 0:
		ignored = vmalock_mm_map(mm, HUGE_AREA, 2 * MIB2, RW, FIXED_ANON, NULL, 0, &out);
		ignored = vmalock_mm_advise(mm, HUGE_AREA, 2 * MIB2, MADV_IS_HUGEPAGE);
		break;
	case 1:
		(void)vmalock_mm_khugepaged(mm, &often);
		break;
	case 2:
		ignored = vmalock_mm_advise(mm, at, 8 * P, MADV_IS_DONTNEED);
		break;
	default:
		(void)vmalock_mm_fault(mm, at, any_access(w));
	}
	(void)ignored;
}

struct watcher {
	atomic_u32 starts, ends;
};

static void count_start(void *arg, uint64_t start, uint64_t end, enum vmalock_invalidation why)
{
	struct watcher *w = arg;

	expect(start < end && why <= VMALOCK_INVALIDATE_RELEASE);
	atomic_fetch_add_relaxed(&w->starts, 1);
}

static void count_end(void *arg, uint64_t start, uint64_t end, enum vmalock_invalidation why)
{
	struct watcher *w = arg;

	expect(start < end && why <= VMALOCK_INVALIDATE_RELEASE);
	expect(atomic_fetch_add_relaxed(&w->ends, 1) < atomic_load_relaxed(&w->starts));
}

/* When nobody observes any more, nothing is under way: whatever began has ended. */
static void watch_translations(struct worker *w)
{
	struct watcher watcher = { 0 };
	const struct vmalock_observer observer = { count_start, count_end, &watcher };
	vmalock_observation *observation;
	uint32_t starts;

	expect_eq(vmalock_mm_observe(w->world->mm, &observer, &observation), 0);
	move_break(w);
	use_huge(w);
	vmalock_mm_unobserve(w->world->mm, observation);
	starts = atomic_load_relaxed(&watcher.starts);
	expect_eq(atomic_load_relaxed(&watcher.ends), starts);
	sync_yield();
	expect_eq(atomic_load_relaxed(&watcher.starts), starts);
}

static void look(struct worker *w)
{
	int64_t (*const texts[])(vmalock_mm * mm, char *buffer, size_t size) = { vmalock_mm_maps, vmalock_mm_smaps,
										 vmalock_mm_smaps_rollup };
	struct vmalock_wait_summary readers, writers;
	struct vmalock_status status;
	int64_t length = texts[one_of(w, 3)](w->world->mm, w->text, TEXT_BYTES);

	expect(length > 0 && (uint64_t)length < TEXT_BYTES);
	expect_eq(w->text[length - 1], '\n');
	vmalock_mm_status(w->world->mm, &status);
	expect_eq(status.vm_size % P, 0);
	expect(status.map_count > 0);
	vmalock_mm_lock_waits(w->world->mm, &readers, &writers);
}

/* --- forks and their ends ------------------------------------------------------------------------------------------- */

static int reap(vmalock_mm *mm)
{
	return vmalock_mm_reap(mm);
}

static void fork_and_end(struct worker *w)
{
	vmalock_mm *child = fork_of(w->world->mm);
	struct vmalock_status status;
	struct racer reaper;
	uint8_t byte = 0;

	for (uint64_t n = 0; n < OWN_PAGES; n++) {
		expect_eq(vmalock_mm_read(child, w->start + n * P, &byte, 1, NULL), 0);
		expect_eq(byte, w->bytes[n]);
	}
	race_request(&reaper, child, reap);
	expect_eq(vmalock_mm_exit(child), 0);
	race_end(&reaper);
	vmalock_mm_status(child, &status);
	expect_eq(status.map_count, 0);
	expect_eq(status.vm_rss, 0);
	expect_eq(status.vm_swap, 0);
	end_space(child);
}

/* --- userfaultfd ------------------------------------------------------------------------------------------------------ */

static void map_told(struct worker *w, uint64_t at, uint64_t length)
{
	uint64_t out;
	int ignored = vmalock_mm_map(
		w->world->mm, at, length, RW,
		one_of(w, 2) ? FIXED_ANON : (FIXED_ANON & ~VMALOCK_MAP_PRIVATE) | VMALOCK_MAP_SHARED, NULL, 0, &out);

	(void)ignored;
}

static void use_told(struct worker *w)
{
	uint64_t n = one_of(w, AREA_PAGES), at = TOLD_AREA + n * P, out;
	uint64_t length = (1 + one_of(w, AREA_PAGES - n)) * P, other = TOLD_AREA + one_of(w, AREA_PAGES) * P;
	vmalock_mm *mm = w->world->mm;
	vmalock_uffd *uffd = w->world->uffd;
	int ignored = 0;

	switch (one_of(w, 14)) {
	case 0:
		ignored = vmalock_uffd_unregister(uffd, at, length);
		break;
	case 1:
		ignored = vmalock_uffd_move(uffd, at, other, P, VMALOCK_UFFD_MOVE_ALLOW_SRC_HOLES, &out);
		break;
	case 2:
		ignored = vmalock_uffd_writeprotect(uffd, at, length, one_of(w, 2));
		break;
	case 3:
		map_told(w, at, length);
		break;
	case 4:
		ignored = vmalock_mm_unmap(mm, at, length);
		break;
	case 5:
		ignored = vmalock_mm_advise(mm, at, length, MADV_IS_DONTNEED);
		break;
	case 6:
		ignored = vmalock_mm_remap(mm, at, P, P, VMALOCK_MREMAP_MAYMOVE | VMALOCK_MREMAP_FIXED, other, &out);
		break;
	default:
		if (one_of(w, 2))
			ignored = vmalock_uffd_register(uffd, at, length, 1 + one_of(w, 7));
		(void)vmalock_mm_fault(mm, at, any_access(w));
	}
	(void)ignored;
}

/* Brings the page in one way or another. Where that is refused, the fault is woken, and comes again if it still has to. */
static void resolve_told(struct vmalock_uffd_event *event, vmalock_uffd *uffd, struct random *random)
{
	static const uint8_t bytes[P];
	uint64_t out, at = event->address;
	int err = 0;

	if (event->kind == VMALOCK_UFFD_FORK)
		vmalock_uffd_put(event->child);
	if (event->kind >= VMALOCK_UFFD_FORK)
		return;
	if (event->kind == VMALOCK_UFFD_MINOR)
		err = vmalock_uffd_continue(uffd, at, P, 0, &out);
	else if (event->kind == VMALOCK_UFFD_WP)
		err = vmalock_uffd_writeprotect(uffd, at, P, 0);
	else if (random_below(random, 8) == 0)
		err = vmalock_uffd_poison(uffd, at, P, 0, &out);
	else if (random_below(random, 2))
		err = vmalock_uffd_zeropage(uffd, at, P, 0, &out);
	else
		err = vmalock_uffd_copy(uffd, at, bytes, P, 0, &out);
	if (err)
		expect_eq(vmalock_uffd_wake(uffd, at, P), 0);
}

static void monitor(void *arg)
{
	const struct world *world = arg;
	struct random random = { 77 };
	struct vmalock_uffd_event event;

	while (vmalock_uffd_read(world->uffd, &event, VMALOCK_FOREVER) == 0) {
		atomic_fetch_add_relaxed(world->told, 1);
		resolve_told(&event, world->uffd, &random);
	}
}

/* --- all at once ------------------------------------------------------------------------------------------------------ */

static const struct {
	uint32_t weight;
	void (*act)(struct worker *w);
} acts[] = {
	{ 30, use_own },           { 15, use_file },  { 8, move_break },      { 8, grow_stack },
	{ 1, lock_all },           { 3, set_limits }, { 3, set_task_policy }, { 6, use_huge },
	{ 1, watch_translations }, { 3, look },       { 20, use_told },       { 1, fork_and_end },
};

static void act(struct worker *w)
{
	uint32_t all = 0;
	uint64_t chosen;

	for (size_t i = 0; i < array_size(acts); i++)
		all += acts[i].weight;
	chosen = one_of(w, all);
	for (size_t i = 0; i < array_size(acts); i++) {
		if (chosen < acts[i].weight) {
			acts[i].act(w);
			return;
		}
		chosen -= acts[i].weight;
	}
}

static void work(void *arg)
{
	struct worker *w = arg;

	for (int i = 0; i < ROUNDS; i++)
		act(w);
}

static void make_worker(struct worker *w, const struct world *world, uint32_t index)
{
	uint64_t out;

	*w = (struct worker){ .world = world, .index = index, .random = { index + 1 } };
	w->start = page(index * 2 * OWN_PAGES);
	w->text = malloc(TEXT_BYTES);
	expect(w->text != NULL);
	expect_eq(vmalock_mm_map(world->mm, w->start, OWN_PAGES * P, RW, FIXED_ANON, NULL, 0, &out), 0);
}

static void make_world(struct world *world, const char *policy, enum vmalock_faults era)
{
	const struct vmalock_file_options file = { .length = THREADS * P, .name = "/file", .written_back = 1 };
	struct vmalock_options options;
	uint64_t out;

	vmalock_options_init(&options);
	options.policy = policy;
	options.faults = era;
	options.frames = 16384;
	options.numa_nodes = 2;
	options.swap = 8192;
	expect_eq(vmalock_mm_create(&options, &world->mm), 0);
	expect_eq(vmalock_mm_set_brk_start(world->mm, HEAP), 0);
	expect_eq(vmalock_file_create(&file, &world->file), 0);
	expect_eq(vmalock_mm_map(world->mm, FILE_AREA, THREADS * P, RW, VMALOCK_MAP_SHARED | VMALOCK_MAP_FIXED,
				 world->file, 0, &out),
		  0);
	expect_eq(vmalock_uffd_create(world->mm,
				      VMALOCK_UFFD_FEATURE_EVENT_FORK | VMALOCK_UFFD_FEATURE_EVENT_REMAP |
					      VMALOCK_UFFD_FEATURE_EVENT_REMOVE | VMALOCK_UFFD_FEATURE_EVENT_UNMAP,
				      &world->uffd),
		  0);
}

static void run_under(const char *policy, enum vmalock_faults era)
{
	struct worker workers[THREADS];
	struct sync_thread reader;
	struct vmalock_stats stats;
	atomic_u32 told = { 0 };
	struct world world = { .told = &told };

	printf("  %s, era %u\n", policy, era);
	make_world(&world, policy, era);
	expect_eq(sync_thread_start(&reader, monitor, &world), 0);
	for (uint32_t i = 0; i < THREADS; i++)
		make_worker(&workers[i], &world, i); /* all of them, before the first one sets limits */
	for (uint32_t i = 0; i < THREADS; i++)
		expect_eq(sync_thread_start(&workers[i].thread, work, &workers[i]), 0);
	for (uint32_t i = 0; i < THREADS; i++) {
		sync_thread_join(&workers[i].thread);
		free(workers[i].text);
	}
	vmalock_uffd_close(world.uffd);
	sync_thread_join(&reader);
	stats = stats_of(world.mm);
	/* Something of each kind has happened. */
	expect(atomic_load_relaxed(&told) > 100);
	expect(stats.thp_collapse_alloc > 0 && stats.thp_fault_alloc > 0);
	expect(stats.major_faults > 100 && stats.cow_faults > 100);
	vmalock_uffd_put(world.uffd);
	end_space(world.mm);
	vmalock_file_put(world.file);
}

static void all_of_a_space_at_once_leaves_it_valid_and_the_right_bytes(void)
{
	under_every_policy(run_under);
}

static const struct test_case cases[] = {
	CASE(all_of_a_space_at_once_leaves_it_valid_and_the_right_bytes),
};
TEST_MAIN(cases)
