#include "mm/account.h"

#include "mm/mmap_lock.h"

static bool is_code(uint64_t flags)
{
	return (flags & (VM_EXEC | VM_WRITE | VM_GROWSDOWN)) == VM_EXEC;
}

static bool is_stack(uint64_t flags)
{
	return flags & VM_GROWSDOWN;
}

/* Private and writable: what RLIMIT_DATA limits, not only the heap. */
static bool is_data(uint64_t flags)
{
	return (flags & (VM_WRITE | VM_SHARED | VM_GROWSDOWN)) == VM_WRITE;
}

void mm_account(struct mm *mm, uint64_t flags, int64_t pages)
{
	uint64_t n = (uint64_t)pages; /* sums modulo 2^64 */

	mmap_assert_write_locked(mm);
	mm->total_pages += n;
	if (is_code(flags))
		mm->exec_pages += n;
	else if (is_stack(flags))
		mm->stack_pages += n;
	else if (is_data(flags))
		mm->data_pages += n;
	if (flags & VM_LOCKED)
		mm->locked_pages += n;
	if (flags & VM_ACCOUNT) {
		mm->committed_pages += n;
		commit_charge(mm_commit(mm), pages);
	}
	mm->peak_pages = max_u64(mm->peak_pages, mm->total_pages);
}

/*
 * A soft limit of 0 keeps the heap from growing, but mappings only as far as the hard limit does, which is none here. Linux:
 * may_expand_vm(), "Workaround for Valgrind".
 */
static bool may_have_data(const struct mm *mm, uint64_t pages)
{
	return !mm->limits.data || mm->data_pages + pages <= mm->limits.data >> PAGE_SHIFT;
}

bool mm_may_expand(const struct mm *mm, uint64_t flags, uint64_t pages)
{
	if (mm->total_pages + pages > mm->limits.address_space >> PAGE_SHIFT)
		return false;
	return !is_data(flags) || may_have_data(mm, pages);
}

bool mm_may_commit(const struct mm *mm, uint64_t pages)
{
	return commit_allows(mm_commit(mm), pages, mm->total_pages, mm_is_privileged(mm));
}

bool mm_may_lock(const struct mm *mm, uint64_t flags, uint64_t pages)
{
	if (!(flags & VM_LOCKED) || mm_is_privileged(mm))
		return true;
	return mm->locked_pages + pages <= mm->limits.memlock >> PAGE_SHIFT;
}
