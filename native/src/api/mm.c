/*
 * api/mm.c - address spaces and what a process asks of them: check, call, translate
 */
#include <errno.h>
#include <string.h>

#include "api/handle.h"
#include "fault/collapse.h"
#include "fault/populate.h"
#include "fault/page_node.h"
#include "mm/mmap_lock.h"
#include "mm/reclaim.h"
#include "ops/advise.h"
#include "ops/brk.h"
#include "ops/exit.h"
#include "ops/fork.h"
#include "ops/lock_memory.h"
#include "ops/map.h"
#include "ops/mbind.h"
#include "ops/msync.h"
#include "ops/protect.h"
#include "ops/remap.h"
#include "ops/remap_file_pages.h"
#include "ops/seal.h"
#include "ops/split.h"
#include "ops/unmap.h"
#include "policy/policy.h"
#include "sync/thread_node.h"

#define DEFAULT_POLICY "per-vma"

void vmalock_options_init(struct vmalock_options *options)
{
	*options = (struct vmalock_options){
		.policy = DEFAULT_POLICY,
		.frames = VMALOCK_DEFAULT_FRAMES,
		.numa_nodes = 1,
		.privileged = 1,
		.thp = VMALOCK_THP_MADVISE,
		.limits = {
			.address_space = UINT64_MAX,
			.data = UINT64_MAX,
			.stack = UINT64_C(8) << 20,
			.memlock = UINT64_MAX,
			.map_count = 65530,
		},
	};
}

int vmalock_mm_create(const struct vmalock_options *options, vmalock_mm **out)
{
	const struct policy *policy = policy_find(options->policy ? options->policy : DEFAULT_POLICY);
	struct mm *mm;
	int err;

	if (!policy || options->faults > VMALOCK_FAULTS_LINUX_6_18 || options->backing > VMALOCK_BACKING_NONE ||
	    options->thp > VMALOCK_THP_ALWAYS || options->overcommit.mode > VMALOCK_OVERCOMMIT_NEVER)
		return -EINVAL;
	if (options->numa_nodes > VMALOCK_MAX_NODES || (options->frames && options->frames < options->numa_nodes))
		return -EINVAL;
	err = policy_mm_create(options, policy, NULL, RANK_MMAP, &mm);
	if (err)
		return err;
	mm_join_pool(mm);
	*out = handle_of_mm(mm);
	return 0;
}

void vmalock_mm_get(vmalock_mm *mm)
{
	mm_get(mm_of(mm));
}

void vmalock_mm_put(vmalock_mm *mm)
{
	mm_put(mm_of(mm));
}

const char *vmalock_policy_name(uint32_t n)
{
	const struct policy *policy = policy_at(n);

	return policy ? policy->name : NULL;
}

const char *vmalock_mm_policy(const vmalock_mm *mm)
{
	return ((const struct mm *)(const void *)mm)->policy->name;
}

int vmalock_mm_map(vmalock_mm *mm, uint64_t addr, uint64_t length, uint32_t prot, uint32_t flags, vmalock_file *file,
		   uint64_t offset, uint64_t *out)
{
	struct map_request request = {
		.addr = addr,
		.length = length,
		.prot = prot,
		.flags = flags,
		.file = flags & VMALOCK_MAP_ANONYMOUS ? NULL : file_of(file),
		.offset = offset,
	};
	struct populate populate;
	int err = op_mmap(mm_of(mm), &request, out, &populate);

	if (!err)
		populate_quietly(mm_of(mm), &populate);
	return err;
}

int vmalock_mm_exit(vmalock_mm *mm)
{
	return op_exit(mm_of(mm));
}

int vmalock_mm_reap(vmalock_mm *mm)
{
	return op_reap(mm_of(mm));
}

int vmalock_mm_unmap(vmalock_mm *mm, uint64_t addr, uint64_t length)
{
	return op_munmap(mm_of(mm), addr, length);
}

int vmalock_mm_pkey_protect(vmalock_mm *mm, uint64_t addr, uint64_t length, uint32_t prot, int key)
{
	struct populate populate;
	int err = op_mprotect(mm_of(mm), addr, length, prot, key, &populate);

	populate_quietly(mm_of(mm), &populate);
	return err;
}

int vmalock_mm_protect(vmalock_mm *mm, uint64_t addr, uint64_t length, uint32_t prot)
{
	return vmalock_mm_pkey_protect(mm, addr, length, prot, -1);
}

int vmalock_mm_remap(vmalock_mm *mm, uint64_t addr, uint64_t old_length, uint64_t new_length, uint32_t flags,
		     uint64_t new_addr, uint64_t *out)
{
	struct remap_request request = { addr, old_length, new_length, flags, new_addr };
	struct populate populate;
	int err = op_mremap(mm_of(mm), &request, out, &populate);

	if (!err)
		populate_quietly(mm_of(mm), &populate);
	return err;
}

int vmalock_mm_advise(vmalock_mm *mm, uint64_t addr, uint64_t length, int advice)
{
	if (advice == MADV_IS_POPULATE_READ || advice == MADV_IS_POPULATE_WRITE)
		return populate_advised(mm_of(mm), addr, length, advice);
	if (advice == MADV_IS_COLLAPSE)
		return collapse_advised(mm_of(mm), addr, length);
	return op_madvise(mm_of(mm), addr, length, advice);
}

int vmalock_mm_seal(vmalock_mm *mm, uint64_t addr, uint64_t length, uint64_t flags)
{
	return op_mseal(mm_of(mm), addr, length, flags);
}

uint64_t vmalock_mm_khugepaged(vmalock_mm *mm, const struct vmalock_khugepaged *limits)
{
	return collapse_khugepaged(mm_of(mm), limits);
}

int vmalock_mm_mlock(vmalock_mm *mm, uint64_t addr, uint64_t length, uint32_t flags)
{
	struct populate populate;
	int err = op_mlock(mm_of(mm), addr, length, flags, &populate);

	return err ? err : populate_locked(mm_of(mm), &populate);
}

int vmalock_mm_munlock(vmalock_mm *mm, uint64_t addr, uint64_t length)
{
	return op_munlock(mm_of(mm), addr, length);
}

int vmalock_mm_mlockall(vmalock_mm *mm, uint32_t flags)
{
	struct populate populate;
	int err = op_mlockall(mm_of(mm), flags, &populate);

	if (!err)
		populate_quietly(mm_of(mm), &populate);
	return err;
}

int vmalock_mm_munlockall(vmalock_mm *mm)
{
	op_munlockall(mm_of(mm));
	return 0;
}

int vmalock_mm_msync(vmalock_mm *mm, uint64_t addr, uint64_t length, uint32_t flags)
{
	return op_msync(mm_of(mm), addr, length, flags);
}

int vmalock_mm_remap_file_pages(vmalock_mm *mm, uint64_t addr, uint64_t length, uint64_t prot, uint64_t pgoff,
				uint32_t flags)
{
	struct remap_file_pages_request request = { addr, length, prot, pgoff, flags };
	struct populate populate;
	int err = op_remap_file_pages(mm_of(mm), &request, &populate);

	if (!err)
		populate_quietly(mm_of(mm), &populate);
	return err;
}

int vmalock_mm_mbind(vmalock_mm *mm, uint64_t addr, uint64_t length, uint32_t mode, const vmalock_nodemask *nodes,
		     uint32_t flags)
{
	struct mbind_request request = { addr, length, mode, nodes, flags };

	return op_mbind(mm_of(mm), &request);
}

int vmalock_mm_set_mempolicy(vmalock_mm *mm, uint32_t mode, const vmalock_nodemask *nodes)
{
	return op_set_mempolicy(mm_of(mm), mode, nodes);
}

int vmalock_mm_get_mempolicy(vmalock_mm *mm, uint64_t addr, uint32_t flags, uint32_t *mode, vmalock_nodemask *nodes)
{
	const uint32_t of_page = VMALOCK_MPOL_F_NODE | VMALOCK_MPOL_F_ADDR;
	struct mempolicy_answer answer;
	int err = op_get_mempolicy(mm_of(mm), addr, flags, &answer);

	if (!err && (flags & of_page) == of_page)
		err = page_node(mm_of(mm), addr, &answer.mode);
	if (err)
		return err;
	*mode = answer.mode;
	*nodes = answer.nodes;
	return 0;
}

int vmalock_set_thread_node(uint32_t node)
{
	if (node >= VMALOCK_MAX_NODES)
		return -EINVAL;
	sync_set_thread_node(node);
	return 0;
}

uint32_t vmalock_thread_node(void)
{
	return sync_thread_node();
}

void vmalock_mm_set_limits(vmalock_mm *handle, const struct vmalock_limits *limits)
{
	struct mm *mm = mm_of(handle);

	mmap_write_lock(mm);
	mm->limits = *limits;
	mmap_write_unlock(mm);
}

void vmalock_mm_get_limits(vmalock_mm *handle, struct vmalock_limits *out)
{
	struct mm *mm = mm_of(handle);

	mmap_read_lock(mm);
	*out = mm->limits;
	mmap_read_unlock(mm);
}

void vmalock_mm_set_privileged(vmalock_mm *handle, int privileged)
{
	struct mm *mm = mm_of(handle);

	mmap_write_lock(mm);
	atomic_store_relaxed(&mm->privileged, privileged != 0);
	mmap_write_unlock(mm);
}

int vmalock_mm_privileged(vmalock_mm *mm)
{
	return mm_is_privileged(mm_of(mm));
}

/* Linux: prctl_set_mdwe(). */
static int set_mdwe(struct mm *mm, uint32_t mdwe)
{
	if (mm->mdwe && mm->mdwe != mdwe)
		return -EPERM;
	mm->mdwe = mdwe;
	return 0;
}

int vmalock_mm_set_mdwe(vmalock_mm *handle, uint32_t mdwe)
{
	struct mm *mm = mm_of(handle);
	int err;

	if ((mdwe & ~(VMALOCK_MDWE_REFUSE_EXEC_GAIN | VMALOCK_MDWE_NO_INHERIT)) || mdwe == VMALOCK_MDWE_NO_INHERIT)
		return -EINVAL;
	mmap_write_lock(mm);
	err = set_mdwe(mm, mdwe);
	mmap_write_unlock(mm);
	return err;
}

uint32_t vmalock_mm_mdwe(vmalock_mm *handle)
{
	struct mm *mm = mm_of(handle);
	uint32_t mdwe;

	mmap_read_lock(mm);
	mdwe = mm->mdwe;
	mmap_read_unlock(mm);
	return mdwe;
}

/* Linux: prctl_set_thp_disable(). */
int vmalock_mm_set_thp_disable(vmalock_mm *handle, int disable, uint32_t flags)
{
	struct mm *mm = mm_of(handle);

	if ((flags & ~VMALOCK_THP_DISABLE_EXCEPT_ADVISED) || (flags && !disable))
		return -EINVAL;
	mmap_write_lock(mm);
	atomic_store_relaxed(&mm->thp_disable, disable ? VMALOCK_THP_DISABLED | flags : 0);
	mmap_write_unlock(mm);
	return 0;
}

uint32_t vmalock_mm_thp_disable(vmalock_mm *mm)
{
	return atomic_load_relaxed(&mm_of(mm)->thp_disable);
}

int vmalock_mm_set_overcommit(vmalock_mm *mm, const struct vmalock_overcommit *how)
{
	if (how->mode > VMALOCK_OVERCOMMIT_NEVER)
		return -EINVAL;
	commit_set(mm_commit(mm_of(mm)), how);
	return 0;
}

uint64_t vmalock_mm_get_overcommit(vmalock_mm *mm, struct vmalock_overcommit *out)
{
	struct commit *commit = mm_commit(mm_of(mm));

	if (out)
		commit_get(commit, out);
	return atomic_load_relaxed(&commit->pages) << PAGE_SHIFT;
}

uint64_t vmalock_mm_brk(vmalock_mm *mm, uint64_t addr)
{
	struct populate populate;
	uint64_t result = op_brk(mm_of(mm), addr, &populate);

	populate_quietly(mm_of(mm), &populate);
	return result;
}

int vmalock_mm_set_brk_start(vmalock_mm *mm, uint64_t addr)
{
	return op_set_brk_start(mm_of(mm), addr);
}

int vmalock_mm_set_stack_start(vmalock_mm *handle, uint64_t addr)
{
	struct mm *mm = mm_of(handle);

	if (addr >= MM_TASK_SIZE)
		return -EINVAL;
	mmap_write_lock(mm);
	atomic_store_relaxed(&mm->stack_start, addr);
	mmap_write_unlock(mm);
	return 0;
}

int vmalock_mm_fork(vmalock_mm *mm, vmalock_mm **out)
{
	struct mm *child;
	int err = op_fork(mm_of(mm), &child);

	if (!err)
		*out = handle_of_mm(child);
	return err;
}

int vmalock_mm_split(vmalock_mm *mm, uint64_t addr)
{
	return op_split(mm_of(mm), addr);
}

int vmalock_mm_map_initial(vmalock_mm *mm, const struct vmalock_initial_vma *vma)
{
	return op_map_initial(mm_of(mm), vma, file_of(vma->file));
}
