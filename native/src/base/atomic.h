/*
 * base/atomic.h - shared words, with the memory order in the name of each access
 *
 * A word that two threads touch without a lock is an atomic_u32, an atomic_u64 or an ATOMIC_PTR(type): a struct, so
 * that a plain access to it does not compile. Loads and stores are relaxed, acquire or release; updates
 * (read-modify-write) say the same in their suffix. Stand-alone fences exist for one purpose only, store-to-load
 * order (a store-buffering shape); all other order sits on a variable, which ThreadSanitizer can check.
 *
 * Two back ends of equal meaning (config.h picks): compiler builtins, and the barriers of x86, arm64 and ppc64.
 * test/unit/native/fences.spec.ts reads the emitted instructions of both on all three machines.
 *
 *               x86-64              arm64              ppc64
 *   acquire     plain load          ldar               ld; lwsync
 *   release     plain store         stlr               lwsync; st
 *   full fence  lock or             dmb ish            sync     (after an update: nothing, dmb ish, sync)
 */
#ifndef VMALOCK_BASE_ATOMIC_H
#define VMALOCK_BASE_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/config.h"

typedef struct {
	uint32_t v;
} atomic_u32;

typedef struct {
	uint64_t v;
} atomic_u64;

/* An atomic pointer to @type; distinct uses are distinct types, so put it in a struct or a typedef. */
#define ATOMIC_PTR(type)                                                                                                \
	struct {                                                                                                        \
		type *v;                                                                                                \
	}

/* Before the word is shared, or when nobody else can see it any more. */
#define atomic_init(p, value) ((void)((p)->v = (value)))
#define atomic_plain(p) ((p)->v)

#define atomic_load_relaxed(p) __atomic_load_n(&(p)->v, __ATOMIC_RELAXED)
#define atomic_store_relaxed(p, value) __atomic_store_n(&(p)->v, (value), __ATOMIC_RELAXED)
#define atomic_fetch_add_relaxed(p, n) __atomic_fetch_add(&(p)->v, (n), __ATOMIC_RELAXED)
#define atomic_fetch_or_relaxed(p, bits) __atomic_fetch_or(&(p)->v, (bits), __ATOMIC_RELAXED)
#define atomic_fetch_sub_relaxed(p, n) __atomic_fetch_sub(&(p)->v, (n), __ATOMIC_RELAXED)

#if VMALOCK_ATOMICS_BUILTIN
#include "base/atomic_builtin.h"
#else
#include "base/atomic_arch.h"
#endif

#endif
