#include "fault/populate.h"

#include <errno.h>

#include "base/alloc.h"
#include "fault/fault.h"
#include "mm/mmap_lock.h"
#include "ops/advise.h"

/* One mapping's part of a range, as seen at one moment. */
struct part {
	uint64_t start, end;
	uint64_t flags;
};

/* The first mapping at or above @addr, cut to [@addr, @end). False: none. */
static bool next_part(struct mm *mm, uint64_t addr, uint64_t end, struct part *out)
{
	struct vma *vma;

	mmap_read_lock(mm);
	vma = mm_find(mm, addr);
	if (vma && vma_start(vma) < end) {
		*out = (struct part){ max_u64(vma_start(vma), addr), min_u64(vma_end(vma), end), vma_flags(vma) };
	} else {
		vma = NULL;
	}
	mmap_read_unlock(mm);
	return vma != NULL;
}

/*
 * Every page of one mapping, writable private memory as by a write. Memory that is locked as faults bring it waits for
 * them. -EFAULT: the mapping permits nothing, or ends beyond its file; -ENOMEM: no frame; USERFAULT: this thread does not wait.
 */
static int fill(struct mm *mm, const struct part *part)
{
	bool write = (part->flags & (VM_WRITE | VM_SHARED)) == VM_WRITE;

	if (part->flags & (VM_PFNMAP | VM_LOCKONFAULT))
		return 0;
	if (!(part->flags & VM_ACCESS_FLAGS))
		return -EFAULT;
	for (uint64_t page = part->start; page < part->end; page += PAGE_SIZE) {
		uint32_t result = fault_resolve(mm, page, write ? VMALOCK_WRITE : VMALOCK_READ) & VMALOCK_FAULT_OUTCOME;

		if (result == VMALOCK_FAULT_USERFAULT)
			return VMALOCK_USERFAULT;
		if (result > VMALOCK_FAULT_MAJOR)
			return result == VMALOCK_FAULT_OOM ? -ENOMEM : -EFAULT;
	}
	return 0;
}

static void fill_range(struct mm *mm, const struct populate *what)
{
	struct part part;

	for (uint64_t at = what->start; at < what->end && next_part(mm, at, what->end, &part); at = part.end) {
		if (!what->only_locked || (part.flags & VM_LOCKED))
			(void)fill(mm, &part);
	}
}

void populate_quietly(struct mm *mm, struct populate *what)
{
	struct populate *older;

	fill_range(mm, what);
	for (; (older = what->older); alloc_free(older)) {
		what->older = older->older;
		fill_range(mm, older);
	}
}

int populate_locked(struct mm *mm, const struct populate *what)
{
	struct part part;
	int err = 0;

	for (uint64_t at = what->start; at < what->end && !err && next_part(mm, at, what->end, &part); at = part.end)
		err = fill(mm, &part);
	switch (err) {
	case -EFAULT:
		return -ENOMEM;
	case -ENOMEM:
		return -EAGAIN;
	default:
		return err;
	}
}

static int error_of(uint32_t result)
{
	switch (result & VMALOCK_FAULT_OUTCOME) {
	case VMALOCK_FAULT_MINOR:
	case VMALOCK_FAULT_MAJOR:
		return 0;
	case VMALOCK_FAULT_SIGSEGV_ACCERR:
		return -EINVAL;
	case VMALOCK_FAULT_SIGSEGV_MAPERR: /* a guard */
	case VMALOCK_FAULT_SIGBUS:
		return result & VMALOCK_FAULT_HWPOISON ? -EHWPOISON : -EFAULT;
	case VMALOCK_FAULT_USERFAULT:
		return VMALOCK_USERFAULT;
	default:
		return -ENOMEM;
	}
}

static int populate_part(struct mm *mm, const struct part *part, enum vmalock_access access)
{
	uint64_t needed = access == VMALOCK_WRITE ? VM_WRITE : VM_READ; /* what x86 would let through does not count */
	int err = 0;

	if (!(part->flags & needed) || (part->flags & VM_PFNMAP))
		return -EINVAL;
	for (uint64_t page = part->start; page < part->end && !err; page += PAGE_SIZE)
		err = error_of(fault_resolve(mm, page, access));
	return err;
}

int populate_advised(struct mm *mm, uint64_t addr, uint64_t length, int advice)
{
	enum vmalock_access access = advice == MADV_IS_POPULATE_WRITE ? VMALOCK_WRITE : VMALOCK_READ;
	uint64_t end;
	int err = advise_check(addr, length, advice, &end);

	while (!err && addr < end) {
		struct part part;

		if (!next_part(mm, addr, end, &part) || part.start > addr)
			return -ENOMEM;
		err = populate_part(mm, &part, access);
		addr = part.end;
	}
	return err;
}
