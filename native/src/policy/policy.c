/*
 * policy/policy.c - what holds whatever the policy is: the hooks are called from here and from fault/ only
 */
#include "policy/policy.h"

#include "base/check.h"
#include "mm/mmap_lock.h"
#include "vma/lock.h"

int policy_mm_create(const struct vmalock_options *options, const struct policy *policy, struct frames *frames,
		     enum lock_rank rank, struct mm **out)
{
	int err = mm_create(options, policy, frames, rank, out);

	if (!err)
		(*out)->domain.faults_wait = policy->waits; /* nobody else has the space yet */
	return err;
}

void mm_vma_write_lock(struct mm *mm, struct vma *vma)
{
	mmap_assert_write_locked(mm);
	check(vma->domain == &mm->domain);
	if (vma_is_write_locked(vma))
		return;
	mm_count(mm, STAT_vma_lock_writes);
	if (mm->policy->write_lock(vma))
		mm_count(mm, STAT_vma_lock_write_waits);
	check(vma_is_write_locked(vma));
}

void mm_lock_all_vmas(struct mm *mm)
{
	struct index_cursor cursor;
	struct index_entry entry;
	bool more = index_cursor_seek(&cursor, &mm->vmas, 0, &entry);

	for (; more; more = index_cursor_next(&cursor, &entry))
		mm_vma_write_lock(mm, entry.value);
}

/*
 * The RFC lets private anonymous memory in. 6.4 to 6.9 wanted it to have its anon already, since the handler would look
 * at the neighbours to make one; the handler asks again under the lock. They also kept out what is registered with a
 * userfaultfd, which the RFC had not thought of. From 6.6 files come in too, to be sent back by their handler until 6.7.
 */
bool policy_era_allows(enum vmalock_faults era, const struct vma *vma)
{
	bool wants_anon = era >= VMALOCK_FAULTS_LINUX_6_4 && era < VMALOCK_FAULTS_LINUX_6_10;

	if (era >= VMALOCK_FAULTS_LINUX_6_4 && era < VMALOCK_FAULTS_LINUX_6_6 && (vma_flags(vma) & VM_UFFD_FLAGS))
		return false;
	if (vma_is_anonymous(vma))
		return !wants_anon || vma_anon(vma) != NULL;
	return era >= VMALOCK_FAULTS_LINUX_6_6;
}
