#include "pt/commit.h"

#include "base/bits.h"
#include "base/cpu.h"

void commit_set(struct commit *c, const struct vmalock_overcommit *how)
{
	uint64_t limit = how->limit ? how->limit : VMALOCK_DEFAULT_COMMIT_LIMIT;

	atomic_store_relaxed(&c->mode, (uint32_t)how->mode);
	atomic_store_relaxed(&c->limit, max_u64(limit >> PAGE_SHIFT, 1));
	atomic_store_relaxed(&c->admin_reserve, how->admin_reserve >> PAGE_SHIFT);
	atomic_store_relaxed(&c->user_reserve, how->user_reserve >> PAGE_SHIFT);
}

void commit_get(const struct commit *c, struct vmalock_overcommit *how)
{
	how->mode = (enum vmalock_overcommit_mode)atomic_load_relaxed(&c->mode);
	how->limit = atomic_load_relaxed(&c->limit) << PAGE_SHIFT;
	how->admin_reserve = atomic_load_relaxed(&c->admin_reserve) << PAGE_SHIFT;
	how->user_reserve = atomic_load_relaxed(&c->user_reserve) << PAGE_SHIFT;
}

static uint64_t less(uint64_t from, uint64_t by)
{
	return from > by ? from - by : 0;
}

/* The limit less what is kept for root, and for getting rid of a space that took all there was. */
static uint64_t allowed(const struct commit *c, uint64_t total_pages, bool privileged)
{
	uint64_t pages = atomic_load_relaxed(&c->limit);

	if (!privileged)
		pages = less(pages, atomic_load_relaxed(&c->admin_reserve));
	return less(pages, min_u64(total_pages / 32, atomic_load_relaxed(&c->user_reserve)));
}

bool commit_allows(const struct commit *c, uint64_t pages, uint64_t total_pages, bool privileged)
{
	switch (atomic_load_relaxed(&c->mode)) {
	case VMALOCK_OVERCOMMIT_ALWAYS:
		return true;
	case VMALOCK_OVERCOMMIT_HEURISTIC: /* what no machine could give at once; who asks often gets as much */
		return pages <= atomic_load_relaxed(&c->limit);
	default:
		return atomic_load_relaxed(&c->pages) + pages < allowed(c, total_pages, privileged);
	}
}
