/*
 * fault/fault.h - one fault from the access to its outcome
 *
 *   fault_resolve() -- the policy's fast path -- fault_handle() -- anon.c, file.c, cow.c
 *          \________ mmap_lock, stack growth __/
 */
#ifndef VMALOCK_FAULT_FAULT_H
#define VMALOCK_FAULT_FAULT_H

#include "mm/mm.h"

/* The fault holds its VMA only (not mmap_lock): a handler that needs more says FAULT_RETRY. RFC patch 18. */
#define FAULT_FLAG_VMA_LOCK 0x1u

struct fault {
	struct mm *mm;
	struct vma *vma;  /* held still by the VMA's lock or by mmap_lock */
	uint64_t addr;    /* bytes */
	enum vmalock_access access;
	uint32_t flags;   /* FAULT_FLAG_ */
};

/* A handler's answer beside the VMALOCK_FAULT_ outcomes: nothing was done, ask again with mmap_lock held. Never leaves this layer. */
#define FAULT_RETRY 0x100u

/* One fault, any policy; counts everything. Return: VMALOCK_FAULT_ bits. Context: no lock. */
uint32_t fault_resolve(struct mm *mm, uint64_t addr, enum vmalock_access access);

/* The same for machines with execute-only memory: VM_EXEC alone does not permit reading (arm64, ppc64). */
uint32_t fault_resolve_exec_only(struct mm *mm, uint64_t addr, enum vmalock_access access);

/* Does the VMA permit the access? PROT_WRITE alone is readable, as on x86. */
bool fault_permitted(const struct vma *vma, enum vmalock_access access);

/*
 * Makes the page of @f->addr present for @f->access, which the VMA permits. Return: MINOR, MAJOR (| COW), SIGBUS, OOM,
 * or FAULT_RETRY (only with FAULT_FLAG_VMA_LOCK; it has counted why). Context: @f->vma held still.
 */
uint32_t fault_handle(struct fault *f);

/* The kinds, each called by fault_handle(). */
uint32_t fault_anonymous(struct fault *f); /* private anonymous memory, no page there yet */
uint32_t fault_file(struct fault *f);      /* a page of a file or of shared anonymous memory, none there yet */
uint32_t fault_write_present(struct fault *f); /* a write to a page that is there but not writable: copy or take over */

/*
 * Runs @fn on the bytes of a page that is present for @access, faulting as long as that takes: how read() and write() move bytes.
 * @fn runs under the table's lock, must be short, and gets the page's host address (NULL with VMALOCK_BACKING_NONE).
 * Return: VMALOCK_FAULT_ outcome; @fn ran when it is MINOR or MAJOR.
 */
uint32_t fault_with_page(struct mm *mm, uint64_t addr, enum vmalock_access access,
			 void (*fn)(void *arg, uint8_t *page), void *arg);

#endif
