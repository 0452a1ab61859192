/*
 * meter.h - what a stretch of code cost this thread: time, CPU time, and cycles where the kernel lets us count them
 *
 * Cycles are those of user and kernel together, since half of the peers are system calls; a kernel that grants only
 * user cycles, or a virtual machine without counters, gives none, and the costs are nanoseconds then.
 */
#ifndef BENCH_METER_H
#define BENCH_METER_H

#include <stdbool.h>
#include <stdint.h>

struct meter_reading {
	uint64_t wall_ns, cpu_ns;
	uint64_t cycles, instructions; /* 0 without counters */
};

/* Opens the counters of the calling thread. Whether there are any. */
bool meter_open(void);

/* Everything is read but the wall clock, which is nearest to the measured code on both sides. */
void meter_start(struct meter_reading *at);

/* @from becomes what has gone by since meter_start(). */
void meter_stop(struct meter_reading *from);

#endif
