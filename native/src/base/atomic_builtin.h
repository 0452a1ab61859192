/*
 * base/atomic_builtin.h - the order-carrying half of atomic.h, by compiler builtins
 *
 * For ThreadSanitizer, the explored build, model checkers, and machines whose fences atomic_arch.h does not know.
 */
#ifndef VMALOCK_BASE_ATOMIC_BUILTIN_H
#define VMALOCK_BASE_ATOMIC_BUILTIN_H

#define atomic_load_acquire(p) __atomic_load_n(&(p)->v, __ATOMIC_ACQUIRE)
#define atomic_store_release(p, value) __atomic_store_n(&(p)->v, (value), __ATOMIC_RELEASE)

#define atomic_fetch_add_acquire(p, n) __atomic_fetch_add(&(p)->v, (n), __ATOMIC_ACQUIRE)
#define atomic_fetch_add_acq_rel(p, n) __atomic_fetch_add(&(p)->v, (n), __ATOMIC_ACQ_REL)
#define atomic_fetch_sub_release(p, n) __atomic_fetch_sub(&(p)->v, (n), __ATOMIC_RELEASE)
#define atomic_fetch_sub_acq_rel(p, n) __atomic_fetch_sub(&(p)->v, (n), __ATOMIC_ACQ_REL)
#define atomic_fetch_or_acq_rel(p, n) __atomic_fetch_or(&(p)->v, (n), __ATOMIC_ACQ_REL)
#define atomic_exchange_acq_rel(p, value) __atomic_exchange_n(&(p)->v, (value), __ATOMIC_ACQ_REL)

/* Strong compare-and-swap; *expected gets the value seen when it fails. A failed one orders nothing. */
#define atomic_cas_acquire(p, expected, value)                                                                          \
	__atomic_compare_exchange_n(&(p)->v, (expected), (value), 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)
#define atomic_cas_release(p, expected, value)                                                                          \
	__atomic_compare_exchange_n(&(p)->v, (expected), (value), 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED)
#define atomic_cas_acq_rel(p, expected, value)                                                                          \
	__atomic_compare_exchange_n(&(p)->v, (expected), (value), 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)

/* Orders every access before it against every access after it, stores before loads included. */
static inline void atomic_fence_after_update(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static inline void atomic_fence_full(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

#endif
