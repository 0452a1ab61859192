/*
 * Every request without host memory, at each of its allocations in turn: it says ENOMEM, the space is valid, every page is
 * mapped as before with the bytes it had. (A boundary that a split made may stay: nobody can tell but by counting VMAs.)
 */
#include "base/alloc.h"
#include "support/picture.h"
#include "sync/rcu.h"

/* What each page of the window permits and holds: a boundary between equal VMAs does not show. */
struct snapshot {
	int prot[WINDOW]; /* -1: a hole */
	uint8_t byte[WINDOW];
};

static struct snapshot snapshot(vmalock_mm *mm)
{
	struct snapshot s;
	struct vmalock_vma vma;

	memset(&s, 0, sizeof(s));
	for (uint64_t n = 0; n < WINDOW; n++) {
		bool mapped = vmalock_mm_find(mm, page(n), &vma) == 0 && vma.start <= page(n);

		s.prot[n] = mapped ? (int)vma.prot : -1;
		if (mapped && (vma.prot & RO))
			s.byte[n] = read_byte(mm, n);
	}
	return s;
}

static vmalock_mm *furnished(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 6, RW);
	map_at(mm, 8, 2, RO);
	map_at(mm, 12, 4, RW);
	for (uint64_t n = 0; n < 6; n++)
		write_byte(mm, n, (uint8_t)(10 + n));
	write_byte(mm, 13, 99);
	return mm;
}

static vmalock_mm *child_of_fork;

static int do_map(vmalock_mm *mm)
{
	uint64_t at;

	return vmalock_mm_map(mm, page(18), 2 * P, RW, FIXED_ANON, NULL, 0, &at);
}

static int do_map_shared(vmalock_mm *mm)
{
	uint64_t at;

	return vmalock_mm_map(mm, page(18), 2 * P, RW, VMALOCK_MAP_SHARED | VMALOCK_MAP_ANONYMOUS | VMALOCK_MAP_FIXED,
			      NULL, 0, &at);
}

static int do_map_over(vmalock_mm *mm)
{
	uint64_t at;

	return vmalock_mm_map(mm, page(2), 2 * P, RO, FIXED_ANON, NULL, 0, &at);
}

static int do_unmap(vmalock_mm *mm)
{
	return vmalock_mm_unmap(mm, page(2), 2 * P);
}

static int do_protect(vmalock_mm *mm)
{
	return vmalock_mm_protect(mm, page(1), 3 * P, RO);
}

static int do_move(vmalock_mm *mm)
{
	uint64_t at;

	return vmalock_mm_remap(mm, page(1), 2 * P, 2 * P, 3, page(20), &at);
}

static int do_split(vmalock_mm *mm)
{
	return vmalock_mm_split(mm, page(3));
}

static int do_advise(vmalock_mm *mm)
{
	int err = vmalock_mm_advise(mm, page(1), 2 * P, 10);

	return err == VMALOCK_EAGAIN ? VMALOCK_ENOMEM : err; /* madvise has its own word for it */
}

static int do_seal(vmalock_mm *mm)
{
	return vmalock_mm_seal(mm, page(2), 2 * P, 0);
}

/* Of memory that nobody has touched, which has no anon yet. */
static int do_guard(vmalock_mm *mm)
{
	return vmalock_mm_advise(mm, page(8), P, 102);
}

static int do_mlock(vmalock_mm *mm)
{
	return vmalock_mm_mlock(mm, page(1), 2 * P, VMALOCK_MLOCK_ONFAULT);
}

static int do_fork(vmalock_mm *mm)
{
	int err = vmalock_mm_fork(mm, &child_of_fork);

	if (!err)
		end_space(child_of_fork);
	return err;
}

static void fail_each_allocation(const char *what, int (*request)(vmalock_mm *mm))
{
	uint64_t failed = 0;

	for (uint64_t n = 1;; n++) {
		vmalock_mm *mm = furnished();
		struct snapshot before = snapshot(mm), after;
		int err;

		alloc_fail_after(n);
		err = request(mm);
		if (!alloc_failure_happened()) {
			alloc_fail_after(0);
			expect_eq(err, 0);
			end_space(mm);
			break;
		}
		alloc_fail_after(0);
		if (err) {
			failed++;
			expect_eq(err, (uint64_t)VMALOCK_ENOMEM);
			after = snapshot(mm);
			expect(memcmp(&before, &after, sizeof(after)) == 0);
		}
		expect_valid(mm);
		expect_eq(request(mm), 0); /* and with memory it works */
		end_space(mm);
	}
	printf("  %s: %llu refusals\n", what, (unsigned long long)failed);
	expect(failed > 0);
}

static void a_request_without_memory_changes_nothing_and_works_afterwards(void)
{
	fail_each_allocation("mmap", do_map);
	fail_each_allocation("mmap shared", do_map_shared);
	fail_each_allocation("mmap over mappings", do_map_over);
	fail_each_allocation("munmap", do_unmap);
	fail_each_allocation("mprotect", do_protect);
	fail_each_allocation("mremap", do_move);
	fail_each_allocation("split", do_split);
	fail_each_allocation("madvise", do_advise);
	fail_each_allocation("mlock", do_mlock);
	fail_each_allocation("mseal", do_seal);
	fail_each_allocation("guards", do_guard);
	fail_each_allocation("fork", do_fork);
}

static int do_trim(vmalock_mm *mm)
{
	return vmalock_mm_unmap(mm, page(5), P);
}

/*
 * An index that has nodes to spare cuts an end off without memory. It has none when the last mapping took them: with which
 * number of mappings that is so is the index's affair.
 */
static void an_end_is_cut_off_when_there_is_memory_for_it_and_not_before(void)
{
	uint64_t refusals = 0;

	for (uint64_t more = 0; more < 100; more++) {
		vmalock_mm *mm = furnished();
		struct snapshot before = snapshot(mm), after;
		int err;

		for (uint64_t n = 0; n < more; n++)
			map_at(mm, WINDOW + 2 * n, 1, RW);
		alloc_fail_after(1);
		err = do_trim(mm);
		alloc_fail_after(0);
		if (err) {
			refusals++;
			expect_eq(err, (uint64_t)VMALOCK_ENOMEM);
			after = snapshot(mm);
			expect(memcmp(&before, &after, sizeof(after)) == 0);
			expect_valid(mm);
			expect_eq(do_trim(mm), 0);
		}
		end_space(mm);
	}
	expect(refusals > 0);
}

static void a_space_that_ends_leaves_no_memory_behind(void)
{
	int64_t before;

	end_space(furnished()); /* so that per-thread things are there */
	rcu_wait_for_batches();
	before = alloc_live();
	for (int i = 0; i < 10; i++) {
		vmalock_mm *mm = furnished();
		vmalock_nodemask first = { { 1 } };

		map_at(mm, 0, 64, RO);      /* retires the VMAs below */
		for (int n = 0; n < 3; n++) /* and policies of the space */
			expect_eq(vmalock_mm_set_mempolicy(mm, VMALOCK_MPOL_BIND, &first), 0);
		end_space(mm);
	}
	/* What had been retired and handed on waits for its grace period; what had not was freed with its space. */
	rcu_wait_for_batches();
	expect_eq(alloc_live(), before);
}

static const struct test_case cases[] = {
	CASE(a_request_without_memory_changes_nothing_and_works_afterwards),
	CASE(an_end_is_cut_off_when_there_is_memory_for_it_and_not_before),
	CASE(a_space_that_ends_leaves_no_memory_behind),
};
TEST_MAIN(cases)
