#include "mm/userfault.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "sync/syncpoint.h"

static void lock(struct userfault_ctx *ctx)
{
	syncpoint("userfault-locks");
	held_wait(RANK_USERFAULT);
	sync_mutex_lock(&ctx->lock);
	held_add(RANK_USERFAULT);
}

static void unlock(struct userfault_ctx *ctx)
{
	held_remove(RANK_USERFAULT);
	sync_mutex_unlock(&ctx->lock);
}

static struct userfault_wait *wait_of(struct list_node *node)
{
	return container_of(node, struct userfault_wait, node);
}

static struct userfault_notice *notice_of(struct userfault_wait *w)
{
	return container_of(w, struct userfault_notice, wait);
}

/* --- life ------------------------------------------------------------------------------------------------------------ */

int userfault_create(struct mm *mm, uint64_t features, struct userfault_ctx **out)
{
	struct userfault_ctx *ctx = alloc_zeroed(sizeof(*ctx));

	if (!ctx)
		return -ENOMEM;
	refcount_init(&ctx->refs);
	refcount_init(&ctx->handles);
	sync_mutex_init(&ctx->lock);
	list_init(&ctx->unread);
	list_init(&ctx->read);
	list_init(&ctx->free_posts);
	list_init(&ctx->notices);
	sync_rwlock_init(&ctx->changes);
	ctx->features = features;
	mm_get(mm);
	ctx->mm = mm;
	*out = ctx;
	return 0;
}

void userfault_get(struct userfault_ctx *ctx)
{
	refcount_get(&ctx->refs);
}

void userfault_put(struct userfault_ctx *ctx)
{
	struct mm *mm = ctx->mm;

	if (!refcount_put(&ctx->refs))
		return;
	check(list_is_empty(&ctx->unread) && list_is_empty(&ctx->read) && list_is_empty(&ctx->notices));
	check(!userfault_is_changing(ctx));
	sync_mutex_destroy(&ctx->lock);
	sync_rwlock_destroy(&ctx->changes);
	alloc_free(ctx->posts);
	alloc_free(ctx);
	mm_put(mm);
}

/* --- events ---------------------------------------------------------------------------------------------------------- */

/* Context: lock. */
static void tell(struct userfault_ctx *ctx)
{
	(void)atomic_fetch_add_relaxed(&ctx->arrivals, 1);
	if (ctx->readers)
		sync_wake_u32(&ctx->arrivals, UINT32_MAX);
	if (ctx->notify)
		ctx->notify(ctx->notify_arg);
}

void userfault_queue(struct userfault_ctx *ctx, const struct vmalock_uffd_event *event, struct userfault_wait *wait)
{
	userfault_get(ctx);
	wait->ctx = ctx;
	wait->event = *event;
	atomic_init(&wait->woken, 0);
	lock(ctx);
	list_add_last(&ctx->unread, &wait->node);
	tell(ctx);
	unlock(ctx);
}

/* Memory for posts, with the first. Without it there are none. Context: lock. */
static void make_posts(struct userfault_ctx *ctx)
{
	ctx->posts = alloc_zeroed(sizeof(*ctx->posts) * USERFAULT_POSTS);
	for (uint32_t i = 0; ctx->posts && i < USERFAULT_POSTS; i++)
		list_add_last(&ctx->free_posts, &ctx->posts[i].node);
}

/* Since the last change: a fault that was told before it is another one. */
static struct userfault_wait *find_post(struct userfault_ctx *ctx, const struct vmalock_uffd_event *event)
{
	for (struct list_node *node = ctx->unread.prev; node != &ctx->unread; node = node->prev) {
		struct userfault_wait *w = wait_of(node);

		if (userfault_is_notice(&w->event))
			break;
		if (!w->ctx && w->event.address == event->address && w->event.kind == event->kind &&
		    w->event.thread_id == event->thread_id)
			return w;
	}
	return NULL;
}

static void post(struct userfault_ctx *ctx, const struct vmalock_uffd_event *event)
{
	struct userfault_wait *w = find_post(ctx, event);

	if (w) {
		w->event.access = event->access == VMALOCK_WRITE ? VMALOCK_WRITE : w->event.access;
		return;
	}
	if (!ctx->posts)
		make_posts(ctx);
	if (list_is_empty(&ctx->free_posts))
		return;
	w = wait_of(ctx->free_posts.next);
	list_remove(&w->node);
	w->event = *event;
	list_add_last(&ctx->unread, &w->node);
	tell(ctx);
}

void userfault_post(struct userfault_ctx *ctx, const struct vmalock_uffd_event *event)
{
	lock(ctx);
	if (!ctx->closed)
		post(ctx, event);
	unlock(ctx);
}

/* --- changes --------------------------------------------------------------------------------------------------------- */

static void lock_changes(struct userfault_ctx *ctx, bool writes)
{
	held_wait(RANK_USERFAULT_CHANGES);
	if (writes)
		sync_rwlock_write(&ctx->changes);
	else
		sync_rwlock_read(&ctx->changes);
	held_add(RANK_USERFAULT_CHANGES);
}

static void unlock_changes(struct userfault_ctx *ctx)
{
	held_remove(RANK_USERFAULT_CHANGES);
	sync_rwlock_unlock(&ctx->changes);
}

int userfault_announce(struct userfault_ctx *ctx, const struct vmalock_uffd_event *event, struct userfault_notice **out)
{
	struct userfault_notice *notice = alloc_zeroed(sizeof(*notice));

	if (!notice)
		return -ENOMEM;
	userfault_get(ctx);
	notice->ctx = ctx;
	notice->wait.event = *event;
	atomic_init(&notice->wait.woken, 0);
	syncpoint("userfault-announces");
	lock_changes(ctx, true);
	(void)atomic_fetch_add_relaxed(&ctx->changing, 1);
	unlock_changes(ctx);
	*out = notice;
	return 0;
}

void userfault_settle(struct userfault_notice *notice)
{
	(void)atomic_fetch_sub_acq_rel(&notice->ctx->changing, 1);
}

void userfault_free_notice(struct userfault_notice *notice)
{
	userfault_put(notice->ctx);
	alloc_free(notice);
}

static struct userfault_notice *notice_of_node(struct list_node *node)
{
	return notice_of(wait_of(node));
}

static void put_among_faults(struct userfault_notice *notice)
{
	notice->among_faults = true;
	list_add_last(&notice->ctx->unread, &notice->wait.node);
}

/* Those that were told before something that comes among the faults; up to @last, NULL: all. Context: lock. */
static void move_among_faults(struct userfault_ctx *ctx, const struct userfault_notice *last)
{
	struct userfault_notice *notice = NULL;

	while (!list_is_empty(&ctx->notices) && (!notice || notice != last)) {
		notice = notice_of_node(ctx->notices.next);
		list_remove(&notice->wait.node);
		put_among_faults(notice);
	}
}

static bool add_notice(struct userfault_notice *notice, bool left)
{
	struct userfault_ctx *ctx = notice->ctx;
	bool open;

	lock(ctx);
	open = !ctx->closed;
	if (open) {
		notice->left = left;
		if (left) {
			move_among_faults(ctx, NULL);
			put_among_faults(notice);
		} else {
			list_add_last(&ctx->notices, &notice->wait.node);
		}
		tell(ctx);
	} else {
		userfault_settle(notice);
	}
	unlock(ctx);
	return open;
}

bool userfault_post_notice(struct userfault_notice *notice)
{
	return add_notice(notice, true);
}

bool userfault_queue_notice(struct userfault_notice *notice)
{
	return add_notice(notice, false);
}

/* Context: lock. */
static void take_out(struct userfault_notice *notice)
{
	list_remove(&notice->wait.node);
	userfault_settle(notice);
}

/* Who waits no longer leaves it among the faults: what its thread tells from now on comes after it. */
enum userfault_end userfault_leave_notice(struct userfault_notice *notice)
{
	struct userfault_ctx *ctx = notice->ctx;
	enum userfault_end end = USERFAULT_LEFT;

	lock(ctx);
	if (atomic_load_relaxed(&notice->wait.woken)) {
		end = notice->read ? USERFAULT_READ : USERFAULT_CLOSED;
	} else {
		if (!notice->among_faults)
			move_among_faults(ctx, notice);
		notice->left = true;
	}
	unlock(ctx);
	return end;
}

int userfault_fill_begin(struct userfault_ctx *ctx)
{
	lock_changes(ctx, false);
	if (!userfault_is_changing(ctx))
		return 0;
	unlock_changes(ctx);
	return -EAGAIN;
}

void userfault_fill_end(struct userfault_ctx *ctx)
{
	unlock_changes(ctx);
}

/* --- waiting --------------------------------------------------------------------------------------------------------- */

bool userfault_sleep(struct userfault_wait *wait, uint64_t timeout_ns)
{
	held_wait(RANK_MMAP);
	if (!atomic_load_acquire(&wait->woken))
		(void)sync_wait_u32(&wait->woken, 0, timeout_ns);
	return atomic_load_acquire(&wait->woken) != 0;
}

/* The lock also waits for who is just waking this one: it may still be about to touch the word. */
void userfault_leave(struct userfault_wait *wait)
{
	struct userfault_ctx *ctx = wait->ctx;

	lock(ctx);
	if (!atomic_load_relaxed(&wait->woken))
		list_remove(&wait->node);
	unlock(ctx);
	userfault_put(ctx);
}

/* Context: lock, which who is woken takes before it goes. */
static void wake(struct userfault_wait *w)
{
	atomic_store_release(&w->woken, 1);
	sync_wake_u32(&w->woken, 1);
}

/* Context: lock. */
static void finish(struct userfault_ctx *ctx, struct userfault_wait *w)
{
	list_remove(&w->node);
	if (!w->ctx) {
		list_add_last(&ctx->free_posts, &w->node);
		return;
	}
	wake(w);
}

static void wake_list(struct userfault_ctx *ctx, struct list_node *list, uint64_t start, uint64_t end)
{
	list_for_each(node, next, list)
	{
		struct userfault_wait *w = wait_of(node);

		if (!userfault_is_notice(&w->event) && w->event.address >= start && w->event.address < end)
			finish(ctx, w);
	}
}

void userfault_wake(struct userfault_ctx *ctx, uint64_t start, uint64_t end)
{
	lock(ctx);
	wake_list(ctx, &ctx->unread, start, end);
	wake_list(ctx, &ctx->read, start, end);
	unlock(ctx);
}

/* All notices: who waits for one is woken, the others come in the order in which they were told. Context: lock; no fault is in the queue. */
static void take_notices(struct userfault_ctx *ctx, struct userfault_notice **left, struct userfault_notice **last)
{
	*left = *last = NULL;
	move_among_faults(ctx, NULL);
	while (!list_is_empty(&ctx->unread)) {
		struct userfault_notice *notice = notice_of_node(ctx->unread.next);

		take_out(notice);
		if (!notice->left) {
			wake(&notice->wait);
			continue;
		}
		notice->next = NULL;
		*left = notice;
		left = &notice->next;
		*last = notice;
	}
}

void userfault_shut(struct userfault_ctx *ctx, struct userfault_notice **left, struct userfault_notice **last)
{
	lock(ctx);
	ctx->closed = true;
	wake_list(ctx, &ctx->unread, 0, UINT64_MAX);
	wake_list(ctx, &ctx->read, 0, UINT64_MAX);
	take_notices(ctx, left, last);
	tell(ctx);
	unlock(ctx);
}

bool userfault_is_closed(struct userfault_ctx *ctx)
{
	bool closed;

	lock(ctx);
	closed = ctx->closed;
	unlock(ctx);
	return closed;
}

/* --- reading --------------------------------------------------------------------------------------------------------- */

/* Who reads has a reference of its own, so that this one is not the last. Context: lock. */
static void take_notice(struct userfault_notice *notice)
{
	take_out(notice);
	notice->read = true;
	if (notice->left)
		userfault_free_notice(notice);
	else
		wake(&notice->wait);
}

/* Context: lock. */
static void take_fault(struct userfault_ctx *ctx, struct userfault_wait *w)
{
	list_remove(&w->node);
	list_add_last(w->ctx ? &ctx->read : &ctx->free_posts, &w->node);
}

static bool nothing_is_unread(const struct userfault_ctx *ctx)
{
	return list_is_empty(&ctx->unread) && list_is_empty(&ctx->notices);
}

/* Context: lock; something is unread. */
static void take(struct userfault_ctx *ctx, struct vmalock_uffd_event *out)
{
	struct list_node *list = list_is_empty(&ctx->unread) ? &ctx->notices : &ctx->unread;
	struct userfault_wait *w = wait_of(list->next);

	*out = w->event;
	if (userfault_is_notice(out))
		take_notice(notice_of(w));
	else
		take_fault(ctx, w);
}

/* Lets go of the lock meanwhile. What came before it did has changed the word that is slept on. Context: lock. */
static void sleep_for_event(struct userfault_ctx *ctx, uint64_t timeout_ns)
{
	uint32_t seen = atomic_load_relaxed(&ctx->arrivals);

	ctx->readers++;
	unlock(ctx);
	syncpoint("userfault-reader-sleeps");
	held_wait(RANK_MMAP);
	(void)sync_wait_u32(&ctx->arrivals, seen, timeout_ns);
	lock(ctx);
	ctx->readers--;
}

int userfault_read(struct userfault_ctx *ctx, struct vmalock_uffd_event *out, uint64_t timeout_ns)
{
	uint64_t begin = timeout_ns && timeout_ns != SYNC_FOREVER ? clock_now_ns() : 0, left = timeout_ns;
	int err = 0;

	lock(ctx);
	while (nothing_is_unread(ctx) && !ctx->closed && left) {
		sleep_for_event(ctx, left);
		if (timeout_ns != SYNC_FOREVER)
			left = timeout_ns - min_u64(timeout_ns, clock_now_ns() - begin);
	}
	if (ctx->closed)
		err = -EBADF;
	else if (nothing_is_unread(ctx))
		err = -EAGAIN;
	else
		take(ctx, out);
	unlock(ctx);
	return err;
}

void userfault_set_notify(struct userfault_ctx *ctx, void (*notify)(void *arg), void *arg)
{
	lock(ctx);
	ctx->notify = notify;
	ctx->notify_arg = arg;
	unlock(ctx);
}
