/*
 * mm/userfault.h - one userfaultfd: the faults that wait for it, and the events that tell of them and of changes
 *
 *   a fault that waits      struct userfault_wait on its own stack: unread ── read ── woken
 *   a fault that does not   a copy of its event, unread until somebody reads it or its page comes
 *   a change                struct userfault_notice: announced ── (the change) ── told ── read
 *
 * A context belongs to one space, and VMAs of it point to the context while they are registered.
 *
 * Order    Changes are read in the order in which they were told. Faults are read before changes that are waited for: who is asleep in a
 *          munmap has not gone on, and so has told nothing since. A change that nobody waits for stands among the faults, behind all changes
 *          told before it: what its thread tells later is read later.
 * Locks    ctx->lock (RANK_USERFAULT) guards the lists, and what is in them. A fault takes it with its VMA held; whoever wakes holds
 *          no page table's lock any more.
 *          ctx->changes (RANK_USERFAULT_CHANGES): for reading, who brings pages; for writing, for a moment, who announces a change. So whatever
 *          was begun before the announcement is done before the change; what begins later is refused until the change has been read,
 *          since it was decided upon by one who did not know of it. The VMA's lock cannot do that: MADV_DONTNEED does not take it.
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
	struct list_node node;           /* in a list of ctx, in none once woken. Guard: ctx->lock */
	struct userfault_ctx *ctx;       /* a reference; NULL: the copy of an event, or a notice's. fixed */
	struct vmalock_uffd_event event; /* a copy's access: ctx->lock; else fixed */
	atomic_u32 woken;                /* 0, then 1. Write: ctx->lock. Read: the fault that waits */
};

/* What is told of a change. Made before it, so that nothing can fail after it. */
struct userfault_notice {
	struct userfault_wait wait;    /* its ctx is NULL */
	struct userfault_ctx *ctx;     /* a reference. fixed */
	struct userfault_notice *next; /* of the same change. Guard: who makes the change */
	bool left;                     /* nobody waits: who takes it out of the queue frees it. Guard: ctx->lock */
	bool among_faults;             /* in ctx->unread. Guard: ctx->lock */
	bool read;                     /* Guard: ctx->lock */
};

struct userfault_ctx {
	struct refcount refs, handles;
	struct mm *mm;          /* a reference. fixed */
	uint64_t features;      /* VMALOCK_UFFD_FEATURE_. fixed */
	struct sync_mutex lock; /* RANK_USERFAULT */

	/* Guard: lock. */
	struct list_node unread, read, free_posts;
	struct list_node notices; /* unread ones that are waited for, but for those that had to come among the faults */
	struct userfault_wait *posts; /* USERFAULT_POSTS of them, from the first that was needed on */
	uint32_t readers;             /* threads that sleep in userfault_read() */
	bool closed;
	void (*notify)(void *arg); /* called for each event, with the lock held; may be NULL */
	void *notify_arg;

	atomic_u32 arrivals; /* what readers sleep on. Write: lock. */

	struct sync_rwlock changes; /* RANK_USERFAULT_CHANGES */
	atomic_u32 changing;        /* notices announced and not read yet. Up: changes, for writing. Down: anybody */
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

/* --- for who changes mappings ---------------------------------------------------------------------------------------- */

/*
 * From now on pages that somebody wants to bring are refused until @event has been read: a notice that the caller owns. 0, -ENOMEM.
 * Context: mmap_lock, which keeps @ctx alive; no VMA locked but marked.
 */
must_check int userfault_announce(struct userfault_ctx *ctx, const struct vmalock_uffd_event *event,
				  struct userfault_notice **out);

/* It will not be told after all: nothing is refused for its sake any more. Not for one that was in a queue. */
void userfault_settle(struct userfault_notice *notice);

/* Into the queue, and nobody waits for it: it is the queue's. False: closed, and it is still the caller's. Context: nothing held. */
must_check bool userfault_post_notice(struct userfault_notice *notice);

/* Into the queue; then userfault_sleep() for notice->wait, and userfault_leave_notice(). False: closed. Context: nothing held. */
must_check bool userfault_queue_notice(struct userfault_notice *notice);

enum userfault_end {
	USERFAULT_READ,   /* somebody has read it; the notice is the caller's again */
	USERFAULT_CLOSED, /* nobody will; the same */
	USERFAULT_LEFT,   /* not yet: it is the queue's */
};
enum userfault_end userfault_leave_notice(struct userfault_notice *notice);

/* Context: nobody waits for it, and it is in no queue. */
void userfault_free_notice(struct userfault_notice *notice);

static inline bool userfault_is_notice(const struct vmalock_uffd_event *event)
{
	return event->kind > VMALOCK_UFFD_MINOR;
}

/* --- for who resolves ------------------------------------------------------------------------------------------------ */

/* Wakes all that wait for a page of [@start, @end), and forgets what was told of others there. */
void userfault_wake(struct userfault_ctx *ctx, uint64_t start, uint64_t end);

/* Is there a change that nobody has read? A hint. */
static inline bool userfault_is_changing(const struct userfault_ctx *ctx)
{
	return atomic_load_relaxed(&ctx->changing) != 0;
}

/* 0: until the end no change is announced. -EAGAIN: one is. Context: the VMAs held that pages are for. */
must_check int userfault_fill_begin(struct userfault_ctx *ctx);
void userfault_fill_end(struct userfault_ctx *ctx);

/*
 * No more events; all are woken. Notices that nobody waits for go to *@left, the first of a list linked through next, and *@last: the caller's.
 * Context: no VMA is registered with it any more.
 */
void userfault_shut(struct userfault_ctx *ctx, struct userfault_notice **left, struct userfault_notice **last);

bool userfault_is_closed(struct userfault_ctx *ctx);

/* The next event. 0; -EAGAIN: none came within @timeout_ns; -EBADF: closed. Context: nothing held. */
must_check int userfault_read(struct userfault_ctx *ctx, struct vmalock_uffd_event *out, uint64_t timeout_ns);

/* Whom to call for each event; NULL: nobody. After the return the one before is not called any more. */
void userfault_set_notify(struct userfault_ctx *ctx, void (*notify)(void *arg), void *arg);

#endif
