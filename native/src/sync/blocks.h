/*
 * sync/blocks.h - memory of a few fixed sizes, for objects that one thread takes and another gives back
 *
 * VMAs, index nodes and page tables are taken by writers and given back by RCU's thread, many thousand times a second:
 * malloc's worst case, in which one thread that frees cannot keep up with two that allocate. Here each thread keeps some blocks of each size; full handfuls of them travel through a depot that all
 * share. Blocks in the depot are as good as freed: alloc_live() does not count them, and an ordered failure
 * (alloc_fail_after) counts each block_take() as one allocation whether or not a block was at hand.
 *
 * Sanitizer builds take and give every block through malloc, so that a use after the end is seen.
 */
#ifndef VMALOCK_SYNC_BLOCKS_H
#define VMALOCK_SYNC_BLOCKS_H

#include "base/cpu.h"

enum block_size {
	BLOCK_256, /* bytes, at a multiple of CACHE_LINE */
	BLOCK_384,
	BLOCK_4224, /* a page and its head */
	BLOCK_SIZES
};

/* Uninitialised memory, or NULL. */
must_check void *block_take(enum block_size size);

/* Back from block_take() of the same size. NULL is allowed. */
void block_give(enum block_size size, void *block);

#endif
