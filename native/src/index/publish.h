/*
 * index/publish.h - the moments at which readers see a store
 *
 * Locks   the writers' lock.
 */
#ifndef VMALOCK_INDEX_PUBLISH_H
#define VMALOCK_INDEX_PUBLISH_H

#include "index/path.h"

/*
 * The keys below the child at @level and slot[@level] are about to end at @hi, or now do: moves the pivot behind it.
 * The stretch between the old place and the new one holds no entry at that moment, so that a reader may take either
 * side: raise before the store, lower after it.
 */
void publish_bound_raised(const struct path *p, uint32_t level, uint64_t hi);
void publish_bound_lowered(const struct path *p, uint32_t level, uint64_t hi);

/* Puts @item in the place of the child at @level and slot[@level]; at the level above the root, in the root's. */
void publish_child(struct index *index, const struct path *p, uint32_t level, const struct index_item *item);

/* @node, which stands at @level, is the root from now on. */
void publish_root(struct index *index, struct index_node *node, uint32_t level);

/* @word of the entry at slot[0] becomes that of @entry. */
void publish_word(const struct path *p, enum index_word word, const struct index_entry *entry);

/* Hands a node that left the tree to the next grace period. */
void publish_retire(struct index *index, struct index_node *node);

#endif
