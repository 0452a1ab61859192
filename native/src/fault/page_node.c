#include "fault/page_node.h"

#include <errno.h>

#include "fault/fault.h"
#include "mm/mmap_lock.h"
#include "pt/migrate.h"

/* What one look found. */
enum look {
	LOOK_FOUND,
	LOOK_ABSENT, /* a fault may bring it */
	LOOK_REFUSED,
};

/* A page that is there may be only writable; one that is not must be readable. Linux: get_user_pages_fast(). */
static enum look look(struct mm *mm, uint64_t addr, uint32_t *out)
{
	const struct vma *vma = mm_lookup(mm, addr);
	uint64_t flags = vma ? vma_flags(vma) : 0;

	if (!(flags & VM_ACCESS_FLAGS) || (flags & VM_PFNMAP))
		return LOOK_REFUSED;
	if (pt_node_of(&mm->pt, addr, out))
		return LOOK_FOUND;
	return flags & VM_READ ? LOOK_ABSENT : LOOK_REFUSED;
}

static int error_of(uint32_t result)
{
	switch (result & VMALOCK_FAULT_OUTCOME) {
	case VMALOCK_FAULT_MINOR:
	case VMALOCK_FAULT_MAJOR:
		return 0;
	case VMALOCK_FAULT_OOM:
		return -ENOMEM;
	default:
		return -EFAULT;
	}
}

int page_node(struct mm *mm, uint64_t addr, uint32_t *out)
{
	int err = 0;

	/* Once more after each fault: somebody may have taken the page away again. */
	while (!err) {
		enum look found;

		mmap_read_lock(mm);
		found = look(mm, addr, out);
		mmap_read_unlock(mm);
		if (found != LOOK_ABSENT)
			return found == LOOK_FOUND ? 0 : -EFAULT;
		err = error_of(fault_resolve(mm, addr, VMALOCK_READ));
	}
	return err;
}
