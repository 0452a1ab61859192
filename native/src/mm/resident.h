/*
 * mm/resident.h - which pages are in memory: mincore(2)
 */
#ifndef VMALOCK_MM_RESIDENT_H
#define VMALOCK_MM_RESIDENT_H

#include "mm/mm.h"

/*
 * One byte a page: 1 where it is mapped, or where its file or shared object has it.
 * Return: 0; -EINVAL; -ENOMEM for a hole, with @out filled up to it. Context: no lock.
 */
must_check int mm_resident(struct mm *mm, uint64_t addr, uint64_t length, uint8_t *out);

#endif
