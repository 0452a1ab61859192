/*
 * sync/native/rcu_backend.h - liburcu, memb flavour; with rcu.c the only file that includes <urcu/...>
 *
 * Readers of the memb flavour execute no fence: grace periods use membarrier(2). The read section is inlined
 * (_LGPL_SOURCE; MIT is compatible), which makes it 4 cycles instead of 38. Under ThreadSanitizer the library's own
 * (uninstrumented) functions are called, and the order a grace period gives is told to the sanitizer by the two
 * tokens below: it cannot see into the inline assembly of liburcu.
 */
#ifndef VMALOCK_SYNC_NATIVE_RCU_BACKEND_H
#define VMALOCK_SYNC_NATIVE_RCU_BACKEND_H

#include "base/config.h"

#if !VMALOCK_TSAN && !defined(_LGPL_SOURCE)
#define _LGPL_SOURCE
#endif
#include <urcu/urcu-memb.h>

#if VMALOCK_TSAN
#include <sanitizer/tsan_interface.h>
extern char rcu_tsan_grace_period, rcu_tsan_callback;
#define RCU_TSAN_RELEASE(token) __tsan_release(token)
#define RCU_TSAN_ACQUIRE(token) __tsan_acquire(token)
#else
#define RCU_TSAN_RELEASE(token) ((void)0)
#define RCU_TSAN_ACQUIRE(token) ((void)0)
#endif

/*
 * Address dependency orders the load of the pointer before loads through it on x86, arm64 and ppc64; the volatile
 * access in __atomic_load_n keeps the compiler from guessing the pointer. Builtin builds take an acquire.
 */
#if VMALOCK_ATOMICS_BUILTIN
#define RCU_BACKEND_DEREF(p) atomic_load_acquire(p)
#else
#define RCU_BACKEND_DEREF(p) (*(__typeof__((p)->v) volatile *)&(p)->v)
#endif

#endif
