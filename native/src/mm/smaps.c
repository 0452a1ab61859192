/*
 * mm/smaps.c - Linux: show_smap(), show_smaps_rollup() in fs/proc/task_mmu.c, field by field
 *
 * Pages are looked at under their tables' locks while faults go on: each is counted as it is at its moment, as in Linux.
 */
#include "mm/smaps.h"

#include <inttypes.h>

#include "base/bits.h"
#include "mm/describe.h"
#include "mm/text.h"
#include "mm/thp.h"
#include "pt/usage.h"

static void put_field(struct text *t, const char *name, uint64_t bytes)
{
	text_print(t, "%-16s%8" PRIu64 " kB\n", name, bytes >> 10);
}

static void put_usage(struct text *t, const struct pt_usage *u, bool rollup)
{
	put_field(t, "Rss:", u->resident);
	put_field(t, "Pss:", u->share >> PT_SHARE_SHIFT);
	put_field(t, "Pss_Dirty:", u->share_dirty >> PT_SHARE_SHIFT);
	if (rollup) {
		put_field(t, "Pss_Anon:", u->share_anon >> PT_SHARE_SHIFT);
		put_field(t, "Pss_File:", u->share_file >> PT_SHARE_SHIFT);
		put_field(t, "Pss_Shmem:", u->share_shmem >> PT_SHARE_SHIFT);
	}
	put_field(t, "Shared_Clean:", u->shared_clean);
	put_field(t, "Shared_Dirty:", u->shared_dirty);
	put_field(t, "Private_Clean:", u->private_clean);
	put_field(t, "Private_Dirty:", u->private_dirty);
	put_field(t, "Referenced:", u->referenced);
	put_field(t, "Anonymous:", u->anonymous);
	put_field(t, "KSM:", 0);
	put_field(t, "LazyFree:", u->lazy_free);
	put_field(t, "AnonHugePages:", u->huge);
	put_field(t, "ShmemPmdMapped:", 0);
	put_field(t, "FilePmdMapped:", 0);
	put_field(t, "Shared_Hugetlb:", 0);
	put_field(t, "Private_Hugetlb:", 0);
	put_field(t, "Swap:", u->swap);
	put_field(t, "SwapPss:", u->share_swap >> PT_SHARE_SHIFT);
	put_field(t, "Locked:", u->share_locked >> PT_SHARE_SHIFT);
}

static void add_usage(struct mm *mm, const struct vma *vma, struct pt_usage *usage)
{
	struct pt_usage_range range = {
		.start = vma_start(vma),
		.end = vma_end(vma),
		.file = vma->file,
		.index = vma_index_at(vma, vma_start(vma)),
		.locked = vma_flags(vma) & VM_LOCKED,
		.droppable = vma_flags(vma) & VM_DROPPABLE,
	};

	pt_add_usage(&mm->pt, &range, usage);
}

/* May a huge page come, and is there room for one? */
static bool is_thp_eligible(const struct mm *mm, const struct vma *vma)
{
	return thp_wanted(mm, vma) && pt_huge_up(vma_start(vma)) + PT_HUGE_SIZE <= vma_end(vma);
}

static void put_flags(struct text *t, uint64_t flags)
{
	static const struct {
		unsigned bit;
		const char *word;
	} words[] = {
#define FLAG_WORD(bit, word) { bit, word },
		VMALOCK_VM_WORDS(FLAG_WORD)
#undef FLAG_WORD
	};

	text_print(t, "VmFlags: ");
	for (size_t i = 0; i < array_size(words); i++)
		if (flags >> words[i].bit & 1)
			text_print(t, "%s ", words[i].word);
	text_print(t, "\n");
}

static void put_vma(struct text *t, struct mm *mm, const struct vma *vma)
{
	struct pt_usage usage = { 0 };

	add_usage(mm, vma, &usage);
	text_put_vma(t, mm, vma);
	put_field(t, "Size:", vma_length(vma));
	put_field(t, "KernelPageSize:", PAGE_SIZE);
	put_field(t, "MMUPageSize:", PAGE_SIZE);
	put_usage(t, &usage, false);
	text_print(t, "THPeligible:    %8u\n", is_thp_eligible(mm, vma));
	put_flags(t, vma_flags(vma));
}

size_t mm_print_smaps(struct mm *mm, char *buffer, size_t size)
{
	struct text text = { .buffer = buffer, .size = size };
	struct index_cursor cursor;
	struct index_entry entry;
	bool more = index_cursor_seek(&cursor, &mm->vmas, 0, &entry);

	for (; more; more = index_cursor_next(&cursor, &entry))
		put_vma(&text, mm, entry.value);
	return text_end(&text);
}

size_t mm_print_smaps_rollup(struct mm *mm, char *buffer, size_t size)
{
	struct text text = { .buffer = buffer, .size = size };
	struct pt_usage usage = { 0 };
	struct index_cursor cursor;
	struct index_entry entry;
	bool more = index_cursor_seek(&cursor, &mm->vmas, 0, &entry);
	uint64_t start = more ? entry.start : 0, end = 0;

	for (; more; more = index_cursor_next(&cursor, &entry)) {
		add_usage(mm, entry.value, &usage);
		end = entry.end;
	}
	text_print(&text, "%08" PRIx64 "-%08" PRIx64 " ---p 00000000 00:00 0 ", start, end);
	text_put_line(&text, text.length, "[rollup]");
	put_usage(&text, &usage, true);
	return text_end(&text);
}
