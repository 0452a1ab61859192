/*
 * space.h - the same mappings in this very process and in simulated spaces, driven through one table of calls
 *
 * "The kernel" is the one that runs the benchmark: mmap(2) and its kin, and faults by touching memory. Its fault also
 * enters and leaves the exception, charges the memory, and fills a real page table that a real TLB caches. Its cost is
 * a scale, not the cost of the same work.
 */
#ifndef BENCH_SPACE_H
#define BENCH_SPACE_H

#include "harness.h"
#include "vmalock.h"

/* What one can do to a space. A refusal ends the process: nothing here should be refused. */
struct side {
	const char *name;
	uint64_t (*map)(void *space, uint64_t length, uint32_t prot); /* private, anonymous, where there is room */
	void (*unmap)(void *space, uint64_t addr, uint64_t length);
	void (*protect)(void *space, uint64_t addr, uint64_t length, uint32_t prot);
	void (*drop)(void *space, uint64_t addr, uint64_t length);       /* MADV_DONTNEED */
	uint64_t (*write)(void *space, const uint64_t *addrs, size_t n); /* to each; returns how many went well */
};

/* A space with bench->size mappings of 3 to 16 pages, two pages between them, nothing in the way of a new one but these. */
struct space {
	const struct side *side;
	const char *policy; /* NULL: the kernel */
	void *handle;       /* vmalock_mm */
	struct bench *bench;
	uint64_t *start; /* of each mapping, descending */
	uint64_t *addrs; /* room for bench->ops; the workload's */
};

/* Number @n: the kernel, then a space for each policy of the registry; NULL behind the last. Equal layouts. */
struct space *space_create(struct bench *b, uint32_t n);

/* Pages of mapping @n; the same in all spaces. */
uint32_t space_pages(uint32_t n);

#define SPACE_PAGES_MIN 3

/* Writes to a page of each mapping and drops it: the first fault gets the mapping its anon, once and for all. */
void space_touch_each(struct space *s);

/* The name of a contestant that works on this space, and its role. */
struct contestant space_contestant(struct space *s, void (*prepare)(void *), uint64_t (*window)(void *));

#endif
