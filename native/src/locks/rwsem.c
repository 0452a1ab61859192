#include "locks/rwsem.h"

#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "sync/syncpoint.h"

void rwsem_init(struct rwsem *s)
{
	memset(s, 0, sizeof(*s));
	sync_mutex_init(&s->gate);
	sync_rwlock_init(&s->lock);
}

void rwsem_destroy(struct rwsem *s)
{
	sync_rwlock_destroy(&s->lock);
	sync_mutex_destroy(&s->gate);
}

bool rwsem_try_read(struct rwsem *s, enum lock_rank rank)
{
	if (!sync_rwlock_try_read(&s->lock))
		return false;
	held_add(rank);
	return true;
}

bool rwsem_read(struct rwsem *s, enum lock_rank rank)
{
	uint64_t began;

	held_wait(rank);
	if (likely(rwsem_try_read(s, rank)))
		return false;
	began = clock_now_ns();
	syncpoint("mmap-lock-read-waits");
	sync_rwlock_read(&s->lock);
	held_add(rank);
	histogram_add(&s->read_waits, clock_now_ns() - began);
	return true;
}

void rwsem_read_unlock(struct rwsem *s, enum lock_rank rank)
{
	held_remove(rank);
	sync_rwlock_unlock(&s->lock);
}

bool rwsem_write(struct rwsem *s, enum lock_rank rank)
{
	uint64_t began = 0;

	held_wait(rank);
	if (unlikely(!sync_mutex_try(&s->gate))) {
		began = clock_now_ns();
		syncpoint("mmap-lock-gate-waits");
		sync_mutex_lock(&s->gate);
	}
	if (unlikely(!sync_rwlock_try_write(&s->lock))) {
		if (!began)
			began = clock_now_ns();
		sync_rwlock_write(&s->lock);
	}
	held_add(rank);
	atomic_store_relaxed(&s->writer, sync_thread_index() + 1);
	if (unlikely(began))
		histogram_add(&s->write_waits, clock_now_ns() - began);
	return began != 0;
}

void rwsem_write_unlock(struct rwsem *s, enum lock_rank rank)
{
	check(rwsem_writer_is_me(s));
	atomic_store_release(&s->writer, 0); /* pair [writer-gone] */
	held_remove(rank);
	sync_rwlock_unlock(&s->lock);
	sync_mutex_unlock(&s->gate);
}

/*
 * Between the two calls on the rwlock readers may come in, writers not: they stand at the gate. The read lock can wait
 * only for a writer inside, and there is none.
 */
void rwsem_downgrade(struct rwsem *s, enum lock_rank rank)
{
	check(rwsem_writer_is_me(s));
	(void)rank;
	atomic_store_release(&s->writer, 0); /* pair [writer-gone] */
	sync_rwlock_unlock(&s->lock);
	sync_rwlock_read(&s->lock);
}

void rwsem_downgraded_unlock(struct rwsem *s, enum lock_rank rank)
{
	rwsem_read_unlock(s, rank);
	sync_mutex_unlock(&s->gate);
}

bool rwsem_writer_is_me(const struct rwsem *s)
{
	return atomic_load_relaxed(&s->writer) == sync_thread_index() + 1;
}
