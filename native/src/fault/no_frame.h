/*
 * fault/no_frame.h - what a request does that found no frame
 *
 *   first     pages leave one of the spaces that share the pool (mm/reclaim.h), as often as that helps
 *   at last   it waits for all who are inside those spaces, once: munmap and MADV_DONTNEED take pages away, and free them before they
 *             let go of mmap_lock; a fault may have the last frame in hand, to give it back or to bring the very page. Then it
 *             looks once more, and knows that there is none
 *
 * Locks   none is held by who asks, so that it may be the writer of each space, whose turn comes after all who are inside.
 */
#ifndef VMALOCK_FAULT_NO_FRAME_H
#define VMALOCK_FAULT_NO_FRAME_H

#include "mm/mm.h"

/* Frames that were freed may go to others before the request is back: so often in a row it tries. */
#define NO_FRAME_MOST_TRIES 16u

/* Of one request; { 0 } when it begins, and when it has got on. */
struct no_frame {
	uint32_t tries;
	bool has_waited;
};

/* True: begin again. Context: nothing held. */
must_check bool no_frame_try_again(struct mm *mm, struct no_frame *state);

#endif
