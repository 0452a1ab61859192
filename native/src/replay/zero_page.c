#include "replay/zero_page.h"

#include "pt/pte.h"
#include "replay/look.h"

#define READS_ENOUGH 16u
/* Of ordinary recordings nine in ten such pages are written later; a page that lost its write bit may look like one. */
#define READS_PER_COPY 4u

/* The error code of a fault, x86. */
#define FAULT_PRESENT 0x1u
#define FAULT_WRITE 0x2u
#define FAULT_FETCH 0x10u

/* After a fork a write to a present page may copy a page of its own: it says nothing. */
static bool tells_something(const struct world *w, const struct vmalock_trace_event *e)
{
	return e->op == VMALOCK_TRACE_FAULT && w->trace->spaces[e->space].parent == VMALOCK_TRACE_NONE &&
	       !w->spaces[e->space].has_forked;
}

static uint64_t pte_at(struct mm *mm, uint64_t addr)
{
	struct pt_slot slot;

	return addr < MM_TASK_SIZE && pt_slot_find(&mm->pt, addr, &slot) ? atomic_load_relaxed(slot.entry) : 0;
}

void zero_page_look(struct zero_page_signs *signs, const struct world *w, uint32_t event)
{
	const struct vmalock_trace_event *e = &w->trace->events[event];
	const struct vma *vma;
	struct mm *mm;
	uint64_t pte;

	if (!tells_something(w, e))
		return;
	mm = look_inside(w->spaces[e->space].mm);
	pte = pte_at(mm, e->a);
	if ((e->aux & (FAULT_PRESENT | FAULT_WRITE)) == (FAULT_PRESENT | FAULT_WRITE)) {
		signs->copies += pte_is_present(pte) && pte_kind(pte) == PTE_ZERO;
	} else if (!(e->aux & (FAULT_PRESENT | FAULT_WRITE | FAULT_FETCH)) && !pte_is_present(pte)) {
		vma = mm_lookup(mm, e->a);
		signs->reads += vma && vma_is_anonymous(vma) && (vma_flags(vma) & VM_WRITE);
	}
}

bool zero_page_is_missing(const struct zero_page_signs *signs)
{
	return signs->reads >= READS_ENOUGH && signs->copies < signs->reads / READS_PER_COPY;
}
