/*
 * index/balance.h - a store that changes more than one leaf: splits full nodes, joins thin ones
 */
#ifndef VMALOCK_INDEX_BALANCE_H
#define VMALOCK_INDEX_BALANCE_H

#include "index/path.h"

/* index_replace() of what lies between @left, a path to the first entry that ends above lo, and @hi. */
void balance_replace(struct index *index, const struct path *left, uint64_t hi, const struct index_entry *entries,
		     uint32_t n);

#endif
