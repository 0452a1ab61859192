#include "replay/footprint.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "mm/mmap_lock.h"
#include "ops/advise.h"
#include "replay/look.h"

#define BREAK_PAGE (RANGES_LIMIT + 16 * PAGE_SIZE)
#define X86_WRITE 0x2u

void footprint_init(struct footprint *f)
{
	*f = (struct footprint){ 0 };
}

void footprint_destroy(struct footprint *f)
{
	alloc_free(f->touches);
	alloc_free(f->before[0].vmas);
	alloc_free(f->before[1].vmas);
	alloc_free(f->after.vmas);
}

/* --- lists that grow ----------------------------------------------------------------------------------------------- */

/* Room for one more record of @size bytes. */
static int make_room(void **records, size_t count, size_t *room, size_t size)
{
	size_t wanted = *room ? 2 * *room : 16;
	void *larger;

	if (count < *room)
		return 0;
	larger = alloc_bytes(wanted * size);
	if (!larger)
		return -ENOMEM;
	if (count)
		memcpy(larger, *records, count * size);
	alloc_free(*records);
	*records = larger;
	*room = wanted;
	return 0;
}

static int touch(struct footprint *f, enum touch_kind kind, uint64_t start, uint64_t end)
{
	void *records = f->touches;
	int err;

	if (start >= end)
		return 0;
	err = make_room(&records, f->count, &f->room, sizeof(*f->touches));
	f->touches = records;
	if (!err)
		f->touches[f->count++] = (struct touch){ kind, start, end };
	return err;
}

static int see(struct seen *seen, const struct vma *vma)
{
	void *records = seen->vmas;
	int err = make_room(&records, seen->count, &seen->room, sizeof(*seen->vmas));

	seen->vmas = records;
	if (!err)
		seen->vmas[seen->count++] =
			(struct seen_vma){ vma_start(vma), vma_end(vma), vma_flags(vma), vma_anon(vma), vma->policy };
	return err;
}

/* --- ranges -------------------------------------------------------------------------------------------------------- */

static uint64_t page_before(uint64_t addr)
{
	return addr ? addr - PAGE_SIZE : 0;
}

static uint64_t below(uint64_t addr, uint64_t length)
{
	return addr > length ? addr - length : 0;
}

/* All VMAs that overlap the range, or touch it. */
static int see_range(struct seen *seen, struct mm *mm, struct range r)
{
	struct index_cursor cursor;
	struct index_entry entry;
	bool more;
	int err = 0;

	seen->count = 0;
	mmap_read_lock(mm);
	more = index_cursor_seek(&cursor, &mm->vmas, page_before(r.start), &entry);
	for (; more && entry.start <= r.end && !err; more = index_cursor_next(&cursor, &entry))
		err = see(seen, entry.value);
	mmap_read_unlock(mm);
	return err;
}

/* --- faults -------------------------------------------------------------------------------------------------------- */

/* The VMA that covers the page, or the one above it. */
static int see_for_fault(struct seen *seen, struct mm *mm, uint64_t addr)
{
	const struct vma *vma;
	int err = 0;

	seen->count = 0;
	mmap_read_lock(mm);
	vma = mm_find(mm, addr);
	if (vma)
		err = see(seen, vma);
	mmap_read_unlock(mm);
	return err;
}

/* A stack that grew, or that could not: both looked for what lies below. */
static int touch_growth(struct footprint *f, uint64_t start, uint64_t end, bool grew)
{
	int err = touch(f, grew ? TOUCH_WRITE_PAGES : TOUCH_READ_PAGES, start, end);

	return err ? err : touch(f, TOUCH_READ_PAGES, below(start, MM_STACK_GUARD_GAP), start);
}

static int touch_whole(struct footprint *f, const struct seen_vma *vma)
{
	int err = touch(f, TOUCH_WRITE_SHAPE, vma->start, vma->end);

	if (!err)
		err = touch(f, TOUCH_READ_SHAPE, page_before(vma->start), vma->start);
	return err ? err : touch(f, TOUCH_READ_SHAPE, vma->end, vma->end + PAGE_SIZE);
}

static int touch_by_fault(struct footprint *f, const struct vmalock_trace_event *e)
{
	const struct seen_vma *before = f->before[0].count ? f->before[0].vmas : NULL;
	const struct seen_vma *after = f->after.count ? f->after.vmas : NULL;
	uint64_t page = page_down(e->a);
	bool covered = after && after->start <= page, grew = covered && before && before->start > page;
	bool is_first = covered && after->anon && !(before && before->anon);
	int err = touch(f, TOUCH_READ_PAGES, page, page + PAGE_SIZE);

	if (!err && before && before->start > page && (before->flags & VM_GROWSDOWN))
		err = touch_growth(f, page, before->start, grew);
	if (!err && (is_first || grew))
		err = touch_whole(f, after);
	if (!err && is_first)
		err = touch(f, TOUCH_SET_ANON, after->start, after->end);
	if (!err && !is_first && (e->aux & X86_WRITE))
		err = touch(f, TOUCH_FOLLOW_ANON, page, page + PAGE_SIZE);
	return err;
}

/* --- changes ------------------------------------------------------------------------------------------------------- */

static bool is_same(const struct seen_vma *a, const struct seen_vma *b)
{
	return a->start == b->start && a->end == b->end && a->flags == b->flags && a->anon == b->anon &&
	       a->policy == b->policy;
}

/* The parts of @vma that no VMA with an anon covered before. */
static int touch_new_anon(struct footprint *f, const struct seen *before, const struct seen_vma *vma)
{
	uint64_t at = vma->start;
	int err = 0;

	if (!vma->anon)
		return 0;
	for (size_t i = 0; i < before->count && !err; i++) {
		const struct seen_vma *old = &before->vmas[i];

		if (!old->anon || old->end <= at || old->start >= vma->end)
			continue;
		err = touch(f, TOUCH_SET_ANON, at, old->start);
		at = old->end;
	}
	return err ? err : touch(f, TOUCH_SET_ANON, at, vma->end);
}

/* Both lists ascend: what stands in one of them only has changed. */
static int touch_changed(struct footprint *f, const struct seen *before, const struct seen *after, bool *changed)
{
	size_t b = 0, a = 0;
	int err = 0;

	while ((b < before->count || a < after->count) && !err) {
		const struct seen_vma *old = b < before->count ? &before->vmas[b] : NULL;
		const struct seen_vma *new = a < after->count ? &after->vmas[a] : NULL;

		if (old && new &&is_same(old, new)) {
			b++;
			a++;
			continue;
		}
		*changed = true;
		if (old && (!new || old->start <= new->start)) {
			err = touch_whole(f, old);
			b++;
		} else {
			err = touch_whole(f, new);
			if (!err)
				err = touch_new_anon(f, before, new);
			a++;
		}
	}
	return err;
}

/* What kind of change an event is, for the range it names. */
enum manner {
	MANNER_CHANGE, /* of mappings, if it was not refused */
	MANNER_DROP,   /* of pages: the mappings stay */
	MANNER_FAULT,  /* as faults do, or less: looks too */
};

static enum manner manner_of(const struct vmalock_trace_event *e)
{
	if (e->op == VMALOCK_TRACE_MSYNC || e->op == VMALOCK_TRACE_MINCORE || e->op == VMALOCK_TRACE_GET_MEMPOLICY)
		return MANNER_FAULT;
	if (e->op != VMALOCK_TRACE_ADVISE && e->op != VMALOCK_TRACE_PROCESS_ADVISE)
		return MANNER_CHANGE;
	switch ((int)e->aux) {
	case MADV_IS_DONTNEED:
	case MADV_IS_DONTNEED_LOCKED:
	case MADV_IS_FREE:
	case MADV_IS_REMOVE:
		return MANNER_DROP;
	case MADV_IS_WILLNEED:
	case MADV_IS_COLD:
	case MADV_IS_PAGEOUT:
	case MADV_IS_COLLAPSE:
	case MADV_IS_POPULATE_READ:
	case MADV_IS_POPULATE_WRITE:
		return MANNER_FAULT;
	default:
		return MANNER_CHANGE;
	}
}

static int touch_by_change(struct footprint *f, struct range r, enum manner manner, bool done)
{
	bool writes_pages = manner == MANNER_DROP || (manner == MANNER_CHANGE && done);
	int err = touch(f, writes_pages ? TOUCH_WRITE_PAGES : TOUCH_READ_PAGES, r.start, r.end);

	if (!err && manner == MANNER_FAULT)
		err = touch(f, TOUCH_FOLLOW_ANON, r.start, r.end);
	if (err || manner != MANNER_CHANGE)
		return err;
	err = touch(f, done ? TOUCH_WRITE_SHAPE : TOUCH_READ_SHAPE, r.start, r.end);
	if (!err)
		err = touch(f, TOUCH_READ_SHAPE, page_before(r.start), r.start);
	return err ? err : touch(f, TOUCH_READ_SHAPE, r.end, r.end + PAGE_SIZE);
}

static int touch_range(struct footprint *f, struct mm *mm, uint32_t n, enum manner manner, bool succeeded)
{
	bool changed = false;
	int err = see_range(&f->after, mm, f->ranges.list[n]);

	if (!err)
		err = touch_changed(f, &f->before[n], &f->after, &changed);
	return err ? err : touch_by_change(f, f->ranges.list[n], manner, succeeded || changed);
}

/* A mapping that nobody foresaw: it went where there was nothing, so all that is there now is new. */
static int touch_unforeseen(struct footprint *f, struct mm *mm, const struct vmalock_trace_event *e, int64_t value)
{
	f->ranges.list[0] = range_of((uint64_t)value, e->op == VMALOCK_TRACE_REMAP ? e->c : e->b);
	f->before[0].count = 0;
	return touch_range(f, mm, 0, MANNER_CHANGE, true);
}

static bool is_unforeseen(const struct footprint *f, const struct vmalock_trace_event *e, int64_t value)
{
	if (value < 0 || (e->op != VMALOCK_TRACE_MAP && e->op != VMALOCK_TRACE_REMAP && e->op != VMALOCK_TRACE_SHMAT))
		return false;
	for (uint32_t i = 0; i < f->ranges.count; i++) {
		if (f->ranges.list[i].start == (uint64_t)value)
			return false;
	}
	return true;
}

/* The room above the heap, whether it was enough or not. */
static int touch_by_brk(struct footprint *f, const struct vmalock_trace_event *e, int64_t value)
{
	uint64_t old = f->break_before, asked = e->a;
	bool changed = (uint64_t)value != old;
	int err = touch(f, changed ? TOUCH_WRITE_PAGES : TOUCH_READ_PAGES, BREAK_PAGE, BREAK_PAGE + PAGE_SIZE);

	if (!err && f->ranges.count && asked > old)
		err = touch(f, TOUCH_READ_PAGES, f->ranges.list[0].end,
			    min_u64(f->ranges.list[0].end + PAGE_SIZE + MM_STACK_GUARD_GAP, RANGES_LIMIT));
	return err;
}

/* --- the whole ----------------------------------------------------------------------------------------------------- */

int footprint_before(struct footprint *f, const struct world *world, uint32_t event)
{
	const struct vmalock_trace_event *e = &world->trace->events[event];
	struct mm *mm = look_inside(world->spaces[e->space].mm);
	int err = 0;

	f->count = 0;
	if (e->op == VMALOCK_TRACE_FAULT)
		return e->a < RANGES_LIMIT ? see_for_fault(&f->before[0], mm, e->a) : 0;
	f->ranges = ranges_find(mm, e);
	f->break_before = atomic_load_relaxed(&mm->brk);
	for (uint32_t i = 0; i < f->ranges.count && !err; i++)
		err = see_range(&f->before[i], mm, f->ranges.list[i]);
	return err;
}

int footprint_after(struct footprint *f, const struct world *world, uint32_t event, const struct step *step)
{
	const struct vmalock_trace_event *e = &world->trace->events[event];
	struct mm *mm = look_inside(world->spaces[e->space].mm);
	bool succeeded = step->value >= 0;
	int err = 0;

	if (e->op == VMALOCK_TRACE_FAULT) {
		if (e->a >= RANGES_LIMIT)
			return 0;
		err = see_for_fault(&f->after, mm, e->a);
		return err ? err : touch_by_fault(f, e);
	}
	if (e->op == VMALOCK_TRACE_BRK) {
		succeeded = (uint64_t)step->value == e->a;
		err = touch_by_brk(f, e, step->value);
	}
	for (uint32_t i = 0; i < f->ranges.count && !err; i++)
		err = touch_range(f, mm, i, manner_of(e), succeeded);
	if (!err && is_unforeseen(f, e, step->value))
		err = touch_unforeseen(f, mm, e, step->value);
	return err;
}
