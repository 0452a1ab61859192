/*
 * replay/look.h - the one door from a public handle to the space inside
 *
 * Used where the public header has no answer: which VMAs an event changed (footprint.c), and histograms (totals.c).
 */
#ifndef VMALOCK_REPLAY_LOOK_H
#define VMALOCK_REPLAY_LOOK_H

#include "mm/mm.h"
#include "vmalock.h"

static inline struct mm *look_inside(vmalock_mm *handle)
{
	return (struct mm *)(void *)handle;
}

#endif
