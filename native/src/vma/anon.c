#include "vma/anon.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/check.h"
#include "locks/held.h"

static void tree_lock(struct anon_tree *tree)
{
	held_wait(RANK_ANON_TREE);
	sync_mutex_lock(&tree->lock);
	held_add(RANK_ANON_TREE);
}

static void tree_unlock(struct anon_tree *tree)
{
	held_remove(RANK_ANON_TREE);
	sync_mutex_unlock(&tree->lock);
}

static void tree_put(struct anon_tree *tree)
{
	if (!refcount_put(&tree->refs))
		return;
	sync_mutex_destroy(&tree->lock);
	alloc_free(tree);
}

/* One VMA more (or less) in the chain that begins at @head. Context: the tree's lock. */
static void chain_add(struct anon *head)
{
	for (struct anon *anon = head; anon; anon = anon->rest) {
		anon->chains++;
		anon->held++;
	}
}

/*
 * Frees @anon, which nobody holds. What it held lies further down the chain that the caller walks, and is held by that
 * walk too: nothing else becomes free here.
 */
static void anon_free(struct anon *anon)
{
	check(anon->chains == 0 && anon->active == 0);
	if (anon->rest) {
		anon->rest->held--;
		anon->parent->held--;
	}
	(void)refcount_put(&anon->tree->refs);
	alloc_free(anon);
}

int anon_ref_create(struct anon_ref *out)
{
	struct anon_tree *tree = alloc_zeroed(sizeof(*tree));
	struct anon *anon = alloc_zeroed(sizeof(*anon));

	if (!tree || !anon) {
		alloc_free(tree);
		alloc_free(anon);
		return -ENOMEM;
	}
	refcount_init(&tree->refs);
	sync_mutex_init(&tree->lock);
	*anon = (struct anon){ .tree = tree, .parent = anon, .chains = 1, .children = 1, .active = 1, .held = 1 };
	*out = (struct anon_ref){ anon, anon };
	return 0;
}

void anon_ref_share(struct anon_ref ref)
{
	if (!ref.chain)
		return;
	tree_lock(ref.chain->tree);
	chain_add(ref.chain);
	ref.anon->active++;
	tree_unlock(ref.chain->tree);
}

/* Linux takes over an anon without VMAs of its own and with at most one child (a root counts as its own). */
static struct anon *find_idle(struct anon *chain)
{
	for (struct anon *anon = chain; anon; anon = anon->rest)
		if (anon->children < 2 && anon->active == 0)
			return anon;
	return NULL;
}

int anon_ref_fork(struct anon_ref parent, struct anon_ref *out)
{
	struct anon_tree *tree = parent.chain->tree;
	struct anon *anon = alloc_zeroed(sizeof(*anon)), *idle;

	if (!anon)
		return -ENOMEM;
	tree_lock(tree);
	idle = find_idle(parent.chain);
	if (idle) {
		chain_add(parent.chain);
		idle->active++;
		*out = (struct anon_ref){ idle, parent.chain };
	} else {
		*anon = (struct anon){ .tree = tree, .rest = parent.chain, .parent = parent.anon, .active = 1 };
		refcount_get(&tree->refs);
		parent.chain->held++;
		parent.anon->held++;
		parent.anon->children++;
		chain_add(anon);
		*out = (struct anon_ref){ anon, anon };
	}
	tree_unlock(tree);
	if (idle)
		alloc_free(anon);
	return 0;
}

void anon_ref_put(struct anon_ref ref)
{
	struct anon_tree *tree;
	struct anon *rest;

	if (!ref.chain)
		return;
	tree = ref.chain->tree;
	refcount_get(&tree->refs); /* until the unlock below */
	tree_lock(tree);
	ref.anon->active--;
	for (struct anon *anon = ref.chain; anon; anon = anon->rest)
		if (--anon->chains == 0)
			anon->parent->children--;
	for (struct anon *anon = ref.chain; anon; anon = rest) {
		rest = anon->rest;
		check(anon->held > 0);
		if (--anon->held == 0)
			anon_free(anon);
	}
	tree_unlock(tree);
	tree_put(tree);
}
