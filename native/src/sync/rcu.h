/*
 * sync/rcu.h - read-copy-update: readers that nobody blocks, and memory that outlives them
 *
 * A reader brackets its walk with rcu_read_lock() and rcu_read_unlock(), may nest, and never sleeps or allocates in
 * between. A writer unlinks an object and hands it to a batch; it is freed once every reader that could have seen it
 * has left. No writer waits for that: a batch gathers RCU_BATCH objects and then asks once (the throttled call_rcu
 * of RFC patch 28).
 *
 * Threads register themselves on first use and leave at their end, whatever made them (JS main thread, worker,
 * libuv's pool, a thread of a replay).
 */
#ifndef VMALOCK_SYNC_RCU_H
#define VMALOCK_SYNC_RCU_H

#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"
#include "base/cpu.h"
#include "rcu_backend.h"

/* Objects that a batch gathers before it asks for a grace period: Linux's VM_AREA_FREE_LIST_MAX of RFC patch 28. */
#define RCU_BATCH 32

/* Goes into each object that a batch may free, in bytes that no reader looks at. */
struct rcu_node {
	struct rcu_node *next;
};

/*
 * Objects unlinked but not yet handed to a grace period. Guard: whoever owns the structure they came from, that is
 * its writers' lock.
 */
struct rcu_batch {
	struct rcu_node *head;
	uint32_t count;
	void (*free_node)(struct rcu_node *node);
};

/* Opens a read section; nests. */
static inline void rcu_read_lock(void);
static inline void rcu_read_unlock(void);

/* Is this thread inside a read section? Exact in checked builds; always true in others, so only for check(). */
bool rcu_read_held(void);

/* Makes @value, and all that was written to it before, visible to readers. pair [rcu-publish]: rcu_deref(). */
#define rcu_publish(p, value) atomic_store_release(p, value)

/* The pointer that a reader may follow until it leaves its section. pair [rcu-publish]: rcu_publish(). */
#define rcu_deref(p) RCU_BACKEND_DEREF(p)

void rcu_batch_init(struct rcu_batch *b, void (*free_node)(struct rcu_node *node));

/* @node is unlinked: no reader that starts now can find it. Never fails and never waits. */
void rcu_batch_add(struct rcu_batch *b, struct rcu_node *node);

/* Asks for a grace period for what has gathered. Without host memory to ask with it keeps gathering. */
void rcu_batch_flush(struct rcu_batch *b);

/* Frees what has gathered here and now: only when no reader can hold any of it (a space that ends). */
void rcu_batch_drain(struct rcu_batch *b);

/* Waits until every object that was flushed before this call is freed. Never inside a read section. */
void rcu_wait_for_batches(void);

#include "rcu_inline.h"

#endif
