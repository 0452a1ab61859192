/*
 * base/alloc.c - memory, with failures that a test can order
 *
 * The order to fail is per thread, so that a test with many threads can fail one of them. The live count is kept in
 * checked builds only: in a shipped build it would be a word that all threads write.
 */
#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/config.h"

static __thread uint64_t fail_countdown;
static __thread int fail_happened;
static atomic_u64 live_blocks;

static int should_fail(void)
{
	if (likely(fail_countdown == 0) || --fail_countdown != 0)
		return 0;
	fail_happened = 1;
	return 1;
}

static void *counted(void *p)
{
#if VMALOCK_CHECK_LEVEL >= 1
	if (p)
		atomic_fetch_add_relaxed(&live_blocks, 1);
#endif
	return p;
}

void *alloc_bytes(size_t size)
{
	return should_fail() ? NULL : counted(malloc(size));
}

void *alloc_zeroed(size_t size)
{
	return should_fail() ? NULL : counted(calloc(1, size));
}

void *alloc_aligned(size_t align, size_t size)
{
	/* aligned_alloc() wants the size to be a multiple of the alignment. */
	return should_fail() ? NULL : counted(aligned_alloc(align, (size + align - 1) & ~(align - 1)));
}

void alloc_free(void *p)
{
#if VMALOCK_CHECK_LEVEL >= 1
	if (p)
		atomic_fetch_sub_relaxed(&live_blocks, 1);
#endif
	free(p);
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
