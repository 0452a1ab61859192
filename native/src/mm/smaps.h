/*
 * mm/smaps.h - the texts of /proc/PID/smaps and smaps_rollup
 */
#ifndef VMALOCK_MM_SMAPS_H
#define VMALOCK_MM_SMAPS_H

#include "mm/mm.h"

/* snprintf-like: at most @size bytes with the NUL. Return: the length of the whole without the NUL. Context: mmap_lock. */
size_t mm_print_smaps(struct mm *mm, char *buffer, size_t size);
size_t mm_print_smaps_rollup(struct mm *mm, char *buffer, size_t size);

#endif
