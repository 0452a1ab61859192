#include "mm/userfault.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "sync/syncpoint.h"

static void lock(struct userfault_ctx *ctx)
{
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
	check(list_is_empty(&ctx->unread) && list_is_empty(&ctx->read));
	sync_mutex_destroy(&ctx->lock);
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

static struct userfault_wait *find_post(struct userfault_ctx *ctx, const struct vmalock_uffd_event *event)
{
	list_for_each(node, next, &ctx->unread)
	{
		struct userfault_wait *w = wait_of(node);

		if (!w->ctx && w->event.address == event->address && w->event.kind == event->kind)
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

/* Context: lock. */
static void finish(struct userfault_ctx *ctx, struct userfault_wait *w)
{
	list_remove(&w->node);
	if (!w->ctx) {
		list_add_last(&ctx->free_posts, &w->node);
		return;
	}
	atomic_store_release(&w->woken, 1);
	sync_wake_u32(&w->woken, 1);
}

static void wake_list(struct userfault_ctx *ctx, struct list_node *list, uint64_t start, uint64_t end)
{
	list_for_each(node, next, list)
	{
		struct userfault_wait *w = wait_of(node);

		if (w->event.address >= start && w->event.address < end)
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

void userfault_shut(struct userfault_ctx *ctx)
{
	lock(ctx);
	ctx->closed = true;
	wake_list(ctx, &ctx->unread, 0, UINT64_MAX);
	wake_list(ctx, &ctx->read, 0, UINT64_MAX);
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

/* Context: lock. */
static void take(struct userfault_ctx *ctx, struct vmalock_uffd_event *out)
{
	struct userfault_wait *w = wait_of(ctx->unread.next);

	*out = w->event;
	list_remove(&w->node);
	list_add_last(w->ctx ? &ctx->read : &ctx->free_posts, &w->node);
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
	while (list_is_empty(&ctx->unread) && !ctx->closed && left) {
		sleep_for_event(ctx, left);
		if (timeout_ns != SYNC_FOREVER)
			left = timeout_ns - min_u64(timeout_ns, clock_now_ns() - begin);
	}
	if (ctx->closed)
		err = -EBADF;
	else if (list_is_empty(&ctx->unread))
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
