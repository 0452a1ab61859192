/*
 * nodes.h - spaces on machines with several NUMA nodes, and where their pages lie
 */
#ifndef VMALOCK_TEST_NODES_H
#define VMALOCK_TEST_NODES_H

#include "support/picture.h"

/* @each frames a node. */
static inline vmalock_mm *space_on_nodes(uint32_t nodes, uint64_t each)
{
	struct vmalock_options options;
	vmalock_mm *mm;

	vmalock_options_init(&options);
	options.numa_nodes = nodes;
	options.frames = nodes * each;
	expect_eq(vmalock_mm_create(&options, &mm), 0);
	return mm;
}

static inline int bind_pages(vmalock_mm *mm, uint64_t first, uint64_t pages, uint32_t mode, uint64_t nodes,
			     uint32_t flags)
{
	vmalock_nodemask mask = { { nodes } };

	return vmalock_mm_mbind(mm, page(first), pages * P, mode, &mask, flags);
}

/* '0' to '9': the node of the page; '.': none is there. Pages are not brought in. */
static inline void expect_nodes_at(vmalock_mm *mm, uint64_t first, const char *wanted, const char *file, int line)
{
	char actual[WINDOW + 1] = "";

	for (uint64_t n = 0; wanted[n]; n++) {
		vmalock_nodemask mask;
		uint32_t node = 0;
		uint8_t here;

		expect_eq(vmalock_mm_mincore(mm, page(first + n), P, &here), 0);
		if (here & 1)
			expect_eq(vmalock_mm_get_mempolicy(mm, page(first + n),
							   VMALOCK_MPOL_F_NODE | VMALOCK_MPOL_F_ADDR, &node, &mask),
				  0);
		actual[n] = here & 1 ? (char)('0' + node) : '.';
	}
	if (strcmp(actual, wanted) == 0)
		return;
	fprintf(stderr, "%s:%d: pages on %s, expected %s\n", file, line, actual, wanted);
	exit(1);
}
#define expect_nodes(mm, first, wanted) expect_nodes_at(mm, first, wanted, __FILE__, __LINE__)

/* The policy of the mapping at page @n. */
static inline void expect_policy_at(vmalock_mm *mm, uint64_t n, uint32_t mode, uint64_t nodes, const char *file,
				    int line)
{
	vmalock_nodemask mask = { { 77 } };
	uint32_t actual = 77;

	expect_eq(vmalock_mm_get_mempolicy(mm, page(n), VMALOCK_MPOL_F_ADDR, &actual, &mask), 0);
	if (actual == mode && mask.bits[0] == nodes)
		return;
	fprintf(stderr, "%s:%d: page %llu has policy 0x%x of nodes 0x%llx, expected 0x%x of 0x%llx\n", file, line,
		(unsigned long long)n, actual, (unsigned long long)mask.bits[0], mode, (unsigned long long)nodes);
	exit(1);
}
#define expect_policy(mm, n, mode, nodes) expect_policy_at(mm, n, mode, nodes, __FILE__, __LINE__)

static inline void write_pages(vmalock_mm *mm, uint64_t first, uint64_t pages)
{
	for (uint64_t n = first; n < first + pages; n++)
		write_byte(mm, n, (uint8_t)(n + 1));
}

static inline void expect_bytes(vmalock_mm *mm, uint64_t first, uint64_t pages)
{
	for (uint64_t n = first; n < first + pages; n++)
		expect_eq(read_byte(mm, n), (uint8_t)(n + 1));
}

#define DEFAULT VMALOCK_MPOL_DEFAULT
#define PREFERRED VMALOCK_MPOL_PREFERRED
#define BIND VMALOCK_MPOL_BIND
#define INTERLEAVE VMALOCK_MPOL_INTERLEAVE
#define LOCAL VMALOCK_MPOL_LOCAL
#define PREFERRED_MANY VMALOCK_MPOL_PREFERRED_MANY
#define WEIGHTED VMALOCK_MPOL_WEIGHTED_INTERLEAVE
#define STATIC VMALOCK_MPOL_F_STATIC_NODES
#define RELATIVE VMALOCK_MPOL_F_RELATIVE_NODES
#define BALANCING VMALOCK_MPOL_F_NUMA_BALANCING
#define STRICT VMALOCK_MPOL_MF_STRICT
#define MOVE VMALOCK_MPOL_MF_MOVE
#define MOVE_ALL VMALOCK_MPOL_MF_MOVE_ALL

#endif
