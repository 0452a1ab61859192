/*
 * ops/observe.h - observers come and go (RFC patch 17)
 *
 * Both need a moment in which nothing is invalidated, see mm/observer.h: with mmap_lock for writing no request is under way, with every
 * VMA write-locked no fault, with the observers' lock no truncation.
 *
 * Linux    mm/mmu_notifier.c, __mmu_notifier_register(), which takes the locks of every file and anon_vma too.
 */
#ifndef VMALOCK_OPS_OBSERVE_H
#define VMALOCK_OPS_OBSERVE_H

#include "mm/observer.h"

/* Return: 0; -ENOMEM. */
must_check int op_observe(struct mm *mm, const struct vmalock_observer *observer, struct observation **out);

/* When it returns the observer is not being told of anything, and never will be. */
void op_unobserve(struct mm *mm, struct observation *observation);

#endif
