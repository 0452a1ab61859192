/*
 * ops/fork.c - fork(2)
 *
 * Locks   the parent's mmap_lock for writing, then the child's, which nobody else can see before the end. Every VMA of the
 *         parent is write-locked before any field of it is read, those that are not copied too: a fault beside
 *         it would give the parent an anon, or a page, that the child should have had (RFC patch 7; dropped before merging, it
 *         came back as memory corruption).
 */
#include "ops/fork.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/check.h"
#include "mm/account.h"
#include "mm/mempolicy.h"
#include "mm/mmap_lock.h"
#include "mm/observer.h"
#include "mm/reclaim.h"
#include "ops/userfault_notices.h"
#include "policy/policy.h"
#include "sync/syncpoint.h"

/* The child's VMAs, made before the index that will hold them. */
struct copies {
	struct vma **vmas;
	uint64_t count, next;
	struct userfault_notices *notices; /* to whom the child is told */
};

static int copy_anon(struct vma *copy, const struct vma *vma)
{
	struct anon_ref ref = vma_anon_ref(vma), child;
	int err;

	if (!ref.anon || (vma_flags(vma) & VM_WIPEONFORK))
		return 0;
	err = anon_ref_fork(ref, &child);
	if (!err)
		vma_set_anon(copy, child);
	return err;
}

/* Where nobody is told of the child its mapping is registered with no userfaultfd; what that had split stays split. */
static int copy_userfault(struct mm *child, struct vma *copy, const struct vma *vma, struct userfault_notices *notices)
{
	struct userfault_ctx *ctx;
	int err = notices_add_fork(notices, vma, child, &ctx);

	if (!err && ctx)
		vma_set_userfault(copy, ctx, vma_flags(vma) & VM_UFFD_FLAGS);
	return err;
}

static int copy_vma(struct mm *child, const struct vma *vma, struct copies *copies)
{
	uint64_t flags = vma_flags(vma) & ~(VM_LOCKED | VM_LOCKONFAULT | VM_UFFD_FLAGS);
	struct vma *copy = vma_create(&child->domain, vma_start(vma), vma_end(vma), vma->pgoff, flags, vma->file);
	int err;

	if (!copy)
		return -ENOMEM;
	vma_set_name(copy, vma->name);
	vma_set_policy(copy, vma->policy);
	err = copy_anon(copy, vma);
	if (!err)
		err = copy_userfault(child, copy, vma, copies->notices);
	if (err) {
		vma_discard(copy);
		return err;
	}
	copies->vmas[copies->count++] = copy;
	mm_account(child, flags, (int64_t)vma_pages(vma));
	return 0;
}

static int copy_vmas(struct mm *parent, struct mm *child, struct copies *copies)
{
	struct index_cursor cursor;
	struct index_entry entry;
	bool more = index_cursor_seek(&cursor, &parent->vmas, 0, &entry);
	int err;

	for (; more; more = index_cursor_next(&cursor, &entry)) {
		struct vma *vma = entry.value;

		mm_vma_write_lock(parent, vma);
		syncpoint("fork-locked-vma");
		if (vma_flags(vma) & VM_DONTCOPY)
			continue;
		if ((vma_flags(vma) & VM_ACCOUNT) && !mm_may_commit(parent, vma_pages(vma)))
			return -ENOMEM;
		err = copy_vma(child, vma, copies);
		if (err)
			return err;
	}
	return 0;
}

static bool next_copy(void *arg, struct index_entry *out)
{
	struct copies *copies = arg;
	struct vma *vma;

	if (copies->next == copies->count)
		return false;
	vma = copies->vmas[copies->next++];
	vma_attach(vma);
	*out = (struct index_entry){ vma_start(vma), vma_end(vma), vma };
	return true;
}

/* What a later fault would not find again: pages of VMAs with an anon, guards, write protection. Linux: vma_needs_copy(). */
static bool needs_copy(const struct vma *copy)
{
	uint64_t flags = vma_flags(copy);

	return vma_anon(copy) || ((flags & (VM_MAYBE_GUARD | VM_UFFD_WP)) && !(flags & VM_WIPEONFORK));
}

/* A truncation sees an entry of a file's mapping before it has its twin in the child, or sees both. */
static int copy_vma_pages(struct mm *parent, struct mm *child, const struct vma *copy)
{
	uint64_t start = vma_start(copy), end = vma_end(copy);
	bool protects = !(vma_flags(copy) & VM_SHARED);
	int err;

	if (protects)
		mm_invalidate_start(parent, start, end, VMALOCK_INVALIDATE_FORK);
	vma_file_lock_mappings(copy->file);
	if (vma_flags(copy) & VM_UFFD_WP)
		err = pt_copy_uffd_wp(&child->pt, &parent->pt, start, end);
	else
		err = pt_copy(&child->pt, &parent->pt, start, end);
	vma_file_unlock_mappings(copy->file);
	if (protects)
		mm_invalidate_end(parent, start, end, VMALOCK_INVALIDATE_FORK);
	return err;
}

static int copy_pages(struct mm *parent, struct mm *child, const struct copies *copies)
{
	for (uint64_t i = 0; i < copies->count; i++) {
		struct vma *copy = copies->vmas[i];
		int err;

		if (!needs_copy(copy))
			continue;
		syncpoint("fork-copies-pages");
		err = copy_vma_pages(parent, child, copy);
		if (err)
			return err;
	}
	return 0;
}

static void discard_copies(struct copies *copies)
{
	for (uint64_t i = 0; i < copies->count; i++) {
		if (atomic_load_relaxed(&copies->vmas[i]->attached))
			vma_detach(copies->vmas[i]);
		vma_discard(copies->vmas[i]);
	}
}

static int copy_space(struct mm *parent, struct mm *child, struct userfault_notices *notices)
{
	struct copies copies = {
		.vmas = alloc_bytes(sizeof(struct vma *) * (parent->map_count + UINT64_C(1))),
		.notices = notices,
	};
	int err;

	if (!copies.vmas)
		return -ENOMEM;
	err = copy_vmas(parent, child, &copies);
	if (!err)
		err = index_build(&child->vmas, copies.count, next_copy, &copies);
	if (err) {
		discard_copies(&copies);
	} else {
		child->map_count = (uint32_t)copies.count;
		err = copy_pages(parent, child, &copies); /* a child half filled frees itself like any space */
	}
	alloc_free(copies.vmas);
	return err;
}

static int inherit(struct mm *parent, struct mm *child)
{
	struct mempolicy *policy;
	int err = mempolicy_copy(mm_mempolicy(parent), &policy);

	if (err)
		return err;
	mm_set_mempolicy(child, policy);
	atomic_store_relaxed(&child->brk_start, atomic_load_relaxed(&parent->brk_start));
	atomic_store_relaxed(&child->brk, atomic_load_relaxed(&parent->brk));
	atomic_store_relaxed(&child->stack_start, atomic_load_relaxed(&parent->stack_start));
	child->mmap_base = parent->mmap_base;
	child->limits = parent->limits;
	child->mdwe = parent->mdwe & VMALOCK_MDWE_NO_INHERIT ? 0 : parent->mdwe;
	atomic_store_relaxed(&child->privileged, mm_is_privileged(parent));
	atomic_store_relaxed(&child->thp_disable, atomic_load_relaxed(&parent->thp_disable));
	return 0;
}

int op_fork(struct mm *parent, struct mm **out)
{
	struct vmalock_options options = {
		.faults = parent->era,
		.backing = parent->backing,
		.numa_nodes = parent->numa_nodes,
		.forbids_zero_page = parent->forbids_zero_page,
		.thp = parent->thp,
	};
	struct userfault_notices notices = { 0 };
	struct mm *child;
	int err = policy_mm_create(&options, parent->policy, parent->pt.frames, RANK_MMAP_CHILD, &child);

	if (err)
		return err;
	mmap_write_lock(parent);
	mmap_write_lock(child);
	err = inherit(parent, child);
	if (!err)
		err = copy_space(parent, child, &notices);
	mmap_write_unlock(child);
	child->domain.rank = RANK_MMAP;
	if (!err)
		mm_join_pool(child); /* before the parent's pages may leave: those that both have leave both */
	mmap_write_unlock(parent);
	if (err) {
		notices_withdraw(&notices); /* before the child goes, whose VMAs still point to what is withdrawn */
		mm_put(child);
		return err;
	}
	notices_tell(&notices);
	*out = child;
	return 0;
}
