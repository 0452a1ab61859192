#include "vma/vma.h"

#include "sync/blocks.h"
#include "base/check.h"
#include "vma/lock.h"

_Static_assert(offsetof(struct vma, lock_seq) % CACHE_LINE == 0, "a VMA's lock has cache lines of its own");
_Static_assert(sizeof(struct vma) == 256, "a VMA is a block; two VMAs' locks share no cache line");

struct vma *vma_alloc(void)
{
	return block_take(BLOCK_256);
}

void vma_free_unused(struct vma *vma)
{
	block_give(BLOCK_256, vma);
}

void vma_init(struct vma *vma, struct domain *domain, uint64_t start, uint64_t end, uint64_t pgoff, uint64_t flags,
	      struct vma_file *file)
{
	domain_assert_writer(domain);
	check(start < end && page_aligned(start | end));
	*vma = (struct vma){ .domain = domain, .pgoff = pgoff, .file = file };
	atomic_init(&vma->start, start);
	atomic_init(&vma->end, end);
	atomic_init(&vma->flags, flags);
	/* Born locked: when it can first be found, its section is still open (a bug of Linux 6.4, when it was not). */
	atomic_init(&vma->lock_seq, domain->section & LOCK_SEQ_MASK);
	vma->lock_section = domain->section;
	sync_rwlock_init(&vma->lock);
	if (file)
		vma_file_get(file);
}

struct vma *vma_create(struct domain *domain, uint64_t start, uint64_t end, uint64_t pgoff, uint64_t flags,
		       struct vma_file *file)
{
	struct vma *vma = vma_alloc();

	if (vma)
		vma_init(vma, domain, start, end, pgoff, flags, file);
	return vma;
}

/* What a reader inside an RCU section never follows. */
static void release_holdings(struct vma *vma)
{
	anon_ref_put(vma_anon_ref(vma));
	if (vma->file)
		vma_file_put(vma->file);
	if (vma->name)
		vma_name_put(vma->name);
	mempolicy_put(vma->policy);
}

static void free_memory(struct vma *vma)
{
	check(!atomic_load_relaxed(&vma->attached));
	sync_rwlock_destroy(&vma->lock);
	block_give(BLOCK_256, vma);
}

void vma_discard(struct vma *vma)
{
	release_holdings(vma);
	free_memory(vma);
}

/*
 * A late reader may still try the lock and look at lock_seq, attached and the range: nothing else. It finds the VMA
 * marked or detached, so that it never follows file, anon or policy. pair [vma-unlock-alive]
 */
void vma_retire(struct vma *vma, struct rcu_batch *batch)
{
	check(!atomic_load_relaxed(&vma->attached));
	release_holdings(vma);
	rcu_batch_add(batch, &vma->rcu);
}

void vma_free_rcu(struct rcu_node *node)
{
	free_memory(container_of(node, struct vma, rcu));
}

static void assert_changeable(const struct vma *vma)
{
	domain_assert_writer(vma->domain);
	check(vma_is_write_locked(vma) || !atomic_load_relaxed(&vma->attached));
	(void)vma;
}

void vma_attach(struct vma *vma)
{
	assert_changeable(vma);
	check(!atomic_load_relaxed(&vma->attached));
	atomic_store_relaxed(&vma->attached, 1);
	if (!vma->file)
		return;
	vma_file_lock_mappings(vma->file);
	list_add_last(&vma->file->mappings, &vma->in_file);
	vma_file_unlock_mappings(vma->file);
}

void vma_detach(struct vma *vma)
{
	check(vma_is_write_locked(vma));
	check(atomic_load_relaxed(&vma->attached));
	atomic_store_relaxed(&vma->attached, 0);
	if (!vma->file)
		return;
	vma_file_lock_mappings(vma->file);
	list_remove(&vma->in_file);
	vma_file_unlock_mappings(vma->file);
}

void vma_set_name(struct vma *vma, struct vma_name *name)
{
	check(!atomic_load_relaxed(&vma->attached) && !vma->name);
	if (name)
		refcount_get(&name->refs);
	vma->name = name;
}

void vma_set_range(struct vma *vma, uint64_t start, uint64_t end, uint64_t pgoff)
{
	assert_changeable(vma);
	check(start < end && page_aligned(start | end));
	vma_file_lock_mappings(vma->file);
	atomic_store_relaxed(&vma->start, start);
	atomic_store_relaxed(&vma->end, end);
	vma->pgoff = pgoff;
	vma_file_unlock_mappings(vma->file);
}

void vma_set_flags(struct vma *vma, uint64_t flags)
{
	assert_changeable(vma);
	atomic_store_relaxed(&vma->flags, flags | (vma_flags(vma) & VM_STICKY));
}

void vma_mark_guarded(struct vma *vma)
{
	atomic_fetch_or_relaxed(&vma->flags, VM_MAYBE_GUARD);
}

void vma_set_userfault(struct vma *vma, struct userfault_ctx *ctx, uint64_t modes)
{
	check(!ctx == !modes && !(modes & ~VM_UFFD_FLAGS));
	vma_set_flags(vma, (vma_flags(vma) & ~VM_UFFD_FLAGS) | modes);
	vma->userfault = ctx;
}

void vma_set_policy(struct vma *vma, struct mempolicy *policy)
{
	struct mempolicy *old = vma->policy;

	assert_changeable(vma);
	vma->policy = mempolicy_get(policy);
	mempolicy_put(old);
}

struct anon_ref vma_anon_ref(const struct vma *vma)
{
	return (struct anon_ref){ atomic_load_relaxed(&vma->anon), vma->chain };
}

void vma_set_anon(struct vma *vma, struct anon_ref ref)
{
	assert_changeable(vma);
	vma_set_anon_first(vma, ref);
}

void vma_dup_holdings(struct vma *new, const struct vma *vma)
{
	struct anon_ref anon = vma_anon_ref(vma);

	vma_set_name(new, vma->name);
	vma_set_userfault(new, vma->userfault, vma_flags(vma) & VM_UFFD_FLAGS);
	vma_set_policy(new, vma->policy);
	if (!anon.anon)
		return;
	anon_ref_share(anon);
	vma_set_anon(new, anon);
}

void vma_drop_anon(struct vma *vma)
{
	assert_changeable(vma);
	anon_ref_put(vma_anon_ref(vma));
	atomic_store_relaxed(&vma->anon, NULL);
	vma->chain = NULL;
}

void vma_set_anon_first(struct vma *vma, struct anon_ref ref)
{
	check(!atomic_load_relaxed(&vma->anon) && !vma->chain);
	vma->chain = ref.chain;
	atomic_store_release(&vma->anon, ref.anon); /* pair [anon-publish] */
}
