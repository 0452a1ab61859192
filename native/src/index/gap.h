/*
 * index/gap.h - the longest free stretch below each child
 *
 * A stretch belongs to the leaf of the entry that ends it (node.h, N1), so a leaf's gap follows from the leaf and the
 * lower bound of its keys alone. What lies behind the last entry belongs to nobody; a search looks at it separately.
 *
 * Locks   the writers' lock: no reader looks at a gap.
 */
#ifndef VMALOCK_INDEX_GAP_H
#define VMALOCK_INDEX_GAP_H

#include "index/path.h"

/* The longest stretch before an entry of @leaf, whose keys begin at @lo. Bytes. */
uint64_t gap_of_leaf(const struct index_node *leaf, uint64_t lo);
uint64_t gap_of_inner(const struct index_node *inner);

/* Notes @gap for the child at @level and slot[@level], and what follows from it further up. */
void gap_note(const struct path *p, uint32_t level, uint64_t gap);

/* Notes the gap of the leaf after the entry that ends at @end, which has just become its lower bound. */
void gap_note_after(const struct index *index, uint64_t end);

#endif
