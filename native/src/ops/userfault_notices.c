#include "ops/userfault_notices.h"

#include "mm/userfault_manner.h"
#include "ops/userfault_register.h"
#include "sync/syncpoint.h"

/* --- announcing ------------------------------------------------------------------------------------------------------ */

static int add(struct userfault_notices *notices, struct userfault_ctx *ctx, const struct vmalock_uffd_event *event)
{
	struct userfault_notices one;
	int err = userfault_announce(ctx, event, &one.first);

	if (err)
		return err;
	one.last = one.first;
	notices_append(notices, &one);
	return 0;
}

static bool wants(const struct vma *vma, uint64_t feature)
{
	return vma->userfault && (vma->userfault->features & feature);
}

static bool has(const struct userfault_notices *notices, const struct userfault_ctx *ctx, uint64_t start, uint64_t end)
{
	for (const struct userfault_notice *n = notices->first; n; n = n->next)
		if (n->ctx == ctx && n->wait.event.start == start && n->wait.event.end == end)
			return true;
	return false;
}

int notices_add_unmap(struct userfault_notices *notices, const struct vma *vma, uint64_t start, uint64_t end)
{
	struct vmalock_uffd_event event = { .kind = VMALOCK_UFFD_UNMAP, .start = start, .end = end };

	if (!notices || !wants(vma, VMALOCK_UFFD_FEATURE_EVENT_UNMAP) || has(notices, vma->userfault, start, end))
		return 0;
	return add(notices, vma->userfault, &event);
}

int notices_add_remap(struct userfault_notices *notices, const struct vma *vma, uint64_t from, uint64_t to,
		      uint64_t length)
{
	struct vmalock_uffd_event event = {
		.kind = VMALOCK_UFFD_REMAP,
		.start = from,
		.end = from + length,
		.to = to,
	};

	return wants(vma, VMALOCK_UFFD_FEATURE_EVENT_REMAP) ? add(notices, vma->userfault, &event) : 0;
}

int notices_add_remove(struct userfault_notices *notices, const struct vma *vma, uint64_t start, uint64_t end)
{
	struct vmalock_uffd_event event = { .kind = VMALOCK_UFFD_REMOVE, .start = start, .end = end };

	return wants(vma, VMALOCK_UFFD_FEATURE_EVENT_REMOVE) ? add(notices, vma->userfault, &event) : 0;
}

static struct userfault_ctx *child_of(const struct userfault_notice *notice)
{
	return (struct userfault_ctx *)(void *)notice->wait.event.child;
}

/* The one for the child that was made for another mapping of @ctx. */
static struct userfault_ctx *find_child(const struct userfault_notices *notices, const struct userfault_ctx *ctx)
{
	for (const struct userfault_notice *n = notices->first; n; n = n->next)
		if (n->ctx == ctx)
			return child_of(n);
	return NULL;
}

int notices_add_fork(struct userfault_notices *notices, const struct vma *vma, struct mm *child,
		     struct userfault_ctx **out)
{
	struct vmalock_uffd_event event = { .kind = VMALOCK_UFFD_FORK };
	int err;

	*out = wants(vma, VMALOCK_UFFD_FEATURE_EVENT_FORK) ? find_child(notices, vma->userfault) : NULL;
	if (*out || !wants(vma, VMALOCK_UFFD_FEATURE_EVENT_FORK))
		return 0;
	err = userfault_create(child, vma->userfault->features, out);
	if (err)
		return err;
	event.child = (vmalock_uffd *)(void *)*out;
	err = add(notices, vma->userfault, &event);
	if (err) {
		userfault_put(*out);
		*out = NULL;
	}
	return err;
}

void notices_append(struct userfault_notices *notices, struct userfault_notices *more)
{
	if (!more->first)
		return;
	if (notices->last)
		notices->last->next = more->first;
	else
		notices->first = more->first;
	notices->last = more->last;
	*more = (struct userfault_notices){ 0 };
}

static struct userfault_notice *take_first(struct userfault_notices *notices)
{
	struct userfault_notice *notice = notices->first;

	if (notice)
		notices->first = notice->next;
	if (!notices->first)
		notices->last = NULL;
	return notice;
}

/* --- telling --------------------------------------------------------------------------------------------------------- */

/*
 * Frees what nobody will read; a child's userfaultfd has notices of its own, perhaps, and they come to the end of the list: no recursion, however many
 * generations nobody has read of.
 */
void notices_discard(struct userfault_notices *all)
{
	struct userfault_notice *notice;

	while ((notice = take_first(all))) {
		if (notice->wait.event.kind == VMALOCK_UFFD_FORK) {
			struct userfault_notices more = op_userfault_abandon(child_of(notice));

			notices_append(all, &more);
		}
		userfault_free_notice(notice);
	}
}

static void discard_one(struct userfault_notice *notice)
{
	struct userfault_notices one = { notice, notice };

	notice->next = NULL;
	notices_discard(&one);
}

static void tell_without_waiting(struct userfault_notice *notice)
{
	if (!userfault_post_notice(notice))
		discard_one(notice);
}

static void tell_and_wait(struct userfault_notice *notice)
{
	enum userfault_end end = USERFAULT_CLOSED;

	if (userfault_queue_notice(notice)) {
		syncpoint("userfault-notice-waits");
		(void)userfault_sleep_patiently(&notice->wait);
		end = userfault_leave_notice(notice);
	}
	if (end == USERFAULT_READ)
		userfault_free_notice(notice);
	else if (end == USERFAULT_CLOSED)
		discard_one(notice);
}

void notices_tell(struct userfault_notices *notices)
{
	struct userfault_notice *notice;

	while ((notice = take_first(notices))) {
		syncpoint("userfault-notice-told");
		if (userfault_returns())
			tell_without_waiting(notice);
		else
			tell_and_wait(notice);
	}
}

void notices_withdraw(struct userfault_notices *notices)
{
	for (struct userfault_notice *notice = notices->first; notice; notice = notice->next)
		userfault_settle(notice);
	notices_discard(notices);
}
