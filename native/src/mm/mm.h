/*
 * mm/mm.h - struct mm: one address space
 *
 * Guards, field by field; "W" is mmap_lock for writing, "mmap_lock" either side.
 */
#ifndef VMALOCK_MM_MM_H
#define VMALOCK_MM_MM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "index/index.h"
#include "locks/domain.h"
#include "locks/refcount.h"
#include "mm/stats.h"
#include "pt/commit.h"
#include "pt/frame.h"
#include "pt/pt.h"
#include "sync/counters.h"
#include "vma/vma.h"
#include "vmalock.h"

struct policy;

/* Linux's limits on x86-64. */
#define MM_TASK_SIZE VMALOCK_TASK_SIZE
/* As Linux has them where nobody sets vm.mmap_min_addr. */
#define MM_MIN_ADDRESS UINT64_C(65536)        /* nothing goes below it by itself: CONFIG_LSM_MMAP_MIN_ADDR */
#define MM_ROOT_ONLY_ADDRESSES UINT64_C(4096) /* only the privileged may ask for less: CONFIG_DEFAULT_MMAP_MIN_ADDR */
#define MM_STACK_GUARD_GAP (UINT64_C(256) << PAGE_SHIFT)

struct mm {
	struct domain domain; /* mmap_lock and the sequence */
	struct index vmas;    /* Write: W. Read: RCU or mmap_lock. */
	struct pt pt;
	struct counters counters;     /* enum mm_stat; any thread counts */
	const struct policy *policy;  /* fixed */
	enum vmalock_faults era;      /* fixed: which faults may take the policy's fast path */
	bool forbids_zero_page;       /* fixed */
	atomic_u32 unstable;          /* from 0 to 1: it was reaped, private memory is gone. See ops/exit.h */
	enum vmalock_thp thp;         /* fixed */
	enum vmalock_backing backing; /* fixed */
	uint32_t numa_nodes;          /* fixed */
	struct refcount refs;
	struct list_node sharer;          /* in its pool's list of spaces (mm/reclaim.c). Guard: that list's lock */
	uint64_t sharer_number;           /* of those that have joined it, from 1. Guard: that list's lock */
	atomic_u64 reclaim_hand;          /* an address: where the next look for pages to take begins. A hint */
	struct sync_mutex observers_lock; /* RANK_OBSERVERS */
	struct list_node observers;       /* of struct observation. See mm/observer.h */
	struct sync_mutex anon_lock;      /* RANK_ANON: first anon of a VMA, with mmap_lock for reading */
	struct rcu_batch retired_vmas;    /* Guard: W */
	struct rcu_node *spare_vmas;      /* memory that split_reserve() set aside, linked through rcu. Guard: W */
	struct vmalock_limits limits;     /* Write: W. Read: mmap_lock */
	atomic_u32 privileged;            /* Write: W. Read: anybody */
	atomic_u32 thp_disable;           /* as vmalock_mm_thp_disable() tells. Write: W. Read: anybody */
	uint32_t mdwe;                    /* VMALOCK_MDWE_ bits. Write: W. Read: mmap_lock */
	ATOMIC_PTR(struct mempolicy)
	mempolicy;                            /* of set_mempolicy; NULL: none. See mm/mempolicy.h. Write: W. Read: RCU */
	struct rcu_batch retired_mempolicies; /* Guard: W */

	/* Write: W. Read: anybody; who needs them to agree with the mappings, under mmap_lock. */
	atomic_u64 brk_start, brk; /* bytes; brk_start 0: there is no heap yet */
	atomic_u64 stack_start;    /* an address inside the stack, 0: unknown */

	/* Write: W. Read: mmap_lock. */
	uint32_t map_count;                                                      /* VMAs */
	uint64_t total_pages, data_pages, stack_pages, exec_pages, locked_pages; /* as Linux's total_vm, ... */
	uint64_t peak_pages;
	/* Of locked_pages: those that MREMAP_DONTUNMAP unlocked. Linux forgets to take them off, and so VmLck tells. */
	uint64_t forgotten_locked_pages;
	uint64_t committed_pages; /* of accounted mappings */
	uint64_t mmap_base;       /* new mappings go below it, highest first */
	uint64_t default_flags;   /* VM_LOCKED bits that every new mapping gets: MCL_FUTURE. Guard: W */
};

/* For policy_mm_create(). A space without mappings. @frames: to share (fork), or NULL for a pool of its own. 0, -ENOMEM, -EINVAL. */
must_check int mm_create(const struct vmalock_options *options, const struct policy *policy, struct frames *frames,
			 enum lock_rank rank, struct mm **out);
void mm_get(struct mm *mm);

/* The last one frees the space and all in it. */
void mm_put(struct mm *mm);

/* Has it root's rights: no limit on locked memory, low addresses, MPOL_MF_MOVE_ALL? */
static inline bool mm_is_privileged(const struct mm *mm)
{
	return atomic_load_relaxed(&mm->privileged);
}

/*
 * Memory-deny-write-execute: may a VMA of the flags @before, or a new one of the same flags, not have @after? Linux: map_deny_write_exec().
 * Context: mmap_lock.
 */
static inline bool mm_denies_exec(const struct mm *mm, uint64_t before, uint64_t after)
{
	return mm->mdwe && (after & VM_EXEC) && ((after & VM_WRITE) || !(before & VM_EXEC));
}

/* The space that a VMA belongs to. Context: it is attached, and cannot leave now. */
static inline struct mm *mm_of_vma(const struct vma *vma)
{
	return container_of(vma->domain, struct mm, domain);
}

/* The account that it shares with its forks. */
static inline struct commit *mm_commit(const struct mm *mm)
{
	return frames_commit(mm->pt.frames);
}

static inline void mm_count(struct mm *mm, enum mm_stat stat)
{
	counters_add(&mm->counters, (uint32_t)stat, 1);
}

/*
 * The VMA that covers @addr or the first above it; NULL: none. Context: mmap_lock.
 */
struct vma *mm_find(struct mm *mm, uint64_t addr);

/* Only one that covers @addr. */
struct vma *mm_lookup(struct mm *mm, uint64_t addr);

/* The neighbours of an address: last VMA that ends at or below it; first that starts at or above. Context: mmap_lock. */
struct vma *mm_prev(struct mm *mm, uint64_t addr);

/* Counts and index agree with the VMAs and the tables. NULL, or what is wrong. Context: W, every VMA write-locked. */
const char *mm_validate(struct mm *mm);

/* And what entries of shared mappings say, with the files. Context: the same, and no lock of observers. */
const char *mm_validate_dirty(struct mm *mm);

#endif
