/*
 * replay/zero_page.h - did the kernel of the recording have a zero page?
 *
 * Reading anonymous memory that nobody wrote maps the zero page, which a later write replaces by a fault on a present
 * page. A kernel without one (vmalock_options.forbids_zero_page) gives a page of its own at the first touch, and the
 * write comes without a fault. It matters to merging, and no recording says it; but one in which many
 * fresh pages were read and next to none was replaced is from such a kernel.
 */
#ifndef VMALOCK_REPLAY_ZERO_PAGE_H
#define VMALOCK_REPLAY_ZERO_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "replay/world.h"

struct zero_page_signs {
	uint32_t reads;  /* of pages of anonymous memory that nobody had touched */
	uint32_t copies; /* writes to present pages that were only read so far */
};

/* Looks at an event before it runs, in a world whose spaces have a zero page. */
void zero_page_look(struct zero_page_signs *signs, const struct world *world, uint32_t event);

/* What the signs come to. Too few say nothing: then there is one, as on nearly every kernel. */
bool zero_page_is_missing(const struct zero_page_signs *signs);

#endif
