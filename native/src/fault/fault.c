/*
 * fault/fault.c - one fault: the policy's fast path, and what it falls back to
 *
 * Locks   none on entry. The fast path holds one VMA by the policy's means; what it may wait for says the policy, and it waits
 *         before it holds anything. The long way holds mmap_lock for reading, or for writing while a stack grows. Who waits for a
 *         userfaultfd, or takes pages from somebody because no frame is left, holds nothing, and then begins again.
 * Counts  attempts == success + abort + retry + miss + access_error, each counted where it is decided.
 */
#include "fault/fault.h"
#include "fault/no_frame.h"

#include "mm/mmap_lock.h"
#include "mm/userfault.h"
#include "ops/grow.h"
#include "policy/policy.h"
#include "pt/pte.h"
#include "sync/syncpoint.h"

/* --- permission ---------------------------------------------------------------------------------------------------- */

/*
 * Whatever grants anything grants reading on x86: the page table has no other way. arm64 and ppc64 have execute-only
 * memory.
 */
static bool permitted(const struct vma *vma, enum vmalock_access access, bool exec_implies_read)
{
	uint64_t flags = vma_flags(vma);

	switch (access) {
	case VMALOCK_WRITE:
		return flags & VM_WRITE;
	case VMALOCK_EXEC:
		return flags & VM_EXEC;
	case VMALOCK_READ:
		break;
	}
	return flags & (VM_READ | VM_WRITE | (exec_implies_read ? VM_EXEC : 0));
}

bool fault_permitted(const struct vma *vma, enum vmalock_access access)
{
	return permitted(vma, access, true);
}

/* A page that the processor would not ask for. Context: @f->vma held still. */
static bool is_there(const struct fault *f)
{
	struct pt_slot slot;

	return pt_slot_find(&f->mm->pt, f->addr, &slot) && pte_is_present(atomic_load_relaxed(slot.entry));
}

/*
 * x86 tells of a missing page before it tells that nothing may be executed there: the page comes as for a read, and the access is refused
 * when it is repeated. @f->access says then what this fault is to bring. Linux: access_error() in arch/x86/mm/fault.c.
 */
static bool may_access(struct fault *f, bool exec_implies_read)
{
	if (likely(permitted(f->vma, f->access, exec_implies_read)))
		return true;
	if (f->access != VMALOCK_EXEC || !exec_implies_read || !permitted(f->vma, VMALOCK_READ, true) || is_there(f))
		return false;
	f->access = VMALOCK_READ;
	return true;
}

/* --- the fast path ------------------------------------------------------------------------------------------------- */

static void count_refusal(struct mm *mm, enum policy_start why)
{
	switch (why) {
	case POLICY_LOCKED:
		return;
	case POLICY_MISS:
		mm_count(mm, STAT_vma_lock_miss);
		return;
	case POLICY_NO_VMA:
		mm_count(mm, STAT_abort_no_vma);
		break;
	case POLICY_VMA_KIND:
		mm_count(mm, STAT_abort_vma_kind);
		break;
	case POLICY_BUSY:
		mm_count(mm, STAT_abort_vma_busy);
		break;
	}
	mm_count(mm, STAT_vma_lock_abort);
}

/* The outcome, or FAULT_RETRY: the long way must decide. */
static uint32_t try_fast(struct fault *f, bool exec_implies_read, uint32_t *retried)
{
	struct mm *mm = f->mm;
	enum policy_start start;
	uint32_t result;

	mm_count(mm, STAT_vma_lock_attempts);
	start = mm->policy->start_read(mm, f->addr, &f->vma);
	if (start != POLICY_LOCKED) {
		count_refusal(mm, start);
		return FAULT_RETRY;
	}
	syncpoint("fault-vma-locked");
	if (unlikely(!may_access(f, exec_implies_read))) {
		mm->policy->end_read(mm, f->vma);
		mm_count(mm, STAT_vma_lock_access_error);
		return FAULT_RETRY;
	}
	f->flags = FAULT_FLAG_VMA_LOCK;
	result = fault_handle(f);
	mm->policy->end_read(mm, f->vma);
	if (unlikely(result & FAULT_RETRY)) {
		mm_count(mm, STAT_vma_lock_retry);
		*retried = VMALOCK_FAULT_RETRIED;
		return FAULT_RETRY;
	}
	if (unlikely(result & FAULT_WAIT)) {
		mm_count(mm, STAT_retry_userfault);
		mm_count(mm, STAT_vma_lock_retry);
		return FAULT_WAIT;
	}
	mm_count(mm, STAT_vma_lock_success);
	return result | VMALOCK_FAULT_VMA_LOCK;
}

/* --- the long way -------------------------------------------------------------------------------------------------- */

static bool is_stack_above(const struct vma *vma, uint64_t addr)
{
	return vma && vma_start(vma) > addr && (vma_flags(vma) & VM_GROWSDOWN);
}

/*
 * mmap_lock cannot be upgraded: it is let go, taken for writing, and everything looked at again. Ends as a reader.
 * Context: mmap_lock for reading, which it lets go. Return: the VMA, with the lock downgraded; NULL, with none.
 */
static struct vma *grow_stack(struct mm *mm, uint64_t addr)
{
	struct vma *vma;

	mmap_read_unlock(mm);
	syncpoint("fault-lets-go-to-grow");
	mmap_write_lock(mm);
	vma = mm_find(mm, addr);
	if (!vma || (vma_start(vma) > addr && (!is_stack_above(vma, addr) || op_grow_stack(mm, vma, addr)))) {
		mmap_write_unlock(mm);
		return NULL;
	}
	mmap_write_downgrade(mm);
	return vma;
}

static uint32_t handle_locked(struct fault *f, bool exec_implies_read)
{
	if (!may_access(f, exec_implies_read))
		return VMALOCK_FAULT_SIGSEGV_ACCERR;
	f->flags = 0;
	return fault_handle(f);
}

static uint32_t handle_slowly(struct fault *f, bool exec_implies_read)
{
	struct mm *mm = f->mm;
	uint32_t result = VMALOCK_FAULT_SIGSEGV_MAPERR;

	mmap_read_lock(mm);
	f->vma = mm_find(mm, f->addr);
	if (unlikely(is_stack_above(f->vma, f->addr))) {
		f->vma = grow_stack(mm, f->addr);
		if (!f->vma)
			return result;
		result = handle_locked(f, exec_implies_read);
		mmap_downgraded_unlock(mm);
		return result;
	}
	if (f->vma && vma_start(f->vma) <= f->addr)
		result = handle_locked(f, exec_implies_read);
	mmap_read_unlock(mm);
	return result;
}

/* --- both ---------------------------------------------------------------------------------------------------------- */

static void count_outcome(struct mm *mm, uint32_t result)
{
	switch (result & VMALOCK_FAULT_OUTCOME) {
	case VMALOCK_FAULT_MINOR:
		mm_count(mm, STAT_minor_faults);
		break;
	case VMALOCK_FAULT_MAJOR:
		mm_count(mm, STAT_major_faults);
		break;
	case VMALOCK_FAULT_OOM:
	case VMALOCK_FAULT_USERFAULT:
		break;
	default:
		mm_count(mm, STAT_signal_faults);
	}
	if (result & VMALOCK_FAULT_COW)
		mm_count(mm, STAT_cow_faults);
}

static uint32_t attempt(struct fault *f, bool exec_implies_read, uint32_t *retried)
{
	uint32_t result = FAULT_RETRY;

	if (f->mm->policy->start_read)
		result = try_fast(f, exec_implies_read, retried);
	if (result & FAULT_RETRY)
		result = handle_slowly(f, exec_implies_read);
	return result;
}

/* Nothing is held: waits for a userfaultfd, or finds a frame. False: no use to begin again, and @result is what the fault comes to. */
static bool may_go_on(struct fault *f, uint32_t *result, struct no_frame *no_frame)
{
	if (*result & FAULT_WAIT) {
		*result = VMALOCK_FAULT_USERFAULT;
		return fault_userfault_wait(f);
	}
	*result &= ~FAULT_RECLAIM;
	return no_frame_try_again(f->mm, no_frame);
}

/* @again: what was brought is not yet what @access is about. */
static uint32_t resolve_once(struct mm *mm, uint64_t addr, enum vmalock_access access, bool exec_implies_read,
			     bool *again)
{
	struct userfault_wait wait; /* nobody reads it before userfault_queue() has written it */
	struct fault f = { .mm = mm, .addr = addr, .access = access, .wait = &wait };
	uint32_t result, retried = 0;
	struct no_frame no_frame = { 0 };

	*again = false;
	if (unlikely(addr >= MM_TASK_SIZE)) {
		mm_count(mm, STAT_signal_faults);
		return VMALOCK_FAULT_SIGSEGV_MAPERR;
	}
	result = attempt(&f, exec_implies_read, &retried);
	while (unlikely(result & (FAULT_WAIT | FAULT_RECLAIM)) && may_go_on(&f, &result, &no_frame))
		result = attempt(&f, exec_implies_read, &retried);
	count_outcome(mm, result);
	*again = f.access != access && (result & VMALOCK_FAULT_OUTCOME) <= VMALOCK_FAULT_MAJOR;
	return result | retried;
}

static uint32_t resolve(struct mm *mm, uint64_t addr, enum vmalock_access access, bool exec_implies_read)
{
	uint32_t result;
	bool again;

	do
		result = resolve_once(mm, addr, access, exec_implies_read, &again);
	while (unlikely(again));
	return result;
}

uint32_t fault_resolve(struct mm *mm, uint64_t addr, enum vmalock_access access)
{
	return resolve(mm, addr, access, true);
}

uint32_t fault_resolve_exec_only(struct mm *mm, uint64_t addr, enum vmalock_access access)
{
	return resolve(mm, addr, access, false);
}
