/*
 * resolving.h - what tests of userfaultfd share: a context over the window, its events, ranges in pages
 */
#ifndef VMALOCK_TEST_RESOLVING_H
#define VMALOCK_TEST_RESOLVING_H

#include "fault/faulting.h"

#define MISSING VMALOCK_UFFD_MODE_MISSING
#define WP VMALOCK_UFFD_MODE_WP
#define MINOR_MODE VMALOCK_UFFD_MODE_MINOR
#define USERFAULT VMALOCK_FAULT_USERFAULT

static inline vmalock_uffd *uffd_with(vmalock_mm *mm, uint64_t features)
{
	vmalock_uffd *uffd;

	expect_eq(vmalock_uffd_create(mm, features, &uffd), 0);
	return uffd;
}

/* A space and its userfaultfd. */
struct rig {
	vmalock_mm *mm;
	vmalock_uffd *uffd;
};

static inline void end_rig(struct rig *r)
{
	expect_valid(r->mm);
	(void)stats_of(r->mm);
	vmalock_uffd_put(r->uffd);
	end_space(r->mm);
}

static inline int register_pages(vmalock_uffd *uffd, uint64_t first, uint64_t pages, uint64_t mode)
{
	return vmalock_uffd_register(uffd, page(first), pages * P, mode);
}

static inline int unregister_pages(vmalock_uffd *uffd, uint64_t first, uint64_t pages)
{
	return vmalock_uffd_unregister(uffd, page(first), pages * P);
}

/* Pages of nothing but @value. @came: how many pages that must bring. */
static inline int copy_pages(vmalock_uffd *uffd, uint64_t first, uint64_t pages, uint8_t value, uint64_t mode,
			     uint64_t came)
{
	static uint8_t bytes[8 * P];
	uint64_t done;
	int err;

	memset(bytes, value, sizeof(bytes));
	err = vmalock_uffd_copy(uffd, page(first), bytes, pages * P, mode, &done);
	expect_eq(done, came * P);
	return err;
}

static inline int protect_pages(vmalock_uffd *uffd, uint64_t first, uint64_t pages, bool on)
{
	return vmalock_uffd_writeprotect(uffd, page(first), pages * P, on ? VMALOCK_UFFD_WRITEPROTECT_WP : 0);
}

static inline void expect_event(vmalock_uffd *uffd, uint64_t n, enum vmalock_access access, enum vmalock_uffd_kind kind)
{
	struct vmalock_uffd_event event;

	expect_eq(vmalock_uffd_read(uffd, &event, 0), 0);
	expect_eq(event.address, page(n));
	expect_eq(event.access, access);
	expect_eq(event.kind, kind);
}

static inline void expect_no_event(vmalock_uffd *uffd)
{
	struct vmalock_uffd_event event;

	expect_eq(vmalock_uffd_read(uffd, &event, 0), VMALOCK_EAGAIN);
}

/* This thread's faults do not wait from now on, and wait again. */
static inline void faults_return(void)
{
	vmalock_thread_userfaults(VMALOCK_USERFAULTS_RETURN, NULL, NULL);
}

static inline void faults_wait(void)
{
	vmalock_thread_userfaults(VMALOCK_USERFAULTS_WAIT, NULL, NULL);
}

/* One registered mapping. */
static inline struct rig rig_with(uint64_t features, uint64_t pages, uint64_t mode)
{
	struct rig r = { .mm = space_of(NULL) };

	faults_return();
	r.uffd = uffd_with(r.mm, features);
	map_at(r.mm, 0, pages, RW);
	expect_eq(register_pages(r.uffd, 0, pages, mode), 0);
	return r;
}

#endif
