/*
 * fault/fault.h - one fault from the access to its outcome
 *
 *   fault_resolve() -- the policy's fast path -- fault_handle() -- anon.c, file.c, cow.c -- userfault.c
 *       ^  \________ mmap_lock, stack growth __/                                              |
 *       \____________________________ FAULT_WAIT: a userfaultfd is to resolve it ___________/
 */
#ifndef VMALOCK_FAULT_FAULT_H
#define VMALOCK_FAULT_FAULT_H

#include "mm/mm.h"

struct userfault_wait;

/* The fault holds its VMA only (not mmap_lock): a handler that needs more says FAULT_RETRY. RFC patch 18. */
#define FAULT_FLAG_VMA_LOCK 0x1u

struct fault {
	struct mm *mm;
	struct vma *vma; /* held still by the VMA's lock or by mmap_lock */
	uint64_t addr;   /* bytes */
	enum vmalock_access access;
	uint32_t flags;              /* FAULT_FLAG_ */
	struct userfault_wait *wait; /* of the caller: what stands in a userfaultfd's queue after FAULT_WAIT */

	/* Set by fault_handle() for the kinds. */
	struct pt_slot slot; /* the entry of @addr, and its table's lock */
	uint64_t pte;        /* what the entry was; looked at again under the lock */
	uint64_t cuts;       /* file_cuts() before a page of the file was looked for. Only with asks_file */
	bool asks_file;      /* what is to be installed comes from a page of the file: it must still be there */
	uint32_t major;      /* VMALOCK_FAULT_MAJOR once a page was brought in, also if another fault then was faster */
};

/* A handler's answer beside the VMALOCK_FAULT_ outcomes: nothing was done, ask again with mmap_lock held. Never leaves this layer. */
#define FAULT_RETRY 0x100u

/* Nothing was done, for another fault was faster: look at the entry again. Never leaves fault_handle(). */
#define FAULT_CHANGED 0x200u

/* In a userfaultfd's queue: let go of everything, wait, and begin again. Never leaves this layer. */
#define FAULT_WAIT 0x400u

/* No frame was free: let go of everything, take pages from somebody, and begin again. Never leaves this layer. */
#define FAULT_RECLAIM 0x1000u
#define FAULT_NO_FRAME (FAULT_RECLAIM | VMALOCK_FAULT_OOM)

/* One fault, any policy; counts everything. Return: VMALOCK_FAULT_ bits. Context: no lock. */
uint32_t fault_resolve(struct mm *mm, uint64_t addr, enum vmalock_access access);

/* The same for machines with execute-only memory: VM_EXEC alone does not permit reading (arm64, ppc64). */
uint32_t fault_resolve_exec_only(struct mm *mm, uint64_t addr, enum vmalock_access access);

/* Does the VMA permit the access? PROT_WRITE alone is readable, as on x86. */
bool fault_permitted(const struct vma *vma, enum vmalock_access access);

/*
 * Makes the page of @f->addr present for @f->access, which the VMA permits. Return: MINOR, MAJOR (| COW), SIGBUS
 * (| HWPOISON), OOM, SIGSEGV_MAPERR (a guard), USERFAULT, FAULT_WAIT, FAULT_NO_FRAME, or FAULT_RETRY (only with FAULT_FLAG_VMA_LOCK; it has counted why).
 * Context: @f->vma held still.
 */
uint32_t fault_handle(struct fault *f);

/* The kinds, each called by fault_handle(). */
uint32_t fault_anonymous(struct fault *f);     /* private anonymous memory, no page there yet */
uint32_t fault_file(struct fault *f);          /* a page of a file or of shared anonymous memory, none there yet */
uint32_t fault_swap(struct fault *f);          /* a page that is out */
uint32_t fault_write_present(struct fault *f); /* a write to a page that is there but not writable: copy or take over */

/*
 * around.c: maps what the file has around a page that is read, and that page. True: its entry has changed, look again.
 */
bool fault_around(struct fault *f);

/*
 * A page that @f->vma's userfaultfd is to resolve: userfault.c. @f->slot.entry NULL: there is no table yet.
 * Return: what fault_handle() does, or FAULT_CHANGED.
 */
uint32_t fault_userfault(struct fault *f, enum vmalock_uffd_kind kind);

/* After FAULT_WAIT. True: look again; false: this thread is not to wait any longer. Context: nothing held. */
bool fault_userfault_wait(struct fault *f);

/*
 * Brings in every page of [@start, @end), which is @vma's, that is out, whatever @vma permits. What else is there stays as it is.
 * 0; -ENOMEM: no frame, and some may have come. Context: mmap_lock held.
 */
must_check int fault_swap_in(struct mm *mm, struct vma *vma, uint64_t start, uint64_t end);

/* --- steps that the kinds share ----------------------------------------------------------------------------------- */

/*
 * Sees to it that the VMA has an anon, which a private page needs before it is there. 0; OOM; FAULT_RETRY: under the VMA
 * lock alone its neighbours must not be looked at.
 */
uint32_t fault_prepare_anon(struct fault *f);

/* From here on @f is about a page of its VMA's file: nothing is installed if the file is cut meanwhile. */
void fault_ask_file(struct fault *f);

/*
 * Locks the entry if it is still f->pte, and the file still has what fault_ask_file() began with. False: not so, and nothing is
 * locked.
 */
bool fault_lock_entry(struct fault *f);
void fault_unlock_entry(struct fault *f);

/*
 * Puts @frame, of which the caller is the only user, where f->pte was: writable and dirty if the VMA is writable, and no userfaultfd
 * wants to know of writes. Return: @result; FAULT_CHANGED: the frame is free again, or the access needs one step more.
 */
uint32_t fault_install_frame(struct fault *f, void *frame, uint32_t result);

/*
 * Write protection that a marker has kept until the page came: the bits of an entry with it, @bits without.
 * Never both PTE_WRITE and PTE_UFFD_WP of a page that comes.
 */
uint64_t fault_marked_bits(const struct fault *f, uint64_t bits);

/*
 * Runs @fn on the bytes of a page that is present for @access, faulting as long as that takes: how read() and write() move bytes.
 * @fn runs under the table's lock, must be short, and gets the page's host address (NULL with VMALOCK_BACKING_NONE).
 * Return: VMALOCK_FAULT_ outcome; @fn ran when it is MINOR or MAJOR.
 */
uint32_t fault_with_page(struct mm *mm, uint64_t addr, enum vmalock_access access, void (*fn)(void *arg, uint8_t *page),
			 void *arg);

#endif
