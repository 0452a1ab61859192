/*
 * pt/frame_blocks.h - which frames of a pool are free, block by block, so that a huge page can have a whole block
 *
 * A block is 512 frames at a multiple of 2 MiB. It knows its free frames by a bit each and counts them. Single frames come from
 * blocks that are broken already; a whole one is broken only when there is no other, and is whole again as soon as its last
 * frame is back. Nothing here looks at the frames themselves.
 *
 * Context     all functions: the pool's lock.
 */
#ifndef VMALOCK_PT_FRAME_BLOCKS_H
#define VMALOCK_PT_FRAME_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cpu.h"

#define BLOCK_FRAMES 512u

struct frame_block;

/* Blocks with something in common, as a ring's head would be: the number of the first, or FRAME_BLOCK_NONE. */
#define FRAME_BLOCK_NONE UINT32_MAX

struct frame_blocks {
	struct frame_block *block; /* fixed */
	uint64_t frames;           /* how many there are; the last block may have fewer than 512. fixed */

	uint64_t fresh;         /* blocks from here on were never used */
	uint64_t free_count;    /* frames free in the blocks below */
	uint32_t broken, whole; /* lists: blocks with some frames free; with all 512 */
};

/* @frames: at most 2^32. 0 or -ENOMEM. */
must_check int frame_blocks_init(struct frame_blocks *blocks, uint64_t frames);
void frame_blocks_destroy(struct frame_blocks *blocks);

/* The number of one frame. False: none is free. */
must_check bool frame_blocks_take(struct frame_blocks *blocks, uint32_t *out);
void frame_blocks_give(struct frame_blocks *blocks, uint32_t frame);

/* The first of 512 frames that make a block. False: no block is whole. */
must_check bool frame_blocks_take_whole(struct frame_blocks *blocks, uint32_t *out);
void frame_blocks_give_whole(struct frame_blocks *blocks, uint32_t first);

/* Frames that were given out, of all that were ever used. */
uint64_t frame_blocks_taken(const struct frame_blocks *blocks);

#endif
