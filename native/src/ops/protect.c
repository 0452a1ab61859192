#include "ops/protect.h"

#include <errno.h>

#include "base/alloc.h"
#include "mm/account.h"
#include "mm/anon.h"
#include "mm/mmap_lock.h"
#include "mm/observer.h"
#include "ops/merge.h"
#include "ops/seal.h"

#define PROT_SEM UINT32_C(0x8)
/* Of pkey_mprotect(2): as without keys. The simulated machine has none that a program could have allocated. */
#define NO_KEY (-1)

#define PROT_GROWS (VMALOCK_PROT_GROWSDOWN | VMALOCK_PROT_GROWSUP)
#define PROT_KNOWN (VMALOCK_PROT_READ | VMALOCK_PROT_WRITE | VMALOCK_PROT_EXEC | PROT_SEM)

/*
 * The flags a VMA would have, with its commit charge: memory that becomes writable is charged; memory that never was
 * written gives its charge back when it turns read-only, written memory keeps it.
 */
static int charge(struct mm *mm, const struct vma *vma, uint64_t pages, uint64_t *flags)
{
	uint64_t old = vma_flags(vma);

	if (*flags & VM_WRITE) {
		if (!mm_may_expand(mm, *flags, pages) && mm_may_expand(mm, old, pages))
			return -ENOMEM;
		if (old & (VM_ACCOUNT | VM_WRITE | VM_SHARED | VM_NORESERVE))
			return 0;
		if (!mm_may_commit(mm, pages))
			return -ENOMEM;
		*flags |= VM_ACCOUNT;
	} else if ((old & VM_ACCOUNT) && vma_is_anonymous(vma) && !vma_anon(vma)) {
		*flags &= ~VM_ACCOUNT;
	}
	return 0;
}

/* Without memory to remember the ranges before, faults will bring what is there. */
static void note_range(struct populate *populate, uint64_t start, uint64_t end)
{
	struct populate *older;

	if (populate->end == start) {
		populate->end = end;
		return;
	}
	older = populate->end ? alloc_bytes(sizeof(*older)) : NULL;
	if (older) {
		*older = *populate;
		populate->older = older;
	}
	populate->start = start;
	populate->end = end;
}

/*
 * Private locked memory that becomes writable gets its own pages now rather than by faults. The pages can wait until the range is done,
 * but not the anon they belong to: it decides whether the next VMA of the range merges with this one.
 */
static void note_populate(struct mm *mm, struct vma *vma, struct populate *populate, uint64_t old, uint64_t start,
			  uint64_t end)
{
	if ((old & (VM_WRITE | VM_SHARED | VM_LOCKED)) != VM_LOCKED || !(vma_flags(vma) & VM_WRITE))
		return;
	if (!(old & VM_LOCKONFAULT) && mm_anon_prepare(mm, vma))
		return; /* the fault would fail, too, and mprotect would not say so */
	note_range(populate, start, end);
}

/* [@start, @end) of one VMA. *@out: the VMA that covers it afterwards. */
static int protect_vma(struct mm *mm, struct vma *vma, uint64_t start, uint64_t end, uint64_t prot_flags,
		       struct vma **out, struct populate *populate)
{
	uint64_t old = vma_flags(vma), new = (old & ~VM_ACCESS_FLAGS) | prot_flags;
	int64_t pages = (int64_t)((end - start) >> PAGE_SHIFT);
	int err;

	/* What a file or a driver allows at most stands in the MAY bits, four places up. */
	if ((new & ~(new >> 4)) & VM_ACCESS_FLAGS)
		return -EACCES;
	if (mm_denies_exec(mm, old, new))
		return -EACCES;
	if (vma_is_sealed(vma))
		return -EPERM;
	if (new == old) {
		*out = vma;
		return 0;
	}
	err = charge(mm, vma, (uint64_t)pages, &new);
	if (!err)
		err = vma_modify(mm, vma, start, end, new, out);
	if (err)
		return err;
	mm_invalidate_start(mm, start, end, VMALOCK_INVALIDATE_PROTECT);
	vma_set_flags(*out, new);
	if ((old & VM_WRITE) && !(new &VM_WRITE))
		pt_write_protect(&mm->pt, start, end);
	mm_invalidate_end(mm, start, end, VMALOCK_INVALIDATE_PROTECT);
	note_populate(mm, *out, populate, old, start, end);
	mm_account(mm, old, -pages);
	mm_account(mm, new, pages);
	return 0;
}

/* The VMA to begin with; PROT_GROWSDOWN moves the start to its beginning. */
static int find_first(struct mm *mm, uint64_t *start, uint64_t end, uint32_t grows, struct vma **out)
{
	struct vma *vma = mm_find(mm, *start);

	if (!vma || vma_start(vma) >= end)
		return -ENOMEM;
	*out = vma;
	if (grows & VMALOCK_PROT_GROWSDOWN) {
		*start = vma_start(vma);
		return vma_flags(vma) & VM_GROWSDOWN ? 0 : -EINVAL;
	}
	if (vma_start(vma) > *start)
		return -ENOMEM;
	return grows & VMALOCK_PROT_GROWSUP ? -EINVAL : 0; /* no mapping grows up on x86 */
}

static int protect_range(struct mm *mm, uint64_t start, uint64_t end, uint64_t prot_flags, uint32_t grows,
			 struct populate *populate)
{
	struct vma *vma;
	int err = find_first(mm, &start, end, grows, &vma);

	while (!err) {
		uint64_t last = min_u64(vma_end(vma), end);

		err = protect_vma(mm, vma, start, last, prot_flags, &vma, populate);
		if (err || last == end)
			return err;
		start = last;
		vma = mm_lookup(mm, start);
		if (!vma)
			return -ENOMEM;
	}
	return err;
}

int op_mprotect(struct mm *mm, uint64_t addr, uint64_t length, uint32_t prot, int key, struct populate *populate)
{
	uint32_t grows = prot & PROT_GROWS;
	uint64_t end = addr + page_up(length);
	int err;

	*populate = (struct populate){ .only_locked = true };
	if (grows == PROT_GROWS || !page_aligned(addr))
		return -EINVAL;
	if (!length)
		return 0;
	if (end <= addr)
		return -ENOMEM;
	prot &= ~PROT_GROWS;
	if ((prot & ~PROT_KNOWN) || key != NO_KEY)
		return -EINVAL;
	mmap_write_lock(mm);
	err = protect_range(mm, addr, end, flags_of_prot(prot), grows, populate);
	mmap_write_unlock(mm);
	return err;
}
