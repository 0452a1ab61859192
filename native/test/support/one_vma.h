/*
 * one_vma.h - a VMA and its lock alone: no space, no index, no pages
 */
#ifndef VMALOCK_TEST_ONE_VMA_H
#define VMALOCK_TEST_ONE_VMA_H

#include "base/alloc.h"
#include "test.h"
#include "vma/lock.h"

#define RANK RANK_MMAP

/* One VMA of [4 pages, 8 pages) in a domain of its own. */
struct scene {
	struct domain domain;
	struct vma *vma;
	/* what a writer in another thread tells */
	atomic_u32 done;
	bool waited;
};

static inline void write_begin(struct scene *s)
{
	rwsem_write(&s->domain.mmap_lock, RANK);
}

static inline void write_end(struct scene *s)
{
	domain_write_unlock_all(&s->domain);
	rwsem_write_unlock(&s->domain.mmap_lock, RANK);
}

/* Its section is still open. */
static inline struct scene *scene(void)
{
	struct scene *s = alloc_aligned(CACHE_LINE, sizeof(*s));

	expect(s);
	memset(s, 0, sizeof(*s));
	domain_init(&s->domain, RANK);
	write_begin(s);
	s->vma = vma_create(&s->domain, 4 * PAGE_SIZE, 8 * PAGE_SIZE, 4, VM_READ | VM_WRITE, NULL);
	expect(s->vma);
	vma_attach(s->vma);
	return s;
}

static inline void end(struct scene *s)
{
	write_begin(s);
	vma_write_lock(s->vma);
	if (atomic_load_relaxed(&s->vma->attached))
		vma_detach(s->vma);
	vma_discard(s->vma);
	write_end(s);
	domain_destroy(&s->domain);
	alloc_free(s);
}

#endif
