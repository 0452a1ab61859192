/*
 * api/observe.c - observers of a space
 */
#include "ops/observe.h"
#include "api/handle.h"

int vmalock_mm_observe(vmalock_mm *mm, const struct vmalock_observer *observer, vmalock_observation **out)
{
	struct observation *observation;
	int err = op_observe(mm_of(mm), observer, &observation);

	if (!err)
		*out = (vmalock_observation *)(void *)observation;
	return err;
}

void vmalock_mm_unobserve(vmalock_mm *mm, vmalock_observation *observation)
{
	op_unobserve(mm_of(mm), (struct observation *)(void *)observation);
}
