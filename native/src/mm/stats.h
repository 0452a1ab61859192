/*
 * mm/stats.h - the event counters of an address space: one list, that of vmalock.h
 */
#ifndef VMALOCK_MM_STATS_H
#define VMALOCK_MM_STATS_H

#include "pt/pt.h"
#include "vmalock.h"

enum mm_stat {
	MM_STAT_FIRST = PT_COUNTERS - 1,
#define MM_STAT_ENUM(name) STAT_##name,
	VMALOCK_STATS(MM_STAT_ENUM)
#undef MM_STAT_ENUM
		MM_STAT_COUNT
};

#endif
