/*
 * ops/unmap.h - taking mappings out of a range, in steps that munmap, mmap and mremap share
 *
 *   unmap_prepare()  splits the ends off, write-locks every VMA of the range and a stack that could grow into it
 *   unmap_detach()   the VMAs leave the counts; who finds one of them from now on finds it detached
 *   (the caller)     one store in the index: nothing (munmap), or the new mapping (mmap): never seen half done
 *   unmap_pages()    lets go of pages and tables: before the store where a new mapping follows
 *   unmap_finish()   gives the VMAs to RCU
 *
 * Where munmap takes one end of a single VMA there is nothing to split or detach: the VMA shrinks where it stands.
 */
#ifndef VMALOCK_OPS_UNMAP_H
#define VMALOCK_OPS_UNMAP_H

#include "mm/mm.h"
#include "ops/userfault_notices.h"

/* VMAs on their way out. */
struct unmapping {
	uint64_t start, end;     /* bytes */
	uint64_t floor, ceiling; /* page tables inside belong to nobody else */
	uint32_t count;          /* VMAs */
	uint64_t pages, accounted_pages;
	bool neighbour_grows;   /* a stack could grow into the hole: no downgrade before the end (RFC patch 15) */
	struct rcu_node *first; /* the VMAs, linked through their rcu node */
};

/*
 * @notices: whom the caller is to tell once it has let go of mmap_lock, also after an error; NULL: nobody.
 * Return: 0; -ENOMEM: the map limit forbids a split, or no memory; splits made before that stay.
 * Context: mmap_lock for writing; [@start, @end) page aligned, not empty.
 */
must_check int unmap_prepare(struct mm *mm, uint64_t start, uint64_t end, struct unmapping *u,
			     struct userfault_notices *notices);

/* Context: mmap_lock for writing. Infallible from here on. */
void unmap_detach(struct mm *mm, struct unmapping *u);

/* Context: mmap_lock for writing, or downgraded. */
void unmap_pages(struct mm *mm, struct unmapping *u);
void unmap_finish(struct mm *mm, struct unmapping *u);

/* All of it, for a request that goes on. Return: as unmap_prepare(). Context: mmap_lock for writing throughout. */
must_check int unmap_range(struct mm *mm, uint64_t start, uint64_t end, struct userfault_notices *notices);

/* munmap(2), mmap_lock and argument checks included; pages go under the downgraded lock. Return: 0, -EINVAL, -ENOMEM. */
must_check int op_munmap(struct mm *mm, uint64_t addr, uint64_t length);

/* All of the space, sealed or not. 0 or -ENOMEM, and nothing has changed. Context: mmap_lock for writing. */
must_check int unmap_all(struct mm *mm);

#endif
