/*
 * base/cpu.h - the processor as the layers above see it: a pause, a cache line, a hint for branches
 */
#ifndef VMALOCK_BASE_CPU_H
#define VMALOCK_BASE_CPU_H

#include "base/config.h"

/*
 * Two words that different threads write stand this far apart. 128 and not 64: x86 fetches lines in pairs, and
 * ppc64's line is 128.
 */
#define CACHE_LINE 128

#define cache_aligned __attribute__((aligned(CACHE_LINE)))
#define must_check __attribute__((warn_unused_result))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* Tells the processor that this thread spins, so that its sibling may run. */
static inline void cpu_relax(void)
{
#if VMALOCK_ARCH_X86
	__asm__ __volatile__("pause" ::: "memory");
#elif VMALOCK_ARCH_ARM64
	__asm__ __volatile__("yield" ::: "memory");
#elif VMALOCK_ARCH_PPC64
	__asm__ __volatile__("or 1,1,1; or 2,2,2" ::: "memory");
#else
	__asm__ __volatile__("" ::: "memory");
#endif
}

#endif
