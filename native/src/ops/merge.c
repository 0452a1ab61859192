#include "ops/merge.h"

#include <errno.h>

#include "base/check.h"
#include "mm/mmap_lock.h"
#include "ops/split.h"
#include "policy/policy.h"
#include "sync/syncpoint.h"
#include "vma/lock.h"

/* --- may they? --------------------------------------------------------------------------------------------------- */

/* Has pages that may hang on a parent's anon: taking it in would mean to copy its chain. */
static bool is_fork_child(struct anon_ref ref)
{
	return ref.anon && !anon_ref_is_singular(ref);
}

/* Could @target's VMA take in a range whose pages hang on the merge's anon? */
static bool anon_allows(const struct merge *m, const struct vma *target)
{
	struct anon_ref ours = m->anon, theirs = vma_anon_ref(target);

	if (ours.anon && theirs.anon)
		return ours.anon == theirs.anon;
	if (ours.anon)
		return !is_fork_child(ours); /* the target would get a copy of our chain */
	return !is_fork_child(theirs);
}

static bool kind_allows(const struct merge *m, const struct vma *vma)
{
	return ((vma_flags(vma) ^ m->flags) & ~VM_STICKY) == 0 && vma->file == m->file &&
	       vma_name_equal(vma->name, m->name) && vma->userfault == m->userfault &&
	       mempolicy_equal(vma->policy, m->policy);
}

static bool may_join_prev(const struct merge *m, const struct vma *prev)
{
	return prev && vma_end(prev) == m->start && kind_allows(m, prev) && anon_allows(m, prev) &&
	       vma_pgoff_end(prev) == m->pgoff;
}

static bool may_join_next(const struct merge *m, const struct vma *next)
{
	return next && vma_start(next) == m->end && kind_allows(m, next) && anon_allows(m, next) &&
	       next->pgoff == m->pgoff + ((m->end - m->start) >> PAGE_SHIFT);
}

/* Each may join the range; may they also join each other? */
static bool may_join_each_other(const struct vma *prev, const struct vma *next)
{
	struct anon *a = vma_anon(prev), *b = vma_anon(next);

	return !a || !b || a == b;
}

/* --- how ----------------------------------------------------------------------------------------------------------- */

/* The neighbours of a range, those of them that touch it write-locked. */
struct neighbours {
	struct vma *prev, *next; /* NULL where none touches */
};

static struct neighbours lock_neighbours(struct mm *mm, uint64_t start, uint64_t end)
{
	struct neighbours n = { mm_prev(mm, start), mm_find(mm, end) };

	if (n.prev && vma_end(n.prev) != start)
		n.prev = NULL;
	if (n.next && vma_start(n.next) != end)
		n.next = NULL;
	if (n.prev)
		mm_vma_write_lock(mm, n.prev);
	if (n.next)
		mm_vma_write_lock(mm, n.next);
	return n;
}

/* @target takes in pages of @from: where it has no anon yet it gets that of @from. */
static void adopt_anon(struct vma *target, struct anon_ref from)
{
	if (!from.anon || vma_anon(target))
		return;
	anon_ref_share(from);
	vma_set_anon(target, from);
}

static void adopt_sticky(struct vma *target, uint64_t flags)
{
	vma_set_flags(target, vma_flags(target) | (flags & VM_STICKY));
}

/* @vma has been taken in: it leaves the space. Its place in the index goes with the store that follows. */
static void absorb(struct mm *mm, struct vma *vma)
{
	vma_detach(vma);
	mm->map_count--;
}

struct vma *vma_merge_new(const struct merge *m)
{
	struct mm *mm = m->mm;
	struct neighbours n;
	bool left, right;
	struct vma *target;
	struct index_entry entry;

	mmap_assert_write_locked(mm);
	if (m->flags & VM_SPECIAL)
		return NULL;
	n = lock_neighbours(mm, m->start, m->end);
	left = may_join_prev(m, n.prev);
	right = !m->only_grow && may_join_next(m, n.next) && (!left || may_join_each_other(n.prev, n.next));
	if ((!left && !right) || index_reserve(&mm->vmas, 1))
		return NULL;
	target = left ? n.prev : n.next;
	entry = (struct index_entry){ left ? vma_start(target) : m->start, right ? vma_end(n.next) : m->end, target };
	if (left && right) {
		adopt_anon(target, vma_anon_ref(n.next));
		adopt_sticky(target, vma_flags(n.next));
	}
	adopt_anon(target, m->anon);
	adopt_sticky(target, m->flags);
	vma_set_range(target, entry.start, entry.end, left ? target->pgoff : m->pgoff);
	if (left && right)
		absorb(mm, n.next);
	index_replace(&mm->vmas, entry.start, entry.end, &entry, 1);
	if (left && right)
		vma_retire(n.next, &mm->retired_vmas);
	syncpoint("merge-stored");
	return target;
}

/* Which sides of the middle VMA the range touches, and whether it may join what lies there. */
struct plan {
	struct vma *prev, *middle, *next;
	bool left, right; /* joins prev, next */
	bool whole;       /* the range is all of the middle */
};

/*
 * Carries out a merge around an existing VMA: one store for all of it. What of the middle is left keeps its flags.
 * The target grows before the others shrink or leave, so that a truncation finds every page in one of them.
 */
static struct vma *merge_existing(struct mm *mm, const struct merge *m, const struct plan *p)
{
	struct vma *target = p->left ? p->prev : p->next, *middle = p->middle;
	uint64_t start = p->left ? vma_start(p->prev) : m->start;
	uint64_t end = p->right ? vma_end(p->next) : m->end;
	uint64_t lo = min_u64(start, vma_start(middle)), hi = max_u64(end, vma_end(middle));
	struct index_entry entries[2];
	size_t count = 0;

	if (p->left && p->right) {
		adopt_anon(target, vma_anon_ref(p->next));
		adopt_sticky(target, vma_flags(p->next));
	}
	adopt_anon(target, m->anon);
	adopt_sticky(target, m->flags);
	vma_set_range(target, start, end, p->left ? target->pgoff : m->pgoff);
	syncpoint("merge-target-grown");
	if (p->left && p->right)
		absorb(mm, p->next);
	if (p->whole)
		absorb(mm, middle);
	else if (p->left)
		vma_set_range(middle, m->end, vma_end(middle), middle->pgoff + ((m->end - m->start) >> PAGE_SHIFT));
	else
		vma_set_range(middle, vma_start(middle), m->start, middle->pgoff);
	if (!p->whole)
		pt_huge_split_inside(&mm->pt, p->left ? m->end : m->start);

	if (!p->whole && !p->left)
		entries[count++] = (struct index_entry){ vma_start(middle), vma_end(middle), middle };
	entries[count++] = (struct index_entry){ start, end, target };
	if (!p->whole && p->left)
		entries[count++] = (struct index_entry){ vma_start(middle), vma_end(middle), middle };
	index_replace(&mm->vmas, lo, hi, entries, count);

	if (p->left && p->right)
		vma_retire(p->next, &mm->retired_vmas);
	if (p->whole)
		vma_retire(middle, &mm->retired_vmas);
	syncpoint("merge-stored");
	return target;
}

static struct vma *try_merge_existing(struct mm *mm, struct vma *vma, const struct merge *m)
{
	bool touches_left = vma_start(vma) == m->start, touches_right = vma_end(vma) == m->end;
	struct plan p = { .middle = vma, .whole = touches_left && touches_right };
	struct neighbours n;

	if ((m->flags & VM_SPECIAL) || (!touches_left && !touches_right))
		return NULL;
	n = lock_neighbours(mm, vma_start(vma), vma_end(vma));
	p.prev = n.prev;
	p.next = n.next;
	p.left = touches_left && may_join_prev(m, p.prev);
	p.right = touches_right && may_join_next(m, p.next) && (!p.left || may_join_each_other(p.prev, p.next));
	if ((!p.left && !p.right) || index_reserve(&mm->vmas, 1))
		return NULL;
	return merge_existing(mm, m, &p);
}

struct merge merge_like(struct mm *mm, const struct vma *vma)
{
	check(vma_is_write_locked(vma));
	return (struct merge){
		.mm = mm,
		.start = vma_start(vma),
		.end = vma_end(vma),
		.pgoff = vma->pgoff,
		.flags = vma_flags(vma),
		.file = vma->file,
		.name = vma->name,
		.userfault = vma->userfault,
		.policy = vma->policy,
		.anon = vma_anon_ref(vma),
	};
}

/* What [@start, @end) of @vma, which it write-locks, is like before the change. */
static struct merge part_of(struct mm *mm, struct vma *vma, uint64_t start, uint64_t end)
{
	struct merge m;

	mmap_assert_write_locked(mm);
	check(start >= vma_start(vma) && end <= vma_end(vma) && start < end);
	mm_vma_write_lock(mm, vma);
	m = merge_like(mm, vma);
	m.start = start;
	m.end = end;
	m.pgoff += (start - vma_start(vma)) >> PAGE_SHIFT;
	return m;
}

static int modify(struct vma *vma, const struct merge *m, struct vma **out)
{
	struct mm *mm = m->mm;
	uint64_t start = m->start, end = m->end;
	int err;

	*out = try_merge_existing(mm, vma, m);
	if (*out)
		return 0;
	if (vma_start(vma) < start) {
		err = vma_split_limited(mm, vma, start, &vma);
		if (err)
			return err;
	}
	if (vma_end(vma) > end) {
		err = vma_split_limited(mm, vma, end, NULL);
		if (err)
			return err;
	}
	*out = vma;
	return 0;
}

int vma_modify(struct mm *mm, struct vma *vma, uint64_t start, uint64_t end, uint64_t flags, struct vma **out)
{
	struct merge m = part_of(mm, vma, start, end);

	m.flags = flags;
	return modify(vma, &m, out);
}

int vma_modify_userfault(struct mm *mm, struct vma *vma, uint64_t start, uint64_t end, uint64_t flags,
			 struct userfault_ctx *userfault, struct vma **out)
{
	struct merge m = part_of(mm, vma, start, end);

	m.flags = flags;
	m.userfault = userfault;
	return modify(vma, &m, out);
}

int vma_modify_policy(struct mm *mm, struct vma *vma, uint64_t start, uint64_t end, struct mempolicy *policy,
		      struct vma **out)
{
	struct merge m = part_of(mm, vma, start, end);

	m.policy = policy;
	return modify(vma, &m, out);
}
