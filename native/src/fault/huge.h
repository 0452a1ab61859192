/*
 * fault/huge.h - faults that huge pages serve
 */
#ifndef VMALOCK_FAULT_HUGE_H
#define VMALOCK_FAULT_HUGE_H

#include "fault/fault.h"

/* Not for a huge page: a small one is to come. Never leaves fault_handle(). */
#define FAULT_SMALL 0x800u

/* Memory where faults may bring huge pages. Return: what fault_handle() does, FAULT_CHANGED, or FAULT_SMALL. */
uint32_t fault_huge(struct fault *f);

/* A write to the huge page f->pte, which is not writable. Return: MINOR | COW; FAULT_CHANGED: it is split, or no longer what it was. */
uint32_t fault_write_huge(struct fault *f);

#endif
