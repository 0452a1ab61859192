#include "mm/mm.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/check.h"
#include "mm/mempolicy.h"
#include "mm/mmap_lock.h"
#include "mm/observer.h"
#include "mm/reclaim.h"
#include "pt/swap.h"
#include "sync/syncpoint.h"

/* As Linux places it without randomisation: below the stack's largest size, here 128 MiB. */
#define MMAP_BASE (MM_TASK_SIZE - (UINT64_C(128) << 20))

static int init_parts(struct mm *mm, const struct vmalock_options *options, struct frames *frames)
{
	struct frames *pool = frames;
	uint64_t limit = options->frames ? options->frames : VMALOCK_DEFAULT_FRAMES;
	int err = counters_init(&mm->counters, MM_STAT_COUNT);

	if (err)
		return err;
	err = index_init(&mm->vmas);
	if (err)
		goto no_index;
	if (!frames) {
		err = frames_create_nodes(limit, mm->numa_nodes, options->backing, &pool);
		if (err)
			goto no_frames;
	}
	if (!frames && options->swap)
		err = swap_add(pool, options->swap);
	if (!err)
		err = pt_init(&mm->pt, pool, &mm->counters);
	if (!frames && !err)
		commit_set(frames_commit(pool), &options->overcommit);
	if (!frames)
		frames_put(pool); /* pt holds its own */
	if (!err)
		return 0;
no_frames:
	index_destroy(&mm->vmas);
no_index:
	counters_destroy(&mm->counters);
	return err;
}

int mm_create(const struct vmalock_options *options, const struct policy *policy, struct frames *frames,
	      enum lock_rank rank, struct mm **out)
{
	struct mm *mm = alloc_aligned(CACHE_LINE, sizeof(*mm));
	int err;

	if (!mm)
		return -ENOMEM;
	*mm = (struct mm){
		.policy = policy,
		.era = options->faults,
		.forbids_zero_page = options->forbids_zero_page != 0,
		.thp = options->thp,
		.backing = options->backing,
		.numa_nodes = options->numa_nodes ? options->numa_nodes : 1,
		.limits = options->limits,
		.mmap_base = MMAP_BASE,
	};
	err = init_parts(mm, options, frames);
	if (err) {
		alloc_free(mm);
		return err;
	}
	domain_init(&mm->domain, rank);
	sync_mutex_init(&mm->anon_lock);
	mm_observers_init(mm);
	rcu_batch_init(&mm->retired_vmas, vma_free_rcu);
	mm_mempolicy_init(mm);
	atomic_init(&mm->privileged, options->privileged != 0);
	refcount_init(&mm->refs);
	list_init(&mm->sharer);
	*out = mm;
	return 0;
}

void mm_get(struct mm *mm)
{
	refcount_get(&mm->refs);
}

static void free_spares(struct mm *mm)
{
	struct rcu_node *next;

	for (struct rcu_node *node = mm->spare_vmas; node; node = next) {
		next = node->next;
		vma_free_unused(container_of(node, struct vma, rcu));
	}
}

/* Nobody else holds the space: VMAs go at once, without waiting for readers. */
static void destroy(struct mm *mm)
{
	struct index_cursor cursor;
	struct index_entry entry;
	struct frames *frames = mm->pt.frames;
	bool more;

	frames_get(frames);
	syncpoint("space-ends");
	mm_leave_pool(mm);
	syncpoint("mm-left-pool");
	mm_observers_release(mm);
	mmap_write_lock(mm);
	for (more = index_cursor_seek(&cursor, &mm->vmas, 0, &entry); more; more = index_cursor_next(&cursor, &entry)) {
		struct vma *vma = entry.value;

		/* No fault can be inside: the mark alone makes it legal to detach. */
		vma->lock_section = mm->domain.section;
		vma_detach(vma);
		vma_discard(vma);
	}
	commit_charge(mm_commit(mm), -(int64_t)mm->committed_pages);
	mmap_write_unlock(mm);
	rcu_batch_drain(&mm->retired_vmas);
	mm_mempolicy_destroy(mm);
	free_spares(mm);
	index_destroy(&mm->vmas);
	pt_destroy(&mm->pt);
	mm_gave_all_back(frames);
	frames_put(frames);
	domain_destroy(&mm->domain);
	sync_mutex_destroy(&mm->anon_lock);
	mm_observers_destroy(mm);
	counters_destroy(&mm->counters);
	alloc_free(mm);
}

void mm_put(struct mm *mm)
{
	if (refcount_put(&mm->refs))
		destroy(mm);
}

struct vma *mm_find(struct mm *mm, uint64_t addr)
{
	struct index_entry entry;

	return index_find(&mm->vmas, addr, &entry) ? entry.value : NULL;
}

struct vma *mm_lookup(struct mm *mm, uint64_t addr)
{
	struct index_entry entry;

	return index_find(&mm->vmas, addr, &entry) && entry.start <= addr ? entry.value : NULL;
}

struct vma *mm_prev(struct mm *mm, uint64_t addr)
{
	struct index_entry entry;

	return index_find_below(&mm->vmas, addr, &entry) ? entry.value : NULL;
}
