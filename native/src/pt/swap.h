/*
 * pt/swap.h - pages that are out: slots of 4 KiB, counted, which belong to a pool of frames
 *
 * A slot is used by page table entries (PTE_SWAP, pte.h): by one, and after a fork by several. Its bytes never change while it is
 * used; a fault copies them into a frame and gives up its use. There is no cache of pages that are both in and out.
 *
 * Context     all functions: no lock of RANK_SWAP or above; those that take a slot out of an entry hold the entry's table.
 */
#ifndef VMALOCK_PT_SWAP_H
#define VMALOCK_PT_SWAP_H

#include "pt/frame.h"

/*
 * Gives a new pool @slots slots, before anybody else knows it. 0 or -ENOMEM. A pool without has none, and
 * swap_out() never finds one.
 */
must_check int swap_add(struct frames *frames, uint64_t slots);

/* For frames_put(). */
void swap_destroy(struct frames *frames);

/* Writes @page into a free slot, of which the caller is the only user. False: none is free. */
must_check bool swap_out(struct frames *frames, const void *page, uint64_t *slot);

/* One user more, one less; after the last the slot is free. */
void swap_get(struct frames *frames, uint64_t slot);
void swap_put(struct frames *frames, uint64_t slot);

/* The bytes of a slot that the caller uses; NULL when pages have none. */
const void *swap_bytes(struct frames *frames, uint64_t slot);

/* How many use a slot; 0 also for a number that is no slot's. And how many slots are used. */
uint32_t swap_users(struct frames *frames, uint64_t slot);
uint64_t swap_used(struct frames *frames);

#endif
