/*
 * api/handle.h - the public handles are the structs behind them
 */
#ifndef VMALOCK_API_HANDLE_H
#define VMALOCK_API_HANDLE_H

#include "mm/mm.h"
#include "vma/file.h"
#include "vmalock.h"

static inline struct mm *mm_of(vmalock_mm *handle)
{
	return (struct mm *)(void *)handle;
}

static inline vmalock_mm *handle_of_mm(struct mm *mm)
{
	return (vmalock_mm *)(void *)mm;
}

static inline struct vma_file *file_of(vmalock_file *handle)
{
	return (struct vma_file *)(void *)handle;
}

static inline vmalock_file *handle_of_file(struct vma_file *file)
{
	return (vmalock_file *)(void *)file;
}

#endif
