/*
 * base/alloc.c - memory, with failures that a test can order
 *
 * The order to fail is per thread, so that a test with many threads can fail one of them. The live count is kept in
 * checked builds only: in a shipped build it would be a word that all threads write.
 */
#define _GNU_SOURCE
#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/atomic.h"
#include "base/check.h"
#include "base/config.h"

static __thread uint64_t fail_countdown;
static __thread int fail_happened;
static atomic_u64 live_blocks;

int alloc_failure_ordered(void)
{
	if (likely(fail_countdown == 0) || --fail_countdown != 0)
		return 0;
	fail_happened = 1;
	return 1;
}

void *alloc_counted(void *p)
{
#if VMALOCK_CHECK_LEVEL >= 1
	if (p)
		atomic_fetch_add_relaxed(&live_blocks, 1);
#endif
	return p;
}

void alloc_not_counted(const void *p)
{
#if VMALOCK_CHECK_LEVEL >= 1
	if (p)
		atomic_fetch_sub_relaxed(&live_blocks, 1);
#endif
	(void)p;
}

void *alloc_bytes(size_t size)
{
	return alloc_failure_ordered() ? NULL : alloc_counted(malloc(size));
}

void *alloc_zeroed(size_t size)
{
	return alloc_failure_ordered() ? NULL : alloc_counted(calloc(1, size));
}

void *alloc_uncounted_aligned(size_t align, size_t size)
{
	/* aligned_alloc() wants the size to be a multiple of the alignment. */
	return aligned_alloc(align, (size + align - 1) & ~(align - 1));
}

void *alloc_aligned(size_t align, size_t size)
{
	return alloc_failure_ordered() ? NULL : alloc_counted(alloc_uncounted_aligned(align, size));
}

void alloc_uncounted_free(void *p)
{
	free(p);
}

void alloc_free(void *p)
{
	alloc_not_counted(p);
	free(p);
}

/* The system aligns to its pages only: ask for more and hand back what sticks out at both ends. */
static void *reserve_aligned(size_t align, size_t size, int protection)
{
	char *start = mmap(NULL, size + align, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t before;

	if (start == MAP_FAILED)
		return NULL;
	before = (size_t)(-(uintptr_t)start & (align - 1));
	if (before)
		munmap(start, before);
	munmap(start + before + size, align - before);
	return start + before;
}

void *alloc_reserve(size_t align, size_t size, enum alloc_reserve use)
{
	check(size && (size & (align - 1)) == 0);
	if (alloc_failure_ordered() || size + align < size)
		return NULL;
	return alloc_counted(reserve_aligned(align, size, use == ALLOC_TOUCHABLE ? PROT_READ | PROT_WRITE : PROT_NONE));
}

void alloc_unreserve(void *p, size_t size)
{
	alloc_not_counted(p);
	if (p)
		munmap(p, size);
}

void alloc_prefer_huge(void *p, size_t size)
{
	madvise(p, size, MADV_HUGEPAGE);
}

void alloc_fail_after(uint64_t n)
{
	fail_countdown = n;
	fail_happened = 0;
}

int alloc_failure_happened(void)
{
	return fail_happened;
}

int64_t alloc_live(void)
{
	return (int64_t)atomic_load_relaxed(&live_blocks);
}
