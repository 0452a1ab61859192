/*
 * workloads/writer_beside.c - how many faults a writer holds up, by how finely memory is mapped
 *
 * Peter Zijlstra's objection to the RFC: a lock for each VMA gains nothing where a program has one huge one. Always the same 4096
 * pages, all present, in one mapping or in many; random faults on one processor, and on the others a writer that adds a page to
 * the first mapping and takes it away again, as fast as it can. Each of its sections has that mapping locked.
 *
 * No time is measured, since who waits sleeps: counted is what the faults met. Nothing is held up where there is one
 * processor alone.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "base/atomic.h"
#include "base/bits.h"
#include "harness.h"
#include "vmalock.h"

#define PAGES 4096u
#define SECTIONS_MIN 200

struct scene {
	struct bench *bench;
	vmalock_mm *mm;
	uint64_t base, room; /* mappings of `room` - 2 pages, and two free pages behind each */
	cpu_set_t others;    /* processors but the one that the harness has pinned us to */
	atomic_u32 stop, sections;
};

static void must(int code, const char *what)
{
	if (code < 0)
		bench_die("%s: %s", what, vmalock_error_text(code));
}

static void map_at(struct scene *s, uint64_t at, uint64_t length)
{
	must(vmalock_mm_map(s->mm, at, length, VMALOCK_PROT_READ | VMALOCK_PROT_WRITE,
			    VMALOCK_MAP_PRIVATE | VMALOCK_MAP_ANONYMOUS | VMALOCK_MAP_FIXED, NULL, 0, &at),
	     "map");
}

/* Random, of all that is mapped. */
static uint64_t some_page(struct scene *s)
{
	uint64_t each = PAGES / s->bench->size, i = random_below(&s->bench->random, PAGES);

	return s->base + i / each * s->room + ((i % each) << PAGE_SHIFT);
}

static void fault_at(struct scene *s, uint64_t addr, enum vmalock_access access)
{
	if ((vmalock_mm_fault(s->mm, addr, access) & VMALOCK_FAULT_OUTCOME) != VMALOCK_FAULT_MINOR)
		bench_die("a fault failed");
}

static void *write_beside(void *arg)
{
	struct scene *s = arg;
	uint64_t behind = s->base + s->room - 2 * PAGE_SIZE;

	pthread_setaffinity_np(pthread_self(), sizeof(s->others), &s->others); /* refused where there is no other */
	while (!atomic_load_relaxed(&s->stop)) {
		map_at(s, behind, PAGE_SIZE);
		must(vmalock_mm_unmap(s->mm, behind, PAGE_SIZE), "unmap");
		atomic_store_relaxed(&s->sections, atomic_load_relaxed(&s->sections) + 2);
	}
	return NULL;
}

/* Under a policy without a fast path mmap_lock itself is what a fault waits for. */
static uint64_t held_up(const struct vmalock_stats *stats)
{
	return stats->vma_lock_attempts ? stats->abort_vma_busy + stats->vma_lock_waits : stats->mmap_lock_read_waits;
}

/* Of a hundred faults, how many found the writer in their way. */
static double percent_held_up(void *state)
{
	struct scene *s = state;
	struct vmalock_stats before, after;
	uint64_t faults = 0;
	pthread_t writer;

	CPU_ZERO(&s->others);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (cpu != sched_getcpu())
			CPU_SET((size_t)cpu, &s->others);
	atomic_store_relaxed(&s->stop, 0);
	atomic_store_relaxed(&s->sections, 0);
	vmalock_mm_stats(s->mm, &before);
	if (pthread_create(&writer, NULL, write_beside, s))
		bench_die("no thread for the writer");
	while (!atomic_load_relaxed(&s->sections))
		sched_yield();
	for (; faults < s->bench->ops || atomic_load_relaxed(&s->sections) < SECTIONS_MIN; faults++)
		fault_at(s, some_page(s), VMALOCK_READ);
	atomic_store_relaxed(&s->stop, 1);
	pthread_join(writer, NULL);
	vmalock_mm_stats(s->mm, &after);
	return 100.0 * (double)(held_up(&after) - held_up(&before)) / (double)faults;
}

static double every_fault(void *state)
{
	(void)state;
	return 100;
}

static struct scene *create(struct bench *b, const char *policy)
{
	struct scene *s = bench_alloc(1, sizeof(*s));
	struct vmalock_options options;

	s->bench = b;
	s->base = UINT64_C(1) << 40;
	s->room = (uint64_t)(PAGES / b->size + 2) << PAGE_SHIFT;
	vmalock_options_init(&options);
	options.policy = policy;
	must(vmalock_mm_create(&options, &s->mm), "a space");
	for (uint32_t i = 0; i < b->size; i++)
		map_at(s, s->base + i * s->room, s->room - 2 * PAGE_SIZE);
	for (uint32_t i = 0; i < b->size; i++)
		for (uint64_t at = 0; at < s->room - 2 * PAGE_SIZE; at += PAGE_SIZE)
			fault_at(s, s->base + i * s->room + at, VMALOCK_WRITE);
	return s;
}

static void setup(struct bench *b)
{
	const char *policy;

	bench_add(b, (struct contestant){ .name = "every fault", .role = ROLE_FLOOR, .amount = every_fault });
	for (uint32_t n = 0; (policy = vmalock_policy_name(n)); n++)
		bench_add(b, (struct contestant){ .name = "vmalock",
						  .policy = policy,
						  .role = ROLE_SUBJECT,
						  .state = create(b, policy),
						  .amount = percent_held_up });
}

const struct workload workload_writer_beside = {
	.name = "writer-beside",
	.summary = "faults that a writer on another processor holds up, 4096 pages in one mapping or in many",
	.op = "fault",
	.unit = "% held up",
	.reference = "every fault",
	.sizes = (const uint32_t[]){ 1, 16, 256, 0 },
	.ops = 200000,
	.setup = setup,
};
