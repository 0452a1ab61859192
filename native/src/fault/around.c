/*
 * fault/around.c - a read fault of a file maps the pages around it, too, that the file has already
 *
 * Sixteen pages, from a multiple of their size or the start of the mapping on, inside the mapping, one page table and the file. Nothing is
 * brought in, and no entry that is not empty is touched. It shows in what is resident, and in what a userfaultfd finds there.
 *
 *    one page table    |....:....:....:....|        : a multiple of sixteen pages
 *    the mapping          MMMMMMMMMMMMMM
 *    around the fault     ------*--------           sixteen, from the mapping's start
 *    around this one                --*            what is left
 *
 * Not for mappings whose userfaultfd wants to know of pages that the file has, or of writes to them.
 *
 * Locks    the VMA held still by the caller; the table's lock. The file's pages are looked up under it, so that who takes pages out of the
 *          file and then out of the tables (ops/truncate.h) finds what was put here. pair [file-cut]
 * Linux    mm/memory.c, do_fault_around(); mm/filemap.c, filemap_map_pages(). fault_around_bytes is 64 KiB.
 */
#include "fault/fault.h"
#include "pt/file.h"
#include "pt/table.h"

#define AROUND_PAGES 16u

/* Entries [first, end) of one table. */
struct window {
	uint32_t first, end;
};

static struct window window_of(const struct fault *f)
{
	uint32_t at = table_index(0, f->addr);
	uint64_t before = (page_down(f->addr) - vma_start(f->vma)) >> PAGE_SHIFT;
	uint64_t behind = (vma_end(f->vma) - page_down(f->addr)) >> PAGE_SHIFT;
	struct window w = { .first = at & ~(AROUND_PAGES - 1) };

	if (before < at && at - before > w.first)
		w.first = at - (uint32_t)before;
	w.end = (uint32_t)min_u64(min_u64(w.first + AROUND_PAGES, PT_ENTRIES), at + behind);
	return w;
}

/* Context: the table's lock. */
static void map_entry(struct fault *f, const struct pt_slot *slot, uint64_t index)
{
	enum pte_kind kind = file_pte_kind(f->vma->file);
	void *page;

	if (!atomic_load_relaxed(slot->entry) && file_find_page(f->vma->file, index, &page) == 0)
		pt_slot_set(&f->mm->pt, slot, pte_make(page, kind, 0));
}

bool fault_around(struct fault *f)
{
	struct window w = window_of(f);
	uint32_t at = table_index(0, f->addr);
	uint64_t index = vma_index_at(f->vma, f->addr);
	bool changed;

	if (w.end - w.first == 1)
		return false;
	spinlock_lock(f->slot.lock, RANK_TABLE);
	atomic_fence_full(); /* pair [file-cut]: as in file_was_cut() */
	for (uint32_t i = w.first; i < w.end; i++) {
		struct pt_slot slot = { f->slot.entry - at + i, f->slot.lock };

		map_entry(f, &slot, index - at + i);
	}
	changed = atomic_load_relaxed(f->slot.entry) != f->pte;
	spinlock_unlock(f->slot.lock, RANK_TABLE);
	return changed;
}
