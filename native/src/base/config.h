/*
 * base/config.h - every question about the machine and the build, answered once as 0 or 1
 *
 * Nothing above base/ may test a compiler or machine macro; it tests one of these, with #if, so that a
 * misspelt name is an error under -Wundef.
 */
#ifndef VMALOCK_BASE_CONFIG_H
#define VMALOCK_BASE_CONFIG_H

#if defined(__x86_64__)
#define VMALOCK_ARCH_X86 1
#else
#define VMALOCK_ARCH_X86 0
#endif

#if defined(__aarch64__)
#define VMALOCK_ARCH_ARM64 1
#else
#define VMALOCK_ARCH_ARM64 0
#endif

#if defined(__powerpc64__)
#define VMALOCK_ARCH_PPC64 1
#else
#define VMALOCK_ARCH_PPC64 0
#endif

/* Is the code instrumented by ThreadSanitizer (gcc says it with a macro, clang with a feature)? */
#if defined(__SANITIZE_THREAD__)
#define VMALOCK_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define VMALOCK_TSAN 1
#else
#define VMALOCK_TSAN 0
#endif
#else
#define VMALOCK_TSAN 0
#endif

/* By AddressSanitizer? */
#if defined(__SANITIZE_ADDRESS__)
#define VMALOCK_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define VMALOCK_ASAN 1
#else
#define VMALOCK_ASAN 0
#endif
#else
#define VMALOCK_ASAN 0
#endif

/*
 * Which back end atomic.h uses: 1 compiler builtins (sanitizers, model checkers, machines without fences of their
 * own below), 0 the fences of the machine. The build may force builtins with -DVMALOCK_ATOMICS_BUILTIN=1.
 */
#if !defined(VMALOCK_ATOMICS_BUILTIN)
#if VMALOCK_TSAN || !(VMALOCK_ARCH_X86 || VMALOCK_ARCH_ARM64 || VMALOCK_ARCH_PPC64)
#define VMALOCK_ATOMICS_BUILTIN 1
#else
#define VMALOCK_ATOMICS_BUILTIN 0
#endif
#endif

/* Assertions: 0 none, 1 those that cost O(1), 2 also walks over whole structures after each change. */
#if !defined(VMALOCK_CHECK_LEVEL)
#define VMALOCK_CHECK_LEVEL 0
#endif

/* Width in bits of the two sequence numbers of the per-VMA lock. 64 is shipped; tests take 8 so that they wrap. */
#if !defined(VMALOCK_SEQ_BITS)
#define VMALOCK_SEQ_BITS 64
#endif

/* Are the named sync points compiled in (tests), or nothing (shipped)? */
#if !defined(VMALOCK_SYNCPOINTS)
#define VMALOCK_SYNCPOINTS 0
#endif

#endif
