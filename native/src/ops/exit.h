/*
 * ops/exit.h - the mappings of a space end, and a reaper may run beside that
 *
 *   exit      mmap_lock for reading    pages of every mapping, one after the other
 *             mmap_lock for writing    mappings, tables
 *   reaper    mmap_lock for reading, if no writer has it    the space is unstable; pages of private mappings
 *
 * Both take each entry under its table's lock, so that whoever comes first lets go of its page. Neither meets a table that is freed: that
 * wants mmap_lock for writing, which waits for both.
 *
 * Argument   No page that a fault brings stays behind the reaper, although it waits for no fault. It says "unstable" before it looks
 *            at any table, and a fault looks at that after it has put its page there (fault_handle()). By pair [reaped] the reaper sees
 *            the page, or the fault sees the flag, takes the page away again, and is a SIGBUS. What a userfaultfd brings may stay until the
 *            end, as in Linux.
 *
 * Linux      mm/mmap.c, exit_mmap(); mm/oom_kill.c, __oom_reap_task_mm().
 */
#ifndef VMALOCK_OPS_EXIT_H
#define VMALOCK_OPS_EXIT_H

#include "mm/mm.h"

/* Return: 0; -ENOMEM, after which pages have gone, but no mapping. */
must_check int op_exit(struct mm *mm);

/* Return: 0; -EAGAIN: a writer has mmap_lock, and nothing has changed. */
must_check int op_reap(struct mm *mm);

#endif
