#include "fault/no_frame.h"

#include "mm/mmap_lock.h"
#include "mm/reclaim.h"
#include "policy/policy.h"

static void wait_for_all_inside(struct mm *mm)
{
	mmap_write_lock(mm);
	mm_lock_all_vmas(mm);
	mmap_write_unlock(mm);
}

bool no_frame_try_again(struct mm *mm, struct no_frame *state)
{
	if (state->tries++ < NO_FRAME_MOST_TRIES && mm_reclaim(mm))
		return true;
	if (state->has_waited)
		return false;
	state->has_waited = true;
	mm_for_each_sharer(mm, wait_for_all_inside);
	return true;
}
