#include "replay/totals.h"

#include <errno.h>

#include "base/alloc.h"
#include "mm/describe.h"
#include "replay/look.h"

int totals_init(struct totals *t)
{
	sync_mutex_init(&t->lock);
	t->stats = (struct vmalock_stats){ 0 };
	t->read_waits = alloc_zeroed(sizeof(*t->read_waits));
	t->write_waits = alloc_zeroed(sizeof(*t->write_waits));
	return t->read_waits && t->write_waits ? 0 : -ENOMEM;
}

void totals_destroy(struct totals *t)
{
	sync_mutex_destroy(&t->lock);
	alloc_free(t->read_waits);
	alloc_free(t->write_waits);
}

void totals_add_space(struct totals *t, vmalock_mm *handle)
{
	const struct mm *mm = look_inside(handle);
	struct vmalock_stats stats;

	vmalock_mm_stats(handle, &stats);
	sync_mutex_lock(&t->lock);
#define ADD_STAT(name) t->stats.name += stats.name;
	VMALOCK_STATS(ADD_STAT)
#undef ADD_STAT
	histogram_merge(t->read_waits, &mm->domain.mmap_lock.read_waits);
	histogram_merge(t->write_waits, &mm->domain.mmap_lock.write_waits);
	sync_mutex_unlock(&t->lock);
}

void totals_summarise(const struct totals *t, struct vmalock_wait_summary *readers, struct vmalock_wait_summary *writers)
{
	wait_summarise(t->read_waits, t->stats.mmap_lock_reads, readers);
	wait_summarise(t->write_waits, t->stats.mmap_lock_writes, writers);
}
