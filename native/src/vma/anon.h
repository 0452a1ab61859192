/*
 * vma/anon.h - where a private mapping's own pages were born: Linux's anon_vma, as far as merging shows it
 *
 * The first write fault of a private mapping gives it an anon. Two VMAs with different ones never merge. fork
 * gives the child's VMA an anon of its own, and a chain: the new one and all that the parent's VMA could have pages
 * from. A VMA whose chain holds more than one ("a fork child", not singular) takes no part in a merge that would have to
 * copy its chain.
 *
 *       parent's VMA          child's VMA           grandchild's VMA
 *       anon A                anon B                anon C
 *       chain A               chain B -> A          chain C -> B -> A
 *
 * A chain only ever grows at its head, so each anon knows the rest of the chain it was made at the head of, and a VMA
 * holds just two pointers: its anon, and its chain's head. They differ when a child took over an idle anon.
 *
 * Guard       a VMA's two pointers: mmap_lock for writing, or for reading with the space's anon lock (from NULL only);
 *             a fault under the VMA lock reads them. Counts of an anon: its tree's lock, since the spaces of
 *             parent and child share anons and not mmap_lock.
 * Linux       mm/rmap.c: anon_vma_prepare, anon_vma_clone, anon_vma_fork, unlink_anon_vmas.
 */
#ifndef VMALOCK_VMA_ANON_H
#define VMALOCK_VMA_ANON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cpu.h"
#include "locks/refcount.h"
#include "sync/sync.h"

/* All anons that descend from one by fork. */
struct anon_tree {
	struct refcount refs;   /* anons in it */
	struct sync_mutex lock; /* RANK_ANON_TREE */
};

struct anon {
	struct anon_tree *tree;
	struct anon *rest;   /* of the chain that this is the head of; NULL at the root */
	struct anon *parent; /* the anon of the VMA that was forked; itself at the root */
	/* Guard of the counts: tree->lock. */
	uint32_t chains;   /* VMAs in whose chain it is */
	uint32_t children; /* anons whose parent it is; a root is its own child, as in Linux */
	uint32_t active;   /* VMAs whose new pages are born here */
	uint32_t held;     /* chains, and anons whose rest or parent it is: freed at none */
};

/* What a VMA holds: where its new pages are born, and the head of its chain. Both NULL, or neither. */
struct anon_ref {
	struct anon *anon, *chain;
};

/* Is the chain just its head? */
static inline bool anon_ref_is_singular(struct anon_ref ref)
{
	return ref.chain && !ref.chain->rest;
}

/* A new root for a VMA that had none. 0 or -ENOMEM. */
must_check int anon_ref_create(struct anon_ref *out);

/* A second VMA with the same anon and chain: split, merge, a neighbour's anon taken over. Never fails. */
void anon_ref_share(struct anon_ref ref);

/*
 * What fork gives the child of a VMA that holds @parent: a new anon at the head of its chain, or an anon of the chain
 * that nobody uses any more. 0 or -ENOMEM.
 */
must_check int anon_ref_fork(struct anon_ref parent, struct anon_ref *out);

/* The VMA goes. {NULL, NULL} is allowed. */
void anon_ref_put(struct anon_ref ref);

#endif
