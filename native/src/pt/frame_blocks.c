#include "pt/frame_blocks.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/bits.h"
#include "base/check.h"

#define WORDS (BLOCK_FRAMES / 64)

/*
 * Invariants  B1  `count` is the number of bits set in `free`.
 *             B2  a block below `fresh` is in the list `whole` when count is 512, in `broken` when it is 1 to 511, in none when it is 0.
 */
struct frame_block {
	uint64_t free[WORDS];
	uint32_t count;
	uint32_t next, prev; /* in its list */
};

static size_t book_size(uint64_t frames)
{
	uint64_t blocks = (frames + BLOCK_FRAMES - 1) / BLOCK_FRAMES;

	return page_up(blocks * sizeof(struct frame_block));
}

int frame_blocks_init(struct frame_blocks *blocks, uint64_t frames)
{
	*blocks = (struct frame_blocks){ .frames = frames, .broken = FRAME_BLOCK_NONE, .whole = FRAME_BLOCK_NONE };
	blocks->block = alloc_reserve(PAGE_SIZE, book_size(frames), ALLOC_TOUCHABLE);
	return blocks->block ? 0 : -ENOMEM;
}

void frame_blocks_destroy(struct frame_blocks *blocks)
{
	alloc_unreserve(blocks->block, book_size(blocks->frames));
}

/* --- lists -------------------------------------------------------------------------------------------------------- */

/* Where a block with @count free frames belongs; NULL: nowhere. */
static uint32_t *list_for(struct frame_blocks *blocks, uint32_t count)
{
	if (count == 0)
		return NULL;
	return count == BLOCK_FRAMES ? &blocks->whole : &blocks->broken;
}

static void list_add(struct frame_blocks *blocks, uint32_t *head, uint32_t n)
{
	struct frame_block *block = &blocks->block[n];

	block->prev = FRAME_BLOCK_NONE;
	block->next = *head;
	if (*head != FRAME_BLOCK_NONE)
		blocks->block[*head].prev = n;
	*head = n;
}

static void list_remove(struct frame_blocks *blocks, uint32_t *head, uint32_t n)
{
	const struct frame_block *block = &blocks->block[n];

	if (block->prev == FRAME_BLOCK_NONE)
		*head = block->next;
	else
		blocks->block[block->prev].next = block->next;
	if (block->next != FRAME_BLOCK_NONE)
		blocks->block[block->next].prev = block->prev;
}

/* The block's count becomes @count. */
static void set_count(struct frame_blocks *blocks, uint32_t n, uint32_t count)
{
	struct frame_block *block = &blocks->block[n];
	uint32_t *from = list_for(blocks, block->count), *to = list_for(blocks, count);

	blocks->free_count += count;
	blocks->free_count -= block->count;
	block->count = count;
	if (from == to)
		return;
	if (from)
		list_remove(blocks, from, n);
	if (to)
		list_add(blocks, to, n);
}

/* --- blocks never used --------------------------------------------------------------------------------------------- */

/* The next of them joins the others, all its frames free. False: there is none. */
static bool open_fresh(struct frame_blocks *blocks)
{
	uint64_t first = blocks->fresh * BLOCK_FRAMES;
	uint32_t n = (uint32_t)blocks->fresh, count;

	if (first >= blocks->frames)
		return false;
	count = (uint32_t)min_u64(blocks->frames - first, BLOCK_FRAMES);
	for (uint32_t i = 0; i < count; i++)
		blocks->block[n].free[i / 64] |= UINT64_C(1) << (i % 64);
	blocks->fresh++;
	set_count(blocks, n, count);
	return true;
}

/* A block that some frame can be taken from. */
static bool find_some(struct frame_blocks *blocks, uint32_t *out)
{
	if (blocks->broken == FRAME_BLOCK_NONE && blocks->whole == FRAME_BLOCK_NONE && !open_fresh(blocks))
		return false;
	*out = blocks->broken != FRAME_BLOCK_NONE ? blocks->broken : blocks->whole;
	return true;
}

/* --- taking and giving --------------------------------------------------------------------------------------------- */

bool frame_blocks_take(struct frame_blocks *blocks, uint32_t *out)
{
	struct frame_block *block;
	uint32_t n, word = 0, bit;

	if (!find_some(blocks, &n))
		return false;
	block = &blocks->block[n];
	while (!block->free[word])
		word++;
	bit = (uint32_t)__builtin_ctzll(block->free[word]);
	block->free[word] &= ~(UINT64_C(1) << bit);
	set_count(blocks, n, block->count - 1);
	*out = n * BLOCK_FRAMES + word * 64 + bit;
	return true;
}

void frame_blocks_give(struct frame_blocks *blocks, uint32_t frame)
{
	uint32_t n = frame / BLOCK_FRAMES, i = frame % BLOCK_FRAMES;
	struct frame_block *block = &blocks->block[n];
	uint64_t bit = UINT64_C(1) << (i % 64);

	check(!(block->free[i / 64] & bit));
	block->free[i / 64] |= bit;
	set_count(blocks, n, block->count + 1);
}

static void set_all(struct frame_block *block, uint64_t word)
{
	for (uint32_t i = 0; i < WORDS; i++)
		block->free[i] = word;
}

bool frame_blocks_take_whole(struct frame_blocks *blocks, uint32_t *out)
{
	uint32_t n;

	if (blocks->whole == FRAME_BLOCK_NONE && (!open_fresh(blocks) || blocks->whole == FRAME_BLOCK_NONE))
		return false;
	n = blocks->whole;
	set_all(&blocks->block[n], 0);
	set_count(blocks, n, 0);
	*out = n * BLOCK_FRAMES;
	return true;
}

void frame_blocks_give_whole(struct frame_blocks *blocks, uint32_t first)
{
	uint32_t n = first / BLOCK_FRAMES;

	check(first % BLOCK_FRAMES == 0 && blocks->block[n].count == 0);
	set_all(&blocks->block[n], UINT64_MAX);
	set_count(blocks, n, BLOCK_FRAMES);
}

uint64_t frame_blocks_taken(const struct frame_blocks *blocks)
{
	return min_u64(blocks->fresh * BLOCK_FRAMES, blocks->frames) - blocks->free_count;
}
