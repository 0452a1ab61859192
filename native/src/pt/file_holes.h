/*
 * pt/file_holes.h - where a file with a fill byte reads 0 all the same
 *
 * "Every byte that nobody wrote is the fill byte" ends where something was cut out: there a file is as any other. Ranges of bytes in
 * order, none touching the next.
 *
 * Guard   the file's lock.
 */
#ifndef VMALOCK_PT_FILE_HOLES_H
#define VMALOCK_PT_FILE_HOLES_H

#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"

struct file_hole {
	uint64_t start, end; /* bytes */
};

struct file_holes {
	struct file_hole *hole; /* NULL: none so far */
	uint32_t count, room;
};

/* Room for one more, so that file_holes_add() cannot fail. 0 or -ENOMEM. */
must_check int file_holes_reserve(struct file_holes *holes);

/* [@start, @end) bytes, joined with what it touches. */
void file_holes_add(struct file_holes *holes, uint64_t start, uint64_t end);

/* Zeros in @bytes, which stand from byte @offset of the file on, wherever a hole is. */
void file_holes_apply(const struct file_holes *holes, uint64_t offset, uint8_t *bytes, size_t length);

void file_holes_destroy(struct file_holes *holes);

#endif
