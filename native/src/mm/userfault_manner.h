/*
 * mm/userfault_manner.h - how the calling thread meets a userfaultfd: does it wait, and for how long?
 */
#ifndef VMALOCK_MM_USERFAULT_MANNER_H
#define VMALOCK_MM_USERFAULT_MANNER_H

#include "mm/userfault.h"

/* Of the calling thread; all zero at its start: it waits. */
struct userfault_manner {
	bool returns;            /* never waits */
	int (*go_on)(void *arg); /* asked while it waits; 0: it gives up. NULL: waits on */
	void *arg;
};

void userfault_set_manner(const struct userfault_manner *m);

/* Does this thread never wait? */
bool userfault_returns(void);

/* Sleeps until woken, or until this thread is to wait no longer. Has it been woken? Context: as userfault_sleep(). */
bool userfault_sleep_patiently(struct userfault_wait *wait);

#endif
