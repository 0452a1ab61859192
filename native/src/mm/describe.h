/*
 * mm/describe.h - mappings as people and programs see them: struct vmalock_vma, and the text of /proc/PID/maps
 */
#ifndef VMALOCK_MM_DESCRIBE_H
#define VMALOCK_MM_DESCRIBE_H

#include "base/histogram.h"
#include "mm/mm.h"
#include "mm/text.h"

/* One mapping. Context: @vma held still. */
void vma_describe(struct mm *mm, const struct vma *vma, struct vmalock_vma *out);

/* Its line of maps. Context: @vma held still. */
void text_put_vma(struct text *t, struct mm *mm, const struct vma *vma);

/* Ends a line of @length so far with a name in its column, or none. */
void text_put_line(struct text *t, size_t length, const char *name);

/*
 * The whole text, snprintf-like: at most @size bytes with the NUL. Return: its length without the NUL. Context: mmap_lock.
 */
size_t mm_print_maps(struct mm *mm, char *buffer, size_t size);

/* What a lock's histogram of waits comes to, @acquisitions being all of them, those that did not wait included. */
void wait_summarise(const struct histogram *waits, uint64_t acquisitions, struct vmalock_wait_summary *out);

#endif
