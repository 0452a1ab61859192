#include "sync/blocks.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "base/atomic.h"
#include "base/bits.h"
#include "base/config.h"
#include "host_fork.h"

static const size_t bytes_of[BLOCK_SIZES] = { [BLOCK_256] = 256, [BLOCK_384] = 384, [BLOCK_4224] = 4224 };

#if VMALOCK_ASAN || VMALOCK_TSAN

void *block_take(enum block_size size)
{
	return alloc_aligned(CACHE_LINE, bytes_of[size]);
}

void block_give(enum block_size size, void *block)
{
	(void)size;
	alloc_free(block);
}

void blocks_fork_before(void)
{
}

void blocks_fork_after(void)
{
}

#else

#define HANDFUL 32             /* blocks that travel together */
#define DEPOT_BYTES (8u << 20) /* of a size that wait for a taker; more go back to the system */

/* What a free block is used for. */
struct free_block {
	struct free_block *next;         /* in its handful, or the thread's stack */
	struct free_block *next_handful; /* of the first block of a handful */
};

/*
 * Handfuls of one size. The lock is held for two assignments and never while anything else is waited for.
 */
static struct depot {
	pthread_mutex_t lock;
	struct free_block *handfuls; /* Guard: lock */
	uint32_t count;              /* Guard: lock */
} depots[BLOCK_SIZES] = {
	{ .lock = PTHREAD_MUTEX_INITIALIZER },
	{ .lock = PTHREAD_MUTEX_INITIALIZER },
	{ .lock = PTHREAD_MUTEX_INITIALIZER },
};

/* A thread's own blocks: up to two handfuls. Guard: the thread. */
struct stash {
	struct free_block *head;
	uint32_t count;
};
static __thread struct stash stashes[BLOCK_SIZES];
static __thread int leaves_hooked; /* whether the end of this thread empties its stashes */

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t leave_key;

static void free_all(struct free_block *block)
{
	while (block) {
		struct free_block *next = block->next;

		alloc_uncounted_free(block);
		block = next;
	}
}

static void depot_put(enum block_size size, struct free_block *handful)
{
	struct depot *d = &depots[size];

	pthread_mutex_lock(&d->lock);
	if (d->count < DEPOT_BYTES / (HANDFUL * bytes_of[size])) {
		handful->next_handful = d->handfuls;
		d->handfuls = handful;
		d->count++;
		handful = NULL;
	}
	pthread_mutex_unlock(&d->lock);
	free_all(handful);
}

static struct free_block *depot_get(enum block_size size)
{
	struct depot *d = &depots[size];
	struct free_block *handful;

	pthread_mutex_lock(&d->lock);
	handful = d->handfuls;
	if (handful) {
		d->handfuls = handful->next_handful;
		d->count--;
	}
	pthread_mutex_unlock(&d->lock);
	return handful;
}

/* The thread ends: what it kept is given back to the system. Whoever gives blocks after this keeps none. */
static void leave(void *unused)
{
	(void)unused;
	for (int size = 0; size < BLOCK_SIZES; size++) {
		free_all(stashes[size].head);
		stashes[size] = (struct stash){ NULL, 0 };
	}
	leaves_hooked = 0;
}

static void make_key(void)
{
	pthread_key_create(&leave_key, leave);
	host_fork_install();
}

void blocks_fork_before(void)
{
	for (int size = 0; size < BLOCK_SIZES; size++)
		pthread_mutex_lock(&depots[size].lock);
}

/* What threads that the child did not get had in their stashes is lost to it: at most two handfuls of each size. */
void blocks_fork_after(void)
{
	for (int size = BLOCK_SIZES - 1; size >= 0; size--)
		pthread_mutex_unlock(&depots[size].lock);
}

static void hook_leave(void)
{
	pthread_once(&key_once, make_key);
	pthread_setspecific(leave_key, &leaves_hooked);
	leaves_hooked = 1;
}

void *block_take(enum block_size size)
{
	struct stash *s = &stashes[size];
	struct free_block *block;

	if (alloc_failure_ordered())
		return NULL;
	if (unlikely(!s->head)) {
		s->head = depot_get(size);
		s->count = s->head ? HANDFUL : 0;
		if (!s->head)
			return alloc_counted(alloc_uncounted_aligned(CACHE_LINE, bytes_of[size]));
	}
	block = s->head;
	s->head = block->next;
	s->count--;
	return alloc_counted(block);
}

/* Checked builds: whoever looks at a block that was given back too early sees nonsense, not the object that used to be there. */
static void poison(void *block, enum block_size size)
{
	if (VMALOCK_CHECK_LEVEL >= 2)
		memset(block, 0xa5, bytes_of[size]);
}

/* The upper handful of a stash that holds two goes to the depot. */
static void send_handful(enum block_size size, struct stash *s)
{
	struct free_block *first = s->head, *last = first;

	for (int i = 1; i < HANDFUL; i++)
		last = last->next;
	s->head = last->next;
	s->count -= HANDFUL;
	last->next = NULL;
	depot_put(size, first);
}

void block_give(enum block_size size, void *p)
{
	struct stash *s = &stashes[size];
	struct free_block *block = p;

	if (!block)
		return;
	alloc_not_counted(block);
	poison(block, size);
	if (unlikely(!leaves_hooked))
		hook_leave();
	block->next = s->head;
	s->head = block;
	if (++s->count == 2 * HANDFUL)
		send_handful(size, s);
}

#endif
