/*
 * index/walk.c - lookups: the common one through the variant for this CPU, the others with a cursor
 */
#include "index/search.h"
#include "sync/syncpoint.h"

bool index_find(const struct index *index, uint64_t addr, struct index_entry *out)
{
	return index->search->find(index, addr, out);
}

bool walk_find_beyond(const struct index *index, uint64_t addr, struct index_entry *out)
{
	struct index_cursor c;

	return index_cursor_seek(&c, index, addr, out);
}

/* A step back gives the entry before the first that ends above @addr; while stores go on, one may have grown over it. */
bool index_find_below(const struct index *index, uint64_t addr, struct index_entry *out)
{
	struct index_cursor c;
	struct index_entry e;

	(void)index_cursor_seek(&c, index, addr, &e);
	syncpoint("index-below-sought");
	while (index_cursor_prev(&c, &e)) {
		if (e.end > addr)
			continue;
		*out = e;
		return true;
	}
	return false;
}
