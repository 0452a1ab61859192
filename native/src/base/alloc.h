/*
 * base/alloc.h - memory, with failures that a test can order
 *
 * Everything the library allocates comes from here. A test asks for the n-th allocation of this thread to fail
 * (alloc_fail_after) and then checks that the operation refused it and changed nothing.
 */
#ifndef VMALOCK_BASE_ALLOC_H
#define VMALOCK_BASE_ALLOC_H

#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"

/* Uninitialised memory, or NULL. Free with alloc_free(). */
must_check void *alloc_bytes(size_t size);

/* Zeroed memory, or NULL. */
must_check void *alloc_zeroed(size_t size);

/* Uninitialised memory at a multiple of @align (a power of two, at least 16), or NULL. */
must_check void *alloc_aligned(size_t align, size_t size);

void alloc_free(void *p);

/* The pieces of the above, for blocks.c: memory without counting, the counting alone, whether this one shall fail. */
must_check void *alloc_uncounted_aligned(size_t align, size_t size);
void alloc_uncounted_free(void *p);
void *alloc_counted(void *p);
void alloc_not_counted(const void *p);
must_check int alloc_failure_ordered(void);

/* What reserved addresses are good for. */
enum alloc_reserve {
	ALLOC_TOUCHABLE,      /* zeroed memory comes page by page as it is first touched */
	ALLOC_ADDRESSES_ONLY, /* never touched: names for things that are only counted */
};

/*
 * @size bytes of addresses, without memory behind them, or NULL. They start at a multiple of @align (a power of two, at
 * least a page), and @size is one. Give back with alloc_unreserve() and the same size.
 */
must_check void *alloc_reserve(size_t align, size_t size, enum alloc_reserve use);
void alloc_unreserve(void *p, size_t size);

/* Asks the system for large pages behind reserved memory: a first touch then brings many pages. Only a hint. */
void alloc_prefer_huge(void *p, size_t size);

/* The @n-th allocation of this thread from now on fails (1: the next one), later ones succeed; 0 turns it off. */
void alloc_fail_after(uint64_t n);

/* Did the failure ordered by alloc_fail_after() happen? */
int alloc_failure_happened(void);

/* Blocks allocated and not yet freed, by all threads: for tests of leaks. */
int64_t alloc_live(void);

#endif
