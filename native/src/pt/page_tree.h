/*
 * pt/page_tree.h - page numbers to host pages: a sparse tree that only grows
 *
 * 64 slots a node, as high as the highest number needs. No node goes before the whole does. Pages may be taken out, and who takes
 * them sees to it that lookups are over before they are freed.
 *
 * Guard   writers: the owner's lock. Lookups: none for the tree itself, while the owner is kept alive; for the page, that lock or an
 *         RCU read section.
 */
#ifndef VMALOCK_PT_PAGE_TREE_H
#define VMALOCK_PT_PAGE_TREE_H

#include <stdint.h>

#include "base/atomic.h"
#include "base/cpu.h"

struct page_node;

struct page_tree {
	ATOMIC_PTR(struct page_node) root; /* NULL: empty. Write: the owner's lock. */
};

/* The page, or NULL. */
void *page_tree_find(const struct page_tree *tree, uint64_t index);

/* Grows the tree for @index, so that page_tree_put() cannot fail. 0 or -ENOMEM. Context: the owner's lock. */
must_check int page_tree_reserve(struct page_tree *tree, uint64_t index);

/* Context: the owner's lock; reserved and empty. */
void page_tree_put(struct page_tree *tree, uint64_t index, void *page);

/* The first page of [*@index, @end), and moves *@index to it; behind all that was looked through where it is NULL. Context: the owner's lock. */
void *page_tree_next(const struct page_tree *tree, uint64_t *index, uint64_t end);

/* Takes out the first page of [*@index, @end), and moves *@index behind it. NULL: there is none. Context: the owner's lock. */
void *page_tree_take_next(struct page_tree *tree, uint64_t *index, uint64_t end);

/* Frees the tree, and each page by @free_page. Nobody else uses it. */
void page_tree_destroy(struct page_tree *tree, void (*free_page)(void *page));

#endif
