/*
 * mm/validate.c - index, VMAs, counts and page tables agree
 */
#include "base/check.h"
#include "mm/account.h"
#include "mm/mm.h"
#include "mm/mmap_lock.h"
#include "pt/file.h"

struct tally {
	uint64_t count, total, locked, committed;
	uint64_t last_end;
};

static const char *check_vma(struct mm *mm, const struct index_entry *entry, struct tally *t)
{
	const struct vma *vma = entry->value;
	struct anon_ref ref = vma_anon_ref(vma);

	if (vma_start(vma) != entry->start || vma_end(vma) != entry->end)
		return "a VMA's range differs from its place in the index";
	if (entry->start >= entry->end || !page_aligned(entry->start | entry->end) || entry->end > MM_TASK_SIZE)
		return "a VMA's range is empty, unaligned or outside the address space";
	if (entry->start < t->last_end)
		return "two VMAs overlap";
	if (vma->domain != &mm->domain)
		return "a VMA belongs to another space";
	if (!atomic_load_relaxed(&vma->attached))
		return "a detached VMA is in the index";
	if (!ref.anon != !ref.chain)
		return "a VMA has an anon without a chain, or a chain without an anon";
	if (ref.anon && (vma_flags(vma) & VM_SHARED))
		return "a shared mapping has an anon";
	if (!vma->userfault != !(vma_flags(vma) & VM_UFFD_FLAGS))
		return "a VMA is registered with a userfaultfd for nothing, or with none for something";
	t->last_end = entry->end;
	t->count++;
	t->total += vma_pages(vma);
	t->locked += vma_flags(vma) & VM_LOCKED ? vma_pages(vma) : 0;
	t->committed += vma_flags(vma) & VM_ACCOUNT ? vma_pages(vma) : 0;
	return NULL;
}

static bool is_mapped(void *arg, uint64_t start, uint64_t end, bool writable)
{
	const struct vma *vma = mm_lookup(arg, start);

	return vma && end <= vma_end(vma) && (!writable || (vma_flags(vma) & VM_WRITE));
}

const char *mm_validate(struct mm *mm)
{
	struct tally tally = { 0 };
	struct index_cursor cursor;
	struct index_entry entry;
	const char *what = index_validate(&mm->vmas);
	bool more;

	mmap_assert_write_locked(mm);
	if (what)
		return what;
	for (more = index_cursor_seek(&cursor, &mm->vmas, 0, &entry); more; more = index_cursor_next(&cursor, &entry)) {
		what = check_vma(mm, &entry, &tally);
		if (what)
			return what;
	}
	if (tally.count != mm->map_count)
		return "the number of VMAs differs from what is counted";
	if (tally.total != mm->total_pages)
		return "the pages mapped differ from what is counted";
	if (tally.locked + mm->forgotten_locked_pages != mm->locked_pages)
		return "the pages locked differ from what is counted";
	if (tally.committed != mm->committed_pages)
		return "the pages committed differ from what is counted";
	return pt_validate(&mm->pt, is_mapped, mm);
}

/* One that left the file needs no mark. */
static bool may_be_written_at(void *arg, uint64_t addr)
{
	const struct vma *vma = arg;

	return file_page_state(vma->file, vma_index_at(vma, addr)) != FILE_PAGE_CLEAN;
}

const char *mm_validate_dirty(struct mm *mm)
{
	bool fine = true;

	for (struct vma *vma = mm_find(mm, 0); vma && fine; vma = mm_find(mm, vma_end(vma))) {
		if (!vma->file || !(vma_flags(vma) & VM_SHARED))
			continue;
		vma_file_lock_mappings(vma->file);
		fine = pt_writable_are_marked(&mm->pt, vma_start(vma), vma_end(vma), may_be_written_at, vma);
		vma_file_unlock_mappings(vma->file);
	}
	return fine ? NULL : "a page of a file may be written and is not marked dirty";
}
