/*
 * fault/userfault.c - a fault that a userfaultfd is to resolve: told, and waited for
 *
 * Two kinds of threads. One waits: it queues itself, lets go of everything, sleeps until it is woken, and then does the
 * whole fault again, whatever has become of the place meanwhile. The other (JavaScript's main thread, an event loop) never waits: the
 * event is told, and the fault ends as USERFAULT; its caller tries again when it sees fit.
 *
 * Locks    called with the VMA held still, by either means, and no table's lock.
 * Eras     before 6.6 a fault that held only the VMA's lock could not let go of it here: Linux dropped an mmap_lock that it did not
 *          hold (docs/races.md, F14). Such a fault goes the long way first.
 * Linux    fs/userfaultfd.c, handle_userfault().
 */
#include "fault/userfault.h"

#include "fault/fault.h"
#include "mm/userfault.h"
#include "mm/userfault_manner.h"
#include "sync/syncpoint.h"
#include "sync/thread_id.h"

static struct vmalock_uffd_event event_of(const struct fault *f, enum vmalock_uffd_kind kind)
{
	uint64_t features = f->vma->userfault->features;
	bool exact = features & VMALOCK_UFFD_FEATURE_EXACT_ADDRESS;

	return (struct vmalock_uffd_event){
		.address = exact ? f->addr : page_down(f->addr),
		.access = f->access,
		.kind = kind,
		.thread_id = features & VMALOCK_UFFD_FEATURE_THREAD_ID ? sync_thread_id() : 0,
	};
}

/* Is there still no page, or the one that may not be written? Of memory that is to have a huge page: still no table. */
static bool is_unresolved(const struct fault *f)
{
	if (!f->slot.entry)
		return pt_huge_is_open(&f->mm->pt, f->addr);
	return atomic_load_relaxed(f->slot.entry) == f->pte;
}

uint32_t fault_userfault(struct fault *f, enum vmalock_uffd_kind kind)
{
	struct userfault_ctx *ctx = f->vma->userfault;
	struct vmalock_uffd_event event;

	check(ctx);
	if ((f->flags & FAULT_FLAG_VMA_LOCK) && f->mm->era < VMALOCK_FAULTS_LINUX_6_6) {
		mm_count(f->mm, STAT_retry_userfault);
		return FAULT_RETRY;
	}
	if (ctx->features & VMALOCK_UFFD_FEATURE_SIGBUS)
		return VMALOCK_FAULT_SIGBUS;
	mm_count(f->mm, STAT_userfaults);
	event = event_of(f, kind);
	if (userfault_returns()) {
		userfault_post(ctx, &event);
		return VMALOCK_FAULT_USERFAULT;
	}
	syncpoint("userfault-queues");
	userfault_queue(ctx, &event, f->wait);
	syncpoint("userfault-queued");
	/* Resolved before it stood in the queue: nobody would wake it. mm/userfault.h */
	if (is_unresolved(f))
		return FAULT_WAIT;
	userfault_leave(f->wait);
	return FAULT_CHANGED;
}

bool fault_userfault_wait(struct fault *f)
{
	bool woken;

	syncpoint("userfault-waits");
	woken = userfault_sleep_patiently(f->wait);
	userfault_leave(f->wait);
	return woken;
}
