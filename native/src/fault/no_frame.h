/*
 * fault/no_frame.h - what a request does that found no frame
 *
 *   first     pages leave one of the spaces that share the pool (mm/reclaim.h), as often as that helps
 *   at last   it waits for all who are inside those spaces, once: munmap and MADV_DONTNEED take pages away, and free them before they
 *             let go of mmap_lock; a fault may have the last frame in hand, to give it back or to bring the very page. Then it
 *             looks once more. (Not waited for: 2 MiB that a collapse has in hand between its two looks, when it holds no lock.)
 *
 * Locks   none is held by who asks, so that it may be the writer of each space, whose turn comes after all who are inside.
 */
#ifndef VMALOCK_FAULT_NO_FRAME_H
#define VMALOCK_FAULT_NO_FRAME_H

#include "mm/mm.h"

/* Frames that were freed may go to others before the request is back: so often in a row it tries. */
#define NO_FRAME_MOST_TRIES 16u

/* Of one request, or of one step of a long one; { 0 } when it begins. */
struct no_frame {
	uint32_t tries;
	bool has_waited; /* set from the start: one that is not worth that wait */
};

/* True: begin again. Context: nothing held. */
must_check bool no_frame_try_again(struct mm *mm, struct no_frame *state);

#endif
