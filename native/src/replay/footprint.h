/*
 * replay/footprint.h - what an event touches: seen by looking into the space before it and after
 *
 * What a mapping is like depends on more than the pages that a call names, since VMAs merge, and whether they do
 * depends on which of them have an anon (vma/anon.h): on who wrote first. Four things can be touched:
 *
 *   pages   what is mapped at a page, and how. A fault reads its page. A change writes what it changed; one that
 *           was refused reads what it named. Faults do not wait for each other here.
 *   shape   where the VMAs begin and end, their flags, anons and policies, as merging asks for them. A change writes the
 *           whole of each VMA that is not what it was, its range included, and reads the page before and the page
 *           behind, where a neighbour is or is not. A write fault that gives a VMA its anon writes that VMA and reads
 *           the pages beside it, since it may take over a neighbour's anon. No other fault touches shape.
 *   anon    who gave a page's VMA its anon, where the mapping did not bring it. A write fault follows that event: it
 *           must not come first and give the anon itself, before some change that asked for it. Nobody waits for
 *           those that follow: the anon of a page goes away only by a change that writes the page.
 *   break   the heap's end; kept as a page of its own behind all others.
 *
 * Whole VMAs are written, so one page of a VMA is enough to read it.
 *
 * fork, exit, and an execve that drops a space touch all of it: conflicts.c. Spaces touch nothing of each other: the
 * order in which anons of parent and child are used up (vma/anon.c) decides no merge.
 */
#ifndef VMALOCK_REPLAY_FOOTPRINT_H
#define VMALOCK_REPLAY_FOOTPRINT_H

#include "replay/ranges.h"
#include "replay/step.h"
#include "replay/world.h"

enum touch_kind {
	TOUCH_READ_PAGES,
	TOUCH_WRITE_PAGES,
	TOUCH_READ_SHAPE,
	TOUCH_WRITE_SHAPE,
	TOUCH_FOLLOW_ANON,
	TOUCH_SET_ANON
};

struct touch {
	enum touch_kind kind;
	uint64_t start, end; /* bytes, whole pages */
};

/* A VMA as merging sees it. */
struct seen_vma {
	uint64_t start, end, flags;
	const void *anon, *policy;
};

struct seen {
	struct seen_vma *vmas;
	size_t count, room;
};

struct footprint {
	struct touch *touches;
	size_t count, room;

	/* Between before and after: */
	struct ranges ranges;
	struct seen before[2], after;
	uint64_t break_before;
};

void footprint_init(struct footprint *f);
void footprint_destroy(struct footprint *f);

/* Called around step_run(); afterwards the touches are those of @event. 0 or -ENOMEM. */
must_check int footprint_before(struct footprint *f, const struct world *world, uint32_t event);
must_check int footprint_after(struct footprint *f, const struct world *world, uint32_t event, const struct step *step);

#endif
