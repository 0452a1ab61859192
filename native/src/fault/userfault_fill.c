/*
 * fault/userfault_fill.c - pages that a userfaultfd brings: UFFDIO_COPY, UFFDIO_ZEROPAGE, UFFDIO_CONTINUE, UFFDIO_POISON
 *
 *               private mapping                        shared mapping
 *   COPY        a frame with the caller's bytes        a new page of the file, with them
 *   ZEROPAGE    the zero page, also where faults map    a new page of the file, zeros
 *               none
 *   CONTINUE    the file's page, not writable          the file's page
 *   POISON      no page: a marker that makes a touch a SIGBUS, over nothing but nothing
 *
 * A page where one is already is never replaced: EEXIST. A marker is no page and gives way, but not to the zero page.
 *
 * Locks    one VMA, held still as by a fault: from 6.9 by its own lock, before that by mmap_lock. (Eras here have 6.10 for 6.9.) Then the
 *          table's for each entry.
 * Linux    mm/userfaultfd.c, mfill_atomic(). It prepares the anon of a private VMA before it asks whether that is registered at all,
 *          and so does this: it shows in what merges.
 */
#include "fault/userfault.h"

#include <errno.h>

#include "fault/fault.h"
#include "fault/no_frame.h"
#include "mm/anon.h"
#include "mm/mempolicy.h"
#include "mm/mmap_lock.h"
#include "ops/userfault_register.h"
#include "policy/policy.h"
#include "pt/file.h"
#include "pt/pte.h"
#include "sync/syncpoint.h"

/* --- the VMA --------------------------------------------------------------------------------------------------------- */

struct hold {
	struct vma *vma;
	bool fast; /* by the policy's means; else by mmap_lock for reading */
};

static void let_go(struct mm *mm, const struct hold *hold)
{
	if (hold->fast)
		mm->policy->end_read(mm, hold->vma);
	else
		mmap_read_unlock(mm);
}

/* An anon is made under mmap_lock only. */
static bool hold_fast(struct mm *mm, uint64_t addr, struct hold *hold)
{
	if (mm->era < VMALOCK_FAULTS_LINUX_6_10 || !mm->policy->start_read)
		return false;
	if (mm->policy->start_read(mm, addr, &hold->vma) != POLICY_LOCKED)
		return false;
	hold->fast = true;
	if (!mm_anon_is_due(hold->vma))
		return true;
	let_go(mm, hold);
	return false;
}

static int hold_slowly(struct mm *mm, uint64_t addr, struct hold *hold)
{
	int err = -ENOENT;

	hold->fast = false;
	mmap_read_lock(mm);
	hold->vma = mm_lookup(mm, addr);
	if (hold->vma)
		err = mm_anon_is_due(hold->vma) ? mm_anon_prepare(mm, hold->vma) : 0;
	if (err)
		mmap_read_unlock(mm);
	return err;
}

/* May @fill be done in this VMA? Any registration will do, also another context's. */
static int check_vma(const struct vma *vma, const struct userfault_fill *fill)
{
	if (fill->addr + fill->length > vma_end(vma) || !vma->userfault)
		return -ENOENT;
	if ((fill->mode & VMALOCK_UFFD_COPY_WP) && !(vma_flags(vma) & VM_UFFD_WP))
		return -EINVAL;
	if (vma->file && file_is_written_back(vma->file))
		return -EINVAL; /* registered for asynchronous write protection, which takes any memory */
	return fill->source == USERFAULT_CONTINUE && vma_is_anonymous(vma) ? -EINVAL : 0;
}

static int hold_vma(struct mm *mm, const struct userfault_fill *fill, struct hold *hold)
{
	int err = 0;

	if (!hold_fast(mm, fill->addr, hold))
		err = hold_slowly(mm, fill->addr, hold);
	if (err)
		return err;
	err = check_vma(hold->vma, fill);
	if (err)
		let_go(mm, hold);
	return err;
}

/* --- one page -------------------------------------------------------------------------------------------------------- */

/* A page on its way into one entry. */
struct filling {
	struct mm *mm;
	const struct vma *vma;
	const struct userfault_fill *fill;
	uint64_t addr;
	uint64_t cuts; /* file_cuts() before anything was looked for; 0 without a file */
	struct pt_slot slot;
};

/* The file was cut while a page of it was on its way: begin with this page again. Never leaves this file. */
#define FILL_CHANGED 1

/* Let go of everything, take pages from somebody, and go on. Neither does this. */
#define FILL_NO_FRAME 2

static uint64_t index_of(const struct filling *f)
{
	return vma_index_at(f->vma, f->addr);
}

static bool is_beyond_file(const struct filling *f)
{
	void *page;

	return f->vma->file && file_find_page(f->vma->file, index_of(f), &page) == -EFAULT;
}

/* Who may write it at once: nobody a private mapping's page of the file, nor what is to be protected. */
static uint64_t bits_of(const struct filling *f, enum pte_kind kind)
{
	bool writable = (vma_flags(f->vma) & VM_WRITE) && (kind == PTE_ANON || (vma_flags(f->vma) & VM_SHARED));

	if (f->fill->mode & VMALOCK_UFFD_COPY_WP)
		return PTE_DIRTY | PTE_UFFD_WP;
	return PTE_DIRTY | (writable ? PTE_WRITE : 0);
}

/* Context: the table's lock. */
static void set_entry(struct filling *f, uint64_t pte)
{
	if ((pte & PTE_WRITE) && pte_kind(pte) != PTE_ANON)
		file_mark_dirty(f->vma->file, index_of(f));
	pt_slot_set(&f->mm->pt, &f->slot, pte);
}

/* Linux asks for the end of the file here, with the table locked. */
static int put(struct filling *f, uint64_t pte, bool over_markers)
{
	uint64_t old;
	int err = 0;

	spinlock_lock(f->slot.lock, RANK_TABLE);
	old = atomic_load_relaxed(f->slot.entry);
	if (f->vma->file && file_was_cut(f->vma->file, f->cuts))
		err = FILL_CHANGED;
	else if (is_beyond_file(f))
		err = -EFAULT;
	else if (old && !(over_markers && pte_is_marker(old)))
		err = -EEXIST;
	else
		set_entry(f, pte);
	spinlock_unlock(f->slot.lock, RANK_TABLE);
	return err;
}

static int put_frame(struct filling *f, void *frame, bool over_markers)
{
	int err;

	if (!frame)
		return FILL_NO_FRAME;
	syncpoint("uffd-has-frame");
	err = put(f, pte_make(frame, PTE_ANON, bits_of(f, PTE_ANON)), over_markers);
	if (err)
		frame_put(f->mm->pt.frames, frame);
	return err;
}

static int fill_private(struct filling *f)
{
	const uint8_t *bytes = f->fill->bytes + (f->addr - f->fill->addr);

	if (f->fill->source == USERFAULT_COPY)
		return put_frame(f, mm_take_copy(f->mm, f->vma, f->addr, bytes), true);
	return put(f, pte_make(frame_zero_page(), PTE_ZERO, 0), false);
}

static int put_file_page(struct filling *f, const void *page)
{
	return put(f, pte_make(page, PTE_SHMEM, bits_of(f, PTE_SHMEM)), true);
}

static int fill_shared(struct filling *f)
{
	const uint8_t *bytes = f->fill->source == USERFAULT_COPY ? f->fill->bytes + (f->addr - f->fill->addr) : NULL;
	void *page;
	int err = file_add_page(f->vma->file, index_of(f), bytes, &page);

	if (err)
		return err;
	syncpoint("uffd-added-page");
	err = put_file_page(f, page);
	/* Another fault found the new page meanwhile, and mapped it: the very page that was to come. */
	return err == -EEXIST ? 0 : err;
}

static int continue_page(struct filling *f)
{
	void *page;
	int err = file_find_page(f->vma->file, index_of(f), &page);

	if (err)
		return err == -ENOENT ? -EFAULT : -EINVAL;
	return put_file_page(f, page);
}

static int try_fill_page(struct filling *f)
{
	if (pt_slot_make(&f->mm->pt, f->addr, &f->slot))
		return -ENOMEM;
	f->cuts = f->vma->file ? file_cuts(f->vma->file) : 0;
	if (f->fill->source == USERFAULT_POISON)
		return put(f, PTE_POISON, false);
	if (f->fill->source == USERFAULT_CONTINUE)
		return continue_page(f);
	return vma_flags(f->vma) & VM_SHARED ? fill_shared(f) : fill_private(f);
}

static int fill_page(struct filling *f)
{
	int err;

	do
		err = try_fill_page(f);
	while (err == FILL_CHANGED);
	return err;
}

/* --- the whole ------------------------------------------------------------------------------------------------------- */

static int fill_held(struct filling *f, uint64_t *done)
{
	const struct userfault_fill *fill = f->fill;
	int err = 0;

	for (; *done < fill->length && !err; *done += err ? 0 : PAGE_SIZE) {
		f->addr = fill->addr + *done;
		err = fill_page(f);
	}
	return err;
}

static int fill_pages(struct userfault_ctx *ctx, const struct userfault_fill *fill, uint64_t *done)
{
	struct mm *mm = ctx->mm;
	struct hold hold;
	int err;

	syncpoint("uffd-fill-begins");
	err = hold_vma(mm, fill, &hold);

	if (err)
		return err;
	err = userfault_fill_begin(ctx);
	if (!err) {
		struct filling f = { .mm = mm, .vma = hold.vma, .fill = fill };

		err = fill_held(&f, done);
		userfault_fill_end(ctx);
	}
	let_go(mm, &hold);
	return err;
}

static int fill_pages_reclaiming(struct userfault_ctx *ctx, const struct userfault_fill *fill, uint64_t *done)
{
	struct no_frame no_frame = { 0 };
	uint64_t before;
	int err;

	do {
		before = *done;
		err = fill_pages(ctx, fill, done);
		if (*done > before)
			no_frame = (struct no_frame){ 0 };
	} while (err == FILL_NO_FRAME && no_frame_try_again(ctx->mm, &no_frame));
	return err == FILL_NO_FRAME ? -ENOMEM : err;
}

int userfault_fill(struct userfault_ctx *ctx, const struct userfault_fill *fill, uint64_t *done)
{
	bool protects = fill->source == USERFAULT_COPY || fill->source == USERFAULT_CONTINUE;
	uint64_t known = VMALOCK_UFFD_COPY_DONTWAKE | (protects ? VMALOCK_UFFD_COPY_WP : 0);
	int err = userfault_is_changing(ctx) ? -EAGAIN : userfault_check_range(fill->addr, fill->length);

	*done = 0;
	if (err)
		return err;
	if (fill->mode & ~known)
		return -EINVAL;
	if (userfault_is_closed(ctx))
		return -EBADF;
	err = fill_pages_reclaiming(ctx, fill, done);
	if (*done && !(fill->mode & VMALOCK_UFFD_COPY_DONTWAKE))
		userfault_wake(ctx, fill->addr, fill->addr + *done);
	return err && *done ? -EAGAIN : err;
}
