/*
 * replay/look.h - the one door from a public handle to the space inside
 *
 * Used where the public header has no answer: which VMAs an event changed (footprint.c), which are attached (segment.c), and
 * histograms (totals.c).
 */
#ifndef VMALOCK_REPLAY_LOOK_H
#define VMALOCK_REPLAY_LOOK_H

#include "mm/mm.h"
#include "vma/file.h"
#include "vmalock.h"

static inline struct mm *look_inside(vmalock_mm *handle)
{
	return (struct mm *)(void *)handle;
}

static inline const struct vma_file *look_inside_file(vmalock_file *handle)
{
	return (const struct vma_file *)(void *)handle;
}

#endif
