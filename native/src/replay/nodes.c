#include "replay/nodes.h"

#include <stdbool.h>

static bool names_nodes(const struct vmalock_trace_event *e)
{
	return (e->op == VMALOCK_TRACE_MBIND || e->op == VMALOCK_TRACE_SET_MEMPOLICY) && e->c && e->result >= 0;
}

/* Nodes of a relative policy are counted anew among those that there are: any number will do. */
uint32_t nodes_named(const struct trace *trace)
{
	uint64_t nodes = 1;

	for (uint32_t i = 0; i < trace->event_count; i++) {
		const struct vmalock_trace_event *e = &trace->events[i];

		if (names_nodes(e) && !(e->d & VMALOCK_MPOL_F_RELATIVE_NODES))
			nodes |= e->c;
	}
	return 64 - (uint32_t)__builtin_clzll(nodes);
}

int64_t nodes_run(vmalock_mm *mm, const struct vmalock_trace_event *e)
{
	vmalock_nodemask nodes = { { e->c } };
	uint32_t mode;

	switch (e->op) {
	case VMALOCK_TRACE_MBIND:
		return vmalock_mm_mbind(mm, e->a, e->b, (uint32_t)e->d, &nodes, e->aux);
	case VMALOCK_TRACE_SET_MEMPOLICY:
		return vmalock_mm_set_mempolicy(mm, (uint32_t)e->d, &nodes);
	default:
		return vmalock_mm_get_mempolicy(mm, e->a, e->aux, &mode, &nodes);
	}
}
