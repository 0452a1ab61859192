#include "ops/observe.h"

#include <errno.h>

#include "base/alloc.h"
#include "mm/mmap_lock.h"
#include "policy/policy.h"
#include "sync/syncpoint.h"

static void shut_out_all(struct mm *mm)
{
	mmap_write_lock(mm);
	mm_lock_all_vmas(mm);
	mm_observers_lock(mm);
}

static void let_in_all(struct mm *mm)
{
	mm_observers_unlock(mm);
	mmap_write_unlock(mm);
}

int op_observe(struct mm *mm, const struct vmalock_observer *observer, struct observation **out)
{
	struct observation *observation = alloc_bytes(sizeof(*observation));

	if (!observation)
		return -ENOMEM;
	observation->observer = *observer;
	shut_out_all(mm);
	list_add_last(&mm->observers, &observation->node);
	let_in_all(mm);
	*out = observation;
	return 0;
}

void op_unobserve(struct mm *mm, struct observation *observation)
{
	shut_out_all(mm);
	list_remove(&observation->node);
	let_in_all(mm);
	alloc_free(observation);
}
