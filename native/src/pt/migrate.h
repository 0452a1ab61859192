/*
 * pt/migrate.h - pages and the NUMA nodes they lie on
 *
 * A page lies where its frame does. Pages of files are no frames: they count as on node 0 and stay where they are. The zero page
 * lies nowhere. Context: the VMAs of the range write-locked, so that no fault brings a page meanwhile.
 */
#ifndef VMALOCK_PT_MIGRATE_H
#define VMALOCK_PT_MIGRATE_H

#include "pt/pt.h"

/* The node of the page of @addr, the zero page's being 0. False: none is there. Context: the VMA held still. */
bool pt_node_of(struct pt *pt, uint64_t addr, uint32_t *out);

/* Does any page of the range lie on a node that is not in @nodes? */
bool pt_any_outside(struct pt *pt, uint64_t start, uint64_t end, uint64_t nodes);

struct pt_migration {
	uint64_t stay;    /* pages on these nodes stay */
	bool also_shared; /* pages that other spaces use, too: this one gets copies */
	struct frame_nodes (*target)(void *arg, uint64_t addr, unsigned order);
	void *arg;
};

/*
 * Moves the frames of the range, bytes and all; huge pages as such, or split where there is no block for them.
 * Return: how many had to stay, for no node had a frame.
 */
must_check uint64_t pt_migrate(struct pt *pt, uint64_t start, uint64_t end, const struct pt_migration *how);

#endif
