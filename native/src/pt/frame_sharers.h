/*
 * pt/frame_sharers.h - which spaces share a pool of frames, and which are about to give theirs back: mm/reclaim.c keeps it
 */
#ifndef VMALOCK_PT_FRAME_SHARERS_H
#define VMALOCK_PT_FRAME_SHARERS_H

#include "base/atomic.h"
#include "base/list.h"
#include "locks/spinlock.h"
#include "pt/frame.h"

struct frame_sharers {
	struct spinlock lock;    /* RANK_SHARERS */
	struct list_node spaces; /* struct mm, by its `sharer`; who loses pages next is first. Guard: lock */
	uint32_t count;          /* of them. Guard: lock */
	uint64_t joined;         /* how many have ever been in it. Guard: lock */
	uint32_t ending;         /* spaces that have left the list, and not yet given back all they had. Guard: lock */
	atomic_u32 ends;         /* how many have; who finds no page sleeps on it. Guard: lock, but for the sleep */
	atomic_u64 hand;         /* an address: where the next look for pages that several use begins. A hint */
};

struct frame_sharers *frames_sharers(struct frames *frames);

#endif
