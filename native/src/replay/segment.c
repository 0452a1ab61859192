#include "replay/segment.h"

#include "mm/mmap_lock.h"
#include "replay/look.h"

/* --- shmat --------------------------------------------------------------------------------------------------------- */

/* Linux: do_shmat(). 0 or EINVAL. */
static int place_of(const struct vmalock_trace_event *e, uint64_t *addr)
{
	*addr = e->a;
	if (!*addr)
		return e->aux & SHM_IS_REMAP ? VMALOCK_EINVAL : 0;
	if (page_aligned(*addr))
		return 0;
	if (!(e->aux & SHM_IS_RND))
		return VMALOCK_EINVAL;
	*addr = page_down(*addr);
	return !*addr && (e->aux & SHM_IS_REMAP) ? VMALOCK_EINVAL : 0;
}

/* A segment that names its place replaces nothing, unless it says so; one that the kernel placed lies there again. */
static uint32_t flags_for(const struct vmalock_trace_event *e, uint64_t *addr)
{
	bool known = e->result > 0 && !(e->flags & VMALOCK_TRACE_RESULT_UNKNOWN);

	if (e->aux & SHM_IS_REMAP)
		return VMALOCK_MAP_SHARED | VMALOCK_MAP_FIXED;
	if (!*addr && known)
		*addr = (uint64_t)e->result;
	return VMALOCK_MAP_SHARED | (*addr ? VMALOCK_MAP_FIXED_NOREPLACE : 0);
}

int64_t segment_attach(const struct world *w, vmalock_mm *mm, const struct vmalock_trace_event *e)
{
	uint64_t addr, out;
	uint32_t flags;
	int err = place_of(e, &addr);

	if (err)
		return err;
	if (e->file == VMALOCK_TRACE_NONE)
		return VMALOCK_EINVAL;
	flags = flags_for(e, &addr);
	err = vmalock_mm_map(mm, addr, e->b, (uint32_t)e->c, flags, world_file(w, e->file), 0, &out);
	if (err == VMALOCK_EEXIST && e->a)
		return VMALOCK_EINVAL;
	return err ? err : (int64_t)out;
}

/* --- shmdt --------------------------------------------------------------------------------------------------------- */

/* The first part of the segment in the range that lies where an attachment at @base would have it. */
static bool find_part(struct mm *mm, const struct vma_file *file, uint64_t base, struct range *r)
{
	const struct vma *vma;
	bool found = false;

	mmap_read_lock(mm);
	for (vma = mm_find(mm, r->start); vma && vma_start(vma) < r->end && !found; vma = mm_find(mm, r->start)) {
		found = vma->file == file && vma_start(vma) >= base &&
			vma->pgoff == (vma_start(vma) - base) >> PAGE_SHIFT;
		r->start = found ? vma_start(vma) : vma_end(vma);
		if (found)
			r->end = vma_end(vma);
	}
	mmap_read_unlock(mm);
	return found;
}

/* That a part is sealed, and stays, Linux does not tell. */
static void unmap_part(vmalock_mm *mm, struct range part)
{
	int err = vmalock_mm_unmap(mm, part.start, part.end - part.start);

	(void)err;
}

int64_t segment_detach(const struct world *w, vmalock_mm *mm, const struct vmalock_trace_event *e)
{
	uint64_t end = range_of(e->a, e->b).end, at = e->a;
	int64_t result = VMALOCK_EINVAL;
	struct range part;

	if (!page_aligned(e->a) || e->file == VMALOCK_TRACE_NONE)
		return VMALOCK_EINVAL;
	for (;; at = part.end) {
		part = (struct range){ at, end };
		if (!find_part(look_inside(mm), look_inside_file(world_file(w, e->file)), e->a, &part))
			return result;
		unmap_part(mm, part);
		result = 0;
	}
}
