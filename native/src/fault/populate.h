/*
 * fault/populate.h - pages before anybody touches them: MAP_POPULATE, locked memory, MADV_POPULATE_
 */
#ifndef VMALOCK_FAULT_POPULATE_H
#define VMALOCK_FAULT_POPULATE_H

#include "mm/mm.h"
#include "ops/map.h"

/*
 * After mmap or mremap: every page that its mapping permits, writable private memory as by a write. Failures are nobody's: the
 * program will fault. Context: no lock.
 */
void populate_quietly(struct mm *mm, const struct populate *what);

/*
 * MADV_POPULATE_READ and _WRITE. Return: 0; -EINVAL (arguments, or a mapping without the permission), -ENOMEM (a hole, no frame),
 * -EFAULT (SIGBUS). Context: no lock.
 */
must_check int populate_advised(struct mm *mm, uint64_t addr, uint64_t length, int advice);

#endif
