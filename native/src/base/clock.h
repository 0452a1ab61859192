/*
 * base/clock.h - monotonic time in nanoseconds
 */
#ifndef VMALOCK_BASE_CLOCK_H
#define VMALOCK_BASE_CLOCK_H

#include <stdint.h>

/* CLOCK_MONOTONIC, ns. */
uint64_t clock_now_ns(void);

/* CPU time of the whole process (user and system), ns. */
uint64_t clock_process_cpu_ns(void);

/* CPU time of this thread, ns. */
uint64_t clock_thread_cpu_ns(void);

#endif
