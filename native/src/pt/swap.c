/*
 * pt/swap.c - slots for pages that are out
 *
 * Locks       swap->lock (RANK_SWAP) for the free slots and the counts of users. Bytes are written by the only user of a new slot,
 *             and published with it by the lock of the table whose entry names it.
 * Invariants  S1  a slot with no users is free in `free`, any other is not.
 */
#include "pt/swap.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bits.h"
#include "base/check.h"
#include "pt/frame_pool.h"

struct swap {
	uint64_t slots; /* fixed */
	uint8_t *bytes; /* slot n is at n pages; NULL where frames have no bytes. fixed */

	struct spinlock lock;
	uint32_t *users;          /* Guard: lock. */
	struct frame_blocks free; /* slots are numbered, and free ones found, as frames are. Guard: lock. */
};

/* As frames are numbered. */
#define MAX_SLOTS (UINT64_C(1) << 32)

static size_t users_size(const struct swap *swap)
{
	return page_up(swap->slots * sizeof(*swap->users));
}

static void free_swap(struct swap *swap)
{
	alloc_unreserve(swap->bytes, swap->slots << PAGE_SHIFT);
	alloc_unreserve(swap->users, users_size(swap));
	frame_blocks_destroy(&swap->free);
	alloc_free(swap);
}

int swap_add(struct frames *frames, uint64_t slots)
{
	struct swap *swap;
	bool failed;

	if (slots > MAX_SLOTS)
		return -ENOMEM;
	swap = alloc_bytes(sizeof(*swap));
	if (!swap)
		return -ENOMEM;
	*swap = (struct swap){ .slots = slots };
	spinlock_init(&swap->lock);
	failed = frame_blocks_init(&swap->free, slots) != 0;
	swap->users = alloc_reserve(PAGE_SIZE, users_size(swap), ALLOC_TOUCHABLE);
	if (frames->have_bytes)
		swap->bytes = alloc_reserve(PAGE_SIZE, slots << PAGE_SHIFT, ALLOC_TOUCHABLE);
	if (failed || !swap->users || (frames->have_bytes && !swap->bytes)) {
		free_swap(swap);
		return -ENOMEM;
	}
	frames->swap = swap;
	return 0;
}

void swap_destroy(struct frames *frames)
{
	if (!frames->swap)
		return;
	check(swap_used(frames) == 0);
	free_swap(frames->swap);
	frames->swap = NULL;
}

static void lock_swap(struct swap *swap)
{
	spinlock_lock(&swap->lock, RANK_SWAP);
}

static void unlock_swap(struct swap *swap)
{
	spinlock_unlock(&swap->lock, RANK_SWAP);
}

static uint8_t *bytes_of(struct swap *swap, uint64_t slot)
{
	return swap->bytes + (slot << PAGE_SHIFT);
}

bool swap_out(struct frames *frames, const void *page, uint64_t *slot)
{
	struct swap *swap = frames->swap;
	uint32_t number;
	bool found;

	if (!swap)
		return false;
	lock_swap(swap);
	found = frame_blocks_take(&swap->free, &number);
	if (found) {
		check(swap->users[number] == 0);
		swap->users[number] = 1;
	}
	unlock_swap(swap);
	if (!found)
		return false;
	if (swap->bytes)
		memcpy(bytes_of(swap, number), page, PAGE_SIZE);
	*slot = number;
	return true;
}

void swap_get(struct frames *frames, uint64_t slot)
{
	struct swap *swap = frames->swap;

	lock_swap(swap);
	check(swap->users[slot] != 0 && swap->users[slot] != UINT32_MAX);
	swap->users[slot]++;
	unlock_swap(swap);
}

void swap_put(struct frames *frames, uint64_t slot)
{
	struct swap *swap = frames->swap;

	lock_swap(swap);
	check(swap->users[slot] != 0);
	if (--swap->users[slot] == 0)
		frame_blocks_give(&swap->free, (uint32_t)slot);
	unlock_swap(swap);
}

const void *swap_bytes(struct frames *frames, uint64_t slot)
{
	return frames->swap->bytes ? bytes_of(frames->swap, slot) : NULL;
}

uint32_t swap_users(struct frames *frames, uint64_t slot)
{
	struct swap *swap = frames->swap;
	uint32_t users;

	if (!swap || slot >= swap->slots)
		return 0;
	lock_swap(swap);
	users = swap->users[slot];
	unlock_swap(swap);
	return users;
}

uint64_t swap_used(struct frames *frames)
{
	struct swap *swap = frames->swap;
	uint64_t used;

	if (!swap)
		return 0;
	lock_swap(swap);
	used = frame_blocks_taken(&swap->free);
	unlock_swap(swap);
	return used;
}
