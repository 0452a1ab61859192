/*
 * mm/userfault.h - one userfaultfd: the faults that wait for it, and the events that tell of them
 *
 *   a fault that waits      struct userfault_wait on its own stack: unread ── read ── woken
 *   a fault that does not   a copy of its event, unread until somebody reads it or its page comes
 *
 * A context belongs to one space, and VMAs of it point to the context while they are registered.
 *
 * Locks    ctx->lock (RANK_USERFAULT) guards both lists, and what is in them. A fault takes it with its VMA held; whoever wakes holds
 *          no page table's lock any more.
 * No wake-up is lost. A fault queues itself and then looks at its entry again; who resolves changes the entry and then looks through
 *          the queue. Both do their part with the queue under ctx->lock: if the fault came first it is found and woken; if it came second
 *          it sees, by that lock, the entry that was changed before, and does not wait.
 * Life     the handles of the C API hold one reference together, each fault that waits another. VMAs hold none: closing takes the context
 *          out of them, which waits for the faults inside. Only then the rest of those that wait are woken, so that none of
 *          them is missed.
 */
#ifndef VMALOCK_MM_USERFAULT_H
#define VMALOCK_MM_USERFAULT_H

#include "base/list.h"
#include "mm/mm.h"

/* Events of faults that do not wait, at most that many unread: the next fault there makes a new one. */
#define USERFAULT_POSTS 1024

struct userfault_wait {
	struct list_node node;           /* in ctx->unread or ctx->read, in none once woken. Guard: ctx->lock */
	struct userfault_ctx *ctx;       /* a reference; NULL: the copy of an event, for which nobody waits. fixed */
	struct vmalock_uffd_event event; /* a copy's access: ctx->lock; else fixed */
	atomic_u32 woken;                /* 0, then 1. Write: ctx->lock. Read: the fault that waits */
};

struct userfault_ctx {
	struct refcount refs, handles;
	struct mm *mm;          /* a reference. fixed */
	uint64_t features;      /* VMALOCK_UFFD_FEATURE_. fixed */
	struct sync_mutex lock; /* RANK_USERFAULT */

	/* Guard: lock. */
	struct list_node unread, read, free_posts;
	struct userfault_wait *posts; /* USERFAULT_POSTS of them, from the first that was needed on */
	uint32_t readers;             /* threads that sleep in userfault_read() */
	bool closed;
	void (*notify)(void *arg); /* called for each event, with the lock held; may be NULL */
	void *notify_arg;

	atomic_u32 arrivals; /* what readers sleep on. Write: lock. */
};

/* 0, -ENOMEM. Takes a reference of @mm, and has one handle. */
must_check int userfault_create(struct mm *mm, uint64_t features, struct userfault_ctx **out);
void userfault_get(struct userfault_ctx *ctx);
void userfault_put(struct userfault_ctx *ctx);

/* --- for faults ------------------------------------------------------------------------------------------------------ */

/* Tells of a fault that will not wait. The same one, told of twice and not read in between, is one event. */
void userfault_post(struct userfault_ctx *ctx, const struct vmalock_uffd_event *event);

/*
 * Puts @wait, which the caller keeps until it has left again, into the queue.
 * Context: the VMA held still, which keeps @ctx alive; @wait takes a reference.
 */
void userfault_queue(struct userfault_ctx *ctx, const struct vmalock_uffd_event *event, struct userfault_wait *wait);

/* Sleeps until woken, or @timeout_ns are over. Has it been woken? Context: nothing held: who is to wake may need any lock. */
bool userfault_sleep(struct userfault_wait *wait, uint64_t timeout_ns);

/* Out of the queue, woken or not; nobody looks at @wait any more. */
void userfault_leave(struct userfault_wait *wait);

/* --- for who resolves ------------------------------------------------------------------------------------------------ */

/* Wakes all that wait for a page of [@start, @end), and forgets what was told of others there. */
void userfault_wake(struct userfault_ctx *ctx, uint64_t start, uint64_t end);

/* No more events; all are woken. Context: no VMA is registered with it any more. */
void userfault_shut(struct userfault_ctx *ctx);

bool userfault_is_closed(struct userfault_ctx *ctx);

/* The next event. 0; -EAGAIN: none came within @timeout_ns; -EBADF: closed. Context: nothing held. */
must_check int userfault_read(struct userfault_ctx *ctx, struct vmalock_uffd_event *out, uint64_t timeout_ns);

/* Whom to call for each event; NULL: nobody. After the return the one before is not called any more. */
void userfault_set_notify(struct userfault_ctx *ctx, void (*notify)(void *arg), void *arg);

#endif
