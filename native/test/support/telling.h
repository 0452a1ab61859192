/*
 * telling.h - what userfaultfds are told of changes, as a text: "unmap 2-5, remap 2-5 to 20"; numbers are pages of the window
 */
#ifndef VMALOCK_TEST_TELLING_H
#define VMALOCK_TEST_TELLING_H

#include "support/resolving.h"

#define REMAP VMALOCK_UFFD_FEATURE_EVENT_REMAP
#define REMOVE VMALOCK_UFFD_FEATURE_EVENT_REMOVE
#define UNMAP VMALOCK_UFFD_FEATURE_EVENT_UNMAP
#define FORK VMALOCK_UFFD_FEATURE_EVENT_FORK
#define CHANGES (REMAP | REMOVE | UNMAP)

static inline const char *word_of(enum vmalock_uffd_kind kind)
{
	switch (kind) {
	case VMALOCK_UFFD_FORK:
		return "fork";
	case VMALOCK_UFFD_REMAP:
		return "remap";
	case VMALOCK_UFFD_REMOVE:
		return "remove";
	case VMALOCK_UFFD_UNMAP:
		return "unmap";
	default:
		return "fault";
	}
}

static inline int page_number(uint64_t address)
{
	return (int)((address - BASE) / P);
}

/* Appends the event to @text, which has room. */
static inline void describe_event(char *text, const struct vmalock_uffd_event *event)
{
	char *end = text + strlen(text);

	end += sprintf(end, "%s%s", *text ? ", " : "", word_of(event->kind));
	if (event->kind < VMALOCK_UFFD_FORK)
		sprintf(end, " %d", page_number(event->address));
	else if (event->kind != VMALOCK_UFFD_FORK)
		end += sprintf(end, " %d-%d", page_number(event->start), page_number(event->end));
	if (event->kind == VMALOCK_UFFD_REMAP)
		sprintf(end, " to %d", page_number(event->to));
}

/* All that nobody has read yet must be @wanted. */
static inline void expect_told_at(vmalock_uffd *uffd, const char *wanted, const char *file, int line)
{
	char text[512] = "";
	struct vmalock_uffd_event event;

	while (vmalock_uffd_read(uffd, &event, 0) == 0)
		describe_event(text, &event);
	if (strcmp(text, wanted) == 0)
		return;
	fprintf(stderr, "%s:%d: told \"%s\", expected \"%s\"\n", file, line, text, wanted);
	exit(1);
}
#define expect_told(uffd, wanted) expect_told_at(uffd, wanted, __FILE__, __LINE__)

#endif
