#include "sync/syncpoint.h"

#if VMALOCK_SYNCPOINTS

#include <string.h>

#include "base/check.h"
#include "base/bits.h"
#include "sync/sync.h"

/*
 * A test process has one set of points; this is the context that "no mutable statics outside a context" asks for.
 * A point's name is written by the test while the state is FREE; threads under test read it only when not FREE.
 */
enum { POINT_FREE, POINT_ARMED, POINT_PARKED, POINT_RELEASED };

static struct point {
	ATOMIC_PTR(const char) name;
	atomic_u32 state;
} points[8];

static struct point *find(const char *name)
{
	for (size_t i = 0; i < array_size(points); i++) {
		const char *armed = atomic_load_acquire(&points[i].name);

		if (armed && strcmp(armed, name) == 0)
			return &points[i];
	}
	return NULL;
}

void syncpoint(const char *name)
{
	struct point *p = find(name);
	uint32_t expected = POINT_ARMED;

	if (!p || !atomic_cas_acq_rel(&p->state, &expected, POINT_PARKED))
		return;
	sync_wake_u32(&p->state, UINT32_MAX);
	while (atomic_load_acquire(&p->state) == POINT_PARKED)
		sync_wait_u32(&p->state, POINT_PARKED, SYNC_FOREVER);
	atomic_store_release(&p->name, NULL);
	atomic_store_release(&p->state, POINT_FREE);
	sync_wake_u32(&p->state, UINT32_MAX);
}

void syncpoint_arm(const char *name)
{
	for (size_t i = 0; i < array_size(points); i++) {
		struct point *p = &points[i];

		if (atomic_load_acquire(&p->state) != POINT_FREE || atomic_load_acquire(&p->name))
			continue;
		atomic_store_release(&p->state, POINT_ARMED);
		atomic_store_release(&p->name, name);
		return;
	}
	check(!"more than 8 sync points armed");
}

void syncpoint_wait_parked(const char *name)
{
	struct point *p = find(name);

	check(p);
	while (p && atomic_load_acquire(&p->state) == POINT_ARMED)
		sync_wait_u32(&p->state, POINT_ARMED, SYNC_FOREVER);
}

bool syncpoint_is_parked(const char *name)
{
	struct point *p = find(name);

	return p && atomic_load_acquire(&p->state) == POINT_PARKED;
}

void syncpoint_release(const char *name)
{
	struct point *p = find(name);
	uint32_t expected = POINT_ARMED;

	check(p);
	if (!p)
		return;
	if (atomic_cas_acq_rel(&p->state, &expected, POINT_FREE)) {
		atomic_store_release(&p->name, NULL);
		return;
	}
	atomic_store_release(&p->state, POINT_RELEASED);
	sync_wake_u32(&p->state, UINT32_MAX);
	while (atomic_load_acquire(&p->state) == POINT_RELEASED)
		sync_wait_u32(&p->state, POINT_RELEASED, SYNC_FOREVER);
}

#endif
