/*
 * fault/populate.h - pages before anybody touches them: MAP_POPULATE, locked memory, MADV_POPULATE_
 */
#ifndef VMALOCK_FAULT_POPULATE_H
#define VMALOCK_FAULT_POPULATE_H

#include "mm/mm.h"
#include "ops/map.h"

/*
 * After mmap or mremap: every page that its mapping permits, writable private memory as by a write. Failures are nobody's: the
 * program will fault; the next mapping is tried. Context: no lock.
 */
void populate_quietly(struct mm *mm, struct populate *what);

/*
 * After mlock: the same, up to the first page that cannot come.
 * Return: 0; -ENOMEM (a mapping that permits nothing, a page beyond the end of its file), -EAGAIN (no frame), as mlock(2) words
 * them. Context: no lock.
 */
must_check int populate_locked(struct mm *mm, const struct populate *what);

/*
 * MADV_POPULATE_READ and _WRITE. Return: 0; -EINVAL (arguments, or a mapping without the permission), -ENOMEM (a hole, no frame),
 * -EFAULT (SIGBUS). Context: no lock.
 */
must_check int populate_advised(struct mm *mm, uint64_t addr, uint64_t length, int advice);

#endif
