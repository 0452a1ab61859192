/*
 * vma/name.h - the name of a mapping without a file, as maps prints it: "[vdso]"
 *
 * Counted, since a split or a fork gives it to another VMA. The text never changes.
 */
#ifndef VMALOCK_VMA_NAME_H
#define VMALOCK_VMA_NAME_H

#include <stdbool.h>

#include "base/cpu.h"
#include "locks/refcount.h"

struct vma_name {
	struct refcount refs;
	char text[];
};

/* A copy of @text with one reference; NULL: no memory. */
must_check struct vma_name *vma_name_create(const char *text);
void vma_name_put(struct vma_name *name);

/* NULL is a name too: none. */
bool vma_name_equal(const struct vma_name *a, const struct vma_name *b);

#endif
