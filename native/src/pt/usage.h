/*
 * pt/usage.h - what the pages of a range come to: shared or not, written or not, as smaps counts them
 */
#ifndef VMALOCK_PT_USAGE_H
#define VMALOCK_PT_USAGE_H

#include "pt/pt.h"

/* Shares are kept exact by so many bits. Linux: PSS_SHIFT. */
#define PT_SHARE_SHIFT 12

/* Bytes; of the shares, bytes << PT_SHARE_SHIFT. A page that n spaces use is a share of 1/n of it for each. */
struct pt_usage {
	uint64_t resident, referenced, anonymous, lazy_free, huge, swap;
	uint64_t shared_clean, shared_dirty, private_clean, private_dirty;
	uint64_t share, share_dirty, share_anon, share_file, share_shmem, share_locked, share_swap;
};

/* Of one mapping. */
struct pt_usage_range {
	uint64_t start, end;
	struct vma_file *file; /* what it maps, or NULL */
	uint64_t index;        /* of the page at @start in @file */
	bool locked, droppable;
};

/*
 * Adds the pages of @range to @usage. The zero page belongs to nobody and counts nowhere; pages of files count as used once, since
 * nobody counts their users, and as dirty whoever wrote them. Context: the VMAs held still.
 */
void pt_add_usage(struct pt *pt, const struct pt_usage_range *range, struct pt_usage *usage);

#endif
