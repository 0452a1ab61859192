/*
 * pt/zero.h - zeroing a page, in one variant for each kind of CPU
 *
 * Half of a warm anonymous fault is this: vector stores take two thirds of the time of memset, which has more
 * sizes to think of.
 */
#ifndef VMALOCK_PT_ZERO_H
#define VMALOCK_PT_ZERO_H

/* Zeroes PAGE_SIZE bytes at a multiple of PAGE_SIZE. */
typedef void page_zero_fn(void *page);

/* The best that this CPU has. */
page_zero_fn *page_zero_choose(void);

/* Works everywhere. */
void page_zero_portable(void *page);

#endif
