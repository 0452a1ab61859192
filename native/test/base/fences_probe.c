/*
 * One function for each access of base/atomic.h that orders something, for test/unit/native/fences.spec.ts to read the
 * instructions of. Never run.
 */
#include "base/atomic.h"

uint64_t load_acquire(atomic_u64 *p);
void store_release(atomic_u64 *p, uint64_t value);
uint64_t fetch_add_acquire(atomic_u64 *p);
uint64_t fetch_sub_release(atomic_u64 *p);
uint64_t fetch_sub_acq_rel(atomic_u64 *p);
bool cas_acquire(atomic_u64 *p, uint64_t *expected);
bool cas_release(atomic_u64 *p, uint64_t *expected);
uint64_t exchange_acq_rel(atomic_u64 *p);
void fence_full(void);
void fence_after_update(void);

uint64_t load_acquire(atomic_u64 *p)
{
	return atomic_load_acquire(p);
}

void store_release(atomic_u64 *p, uint64_t value)
{
	atomic_store_release(p, value);
}

uint64_t fetch_add_acquire(atomic_u64 *p)
{
	return atomic_fetch_add_acquire(p, 1);
}

uint64_t fetch_sub_release(atomic_u64 *p)
{
	return atomic_fetch_sub_release(p, 1);
}

uint64_t fetch_sub_acq_rel(atomic_u64 *p)
{
	return atomic_fetch_sub_acq_rel(p, 1);
}

bool cas_acquire(atomic_u64 *p, uint64_t *expected)
{
	return atomic_cas_acquire(p, expected, 1);
}

bool cas_release(atomic_u64 *p, uint64_t *expected)
{
	return atomic_cas_release(p, expected, 1);
}

uint64_t exchange_acq_rel(atomic_u64 *p)
{
	return atomic_exchange_acq_rel(p, 1);
}

void fence_full(void)
{
	atomic_fence_full();
}

void fence_after_update(void)
{
	atomic_fence_after_update();
}
