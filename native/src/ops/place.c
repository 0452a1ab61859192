#include "ops/place.h"

#include <errno.h>

#include "pt/file.h"

#define HUGE_PAGE (UINT64_C(512) << PAGE_SHIFT)
#define LAST_ERRNO EHWPOISON
#define BOTTOM_UP_BASE page_down(MM_TASK_SIZE / 3)
#define LOW_2G_START UINT64_C(0x40000000)
#define LOW_2G_END UINT64_C(0x80000000)
#define ABOVE_4G UINT64_C(0x100000000)

uint64_t vma_start_gap(const struct vma *vma)
{
	uint64_t start = vma_start(vma);

	if (!(vma_flags(vma) & VM_GROWSDOWN))
		return start;
	return start > MM_STACK_GUARD_GAP ? start - MM_STACK_GUARD_GAP : 0;
}

bool mm_range_is_mapped(struct mm *mm, uint64_t start, uint64_t end)
{
	struct vma *vma = mm_find(mm, start);

	return vma && vma_start(vma) < end;
}

/*
 * The highest gap below @high, then below whatever stack's guard gap it ran into: a stack may be the upper end of a
 * gap of the index, which knows nothing of guard gaps.
 */
static bool find_down(struct mm *mm, uint64_t low, uint64_t high, uint64_t length, uint64_t *out)
{
	while (index_gap_highest(&mm->vmas, low, high, length, out)) {
		struct vma *next = mm_find(mm, *out + length);

		if (!next || *out + length <= vma_start_gap(next))
			return true;
		high = vma_start_gap(next);
		if (high < low || high - low < length)
			return false;
	}
	return false;
}

static bool find_up(struct mm *mm, uint64_t low, uint64_t high, uint64_t length, uint64_t *out)
{
	while (index_gap_lowest(&mm->vmas, low, high, length, out)) {
		struct vma *next = mm_find(mm, *out + length);

		if (!next || *out + length <= vma_start_gap(next))
			return true;
		low = vma_end(next);
		if (high < low || high - low < length)
			return false;
	}
	return false;
}

/* Top down to @low; if that fails, as Linux does it, bottom up in the upper two thirds. */
static bool find_room(struct mm *mm, uint64_t low, uint64_t length, uint64_t *out)
{
	return find_down(mm, low, mm->mmap_base, length, out) || find_up(mm, BOTTOM_UP_BASE, MM_TASK_SIZE, length, out);
}

/* A hint is taken when it fits below the next mapping and, if that is a stack, its guard gap. */
static bool hint_fits(struct mm *mm, uint64_t addr, uint64_t length)
{
	struct vma *next;

	if (!addr || addr > MM_TASK_SIZE - length)
		return false;
	next = mm_find(mm, addr);
	return !next || addr + length <= vma_start_gap(next);
}

static int check_fixed(struct mm *mm, uint64_t addr, uint64_t length)
{
	if (addr >= (uint64_t)-LAST_ERRNO)
		return (int)(int64_t)addr; /* Linux takes such an address for the error of whoever chose it */
	if (addr > MM_TASK_SIZE - length)
		return -ENOMEM; /* Linux looks at the range before the alignment */
	if (!page_aligned(addr))
		return -EINVAL;
	return addr < MM_ROOT_ONLY_ADDRESSES && !mm_is_privileged(mm) ? -EPERM : 0;
}

/* @hint: 0, or where it is to go if it fits. @length: with what aligning asks for beside, which may be too much. */
static bool find(struct mm *mm, const struct place *where, uint64_t hint, uint64_t length, uint64_t *out)
{
	if (length > MM_TASK_SIZE)
		return false;
	if (where->low_2g && (length > LOW_2G_END || hint > LOW_2G_END - length))
		hint = 0; /* MAP_32BIT: a hint below is taken as well, even below the first GiB */
	if (hint_fits(mm, hint, length)) {
		*out = hint;
		return true;
	}
	if (where->low_2g) /* MAP_ABOVE4G beside it means nothing */
		return find_up(mm, LOW_2G_START, LOW_2G_END, length, out);
	return find_room(mm, where->above_4g ? ABOVE_4G : PAGE_SIZE, length, out);
}

enum place_alignment place_alignment(const struct vma_file *file)
{
	if (!file)
		return PLACE_WHOLE_HUGE;
	return file_is_written_back(file) ? PLACE_LIKE_OFFSET : PLACE_ANYWHERE;
}

/* Do 2 MiB that begin at a multiple of that, in the file or in memory, lie inside? */
static bool may_align(const struct place *where, uint64_t hint)
{
	uint64_t end = where->offset + where->length, first = (where->offset + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);

	if (where->alignment == PLACE_WHOLE_HUGE)
		return !hint && where->length % HUGE_PAGE == 0;
	return where->alignment == PLACE_LIKE_OFFSET && end > first && end - first >= HUGE_PAGE;
}

/*
 * A whole huge page more is looked for, and the address moved up in it. A hint has to fit with that, too, and is then taken as it is.
 * Linux: __thp_get_unmapped_area()
 */
static bool find_aligned(struct mm *mm, const struct place *where, uint64_t hint, uint64_t *out)
{
	uint64_t padded = where->length + HUGE_PAGE, offset = where->alignment == PLACE_LIKE_OFFSET ? where->offset : 0;
	uint64_t found, up;

	if (!may_align(where, hint) || padded < where->length || !find(mm, where, hint, padded, &found))
		return false;
	up = (offset - found) & (HUGE_PAGE - 1);
	*out = found == hint ? found : found + (up ? up : HUGE_PAGE);
	return true;
}

int mm_place(struct mm *mm, const struct place *where, uint64_t *out)
{
	uint64_t hint = page_down(where->addr);

	if (where->length > MM_TASK_SIZE)
		return -ENOMEM;
	if (where->fixed) {
		*out = where->addr;
		return check_fixed(mm, where->addr, where->length);
	}
	return find_aligned(mm, where, hint, out) || find(mm, where, hint, where->length, out) ? 0 : -ENOMEM;
}
