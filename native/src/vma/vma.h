/*
 * vma/vma.h - one mapping
 *
 * Life      vma_create(): born write-locked, detached, seen by nobody; vma_attach() and then stored in the index; changed under
 *           the guards below; write-locked, vma_detach()ed, taken out of the index; freed after a grace period, in
 *           batches.
 * Locks     a fault holds the VMA's own lock for reading (vma/lock.h), a writer mmap_lock for writing and has marked
 *           the VMA. Field by field:
 *
 *             shape    start, end, pgoff, flags, anon, userfault, policy  Write: mmap_lock for writing and the VMA write-locked (or detached).
 *                                                          Read: mmap_lock, or the VMA locked. RCU alone only to give up early.
 *             (flags)  VM_MAYBE_GUARD is also set with mmap_lock for reading, in one atomic step; a fault never asks for it.
 *             fixed    domain, file, name                  Write: before the VMA is attached. Read: as shape.
 *             Of a file's VMA, who changes start, end or pgoff also holds the file's list of mappings, and who holds
 *             that may read them, flags and domain: a truncation (vma/file.h).
 *             anon may also go from NULL to a value with mmap_lock for reading and the space's anon lock (mm/anon.h).
 */
#ifndef VMALOCK_VMA_VMA_H
#define VMALOCK_VMA_VMA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bits.h"
#include "locks/domain.h"
#include "sync/rcu.h"
#include "vma/anon.h"
#include "vma/file.h"
#include "vma/flags.h"
#include "vma/mempolicy.h"
#include "vma/name.h"

struct userfault_ctx; /* mm/userfault.h */

struct vma {
	atomic_u64 start, end; /* bytes. shape */
	atomic_u64 flags;      /* VM_. shape */
	uint64_t pgoff;        /* pages into the file; of private anonymous memory the page number of its birth. shape */
	struct domain *domain; /* fixed */
	struct vma_file *file; /* NULL: private anonymous memory. Holds a reference. fixed */
	ATOMIC_PTR(struct anon) anon; /* where new private pages are born; NULL until the first. shape */
	struct anon *chain;           /* head of the chain, see vma/anon.h. Guard: as anon, but never read by a fault */
	struct userfault_ctx *userfault; /* to whom its faults go; NULL exactly when no VM_UFFD_FLAGS are set. shape */
	struct mempolicy *policy;        /* NULL: the space's. Holds a reference. shape */
	struct vma_name *name;           /* NULL for most. Holds a reference. fixed */
	struct rcu_node rcu;             /* Guard: who took it out of the index */
	struct list_node in_file;        /* among the VMAs of its file, while attached. Guard: file->mappings_lock */

	/* The lock and what it is compared with: lines of their own, since every fault writes them. */
	cache_aligned atomic_u64 lock_seq; /* domain->seq of the section that marked it. Write: VMA lock for writing. */
	uint64_t lock_section;             /* domain->section of the same. Guard: mmap_lock for writing. */
	atomic_u32 attached;     /* 1 from attach to detach. Write: VMA write-locked. Read: VMA locked, or mmap_lock. */
	struct sync_rwlock lock; /* readers: faults inside; the writer: somebody who marks it. RANK_VMA */
};

/*
 * A VMA of [@start, @end), write-locked until the section ends, detached, without anon. Takes a reference of @file.
 * NULL: no memory.
 * Context: mmap_lock held for writing.
 */
must_check struct vma *vma_create(struct domain *domain, uint64_t start, uint64_t end, uint64_t pgoff, uint64_t flags,
				  struct vma_file *file);

/* The two halves of vma_create(): memory set aside, and the VMA made in it, which cannot fail. */
must_check struct vma *vma_alloc(void);
void vma_init(struct vma *vma, struct domain *domain, uint64_t start, uint64_t end, uint64_t pgoff, uint64_t flags,
	      struct vma_file *file);

/* Memory from vma_alloc() that became no VMA. */
void vma_free_unused(struct vma *vma);

/* Frees at once a VMA that nobody else ever saw, with its anon and its reference of the file. */
void vma_discard(struct vma *vma);

/* Lets go of what a VMA that left the index holds, and gives its memory to @batch. */
void vma_retire(struct vma *vma, struct rcu_batch *batch);

/* Takes a reference of @name, which may be NULL. Context: the VMA is detached. */
void vma_set_name(struct vma *vma, struct vma_name *name);

/* The free function for a batch of VMAs. */
void vma_free_rcu(struct rcu_node *node);

/* Into the list of its file's mappings, and out of it. */
void vma_attach(struct vma *vma);
void vma_detach(struct vma *vma);

/* --- reading: Context: mmap_lock, or the VMA locked ------------------------------------------------------------ */

static inline uint64_t vma_start(const struct vma *vma)
{
	return atomic_load_relaxed(&vma->start);
}

static inline uint64_t vma_end(const struct vma *vma)
{
	return atomic_load_relaxed(&vma->end);
}

static inline uint64_t vma_flags(const struct vma *vma)
{
	return atomic_load_relaxed(&vma->flags);
}

static inline uint64_t vma_length(const struct vma *vma)
{
	return vma_end(vma) - vma_start(vma);
}

static inline uint64_t vma_pages(const struct vma *vma)
{
	return vma_length(vma) >> PAGE_SHIFT;
}

/* Bytes into the file (or of the birth address) at @addr. */
static inline uint64_t vma_offset_at(const struct vma *vma, uint64_t addr)
{
	return (vma->pgoff << PAGE_SHIFT) + (addr - vma_start(vma));
}

/* The page of its file, or of what stands for one, that @addr shows. */
static inline uint64_t vma_index_at(const struct vma *vma, uint64_t addr)
{
	return vma_offset_at(vma, addr) >> PAGE_SHIFT;
}

/* The pgoff of whatever follows it without a seam. */
static inline uint64_t vma_pgoff_end(const struct vma *vma)
{
	return vma->pgoff + vma_pages(vma);
}

/* Where pages [@first, @end) of its file stand in @vma: [*@from, *@to). False: nowhere. Context: the file's list of mappings locked. */
static inline bool vma_file_range(const struct vma *vma, uint64_t first, uint64_t end, uint64_t *from, uint64_t *to)
{
	first = max_u64(first, vma->pgoff);
	end = min_u64(end, vma_pgoff_end(vma));
	*from = vma_start(vma) + ((first - vma->pgoff) << PAGE_SHIFT);
	*to = *from + ((end - first) << PAGE_SHIFT);
	return first < end;
}

/* Private anonymous memory; shared anonymous memory has an object of its own. */
static inline bool vma_is_anonymous(const struct vma *vma)
{
	return !vma->file;
}

/*
 * pair [anon-publish]: the release store in vma_set_anon_first(). A fault may put pages under the anon it sees, so it
 * must see the anon whole.
 */
static inline struct anon *vma_anon(const struct vma *vma)
{
	return atomic_load_acquire(&vma->anon);
}

/* --- changing: Context: mmap_lock for writing, and the VMA write-locked or detached (asserted) --------------------- */

void vma_set_range(struct vma *vma, uint64_t start, uint64_t end, uint64_t pgoff);
/* What is VM_STICKY stays set. */
void vma_set_flags(struct vma *vma, uint64_t flags);

/*
 * Registers it with @ctx for @modes (VM_UFFD_FLAGS), or with nobody: NULL and 0. Takes no reference: a context that closes
 * leaves its VMAs first.
 */
void vma_set_userfault(struct vma *vma, struct userfault_ctx *ctx, uint64_t modes);

/* Takes a reference of @policy, which may be NULL, and lets go of the one it had: no fault can be using that. */
void vma_set_policy(struct vma *vma, struct mempolicy *policy);

/* Takes over @ref, which the caller has counted; the VMA had none. */
void vma_set_anon(struct vma *vma, struct anon_ref ref);

/*
 * @new gets what @vma has beyond its place, flags and file: name, userfaultfd, policy, the same anon. Cannot fail. Linux: vm_area_dup().
 * Context: @vma write-locked, @new not attached yet.
 */
void vma_dup_holdings(struct vma *new, const struct vma *vma);

/* Lets go of its anon, since no page of the VMA hangs on it any more. */
void vma_drop_anon(struct vma *vma);

/* The anon and chain, for counting. Context: mmap_lock for writing, or for reading with the space's anon lock. */
struct anon_ref vma_anon_ref(const struct vma *vma);

/* Sets VM_MAYBE_GUARD. Context: mmap_lock for reading; others may do the same at the same time. */
void vma_mark_guarded(struct vma *vma);

/* As vma_set_anon(), with mmap_lock for reading and the space's anon lock instead. */
void vma_set_anon_first(struct vma *vma, struct anon_ref ref);

#endif
