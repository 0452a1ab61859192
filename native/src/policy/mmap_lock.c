/*
 * policy/mmap_lock.c - every fault under the space-wide lock, as before Linux 6.4
 *
 * The baseline, and the oracle for the others. A writer has nothing to shut out beyond mmap_lock itself; it only marks
 * the VMA in its own books, so that "changed without being locked" is caught here too.
 */
#include "policy/policy.h"

static bool write_lock(struct vma *vma)
{
	vma->lock_section = vma->domain->section;
	return false;
}

const struct policy policy_mmap_lock = {
	.name = "mmap-lock",
	.summary = "every fault takes mmap_lock for reading, as Linux did before 6.4",
	.write_lock = write_lock,
};
