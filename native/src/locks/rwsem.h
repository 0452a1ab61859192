/*
 * locks/rwsem.h - many readers or one writer, the writer may turn into a reader: Linux's mmap_lock
 *
 * pthread's rwlock cannot be downgraded, so writers pass a gate first (a mutex). A writer that downgrades lets go of
 * the rwlock, takes it for reading and keeps the gate: readers come in beside it, no writer does.
 *
 * Preference  a writer that waits inside the gate shuts out new readers; writers behind it wait at the gate.
 * Nesting     none: a reader that locked twice could meet a writer in between and wait for ever.
 * Waits       are counted and timed; the clock is read only when the first try fails.
 */
#ifndef VMALOCK_LOCKS_RWSEM_H
#define VMALOCK_LOCKS_RWSEM_H

#include <stdbool.h>

#include "base/histogram.h"
#include "locks/held.h"
#include "sync/sync.h"

struct rwsem {
	struct sync_mutex gate; /* held by the writer, also after it downgraded */
	struct sync_rwlock lock;
	atomic_u32 writer; /* 1 + thread index of the writer, 0: none. For assertions and hints. */
	struct histogram read_waits, write_waits; /* ns */
};

void rwsem_init(struct rwsem *s);
void rwsem_destroy(struct rwsem *s);

/* @rank: of the lock and its gate, which are waited for as one. Returns whether the caller had to wait. */
bool rwsem_read(struct rwsem *s, enum lock_rank rank);
must_check bool rwsem_try_read(struct rwsem *s, enum lock_rank rank);
void rwsem_read_unlock(struct rwsem *s, enum lock_rank rank);

bool rwsem_write(struct rwsem *s, enum lock_rank rank);
void rwsem_write_unlock(struct rwsem *s, enum lock_rank rank);

/* From writer to reader without letting another writer in between. */
void rwsem_downgrade(struct rwsem *s, enum lock_rank rank);
void rwsem_downgraded_unlock(struct rwsem *s, enum lock_rank rank);

/*
 * Is somebody writing just now (not downgraded)? If not, what the last one did before it let go is visible.
 * pair [writer-gone]: the release stores in rwsem_write_unlock() and rwsem_downgrade().
 */
static inline bool rwsem_has_writer(const struct rwsem *s)
{
	return atomic_load_acquire(&s->writer) != 0;
}

/* Does the calling thread hold it for writing (not downgraded)? */
bool rwsem_writer_is_me(const struct rwsem *s);

#endif
