#include "mm/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"

void text_put(struct text *t, const char *bytes, size_t length)
{
	if (t->length < t->size) {
		size_t room = t->size - t->length;

		memcpy(t->buffer + t->length, bytes, length < room ? length : room);
	}
	t->length += length;
}

void text_print(struct text *t, const char *format, ...)
{
	char line[256];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	check(length >= 0 && (size_t)length < sizeof(line));
	text_put(t, line, (size_t)length);
}

size_t text_end(struct text *t)
{
	if (t->size)
		t->buffer[t->length < t->size ? t->length : t->size - 1] = '\0';
	return t->length;
}
