/*
 * ops/truncate.h - a file loses pages: ftruncate(2), fallocate(2) with FALLOC_FL_PUNCH_HOLE, MADV_REMOVE
 *
 * What has to happen, in all spaces that map the file: no entry names a page that left it, and no page is freed that somebody may
 * read. No mmap_lock and no VMA lock is taken, as in Linux: a file does not know who is inside its mappings.
 *
 *   1  pages leave the file, then its number of cuts goes up                             file->lock
 *   2  entries are taken away in every mapping of the list, one table after the other    the tables' locks
 *   3  pages are handed to RCU                                                           nobody waits
 *
 * The list of mappings is locked throughout (vma/file.h), so that neither a mapping nor an entry goes by unseen.
 *
 * Argument   A fault reads the number of cuts, finds a page, and with the table locked puts it in an entry if the number is
 *            still the same. If it was the same there, then by pair [file-cut] step 2 comes by this table later, and takes the entry. If
 *            the fault comes after step 2, the table's lock has told it of step 1: it looks again, and finds no page. So after step
 *            2 no entry names a page of the cut, and none will.
 *            Bytes of a page are read in three ways: under file->lock (read, write), after which it is in the file; under a table's lock with
 *            an entry that names it, before step 2; in an RCU read section that found the number of cuts, or an entry,
 *            unchanged, which step 3 waits for. A copy made of a page that was cut meanwhile is thrown away: the number tells.
 *            Between steps 1 and 2 an entry still names a page that the file has no more. Whoever uses it does what he could have done just
 *            before the cut; but a private copy would stay, so who copies asks first whether the file still has the page
 *            (fault/cow.c). Linux unmaps each page under its lock before it leaves the file, and has no such moment.
 *
 * Linux    mm/truncate.c, mm/shmem.c. There a page's lock and its count do what the number of cuts and RCU do here.
 */
#ifndef VMALOCK_OPS_TRUNCATE_H
#define VMALOCK_OPS_TRUNCATE_H

#include <stdint.h>

#include "base/cpu.h"
#include "vma/file.h"

/*
 * Makes @file @length bytes long. Return: 0; -EINVAL (longer than off_t can say, or a file that may not be written); -ENOMEM.
 * Context: no lock above the file's list of mappings.
 */
must_check int op_truncate(struct vma_file *file, uint64_t length);

/*
 * Bytes [@offset, @offset + @length) of @file read 0; whole pages go, from every mapping, but private copies stay. The length stays.
 * Return: 0; -EINVAL (nothing to do, or an offset that off_t cannot say), -EFBIG (beyond off_t), -EBADF (a file that may not be
 * written), -ENOMEM; then nothing has changed. Context: as op_truncate(); mmap_lock may be held for reading.
 */
must_check int op_punch_hole(struct vma_file *file, uint64_t offset, uint64_t length);

#endif
