/*
 * policy/per_vma_wait.c - the per-VMA lock, and a fault that finds it taken waits for the writer and looks again
 *
 * Kent Overstreet asked for it in the review of the RFC: fail only when there is no VMA, and do not keep a second path
 * for the busy case. Suren Baghdasaryan declined for simplicity; Linux has had such a lookup since 2026. What it buys is
 * not a shorter wait, since a section unlocks all its VMAs at its end, but that the fault never stands in mmap_lock's
 * queue nor holds it: the next writer waits for no fault that had been unlucky once. docs/locking.md, "Waiting".
 *
 * Falls back  when nothing covers the address or the era keeps the VMA's kind out: waiting would not change that. And
 *             after LOOKS sections, or a wait of WAIT_AT_MOST_NS: mmap_lock has a queue, a sequence has none.
 * Waits       hold nothing: no RCU read section, no VMA. After each the VMA is looked up afresh.
 */
#include "policy/per_vma.h"

#include "vma/lock.h"

#define LOOKS 16
#define WAIT_AT_MOST_NS UINT64_C(1000000000)

/* Is it worth looking again? */
static bool wait_for_writer(struct mm *mm, uint64_t seen)
{
	enum section_wait result = domain_wait_for_section(&mm->domain, seen, WAIT_AT_MOST_NS);

	if (result == SECTION_NO_WRITER)
		return false;
	mm_count(mm, STAT_vma_lock_waits);
	return result == SECTION_ENDED;
}

static enum policy_start start_read(struct mm *mm, uint64_t addr, struct vma **out)
{
	enum policy_start result = POLICY_BUSY;

	for (unsigned i = 0; i < LOOKS; i++) {
		/* Read before the VMA is tried: the section that makes it busy is this one or a later one. */
		uint64_t seen = atomic_load_acquire(&mm->domain.seq);

		result = per_vma_start_read(mm, addr, out);
		if (result == POLICY_MISS)
			continue; /* it went, or moved, while we looked: the index knows more by now */
		if (result != POLICY_BUSY || !wait_for_writer(mm, seen))
			break;
	}
	return result;
}

const struct policy policy_per_vma_wait = {
	.name = "per-vma-wait",
	.summary = "the same lock; a fault that finds it taken waits for the writer to finish and looks again",
	.waits = true,
	.start_read = start_read,
	.end_read = per_vma_end_read,
	.try_read = per_vma_start_read,
	.write_lock = vma_write_lock,
};
