/*
 * ops/merge.h - neighbours that become one, by Linux's rules
 *
 * Two ranges may be one VMA when flags (but the sticky ones, which the merged VMA has when one of its parts had them), file, name,
 * userfaultfd, memory policy and a seamless pgoff agree and their anons do not forbid it. In the pictures
 * P is the VMA before, N the one after, * the range in question:
 *
 *   a new range             PPPP****NNNN  ->  PPPPPPPPPPPP     (both)    PPPPPPPP....  (P grows)    ....NNNNNNNN  (N grows)
 *   a changed range         the same, and the VMA in the middle goes, or gives up its head or tail:
 *                           PPPP**MMMM    ->  PPPPPPMMMM       MMMM**NNNN  ->  MMMMNNNNNN
 *
 * Locks   every candidate is write-locked before it is looked at: the answer depends on the anon, which a fault sets.
 * Linux   mm/vma.c: vma_merge_existing_range(), vma_merge_new_range(), is_mergeable_anon_vma().
 */
#ifndef VMALOCK_OPS_MERGE_H
#define VMALOCK_OPS_MERGE_H

#include "mm/mm.h"

/* What a range would be like after the change. */
struct merge {
	struct mm *mm;
	uint64_t start, end; /* bytes */
	uint64_t pgoff, flags;
	struct vma_file *file;
	struct vma_name *name;
	struct userfault_ctx *userfault;
	struct mempolicy *policy;
	struct anon_ref anon; /* its pages' anon, or NULLs */
	bool only_grow;       /* brk: the VMA before may grow, nothing else */
};

/*
 * What would join @vma as it is, and has its place; who means another says so afterwards. Its fields say nothing before it is locked (RFC
 * patch 11). Context: @vma write-locked (asserted).
 */
struct merge merge_like(struct mm *mm, const struct vma *vma);

/*
 * Joins a new range with the VMAs around it. VMAs that lie in [start, end), which the caller has detached, vanish from
 * the index by the same store. Does no accounting but of map_count.
 * Return: the VMA that covers the range now, write-locked; NULL: it does not merge, or there is no memory to do it.
 * Context: mmap_lock for writing.
 */
struct vma *vma_merge_new(const struct merge *m);

/*
 * Makes [@start, @end) of @vma a VMA of its own with @flags: joined with equal neighbours, or split off.
 * Return: 0 and the VMA (write-locked, its flags not yet set), or -ENOMEM; splits made before that stay.
 * Context: mmap_lock for writing.
 */
must_check int vma_modify(struct mm *mm, struct vma *vma, uint64_t start, uint64_t end, uint64_t flags,
			  struct vma **out);

/* The same for another userfaultfd beside the flags; it is not yet set either. */
must_check int vma_modify_userfault(struct mm *mm, struct vma *vma, uint64_t start, uint64_t end, uint64_t flags,
				    struct userfault_ctx *userfault, struct vma **out);

/* The same for another memory policy instead of flags; it is not yet set either. */
must_check int vma_modify_policy(struct mm *mm, struct vma *vma, uint64_t start, uint64_t end, struct mempolicy *policy,
				 struct vma **out);

#endif
