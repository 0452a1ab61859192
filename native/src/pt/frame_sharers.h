/*
 * pt/frame_sharers.h - which spaces share a pool of frames: a list that mm/reclaim.c keeps
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
	atomic_u64 hand;         /* an address: where the next look for pages that several use begins. A hint */
};

struct frame_sharers *frames_sharers(struct frames *frames);

#endif
