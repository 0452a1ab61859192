/*
 * mm/text.h - text for a buffer that may be too small: what grows past its end is counted, not written
 */
#ifndef VMALOCK_MM_TEXT_H
#define VMALOCK_MM_TEXT_H

#include <stddef.h>

struct text {
	char *buffer;
	size_t size, length;
};

void text_put(struct text *t, const char *bytes, size_t length);

/* At most 255 bytes at once. */
void text_print(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Ends what fitted with a NUL. Return: the length of the whole without it. */
size_t text_end(struct text *t);

#endif
