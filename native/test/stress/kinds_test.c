/*
 * Every kind of memory on many threads at once: guards, locks, huge pages, memory policies, userfaultfd, swap, files that are
 * cut and punched, collapse, smaps; under every policy. Then the validators, the bytes and the identity of the counters.
 *
 * Each thread has a private range, of whose pages it knows the bytes, with guards it knows of. Beside them lie a huge range, a
 * range of a file and a range for userfaultfd, which all threads use as they like. One sealed range must never change.
 */
#include "base/random.h"
#include "ops/advise.h"
#include "support/policies.h"
#include "support/racing.h"

#define THREADS 4
#define ROUNDS 12000
#define OWN_PAGES 12
#define AREA_PAGES 16
#define MIB2 (UINT64_C(512) * P)

#define HUGE_AREA (BASE + 64 * MIB2)
#define FILE_AREA (BASE + 80 * MIB2)
#define UFFD_AREA (BASE + 90 * MIB2)
#define SEALED_AREA (BASE + 100 * MIB2)

struct world {
	vmalock_mm *mm;
	vmalock_file *file;
	vmalock_uffd *uffd;
};

struct worker {
	struct sync_thread thread;
	const struct world *world;
	uint64_t start;
	struct random random;
	uint8_t bytes[OWN_PAGES];
	bool guarded[OWN_PAGES];
};

static void check_own(struct worker *w)
{
	uint64_t n = random_below(&w->random, OWN_PAGES);
	uint8_t byte = 0;
	int err = vmalock_mm_read(w->world->mm, w->start + n * P, &byte, 1, NULL);

	expect_eq(err, w->guarded[n] ? VMALOCK_SIGSEGV_MAPERR : 0);
	if (!err)
		expect_eq(byte, w->bytes[n]);
}

static void write_own(struct worker *w)
{
	uint64_t n = random_below(&w->random, OWN_PAGES);
	uint8_t byte = (uint8_t)random_next(&w->random);

	expect_eq(vmalock_mm_write(w->world->mm, w->start + n * P, &byte, 1, NULL),
		  w->guarded[n] ? VMALOCK_SIGSEGV_MAPERR : 0);
	if (!w->guarded[n])
		w->bytes[n] = byte;
}

static void clear(struct worker *w, uint64_t n, uint64_t pages, bool guarded)
{
	for (uint64_t i = n; i < n + pages; i++) {
		w->bytes[i] = 0;
		w->guarded[i] = guarded;
	}
}

/* What this thread alone may do: each request has one right answer, and bytes that follow from it. */
static void change_own(struct worker *w)
{
	uint64_t n = random_below(&w->random, OWN_PAGES), pages = 1 + random_below(&w->random, OWN_PAGES - n);
	uint64_t at = w->start + n * P, length = pages * P;
	vmalock_nodemask nodes = { { 1u << random_below(&w->random, 2) } };
	vmalock_mm *mm = w->world->mm;

	switch (random_below(&w->random, 7)) {
	case 0:
		expect_eq(vmalock_mm_advise(mm, at, length, MADV_IS_GUARD_INSTALL), 0);
		clear(w, n, pages, true);
		break;
	case 1:
		expect_eq(vmalock_mm_advise(mm, at, length, MADV_IS_GUARD_REMOVE), 0);
		for (uint64_t i = n; i < n + pages; i++)
			w->guarded[i] = false;
		break;
	case 2:
		expect_eq(vmalock_mm_mlock(mm, at, length, VMALOCK_MLOCK_ONFAULT), 0);
		expect_eq(vmalock_mm_munlock(mm, at, length), 0);
		break;
	case 3:
		expect_eq(vmalock_mm_mbind(mm, at, length, VMALOCK_MPOL_PREFERRED, &nodes, VMALOCK_MPOL_MF_MOVE), 0);
		break;
	case 4:
		expect_eq(
			vmalock_mm_advise(mm, at, length, random_below(&w->random, 2) ? MADV_IS_PAGEOUT : MADV_IS_COLD),
			0);
		break;
	case 5:
		expect_eq(vmalock_mm_advise(mm, at, length, MADV_IS_DONTNEED_LOCKED), 0);
		for (uint64_t i = n; i < n + pages; i++)
			w->bytes[i] = 0;
		break;
	case 6:
		expect_eq(vmalock_mm_protect(mm, at, length, RO), 0);
		expect_eq(vmalock_mm_protect(mm, at, length, RW), 0);
		break;
	}
}

/* Any answer is right where all may do anything. */
static void disturb_huge(struct worker *w)
{
	static const int advice[] = { MADV_IS_DONTNEED, MADV_IS_FREE,       MADV_IS_HUGEPAGE,
				      MADV_IS_HUGEPAGE, MADV_IS_NOHUGEPAGE, MADV_IS_COLD,
				      MADV_IS_PAGEOUT,  MADV_IS_COLLAPSE,   MADV_IS_POPULATE_WRITE };
	static const uint64_t lengths[] = { 1, 3, 512, 600, 1024 };
	uint64_t at = HUGE_AREA + random_below(&w->random, 512) * P, length = lengths[random_below(&w->random, 5)] * P,
		 out;
	vmalock_mm *mm = w->world->mm;
	int ignored = 0;

	switch (random_below(&w->random, 10)) {
	case 0:
		ignored = vmalock_mm_unmap(mm, at, length);
		break;
	case 1:
		ignored = vmalock_mm_map(mm, HUGE_AREA, 3 * MIB2, RW, FIXED_ANON, NULL, 0, &out);
		ignored = vmalock_mm_advise(mm, HUGE_AREA, 3 * MIB2, MADV_IS_HUGEPAGE);
		break;
	case 6:
		ignored = vmalock_mm_advise(mm, at, length, MADV_IS_NOHUGEPAGE);
		ignored = vmalock_mm_advise(mm, at, length, MADV_IS_POPULATE_WRITE);
		ignored = vmalock_mm_advise(mm, HUGE_AREA, 3 * MIB2, MADV_IS_HUGEPAGE);
		ignored = vmalock_mm_advise(mm, HUGE_AREA, 3 * MIB2, MADV_IS_COLLAPSE);
		break;
	case 2:
		ignored = vmalock_mm_protect(mm, at, length, random_below(&w->random, 3) ? RW : RO);
		break;
	case 3:
		ignored = vmalock_mm_remap(mm, HUGE_AREA, MIB2, MIB2, VMALOCK_MREMAP_MAYMOVE | VMALOCK_MREMAP_FIXED,
					   HUGE_AREA + 2 * MIB2, &out);
		break;
	case 4:
	case 5:
		ignored = vmalock_mm_advise(mm, at, length, advice[random_below(&w->random, 9)]);
		break;
	default:
		ignored = (int)vmalock_mm_fault(mm, at, (enum vmalock_access)random_below(&w->random, 2));
	}
	(void)ignored;
}

static void disturb_file(struct worker *w)
{
	uint64_t n = random_below(&w->random, AREA_PAGES), pages = 1 + random_below(&w->random, AREA_PAGES - n), out;
	uint64_t at = FILE_AREA + n * P;
	bool shared = random_below(&w->random, 2);
	vmalock_mm *mm = w->world->mm;
	int ignored = 0;

	switch (random_below(&w->random, 10)) {
	case 0:
		ignored = vmalock_mm_map(mm, at, pages * P, RW,
					 (shared ? VMALOCK_MAP_SHARED : VMALOCK_MAP_PRIVATE) | VMALOCK_MAP_FIXED,
					 w->world->file, n * P, &out);
		break;
	case 1:
		ignored = vmalock_file_truncate(w->world->file, random_below(&w->random, AREA_PAGES + 1) * P + shared);
		break;
	case 2:
		ignored = vmalock_file_punch_hole(w->world->file, n * P, pages * P);
		break;
	case 3:
		ignored = vmalock_mm_advise(mm, at, pages * P, shared ? MADV_IS_REMOVE : MADV_IS_DONTNEED);
		break;
	case 4:
		ignored = vmalock_mm_remap_file_pages(mm, at, P, 0, n / 2, 0);
		break;
	case 5:
		ignored = vmalock_mm_advise(mm, at, pages * P, shared ? MADV_IS_GUARD_INSTALL : MADV_IS_GUARD_REMOVE);
		break;
	case 6:
		ignored = vmalock_mm_msync(mm, at, pages * P, VMALOCK_MS_SYNC);
		break;
	case 7:
		(void)vmalock_file_sync(w->world->file, n * P, pages * P);
		break;
	default:
		for (uint64_t i = 0; i < pages; i++)
			(void)vmalock_mm_fault(mm, at + i * P, (enum vmalock_access)random_below(&w->random, 2));
	}
	(void)ignored;
}

static void disturb_registered(struct worker *w)
{
	static uint8_t bytes[4 * P];
	uint64_t n = random_below(&w->random, AREA_PAGES), at = UFFD_AREA + n * P;
	uint64_t pages = 1 + random_below(&w->random, n + 4 < AREA_PAGES ? 4 : AREA_PAGES - n), out;
	vmalock_uffd *uffd = w->world->uffd;
	int ignored = 0;

	switch (random_below(&w->random, 8)) {
	case 0:
		ignored = vmalock_uffd_register(uffd, at, pages * P, 1 + random_below(&w->random, 3));
		break;
	case 1:
		ignored = vmalock_uffd_unregister(uffd, at, pages * P);
		break;
	case 2:
		ignored = vmalock_uffd_copy(uffd, at, bytes, pages * P,
					    random_below(&w->random, 2) * VMALOCK_UFFD_COPY_WP, &out);
		break;
	case 3:
		ignored = vmalock_uffd_zeropage(uffd, at, pages * P, 0, &out);
		break;
	case 4:
		ignored = vmalock_uffd_writeprotect(uffd, at, pages * P, random_below(&w->random, 2));
		break;
	case 5:
		ignored = vmalock_mm_map(w->world->mm, at, pages * P, RW, FIXED_ANON, NULL, 0, &out);
		break;
	default:
		ignored = (int)vmalock_mm_fault(w->world->mm, at, (enum vmalock_access)random_below(&w->random, 2));
	}
	(void)ignored;
}

static void look(struct worker *w)
{
	vmalock_mm *mm = w->world->mm;
	struct vmalock_status status;
	uint8_t resident[AREA_PAGES];
	uint64_t out;

	vmalock_mm_status(mm, &status);
	expect(status.map_count > 0);
	expect(vmalock_mm_mincore(mm, w->start, OWN_PAGES * P, resident) == 0);
	expect_eq(vmalock_mm_unmap(mm, SEALED_AREA, P), VMALOCK_EPERM);
	expect_eq(vmalock_mm_map(mm, SEALED_AREA, P, RW, FIXED_ANON, NULL, 0, &out), VMALOCK_EPERM);
}

static void fork_and_check(struct worker *w)
{
	vmalock_mm *child;

	expect_eq(vmalock_mm_fork(w->world->mm, &child), 0);
	for (uint64_t n = 0; n < OWN_PAGES; n++) {
		uint8_t byte = 0;
		int err = vmalock_mm_read(child, w->start + n * P, &byte, 1, NULL);

		expect_eq(err, w->guarded[n] ? VMALOCK_SIGSEGV_MAPERR : 0);
		if (!err)
			expect_eq(byte, w->bytes[n]);
	}
	end_space(child);
}

static void work(void *arg)
{
	struct worker *w = arg;
	uint64_t out;

	expect_eq(vmalock_mm_map(w->world->mm, w->start, OWN_PAGES * P, RW, FIXED_ANON, NULL, 0, &out), 0);
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t what = random_below(&w->random, 100);

		if (what < 20)
			check_own(w);
		else if (what < 35)
			write_own(w);
		else if (what < 55)
			change_own(w);
		else if (what < 70)
			disturb_huge(w);
		else if (what < 84)
			disturb_file(w);
		else if (what < 96)
			disturb_registered(w);
		else if (what < 99)
			look(w);
		else if (i % 8 == 0)
			fork_and_check(w);
	}
	for (uint64_t n = 0; n < OWN_PAGES; n++)
		check_own(w);
}

static void make_world(struct world *world, const char *policy, enum vmalock_faults era)
{
	const struct vmalock_file_options file = {
		.length = AREA_PAGES * P, .fill = 7, .name = "/file", .written_back = 1
	};
	struct vmalock_options options;
	uint64_t out;

	vmalock_options_init(&options);
	options.policy = policy;
	options.faults = era;
	options.frames = 16384;
	options.numa_nodes = 2;
	options.swap = 8192;
	expect_eq(vmalock_mm_create(&options, &world->mm), 0);
	expect_eq(vmalock_file_create(&file, &world->file), 0);
	expect_eq(vmalock_uffd_create(world->mm, VMALOCK_UFFD_FEATURE_SIGBUS, &world->uffd), 0);
	expect_eq(vmalock_mm_map(world->mm, UFFD_AREA, AREA_PAGES * P, RW, FIXED_ANON, NULL, 0, &out), 0);
	expect_eq(vmalock_mm_map(world->mm, SEALED_AREA, 4 * P, RO, FIXED_ANON, NULL, 0, &out), 0);
	expect_eq(vmalock_mm_seal(world->mm, SEALED_AREA, 4 * P, 0), 0);
}

static void run_under(const char *policy, enum vmalock_faults era)
{
	struct worker workers[THREADS];
	struct vmalock_vma sealed;
	struct world world;

	printf("  %s, era %u\n", policy, era);
	make_world(&world, policy, era);
	for (uint32_t i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .world = &world, .start = page(i * 2 * OWN_PAGES), .random = { i + 1 } };
		expect_eq(sync_thread_start(&workers[i].thread, work, &workers[i]), 0);
	}
	for (uint32_t i = 0; i < THREADS; i++)
		sync_thread_join(&workers[i].thread);
	expect_eq(vmalock_mm_find(world.mm, SEALED_AREA, &sealed), 0);
	expect(sealed.start == SEALED_AREA && sealed.end == SEALED_AREA + 4 * P);
	(void)stats_of(world.mm);
	expect_valid(world.mm);
	vmalock_uffd_put(world.uffd);
	end_space(world.mm);
	vmalock_file_put(world.file);
}

static void every_kind_of_memory_at_once_leaves_a_valid_space_and_the_right_bytes(void)
{
	under_every_policy(run_under);
}

static const struct test_case cases[] = {
	CASE(every_kind_of_memory_at_once_leaves_a_valid_space_and_the_right_bytes),
};
TEST_MAIN(cases)
