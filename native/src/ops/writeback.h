/*
 * ops/writeback.h - a file is written back: its pages are clean, and the next store to one of them is a fault that marks it again
 *
 * A page's mark says that it was written since. It is set where an entry of a shared mapping becomes writable, under that table's lock,
 * and by who writes the file itself.
 *
 *   1  the marks of the range are taken away                                                      file->lock
 *   2  entries of the range lose their right to be written, in every mapping of the file's list   the tables' locks
 *
 * Argument   No store is lost: after step 2 a page without a mark has no writable entry. An entry that becomes writable before step 2
 *            comes by its table loses that again there, whatever became of the mark. One that becomes so after it has been told of
 *            step 1 by the table's lock, or where it has only now linked the table, by pair [file-clean]: its mark stays. A mark
 *            may be left on a page that nobody writes any more (set between 1 and 2); it is written back once more.
 *            The list of mappings is locked throughout (vma/file.h), so that neither a mapping nor an entry goes by unseen.
 *
 * Linux    mm/page-writeback.c: folio_clear_dirty_for_io(); mm/rmap.c: folio_mkclean(); there the page's lock orders the two steps.
 */
#ifndef VMALOCK_OPS_WRITEBACK_H
#define VMALOCK_OPS_WRITEBACK_H

#include <stdint.h>

#include "vma/file.h"

/*
 * Bytes [@offset, @offset + @length), rounded out to whole pages; the end may lie beyond the file's, or beyond 2^64, which is to the
 * file's end. Return: how many pages were dirty. Context: no lock above the file's list of mappings; mmap_lock may be held for reading.
 */
uint64_t op_writeback(struct vma_file *file, uint64_t offset, uint64_t length);

#endif
