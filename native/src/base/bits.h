/*
 * base/bits.h - arithmetic of pages and ranges
 */
#ifndef VMALOCK_BASE_BITS_H
#define VMALOCK_BASE_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE (UINT64_C(1) << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))

#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))
#define array_size(a) (sizeof(a) / sizeof((a)[0]))

static inline uint64_t page_down(uint64_t bytes)
{
	return bytes & PAGE_MASK;
}

/* Rounds up to whole pages; wraps to 0 above 2^64 - PAGE_SIZE, as Linux's PAGE_ALIGN does: callers test for it. */
static inline uint64_t page_up(uint64_t bytes)
{
	return (bytes + PAGE_SIZE - 1) & PAGE_MASK;
}

static inline bool page_aligned(uint64_t bytes)
{
	return (bytes & ~PAGE_MASK) == 0;
}

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

#endif
