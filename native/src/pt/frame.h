/*
 * pt/frame.h - page frames: 4 KiB of host memory each, counted, from one pool that a space shares with its forks
 *
 * The pool reserves host addresses for its whole limit at once and uses memory as frames are first taken. A frame is
 * named by the host address of its first byte. With VMALOCK_BACKING_NONE the addresses are reserved but never
 * touched: frames are only counted.
 *
 * A thread takes and gives frames from the cache of its slot, last given first taken, so that a recycled frame is
 * still in the processor's cache. Each cache has a lock of its own (RANK_FRAME_CACHE), which hardly anybody else
 * wants; the pool's (RANK_FRAMES) is taken once for many frames. When the pool has none left, a thread holds all
 * caches and takes what lies idle in another's: a take fails only when every frame is in use.
 *
 * Free frames lie in blocks of 512 (frame_blocks.h), which huge pages take whole.
 *
 * A pool may be divided into the nodes of a NUMA machine. Frames then stay with their node, and the caches are left out: what
 * lies in one would be of any node (frame_nodes.c).
 */
#ifndef VMALOCK_PT_FRAME_H
#define VMALOCK_PT_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cpu.h"
#include "vmalock.h"

struct frames; /* a pool; counted */
struct commit;

/* @limit frames at most. 0; -ENOMEM when the host has no such range of addresses, or no memory. */
must_check int frames_create(uint64_t limit, enum vmalock_backing backing, struct frames **out);

/* The same divided evenly among @nodes, of which there are at most VMALOCK_MAX_NODES and not more than frames. */
must_check int frames_create_nodes(uint64_t limit, uint32_t nodes, enum vmalock_backing backing, struct frames **out);
void frames_get(struct frames *frames);
void frames_put(struct frames *frames);

/* Do frames hold bytes? */
bool frames_have_bytes(const struct frames *frames);

/*
 * Page tables take memory of the host that is no frame, for pages that are none as well: a range of terabytes may map the zero
 * page. So a pool's spaces have as many tables as it has frames, and FRAMES_LEAST_TABLES in any case. False: no more.
 */
#define FRAMES_LEAST_TABLES UINT64_C(16384)
must_check bool frames_charge_table(struct frames *frames);
void frames_uncharge_table(struct frames *frames);

/* What its spaces have been promised. */
struct commit *frames_commit(struct frames *frames);

/* Most frames that there can be. */
uint64_t frames_limit(const struct frames *frames);

/* Frames in use now. Exact when nobody takes or gives one. */
uint64_t frames_used(struct frames *frames);

/* One frame with a count of 1, its bytes zero; NULL: the pool is empty, or the host is out of memory. */
must_check void *frame_take_zeroed(struct frames *frames);

/* The same with the bytes of @from, which need not be a frame of the pool. */
must_check void *frame_take_copy(struct frames *frames, const void *from);

/* The bytes of @from, which need not be a frame, into one, where frames have bytes; waits for no lock. See frame_take_from(). */
void frame_copy(struct frames *frames, void *to, const void *from);

/*
 * Huge pages: 512 frames at a multiple of 2 MiB, zeroed, each with a count of 1 and from then on like any other. NULL: no block is whole.
 * The others do to each of the 512 what their namesakes do to one.
 */
must_check void *frame_take_huge(struct frames *frames);
void frame_get_huge(struct frames *frames, void *block);
void frame_put_huge(struct frames *frames, void *block);
bool frame_is_only_huge(struct frames *frames, void *block);

/* Where a frame may come from, a bit a node. */
struct frame_nodes {
	uint64_t wanted;   /* these first ... */
	uint64_t fallback; /* ... then these; may be 0 */
	uint32_t nearest;  /* in either set the first that is tried; then upwards, and round */
};

/* A frame whose bytes are anything, for frame_copy(). NULL: none of @nodes has one. */
must_check void *frame_take_from(struct frames *frames, const struct frame_nodes *nodes);

/* The first three again, from @nodes. NULL: none of them has a frame, or a whole block. */
must_check void *frame_take_zeroed_from(struct frames *frames, const struct frame_nodes *nodes);
must_check void *frame_take_copy_from(struct frames *frames, const void *from, const struct frame_nodes *nodes);
must_check void *frame_take_huge_from(struct frames *frames, const struct frame_nodes *nodes);

/* The node of a frame of the pool. */
uint32_t frame_node(const struct frames *frames, const void *frame);

/* One user more; one less, and the frame is free after the last. */
void frame_get(struct frames *frames, void *frame);
void frame_put(struct frames *frames, void *frame);

/*
 * Is the caller the only user? Context: the table lock of its one entry, so that fork cannot add a user.
 * pair [frame-only]: frame_put().
 */
bool frame_is_only(struct frames *frames, void *frame);

/* How many users it has; may be more for a moment. Context: the table lock of an entry that names it. */
uint32_t frame_users(struct frames *frames, const void *frame);

/* Is it a frame of this pool that somebody uses? For validators. */
bool frame_is_used(struct frames *frames, const void *frame);

/* Nothing but zeros, shared by all; never written, never counted. */
const void *frame_zero_page(void);

#endif
