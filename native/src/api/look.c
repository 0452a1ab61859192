/*
 * api/look.c - what a space is like, without changing it
 */
#include <errno.h>

#include "api/handle.h"
#include "mm/describe.h"
#include "mm/mmap_lock.h"
#include "mm/observer.h"
#include "mm/resident.h"
#include "mm/smaps.h"
#include "ops/observe.h"
#include "policy/policy.h"
#include "pt/file.h"

/* Under the policy's own lock of the one VMA, where it has one. */
static bool find_fast(struct mm *mm, uint64_t addr, struct vmalock_vma *out)
{
	struct vma *vma;

	if (!mm->policy->start_read || mm->policy->start_read(mm, addr, &vma) != POLICY_LOCKED)
		return false;
	vma_describe(mm, vma, out);
	mm->policy->end_read(mm, vma);
	return true;
}

int vmalock_mm_find(vmalock_mm *handle, uint64_t addr, struct vmalock_vma *out)
{
	struct mm *mm = mm_of(handle);
	const struct vma *vma;

	if (find_fast(mm, addr, out))
		return 0;
	mmap_read_lock(mm);
	vma = mm_find(mm, addr);
	if (vma)
		vma_describe(mm, vma, out);
	mmap_read_unlock(mm);
	return vma ? 0 : -ENOENT;
}

int vmalock_mm_file(vmalock_mm *handle, uint64_t addr, vmalock_file **out)
{
	struct mm *mm = mm_of(handle);
	const struct vma *vma;
	struct vma_file *file;

	mmap_read_lock(mm);
	vma = mm_lookup(mm, addr);
	file = vma && vma->file && !file_is_shmem(vma->file) ? vma->file : NULL;
	if (file)
		vma_file_get(file);
	mmap_read_unlock(mm);
	if (!file)
		return -ENOENT;
	*out = handle_of_file(file);
	return 0;
}

/* A text of one moment, as far as mappings go. */
static int64_t print(struct mm *mm, size_t (*print_all)(struct mm *mm, char *buffer, size_t size), char *buffer,
		     size_t size)
{
	size_t length;

	mmap_read_lock(mm);
	length = print_all(mm, buffer, size);
	mmap_read_unlock(mm);
	return (int64_t)length;
}

int64_t vmalock_mm_maps(vmalock_mm *mm, char *buffer, size_t size)
{
	return print(mm_of(mm), mm_print_maps, buffer, size);
}

int64_t vmalock_mm_smaps(vmalock_mm *mm, char *buffer, size_t size)
{
	return print(mm_of(mm), mm_print_smaps, buffer, size);
}

int64_t vmalock_mm_smaps_rollup(vmalock_mm *mm, char *buffer, size_t size)
{
	return print(mm_of(mm), mm_print_smaps_rollup, buffer, size);
}

int vmalock_mm_mincore(vmalock_mm *mm, uint64_t addr, uint64_t length, uint8_t *out)
{
	return mm_resident(mm_of(mm), addr, length, out);
}

int vmalock_mm_validate(vmalock_mm *handle, const char **what)
{
	struct mm *mm = mm_of(handle);
	const char *wrong;

	mmap_write_lock(mm);
	mm_lock_all_vmas(mm); /* mmap_lock alone does not hold page tables still: faults under a VMA's lock go on */
	wrong = mm_validate_dirty(mm);
	mm_observers_lock(mm); /* nor does either hold off a truncation, which counts the pages it took at its end */
	if (!wrong)
		wrong = mm_validate(mm);
	mm_observers_unlock(mm);
	mmap_write_unlock(mm);
	if (!wrong)
		return 0;
	*what = wrong;
	return VMALOCK_BROKEN;
}

void vmalock_mm_stats(vmalock_mm *mm, struct vmalock_stats *out)
{
#define SUM_STAT(name) out->name = counters_sum(&mm_of(mm)->counters, STAT_##name);
	VMALOCK_STATS(SUM_STAT)
#undef SUM_STAT
	out->thp_split_pmd = counters_sum(&mm_of(mm)->counters, PT_COUNT_SPLITS); /* pt/ counts them, below any mm */
}

static uint64_t bytes_of_counter(struct mm *mm, uint32_t field)
{
	return counters_sum(&mm->counters, field) << PAGE_SHIFT;
}

void vmalock_mm_status(vmalock_mm *handle, struct vmalock_status *out)
{
	struct mm *mm = mm_of(handle);

	/* For writing: the index counts its memory for its writers only. */
	mmap_write_lock(mm);
	*out = (struct vmalock_status){
		.vm_peak = mm->peak_pages << PAGE_SHIFT,
		.vm_size = mm->total_pages << PAGE_SHIFT,
		.vm_locked = mm->locked_pages << PAGE_SHIFT,
		.vm_hwm = pt_peak_resident(&mm->pt) << PAGE_SHIFT,
		.rss_anon = bytes_of_counter(mm, PT_COUNT_RSS_ANON),
		.rss_file = bytes_of_counter(mm, PT_COUNT_RSS_FILE),
		.rss_shmem = bytes_of_counter(mm, PT_COUNT_RSS_SHMEM),
		.vm_swap = bytes_of_counter(mm, PT_COUNT_SWAP),
		.vm_data = mm->data_pages << PAGE_SHIFT,
		.vm_stack = mm->stack_pages << PAGE_SHIFT,
		.vm_lib = mm->exec_pages << PAGE_SHIFT,
		.vm_pte = bytes_of_counter(mm, PT_COUNT_TABLES),
		.committed = mm->committed_pages << PAGE_SHIFT,
		.map_count = mm->map_count,
		.index_bytes = index_memory_bytes(&mm->vmas),
		.frames_used = frames_used(mm->pt.frames),
	};
	mmap_write_unlock(mm);
	out->vm_rss = out->rss_anon + out->rss_file + out->rss_shmem;
}

void vmalock_mm_lock_waits(vmalock_mm *handle, struct vmalock_wait_summary *readers,
			   struct vmalock_wait_summary *writers)
{
	struct mm *mm = mm_of(handle);

	wait_summarise(&mm->domain.mmap_lock.read_waits, counters_sum(&mm->counters, STAT_mmap_lock_reads), readers);
	wait_summarise(&mm->domain.mmap_lock.write_waits, counters_sum(&mm->counters, STAT_mmap_lock_writes), writers);
}
