/*
 * observing.h - an observer that remembers what it was told
 */
#ifndef VMALOCK_TEST_OBSERVING_H
#define VMALOCK_TEST_OBSERVING_H

#include "base/atomic.h"
#include "support/picture.h"

#define MOST_TOLD 16

struct told {
	uint64_t start, end;
	enum vmalock_invalidation why;
};

struct recorder {
	vmalock_observation *observation;
	atomic_u32 starts, ends;
	struct told told[MOST_TOLD]; /* of the ends, while only one thread changes the space */
};

static inline void note_start(void *arg, uint64_t start, uint64_t end, enum vmalock_invalidation why)
{
	struct recorder *r = arg;

	expect(start < end);
	expect(why <= VMALOCK_INVALIDATE_RELEASE);
	atomic_fetch_add_relaxed(&r->starts, 1);
}

static inline void note_end(void *arg, uint64_t start, uint64_t end, enum vmalock_invalidation why)
{
	struct recorder *r = arg;
	uint32_t n = atomic_fetch_add_relaxed(&r->ends, 1);

	expect(n < atomic_load_relaxed(&r->starts));
	r->told[n % MOST_TOLD] = (struct told){ start, end, why };
}

static inline void observe(vmalock_mm *mm, struct recorder *r)
{
	struct vmalock_observer observer = { .invalidate_start = note_start, .invalidate_end = note_end, .arg = r };

	*r = (struct recorder){ 0 };
	expect_eq(vmalock_mm_observe(mm, &observer, &r->observation), 0);
}

/* The @n-th end, counted from 0, was of pages [@first, @first + @pages). */
static inline void expect_told(const struct recorder *r, uint32_t n, uint64_t first, uint64_t pages,
			       enum vmalock_invalidation why)
{
	expect(n < atomic_load_relaxed(&r->ends));
	expect_eq(r->told[n].start, page(first));
	expect_eq(r->told[n].end, page(first + pages));
	expect_eq(r->told[n].why, why);
}

/* So many in all, and each in a pair. */
static inline void expect_told_times(const struct recorder *r, uint32_t times)
{
	expect_eq(atomic_load_relaxed(&r->ends), times);
	expect_eq(atomic_load_relaxed(&r->starts), times);
}

#endif
