#include "vma/name.h"

#include <string.h>

#include "base/alloc.h"

struct vma_name *vma_name_create(const char *text)
{
	size_t size = strlen(text) + 1;
	struct vma_name *name = alloc_bytes(sizeof(*name) + size);

	if (!name)
		return NULL;
	refcount_init(&name->refs);
	memcpy(name->text, text, size);
	return name;
}

void vma_name_put(struct vma_name *name)
{
	if (refcount_put(&name->refs))
		alloc_free(name);
}

bool vma_name_equal(const struct vma_name *a, const struct vma_name *b)
{
	return a == b || (a && b && strcmp(a->text, b->text) == 0);
}
