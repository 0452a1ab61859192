/*
 * faulting.h - what tests of the kinds of faults share: spaces of an era, files, counts
 */
#ifndef VMALOCK_TEST_FAULTING_H
#define VMALOCK_TEST_FAULTING_H

#include "support/racing.h"

#define MINOR VMALOCK_FAULT_MINOR
#define MAJOR VMALOCK_FAULT_MAJOR
#define COW VMALOCK_FAULT_COW
#define OUTCOME_AND_COW (VMALOCK_FAULT_OUTCOME | VMALOCK_FAULT_COW)

static inline vmalock_mm *space_with_swap(enum vmalock_faults era, enum vmalock_backing backing, uint64_t frames,
					  uint64_t swap)
{
	struct vmalock_options options;
	vmalock_mm *mm;

	vmalock_options_init(&options);
	options.faults = era;
	options.backing = backing;
	options.frames = frames;
	options.swap = swap;
	expect_eq(vmalock_mm_create(&options, &mm), 0);
	return mm;
}

static inline vmalock_mm *space_with(enum vmalock_faults era, enum vmalock_backing backing, uint64_t frames)
{
	return space_with_swap(era, backing, frames, 0);
}

static inline vmalock_mm *space_thp(enum vmalock_thp thp, uint64_t frames)
{
	struct vmalock_options options;
	vmalock_mm *mm;

	vmalock_options_init(&options);
	options.thp = thp;
	options.frames = frames;
	expect_eq(vmalock_mm_create(&options, &mm), 0);
	return mm;
}

/* A file of a disk: one of memory counts as shmem. */
static inline vmalock_file *new_file(uint64_t pages, uint8_t fill, int counted_only, int written_back)
{
	struct vmalock_file_options options = { .length = pages * P,
						.fill = fill,
						.name = "/f",
						.counted_only = counted_only,
						.written_back = written_back };
	vmalock_file *file;

	expect_eq(vmalock_file_create(&options, &file), 0);
	return file;
}

/* Of a disk. */
static inline vmalock_file *file_with(uint64_t pages, uint8_t fill, int counted_only)
{
	return new_file(pages, fill, counted_only, 1);
}

/* As memfd. */
static inline vmalock_file *memory_file_with(uint64_t pages, uint8_t fill, int counted_only)
{
	return new_file(pages, fill, counted_only, 0);
}

static inline void map_file(vmalock_mm *mm, vmalock_file *file, uint64_t first, uint64_t pages, uint32_t prot,
			    uint32_t type)
{
	uint64_t at;

	expect_eq(vmalock_mm_map(mm, page(first), pages * P, prot, type | VMALOCK_MAP_FIXED, file, 0, &at), 0);
}

static inline void map_shared_anonymous(vmalock_mm *mm, uint64_t first, uint64_t pages)
{
	uint64_t at;

	expect_eq(vmalock_mm_map(mm, page(first), pages * P, RW,
				 VMALOCK_MAP_SHARED | VMALOCK_MAP_ANONYMOUS | VMALOCK_MAP_FIXED, NULL, 0, &at),
		  0);
}

/* What a fault came to, without how it was served. */
static inline uint32_t fault_at(vmalock_mm *mm, uint64_t n, enum vmalock_access access)
{
	return vmalock_mm_fault(mm, page(n) + 123, access) & OUTCOME_AND_COW;
}

static inline struct vmalock_status status_of(vmalock_mm *mm)
{
	struct vmalock_status status;

	vmalock_mm_status(mm, &status);
	return status;
}

/* Pages by kind, and frames of the pool. */
static inline void expect_pages(vmalock_mm *mm, uint64_t anon, uint64_t file, uint64_t shmem, uint64_t frames)
{
	struct vmalock_status status = status_of(mm);

	expect_eq(status.rss_anon, anon * P);
	expect_eq(status.rss_file, file * P);
	expect_eq(status.rss_shmem, shmem * P);
	expect_eq(status.frames_used, frames);
	expect_valid(mm);
}

static inline uint8_t byte_of_file(vmalock_file *file, uint64_t offset)
{
	uint8_t value = 0xee;

	expect_eq(vmalock_file_read(file, offset, &value, 1), 1);
	return value;
}

/* The child of a fork, by which private pages become shared. */
static inline vmalock_mm *fork_of(vmalock_mm *mm)
{
	vmalock_mm *child;

	expect_eq(vmalock_mm_fork(mm, &child), 0);
	return child;
}

static inline void drop_pages(vmalock_mm *mm, uint64_t first, uint64_t pages)
{
	expect_eq(vmalock_mm_advise(mm, page(first), pages * P, 4 /* MADV_DONTNEED */), 0);
}

#endif
