/*
 * base/check.c - the end of a process whose invariant is broken
 */
#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

void check_failed(const char *file, int line, const char *what)
{
	fprintf(stderr, "vmalock: %s:%d: broken invariant: %s\n", file, line, what);
	abort();
}
