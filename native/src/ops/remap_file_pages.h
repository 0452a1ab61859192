/*
 * ops/remap_file_pages.h - remap_file_pages(2), as Linux emulates it since 4.0: the file of a shared mapping is mapped again in
 * its place, at another offset
 */
#ifndef VMALOCK_OPS_REMAP_FILE_PAGES_H
#define VMALOCK_OPS_REMAP_FILE_PAGES_H

#include "mm/mm.h"
#include "ops/map.h"

struct remap_file_pages_request {
	uint64_t addr, length; /* bytes, rounded down */
	uint64_t prot;         /* must be 0 */
	uint64_t pgoff;        /* pages */
	uint32_t flags;        /* VMALOCK_MAP_NONBLOCK, else not looked at */
};

/* @populate: the whole range, on success. Return: vmalock_mm_remap_file_pages(). */
must_check int op_remap_file_pages(struct mm *mm, const struct remap_file_pages_request *request,
				   struct populate *populate);

#endif
