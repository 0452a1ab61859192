/*
 * space.h - page tables without an address space around them, for tests of pt/ alone
 */
#ifndef VMALOCK_TEST_PT_SPACE_H
#define VMALOCK_TEST_PT_SPACE_H

#include "pt/pt.h"
#include "pt/pte.h"
#include "sync/sync.h"
#include "test.h"

struct space {
	struct pt pt;
	struct frames *frames;
	struct counters counters;
};

/* With the pool of @frames, of which it takes a reference. It must not be moved: pt points to the counters. */
static inline void space_init_over(struct space *s, struct frames *frames)
{
	s->frames = frames;
	expect_eq(counters_init(&s->counters, PT_COUNTERS), 0);
	expect_eq(pt_init(&s->pt, frames, &s->counters), 0);
}

/* With a pool of its own. */
static inline void space_init(struct space *s, uint64_t limit)
{
	struct frames *frames;

	expect_eq(frames_create(limit, VMALOCK_BACKING_MEMORY, &frames), 0);
	space_init_over(s, frames);
	frames_put(frames);
}

static inline void space_end(struct space *s)
{
	pt_destroy(&s->pt);
	counters_destroy(&s->counters);
}

static inline uint64_t space_tables(const struct space *s)
{
	return counters_sum(&s->counters, PT_COUNT_TABLES);
}

static inline void space_set(struct space *s, uint64_t addr, uint64_t pte)
{
	struct pt_slot slot;
	uint64_t old;

	expect_eq(pt_slot_make(&s->pt, addr, &slot), 0);
	spinlock_lock(slot.lock, RANK_TABLE);
	old = atomic_load_relaxed(slot.entry);
	pt_slot_set(&s->pt, &slot, pte);
	spinlock_unlock(slot.lock, RANK_TABLE);
	if (pte_is_frame(old))
		frame_put(s->frames, pte_page(old));
}

static inline uint64_t space_pte(struct space *s, uint64_t addr)
{
	struct pt_slot slot;

	return pt_slot_find(&s->pt, addr, &slot) ? atomic_load_relaxed(slot.entry) : 0;
}

/* The first byte of a page that is there. */
static inline uint8_t *space_byte(struct space *s, uint64_t addr)
{
	uint64_t pte = space_pte(s, addr);

	expect(pte_is_present(pte));
	return pte_page(pte);
}

/* A writable, dirty frame whose first byte is @value. */
static inline void space_map_frame(struct space *s, uint64_t addr, uint8_t value)
{
	uint8_t *frame = frame_take_zeroed(s->frames);

	expect(frame != NULL);
	*frame = value;
	space_set(s, addr, pte_make(frame, PTE_ANON, PTE_WRITE | PTE_DIRTY));
}

/* The space is valid, and has that many resident pages. */
static inline void space_expect(struct space *s, uint64_t anon, uint64_t file, uint64_t shmem)
{
	const char *what = pt_validate(&s->pt, NULL, NULL);

	if (what) {
		fprintf(stderr, "invalid: %s\n", what);
		exit(1);
	}
	expect_eq(counters_sum(&s->counters, PT_COUNT_RSS_ANON), anon);
	expect_eq(counters_sum(&s->counters, PT_COUNT_RSS_FILE), file);
	expect_eq(counters_sum(&s->counters, PT_COUNT_RSS_SHMEM), shmem);
}

#endif
