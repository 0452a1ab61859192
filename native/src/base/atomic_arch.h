/*
 * base/atomic_arch.h - the order-carrying half of atomic.h, by the barriers of x86, arm64 and ppc64
 *
 * Acquire and release loads and stores are the machine's own; updates are the compiler's relaxed ones between two of
 * the fences below. arch_fence_acquire() orders earlier loads against all that follows, arch_fence_release() all that
 * came before against later stores (and, as every user here needs, later updates).
 */
#ifndef VMALOCK_BASE_ATOMIC_ARCH_H
#define VMALOCK_BASE_ATOMIC_ARCH_H

#if VMALOCK_ARCH_X86

/* TSO: loads are not reordered with loads nor stores with stores; only the compiler must be told. */
static inline void arch_fence_acquire(void)
{
	__asm__ __volatile__("" ::: "memory");
}

static inline void arch_fence_release(void)
{
	__asm__ __volatile__("" ::: "memory");
}

/* The update was locked. */
static inline void atomic_fence_after_update(void)
{
	__asm__ __volatile__("" ::: "memory");
}

/* A locked operation on the stack costs a tenth of mfence and orders all but non-temporal stores. */
static inline void atomic_fence_full(void)
{
	__asm__ __volatile__("lock; orq $0,(%%rsp)" ::: "memory", "cc");
}

#elif VMALOCK_ARCH_ARM64

static inline void arch_fence_acquire(void)
{
	__asm__ __volatile__("dmb ishld" ::: "memory");
}

static inline void arch_fence_release(void)
{
	__asm__ __volatile__("dmb ish" ::: "memory");
}

static inline void atomic_fence_full(void)
{
	__asm__ __volatile__("dmb ish" ::: "memory");
}

static inline void atomic_fence_after_update(void)
{
	__asm__ __volatile__("dmb ish" ::: "memory");
}

#elif VMALOCK_ARCH_PPC64

/* lwsync orders all but a store against a later load; sync that, too. */
static inline void arch_fence_acquire(void)
{
	__asm__ __volatile__("lwsync" ::: "memory");
}

static inline void arch_fence_release(void)
{
	__asm__ __volatile__("lwsync" ::: "memory");
}

static inline void atomic_fence_full(void)
{
	__asm__ __volatile__("sync" ::: "memory");
}

static inline void atomic_fence_after_update(void)
{
	__asm__ __volatile__("sync" ::: "memory");
}

#else
#error "no fences for this machine: build with VMALOCK_ATOMICS_BUILTIN=1"
#endif

#if VMALOCK_ARCH_ARM64

/* ldar and stlr order on the access itself, which a barrier beside a plain access does at a higher price. */
static inline uint32_t arch_load_acquire_u32(const uint32_t *p)
{
	uint32_t v;

	__asm__ __volatile__("ldar %w0, %1" : "=r"(v) : "Q"(*p) : "memory");
	return v;
}

static inline uint64_t arch_load_acquire_u64(const uint64_t *p)
{
	uint64_t v;

	__asm__ __volatile__("ldar %0, %1" : "=r"(v) : "Q"(*p) : "memory");
	return v;
}

static inline void arch_store_release_u32(uint32_t *p, uint32_t v)
{
	__asm__ __volatile__("stlr %w1, %0" : "=Q"(*p) : "r"(v) : "memory");
}

static inline void arch_store_release_u64(uint64_t *p, uint64_t v)
{
	__asm__ __volatile__("stlr %1, %0" : "=Q"(*p) : "r"(v) : "memory");
}

#else

static inline uint32_t arch_load_acquire_u32(const uint32_t *p)
{
	uint32_t v = *(const volatile uint32_t *)p;

	arch_fence_acquire();
	return v;
}

static inline uint64_t arch_load_acquire_u64(const uint64_t *p)
{
	uint64_t v = *(const volatile uint64_t *)p;

	arch_fence_acquire();
	return v;
}

static inline void arch_store_release_u32(uint32_t *p, uint32_t v)
{
	arch_fence_release();
	*(volatile uint32_t *)p = v;
}

static inline void arch_store_release_u64(uint64_t *p, uint64_t v)
{
	arch_fence_release();
	*(volatile uint64_t *)p = v;
}

#endif

/* The width is known at compile time, so one of the two branches is no code. */
#define atomic_load_acquire(p)                                                                                          \
	((__typeof__((p)->v))(sizeof((p)->v) == 8 ? arch_load_acquire_u64((const uint64_t *)(const void *)&(p)->v)      \
						  : arch_load_acquire_u32((const uint32_t *)(const void *)&(p)->v)))
#define atomic_store_release(p, value)                                                                                  \
	do {                                                                                                            \
		__typeof__((p)->v) arch_value_ = (value);                                                               \
		if (sizeof((p)->v) == 8)                                                                                \
			arch_store_release_u64((uint64_t *)(void *)&(p)->v, (uint64_t)arch_value_);                     \
		else                                                                                                    \
			arch_store_release_u32((uint32_t *)(void *)&(p)->v, (uint32_t)(uintptr_t)arch_value_);          \
	} while (0)

/* An update between the fences that its suffix asks for; the value of the expression is what @update returned. */
#define ARCH_ACQUIRE(update)                                                                                            \
	({                                                                                                              \
		__typeof__(update) arch_result_ = (update);                                                             \
		arch_fence_acquire();                                                                                   \
		arch_result_;                                                                                           \
	})
#define ARCH_RELEASE(update)                                                                                            \
	({                                                                                                              \
		arch_fence_release();                                                                                   \
		(update);                                                                                               \
	})
#define ARCH_ACQ_REL(update)                                                                                            \
	({                                                                                                              \
		arch_fence_release();                                                                                   \
		__typeof__(update) arch_result_ = (update);                                                             \
		arch_fence_acquire();                                                                                   \
		arch_result_;                                                                                           \
	})
#define ARCH_CAS(p, expected, value)                                                                                    \
	__atomic_compare_exchange_n(&(p)->v, (expected), (value), 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED)

#define atomic_fetch_add_acquire(p, n) ARCH_ACQUIRE(__atomic_fetch_add(&(p)->v, (n), __ATOMIC_RELAXED))
#define atomic_fetch_add_acq_rel(p, n) ARCH_ACQ_REL(__atomic_fetch_add(&(p)->v, (n), __ATOMIC_RELAXED))
#define atomic_fetch_sub_release(p, n) ARCH_RELEASE(__atomic_fetch_sub(&(p)->v, (n), __ATOMIC_RELAXED))
#define atomic_fetch_sub_acq_rel(p, n) ARCH_ACQ_REL(__atomic_fetch_sub(&(p)->v, (n), __ATOMIC_RELAXED))
#define atomic_fetch_or_acq_rel(p, n) ARCH_ACQ_REL(__atomic_fetch_or(&(p)->v, (n), __ATOMIC_RELAXED))
#define atomic_exchange_acq_rel(p, value) ARCH_ACQ_REL(__atomic_exchange_n(&(p)->v, (value), __ATOMIC_RELAXED))

#define atomic_cas_acquire(p, expected, value) ARCH_ACQUIRE(ARCH_CAS(p, expected, value))
#define atomic_cas_release(p, expected, value) ARCH_RELEASE(ARCH_CAS(p, expected, value))
#define atomic_cas_acq_rel(p, expected, value) ARCH_ACQ_REL(ARCH_CAS(p, expected, value))

#endif
