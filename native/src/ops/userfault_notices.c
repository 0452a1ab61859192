#include "ops/userfault_notices.h"

#include "mm/userfault_manner.h"
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

static void tell_without_waiting(struct userfault_notice *notice)
{
	if (!userfault_post_notice(notice))
		userfault_free_notice(notice);
}

static void tell_and_wait(struct userfault_notice *notice)
{
	if (userfault_queue_notice(notice)) {
		syncpoint("userfault-notice-waits");
		(void)userfault_sleep_patiently(&notice->wait);
		if (userfault_leave_notice(notice) == USERFAULT_LEFT)
			return;
	}
	userfault_free_notice(notice);
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
	struct userfault_notice *notice;

	while ((notice = take_first(notices)))
		userfault_withdraw(notice);
}
