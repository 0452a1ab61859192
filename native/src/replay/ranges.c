#include "replay/ranges.h"

#include "mm/mmap_lock.h"

/* What a call may mean by these numbers: nothing beyond the address space, nothing for no length. */
struct range range_of(uint64_t addr, uint64_t length)
{
	struct range r = { page_down(addr), RANGES_LIMIT };

	if (addr >= RANGES_LIMIT || !length)
		return (struct range){ 0, 0 };
	if (length < RANGES_LIMIT - addr)
		r.end = page_up(addr + length);
	return r;
}

static bool result_is_known(const struct vmalock_trace_event *e)
{
	return e->result >= 0 && !(e->flags & VMALOCK_TRACE_RESULT_UNKNOWN);
}

static void add_range(struct ranges *all, struct range r)
{
	if (r.start < r.end)
		all->list[all->count++] = r;
}

static void ranges_of_map(struct ranges *all, const struct vmalock_trace_event *e)
{
	if (e->aux & VMALOCK_MAP_FIXED)
		add_range(all, range_of(e->a, e->b));
	else if (result_is_known(e))
		add_range(all, range_of((uint64_t)e->result, e->b));
	else if (e->aux & VMALOCK_MAP_FIXED_NOREPLACE)
		add_range(all, range_of(e->a, e->b));
}

static void ranges_of_shmat(struct ranges *all, const struct vmalock_trace_event *e)
{
	if (result_is_known(e))
		add_range(all, range_of((uint64_t)e->result, e->b));
	else if (e->a)
		add_range(all, range_of(e->a, e->b));
}

static void ranges_of_remap(struct ranges *all, const struct vmalock_trace_event *e)
{
	bool moved = result_is_known(e) && (uint64_t)e->result != e->a;

	if (moved) {
		add_range(all, range_of(e->a, max_u64(e->b, 1)));
		add_range(all, range_of((uint64_t)e->result, e->c));
		return;
	}
	add_range(all, range_of(e->a, max_u64(e->b, e->c)));
	if (e->aux & VMALOCK_MREMAP_FIXED)
		add_range(all, range_of(e->d, e->c));
}

/* With PROT_GROWSDOWN a change begins where its VMA does. */
static void ranges_of_protect(struct ranges *all, struct mm *mm, const struct vmalock_trace_event *e)
{
	struct range r = range_of(e->a, e->b);
	const struct vma *vma;

	if (e->c & VMALOCK_PROT_GROWSDOWN) {
		mmap_read_lock(mm);
		vma = mm_find(mm, r.start);
		if (vma)
			r.start = vma_start(vma) < r.end ? vma_start(vma) : r.start;
		mmap_read_unlock(mm);
	}
	add_range(all, r);
}

static void ranges_of_brk(struct ranges *all, struct mm *mm, const struct vmalock_trace_event *e)
{
	uint64_t old = atomic_load_relaxed(&mm->brk), start = atomic_load_relaxed(&mm->brk_start);

	if (start && e->a >= start && e->a < RANGES_LIMIT)
		add_range(all, (struct range){ page_up(min_u64(old, e->a)), page_up(max_u64(old, e->a)) });
}

struct ranges ranges_find(struct mm *mm, const struct vmalock_trace_event *e)
{
	struct ranges all = { .count = 0 };

	switch (e->op) {
	case VMALOCK_TRACE_MAP:
		ranges_of_map(&all, e);
		break;
	case VMALOCK_TRACE_MLOCKALL:
	case VMALOCK_TRACE_MUNLOCKALL: /* and what later mappings will be like */
		add_range(&all, (struct range){ 0, RANGES_LIMIT });
		break;
	case VMALOCK_TRACE_UNMAP:
	case VMALOCK_TRACE_ADVISE:
	case VMALOCK_TRACE_MLOCK:
	case VMALOCK_TRACE_MUNLOCK:
	case VMALOCK_TRACE_MSYNC:
	case VMALOCK_TRACE_MINCORE:
	case VMALOCK_TRACE_REMAP_FILE_PAGES:
	case VMALOCK_TRACE_MSEAL:
	case VMALOCK_TRACE_PROCESS_ADVISE:
	case VMALOCK_TRACE_SHMDT:
	case VMALOCK_TRACE_MBIND:
		add_range(&all, range_of(e->a, e->b));
		break;
	case VMALOCK_TRACE_SHMAT:
		ranges_of_shmat(&all, e);
		break;
	case VMALOCK_TRACE_GET_MEMPOLICY: /* without an address it looks at no page */
		if (e->aux & VMALOCK_MPOL_F_ADDR)
			add_range(&all, range_of(e->a, 1));
		break;
	case VMALOCK_TRACE_PROTECT:
	case VMALOCK_TRACE_PKEY_PROTECT:
		ranges_of_protect(&all, mm, e);
		break;
	case VMALOCK_TRACE_REMAP:
		ranges_of_remap(&all, e);
		break;
	case VMALOCK_TRACE_BRK:
		ranges_of_brk(&all, mm, e);
		break;
	default:
		break;
	}
	return all;
}
