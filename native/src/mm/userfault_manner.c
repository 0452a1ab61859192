#include "mm/userfault_manner.h"

#include <stddef.h>

#include "sync/sync.h"

/* Between two looks whether the thread is still to wait. */
#define LOOK_EVERY_NS UINT64_C(50000000)

static struct userfault_manner *manner(void)
{
	static __thread struct userfault_manner of_this_thread;

	return &of_this_thread;
}

void userfault_set_manner(const struct userfault_manner *m)
{
	*manner() = *m;
}

bool userfault_returns(void)
{
	return manner()->returns;
}

/* May this thread wait on? Asked now and then where somebody wants to be asked. */
static bool goes_on(const struct userfault_manner *m)
{
	return !m->go_on || m->go_on(m->arg);
}

bool userfault_sleep_patiently(struct userfault_wait *wait)
{
	const struct userfault_manner *m = manner();
	uint64_t timeout_ns = m->go_on ? LOOK_EVERY_NS : SYNC_FOREVER;
	bool woken = false;

	/* Asked first: one that has been ended may come to wait for many changes, one after the other. */
	while (!woken && goes_on(m))
		woken = userfault_sleep(wait, timeout_ns);
	return woken;
}
