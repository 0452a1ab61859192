/*
 * sync/syncpoint.h - named places where a test can park a thread
 *
 * syncpoint("vma-locked") does nothing in a shipped build. In a checked build a test arms a name; the next thread that
 * comes by parks there until the test lets it go. So a test forces one interleaving instead of hoping for it.
 */
#ifndef VMALOCK_SYNC_SYNCPOINT_H
#define VMALOCK_SYNC_SYNCPOINT_H

#include <stdbool.h>

#include "base/config.h"

#if VMALOCK_SYNCPOINTS

/* The code under test: this place has a name. */
void syncpoint(const char *name);

/* The test: the next thread that reaches @name parks. At most 8 names are armed at once. */
void syncpoint_arm(const char *name);

/* Waits until a thread is parked at @name. */
void syncpoint_wait_parked(const char *name);

/* Is one parked there now? */
bool syncpoint_is_parked(const char *name);

/* Lets it go, and disarms the name. */
void syncpoint_release(const char *name);

#else
#define syncpoint(name) ((void)0)
#endif

#endif
