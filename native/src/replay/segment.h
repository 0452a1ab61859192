/*
 * replay/segment.h - shmat(2) and shmdt(2): System V memory, whose segments a trace has as files
 *
 * Linux attaches a segment by a shared mapping of the whole of it, and detaches whatever of such a mapping still lies where it was
 * attached: ipc/shm.c. The library has no such call: it would be vmalock_mm_map() of a file.
 */
#ifndef VMALOCK_REPLAY_SEGMENT_H
#define VMALOCK_REPLAY_SEGMENT_H

#include "replay/ranges.h"
#include "replay/world.h"

#define SHM_IS_RND 0x2000u
#define SHM_IS_REMAP 0x4000u

/* Return: where it lies, or a negative code. */
int64_t segment_attach(const struct world *world, vmalock_mm *mm, const struct vmalock_trace_event *e);

/* Return: 0; EINVAL: no part of the segment lies where an attachment at this address would have it. */
int64_t segment_detach(const struct world *world, vmalock_mm *mm, const struct vmalock_trace_event *e);

#endif
