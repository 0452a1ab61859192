#include "ops/map.h"

#include <errno.h>

#include "base/check.h"
#include "mm/account.h"
#include "mm/mmap_lock.h"
#include "ops/lock_memory.h"
#include "ops/merge.h"
#include "ops/place.h"
#include "ops/unmap.h"
#include "pt/file.h"
#include "sync/syncpoint.h"

/* What MAP_SHARED_VALIDATE accepts: the flags that existed before it, less MAP_FIXED_NOREPLACE, which came later. */
#define KNOWN_FLAGS                                                                                                     \
	(VMALOCK_MAP_SHARED | VMALOCK_MAP_PRIVATE | VMALOCK_MAP_FIXED | VMALOCK_MAP_ANONYMOUS | VMALOCK_MAP_32BIT |     \
	 VMALOCK_MAP_ABOVE4G | VMALOCK_MAP_GROWSDOWN | VMALOCK_MAP_LOCKED | VMALOCK_MAP_NORESERVE |                     \
	 VMALOCK_MAP_POPULATE | VMALOCK_MAP_NONBLOCK | VMALOCK_MAP_STACK | VMALOCK_MAP_HUGETLB | 0x0800u | 0x1000u |    \
	 0x4000000u | (21u << 26) | (30u << 26))

/* --- what the arguments come to ------------------------------------------------------------------------------------ */

static uint64_t flags_of_request(const struct map_request *r)
{
	uint64_t flags = flags_of_prot(r->prot) | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;

	if (r->flags & VMALOCK_MAP_GROWSDOWN)
		flags |= VM_GROWSDOWN;
	if (r->flags & VMALOCK_MAP_LOCKED)
		flags |= VM_LOCKED;
	if (r->flags & VMALOCK_MAP_STACK)
		flags |= VM_NOHUGEPAGE;
	if (r->flags & VMALOCK_MAP_SYNC)
		flags |= VM_SYNC;
	return flags;
}

/* No mapping reaches beyond the largest offset a file can have. Linux: file_mmap_ok(). */
static bool file_reaches(const struct map_request *r)
{
	return r->offset >> PAGE_SHIFT <= ((uint64_t)INT64_MAX - page_up(r->length)) >> PAGE_SHIFT;
}

/* A file of a disk is as one of ext4 or xfs, which know MAP_SYNC (btrfs does not, nor does memory). */
static uint32_t known_flags(const struct vma_file *file)
{
	return KNOWN_FLAGS | (file_is_written_back(file) ? VMALOCK_MAP_SYNC : 0);
}

static int file_kind(const struct map_request *r, uint64_t *flags)
{
	bool readable = r->file->mode != VMALOCK_FILE_WRONLY, writable = r->file->mode != VMALOCK_FILE_RDONLY;

	if (!file_reaches(r))
		return -EOVERFLOW;
	switch (r->flags & VMALOCK_MAP_TYPE) {
	case VMALOCK_MAP_SHARED_VALIDATE:
		if (r->flags & ~known_flags(r->file))
			return -EOPNOTSUPP;
		/* fall through */
	case VMALOCK_MAP_SHARED:
		if ((r->prot & VMALOCK_PROT_WRITE) && !writable)
			return -EACCES;
		*flags |= VM_SHARED | VM_MAYSHARE;
		if (!writable)
			*flags &= ~(VM_MAYWRITE | VM_SHARED);
		break;
	case VMALOCK_MAP_PRIVATE:
		break;
	default:
		return -EINVAL;
	}
	if (!readable)
		return -EACCES;
	return *flags & VM_GROWSDOWN ? -EINVAL : 0;
}

static int anonymous_kind(const struct map_request *r, uint64_t *flags)
{
	switch (r->flags & VMALOCK_MAP_TYPE) {
	case VMALOCK_MAP_SHARED:
		if (*flags & VM_GROWSDOWN)
			return -EINVAL;
		*flags |= VM_SHARED | VM_MAYSHARE;
		return 0;
	case VMALOCK_MAP_DROPPABLE:
		if ((r->flags & (VMALOCK_MAP_LOCKED | VMALOCK_MAP_HUGETLB)) || (*flags & VM_GROWSDOWN))
			return -EINVAL;
		*flags |= VM_DROPPABLE | VM_NORESERVE | VM_WIPEONFORK | VM_DONTDUMP;
		return 0;
	case VMALOCK_MAP_PRIVATE:
		return 0;
	default:
		return -EINVAL;
	}
}

static int check_early(const struct map_request *r)
{
	uint64_t length = page_up(r->length), pgoff = r->offset >> PAGE_SHIFT;

	if (!page_aligned(r->offset))
		return -EINVAL;
	if (!r->file && !(r->flags & VMALOCK_MAP_ANONYMOUS))
		return -EBADF;
	if (r->flags & VMALOCK_MAP_HUGETLB)
		return -ENOSYS;
	if (!r->length)
		return -EINVAL;
	if (!length)
		return -ENOMEM;
	return pgoff + (length >> PAGE_SHIFT) < pgoff ? -EOVERFLOW : 0;
}

static enum place_alignment alignment(const struct map_request *r)
{
	if (!(r->flags & VMALOCK_MAP_ANONYMOUS))
		return place_alignment(r->file);
	return r->flags & VMALOCK_MAP_SHARED ? PLACE_ANYWHERE : PLACE_WHOLE_HUGE; /* its object is made later */
}

/* Linux: round_hint_to_min(), which mremap does not ask. */
static uint64_t hint(uint64_t addr)
{
	uint64_t down = page_down(addr);

	return down && down < MM_MIN_ADDRESS ? MM_MIN_ADDRESS : down;
}

static int place(struct mm *mm, const struct map_request *r, uint64_t length, uint64_t *out)
{
	bool fixed = r->flags & (VMALOCK_MAP_FIXED | VMALOCK_MAP_FIXED_NOREPLACE);
	struct place where = {
		.addr = fixed ? r->addr : hint(r->addr),
		.length = length,
		.fixed = fixed,
		.low_2g = r->flags & VMALOCK_MAP_32BIT,
		.above_4g = r->flags & VMALOCK_MAP_ABOVE4G,
		.alignment = alignment(r),
		.offset = r->offset,
	};
	int err = mm_place(mm, &where, out);

	if (!err && (r->flags & VMALOCK_MAP_FIXED_NOREPLACE) && mm_range_is_mapped(mm, *out, *out + length))
		return -EEXIST;
	return err;
}

/* --- the mapping itself -------------------------------------------------------------------------------------------- */

/* Charges what the new mapping needs beyond what it replaces. */
static int check_limits(struct mm *mm, const struct region *r, const struct unmapping *u)
{
	uint64_t pages = r->length >> PAGE_SHIFT, charged = pages - u->accounted_pages;

	if (!mm_may_expand(mm, r->flags, pages - u->pages))
		return -ENOMEM;
	return !flags_are_accountable(r->flags) || !charged || mm_may_commit(mm, charged) ? 0 : -ENOMEM;
}

/*
 * What a new VMA has of its request. Only after it has not merged: under MCL_FUTURE droppable memory asks for a neighbour that is
 * locked, and so has none.
 */
static uint64_t kept(uint64_t flags)
{
	return flags_may_lock(flags) ? flags : flags & ~VM_LOCKED_MASK;
}

static struct vma *create(struct mm *mm, const struct region *r, uint64_t flags)
{
	struct vma *vma = vma_create(&mm->domain, r->start, r->start + r->length, r->pgoff, kept(flags), r->file);

	if (vma && index_reserve(&mm->vmas, 1)) {
		vma_discard(vma);
		return NULL;
	}
	return vma;
}

/* Its place in the index was reserved. */
static void store(struct mm *mm, struct vma *vma)
{
	struct index_entry entry = { vma_start(vma), vma_end(vma), vma };

	vma_attach(vma);
	index_replace(&mm->vmas, entry.start, entry.end, &entry, 1);
	mm->map_count++;
	syncpoint("map-stored");
}

/* Joins the range with its neighbours, or makes it a VMA: -ENOMEM, and nothing has changed. */
static int merge_or_create(struct mm *mm, const struct region *r, uint64_t flags)
{
	struct merge merge = {
		.mm = mm,
		.start = r->start,
		.end = r->start + r->length,
		.pgoff = r->pgoff,
		.flags = flags,
		.file = r->file,
		.only_grow = r->only_grow,
	};
	struct vma *vma;

	if (vma_merge_new(&merge))
		return 0;
	vma = create(mm, r, flags);
	if (!vma)
		return -ENOMEM;
	store(mm, vma);
	return 0;
}

/*
 * Over mappings: memory is taken first, for a VMA that may turn out not to be needed and for the store, since pages
 * that have gone do not come back.
 */
static int replace(struct mm *mm, const struct region *r, uint64_t flags, struct unmapping *u)
{
	struct vma *vma = create(mm, r, flags);
	struct merge merge = {
		.mm = mm,
		.start = r->start,
		.end = r->start + r->length,
		.pgoff = r->pgoff,
		.flags = flags,
		.file = r->file,
	};

	if (!vma)
		return -ENOMEM;
	unmap_detach(mm, u);
	unmap_pages(mm, u);
	if (vma_merge_new(&merge))
		vma_discard(vma);
	else
		store(mm, vma);
	unmap_finish(mm, u);
	return 0;
}

/* What lay there has gone, and nothing comes. Return: @r->refusal. */
static int leave_gap(struct mm *mm, const struct region *r, struct unmapping *u)
{
	if (u->count && !index_reserve(&mm->vmas, 1)) {
		unmap_detach(mm, u);
		index_replace(&mm->vmas, r->start, r->start + r->length, NULL, 0);
		unmap_pages(mm, u);
		unmap_finish(mm, u);
	}
	return r->refusal;
}

int map_region(struct mm *mm, const struct region *r)
{
	uint64_t flags = r->flags;
	struct unmapping u;
	int err;

	mmap_assert_write_locked(mm);
	err = unmap_prepare(mm, r->start, r->start + r->length, &u, r->notices);
	if (err)
		return err;
	err = check_limits(mm, r, &u);
	if (err)
		return err;
	if (r->refusal)
		return leave_gap(mm, r, &u);
	if (flags_are_accountable(flags))
		flags |= VM_ACCOUNT;
	err = u.count ? replace(mm, r, flags, &u) : merge_or_create(mm, r, flags);
	if (!err)
		mm_account(mm, kept(flags), (int64_t)(r->length >> PAGE_SHIFT));
	return err;
}

/*
 * Shared anonymous memory is an object of its own, made only when nothing else can refuse. Promised is the whole of it, whoever may
 * write. Linux asks for the promise when it makes the object: MAP_FIXED has taken the old mappings away by then, but what they were
 * promised is not given back yet.
 */
static int map_shared_anonymous(struct mm *mm, struct region *region)
{
	bool charged = !(region->flags & VM_NORESERVE);
	int err;

	if (charged && !mm_may_commit(mm, region->length >> PAGE_SHIFT))
		region->refusal = -ENOMEM;
	if (region->refusal)
		return map_region(mm, region);
	err = file_create_shared_anonymous(region->length, mm->backing == VMALOCK_BACKING_NONE, &region->file);

	if (err)
		return err;
	if (charged)
		file_charge(region->file, mm->pt.frames);
	err = map_region(mm, region);
	vma_file_put(region->file); /* the mapping holds its own */
	return err;
}

/*
 * The bytes of a file of a disk lie in the page cache: none is on the disk at once. Linux: the file's own mmap(), asked when nothing else
 * refuses, whichever type the mapping has (daxdev_mapping_supported()).
 */
static int map_file(struct mm *mm, struct region *region)
{
	if ((region->flags & VM_SYNC) && file_is_written_back(region->file))
		region->refusal = -EOPNOTSUPP;
	return map_region(mm, region);
}

static int map_locked(struct mm *mm, const struct map_request *r, struct region *region)
{
	int err;

	if (mm->map_count > mm->limits.map_count)
		return -ENOMEM;
	err = place(mm, r, region->length, &region->start);
	if (err)
		return err;
	if ((r->flags & VMALOCK_MAP_LOCKED) && !mm_is_privileged(mm) && mm->limits.memlock == 0)
		return -EPERM;
	if (!mm_may_lock(mm, region->flags, region->length >> PAGE_SHIFT))
		return -EAGAIN;
	err = r->file ? file_kind(r, &region->flags) : anonymous_kind(r, &region->flags);
	if (err)
		return err;
	if ((r->flags & VMALOCK_MAP_NORESERVE) && commit_heeds_noreserve(mm_commit(mm)))
		region->flags |= VM_NORESERVE;
	if (mm_denies_exec(mm, region->flags, region->flags))
		return -EACCES;
	if (r->file)
		return map_file(mm, region);
	if (region->flags & VM_SHARED) {
		region->pgoff = 0;
		return map_shared_anonymous(mm, region);
	}
	region->pgoff = region->start >> PAGE_SHIFT;
	return map_region(mm, region);
}

int op_mmap_locked(struct mm *mm, const struct map_request *r, uint64_t *out, struct populate *populate,
		   struct userfault_notices *notices)
{
	struct region region = {
		.length = page_up(r->length),
		.pgoff = r->offset >> PAGE_SHIFT,
		.file = r->file,
		.notices = notices,
	};
	int err;

	region.flags = flags_of_request(r) | mm->default_flags;
	err = map_locked(mm, r, &region);
	if (err)
		return err;
	*out = region.start;
	*populate = (struct populate){ 0 };
	if ((region.flags & VM_LOCKED) ||
	    (r->flags & (VMALOCK_MAP_POPULATE | VMALOCK_MAP_NONBLOCK)) == VMALOCK_MAP_POPULATE)
		*populate = (struct populate){ .start = region.start, .end = region.start + region.length };
	return 0;
}

int op_mmap(struct mm *mm, const struct map_request *r, uint64_t *out, struct populate *populate)
{
	struct userfault_notices notices = { 0 };
	int err = check_early(r);

	if (err)
		return err;
	mmap_write_lock(mm);
	err = op_mmap_locked(mm, r, out, populate, &notices);
	mmap_write_unlock(mm);
	notices_tell(&notices);
	return err;
}

/* --- what execve leaves -------------------------------------------------------------------------------------------- */

static uint64_t flags_of_initial(const struct vmalock_initial_vma *what, const struct vma_file *file)
{
	uint64_t flags = flags_of_prot(what->prot) | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;

	if (what->flags & VMALOCK_MAP_SHARED)
		flags |= VM_SHARED | VM_MAYSHARE;
	if (what->flags & VMALOCK_MAP_GROWSDOWN)
		flags |= VM_GROWSDOWN;
	if (what->special)
		flags |= VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP;
	if (flags_are_accountable(flags) && !what->special)
		flags |= VM_ACCOUNT;
	(void)file;
	return flags;
}

static bool give_name(struct vma *vma, const char *text)
{
	struct vma_name *name = vma_name_create(text);

	if (!name)
		return false;
	vma_set_name(vma, name);
	vma_name_put(name);
	return true;
}

static int place_initial(struct mm *mm, const struct vmalock_initial_vma *what, struct vma_file *file)
{
	struct region r = {
		.start = what->start,
		.length = what->end - what->start,
		.pgoff = what->pgoff,
		.flags = flags_of_initial(what, file),
		.file = file,
	};
	struct vma *vma;

	if (mm_range_is_mapped(mm, what->start, what->end))
		return -EEXIST;
	vma = create(mm, &r, r.flags);
	if (!vma)
		return -ENOMEM;
	if (what->name && !give_name(vma, what->name)) {
		vma_discard(vma);
		return -ENOMEM;
	}
	store(mm, vma);
	mm_account(mm, r.flags, (int64_t)(r.length >> PAGE_SHIFT));
	return 0;
}

int op_map_initial(struct mm *mm, const struct vmalock_initial_vma *what, struct vma_file *file)
{
	int err;

	if (!page_aligned(what->start | what->end) || what->start >= what->end || what->end > MM_TASK_SIZE)
		return -EINVAL;
	/* As off_t holds mmap: an index beyond that would wrap. */
	if (file && what->pgoff > ((uint64_t)INT64_MAX - (what->end - what->start)) >> PAGE_SHIFT)
		return -EINVAL;
	mmap_write_lock(mm);
	err = place_initial(mm, what, file);
	mmap_write_unlock(mm);
	return err;
}
