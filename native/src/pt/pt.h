/*
 * pt/pt.h - the page tables of one address space: four levels of 512 entries, as x86-64 has them
 *
 * An entry (pte.h) names a frame of the pool, a page of a file or the zero page, with x86-like bits, or marks a place without one. What a mapping
 * permits stands in the VMA; an entry's writable bit says that the page behind it may be written without another look
 * (no copy due).
 *
 * Who may call        Every function works on a range whose VMAs the caller keeps stable: a VMA lock or mmap_lock.
 *                     Where more is needed it says so.
 * Locks               one spinlock for each lowest table (RANK_TABLE): its entries change under it, and are looked at
 *                     again there before they change. Upper levels are only filled in: a table once linked stays its
 *                     span's until pt_free_tables() or pt_destroy(). A huge page stands in for its table meanwhile, under the
 *                     lock of the table above (huge.c).
 * Freed tables        go through RCU, so that a walk inside a read section may meet one.
 * Counts              resident pages by kind and tables are kept in the space's counters, fields PT_COUNT_.
 */
#ifndef VMALOCK_PT_PT_H
#define VMALOCK_PT_PT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"
#include "base/bits.h"
#include "locks/spinlock.h"
#include "pt/frame.h"
#include "sync/counters.h"
#include "sync/rcu.h"
#include "vma/file.h"

/* The first fields of a space's counters; the others follow at PT_COUNTERS. */
enum {
	PT_COUNT_RSS_ANON,
	PT_COUNT_RSS_FILE,
	PT_COUNT_RSS_SHMEM,
	PT_COUNT_SWAP,
	PT_COUNT_TABLES,
	PT_COUNT_SPLITS,
	PT_COUNTERS
};

struct pt_table;

struct pt {
	struct pt_table *root;     /* fixed from pt_init() to pt_destroy() */
	struct frames *frames;     /* holds a reference. fixed */
	struct counters *counters; /* the space's. fixed */
	struct rcu_batch retired;  /* tables. Guard: mmap_lock for writing */
	atomic_u32 has_huge;       /* from 0 to 1 before its first huge page */
	atomic_u64 peak_resident;  /* most pages before any went, raised by whoever lets some go. Linux: hiwater_rss */
};

must_check int pt_init(struct pt *pt, struct frames *frames, struct counters *counters);

/* Lets go of every page and table; nobody else uses the space any more. */
void pt_destroy(struct pt *pt);

/* Most pages that were ever resident at once. */
uint64_t pt_peak_resident(struct pt *pt);

/* --- for faults: one entry, under its table's lock ---------------------------------------------------------------- */

struct pt_slot {
	atomic_u64 *entry; /* of 4 KiB; of 2 MiB where a huge page is */
	struct spinlock *lock;
};

/* Was a huge page there when it was found? Its entry is one no longer when it is not present. */
bool pt_slot_is_huge(const struct pt_slot *slot);

/* Finds the entry of @addr, growing the tables down to it. Takes no lock beyond those of growing. 0 or -ENOMEM. */
must_check int pt_slot_make(struct pt *pt, uint64_t addr, struct pt_slot *out);

/* The same without growing: false when there is no table. */
bool pt_slot_find(struct pt *pt, uint64_t addr, struct pt_slot *out);

/*
 * Puts @pte into the entry and counts what it changes. Whom the old entry used is the caller's to let go of.
 * Context: slot->lock (RANK_TABLE).
 */
void pt_slot_set(struct pt *pt, const struct pt_slot *slot, uint64_t pte);

/* Its table, which MADV_DONTNEED may have left as good as freed, counts from now on, though nothing comes yet. Context: slot->lock. */
void pt_slot_occupy(struct pt *pt, const struct pt_slot *slot);

/* --- huge pages: 2 MiB at a multiple of that, in one entry ---------------------------------------------------------- */

#define PT_HUGE_ORDER 9u
#define PT_HUGE_PAGES (1u << PT_HUGE_ORDER)
#define PT_HUGE_SIZE ((uint64_t)PT_HUGE_PAGES << PAGE_SHIFT)

static inline uint64_t pt_huge_down(uint64_t addr)
{
	return addr & ~(PT_HUGE_SIZE - 1);
}

static inline uint64_t pt_huge_up(uint64_t addr)
{
	return pt_huge_down(addr + PT_HUGE_SIZE - 1);
}

/* Could a huge page come there now: is there no table yet, or one that counts as none? Proves nothing for later. */
bool pt_huge_is_open(const struct pt *pt, uint64_t addr);

/* Makes all that a huge page at @addr (a multiple) needs but its frames. 0 or -ENOMEM. */
must_check int pt_huge_reserve(struct pt *pt, uint64_t addr);

/* After that: maps @pte (PTE_HUGE) where no page is. False: there is one by now, and nothing is done. */
must_check bool pt_huge_install(struct pt *pt, uint64_t addr, uint64_t pte);

/*
 * Where a huge page covers @addr there are 512 small ones instead, of the same frames. Cannot fail: the table was kept for it.
 * Beside faults in the same VMA this is allowed.
 */
void pt_huge_split(struct pt *pt, uint64_t addr);

/* The same where @addr is not the boundary of it: before a mapping is cut or moved there. */
void pt_huge_split_inside(struct pt *pt, uint64_t addr);

/* What is in the 2 MiB at an address. */
struct pt_huge_look {
	bool huge;           /* a huge page; nothing else counts then */
	bool table;          /* a table, and not a vacant one */
	uint32_t empty;      /* of its entries: nothing, or the zero page */
	uint32_t shared;     /* frames that somebody else uses as well */
	uint32_t referenced; /* frames that were touched since somebody last asked */
	uint32_t swapped;    /* pages that are out */
	uint32_t others;     /* markers that no page may take the place of */
	uint32_t uffd_wp;    /* protected for a userfaultfd, page or marker */
};

/* Beside faults it proves nothing. */
void pt_huge_look(const struct pt *pt, uint64_t addr, struct pt_huge_look *out);

/*
 * The small pages of the 2 MiB at @addr, none of which is a file's, become one huge page: @block, zeroed, the caller's only. Their bytes
 * are copied, their frames lose a user. @bits: PTE_WRITE, PTE_DIRTY. Cannot fail after pt_huge_reserve().
 * Context: mmap_lock for writing, and the VMA write-locked: no entry changes meanwhile.
 */
void pt_huge_collapse(struct pt *pt, uint64_t addr, void *block, uint64_t bits);

/* How many huge pages of frames lie in the range: AnonHugePages of smaps, in 2 MiB. */
uint64_t pt_huge_pages(const struct pt *pt, uint64_t start, uint64_t end);

/* --- for operations: ranges. [start, end), page aligned ----------------------------------------------------------- */

/* Lets go of all pages and markers: nothing will be mapped there. */
void pt_zap(struct pt *pt, uint64_t start, uint64_t end);

/* The lowest tables wholly inside that are empty count as none from now on, as after MADV_DONTNEED. */
void pt_vacate(struct pt *pt, uint64_t start, uint64_t end);

/*
 * Lets go of all pages where the mapping stays (MADV_DONTNEED), beside faults in it; guards stay too. What becomes of write
 * protection by userfaultfd:
 * @PT_KEEP_UFFD_MARKERS markers stay (memory of a file, whose pages may still be there);
 * @PT_LEAVE_UFFD_MARKERS a protected page leaves a marker.
 */
#define PT_KEEP_UFFD_MARKERS 0x1u
#define PT_LEAVE_UFFD_MARKERS 0x2u
/* Frames stay: private copies of what a file loses. */
#define PT_KEEP_FRAMES 0x4u
void pt_discard(struct pt *pt, uint64_t start, uint64_t end, uint32_t how);

/*
 * Every entry becomes a guard; what was there is let go of. Beside faults in the same VMA this is allowed.
 * Return: 0; -ENOMEM, and no entry has changed.
 */
must_check int pt_guard_install(struct pt *pt, uint64_t start, uint64_t end);

/* Guards go, and nothing else. */
void pt_guard_remove(struct pt *pt, uint64_t start, uint64_t end);

/* Poison goes, and nothing else. */
void pt_heal(struct pt *pt, uint64_t start, uint64_t end);

/*
 * Frees the tables that lie wholly inside [@floor, @ceiling), where nothing is mapped.
 * Context: mmap_lock for writing, or downgraded.
 */
void pt_free_tables(struct pt *pt, uint64_t floor, uint64_t ceiling);

/* The same, looking only at tables that overlap [@start, @end), which has just been emptied: the hole may be huge. */
void pt_free_tables_near(struct pt *pt, uint64_t start, uint64_t end, uint64_t floor, uint64_t ceiling);

/* Pages of files are clean, and may not be written without a fault. Context: the file's list of mappings locked. */
void pt_clean_file(struct pt *pt, uint64_t start, uint64_t end);

/* No page may be written without a fault. Context: the VMAs write-locked. */
void pt_write_protect(struct pt *pt, uint64_t start, uint64_t end);

/*
 * userfaultfd: writing to the pages belongs to it. @markers: to those that are not there, too. 0 or -ENOMEM (only with @markers),
 * after which a part is protected. Beside faults in the same VMA this is allowed.
 */
must_check int pt_uffd_protect(struct pt *pt, uint64_t start, uint64_t end, bool markers);

/* No page is protected so any more; no marker says so. The next write finds out what else it needs. */
void pt_uffd_unprotect(struct pt *pt, uint64_t start, uint64_t end);

/*
 * UFFDIO_MOVE: what is at @from goes to @to, where nothing is; a huge page as a whole where that can be, else it is split first.
 * Beside faults in both VMAs this is allowed.
 * @step: how far that came, bytes.
 * Return: 0; -EEXIST (something is at @to), -ENOENT (nothing is at @from), -EBUSY (a page that is not this space's alone), -EFAULT (a
 *         marker), -ENOMEM.
 */
struct pt_uffd_move {
	uint64_t from, to;
	uint64_t length; /* of what is still to be moved, bytes */
	bool holes;      /* nothing at @from is no error */
};
must_check int pt_uffd_move(struct pt *pt, const struct pt_uffd_move *m, uint64_t *step);

/* MADV_FREE: frames count as clean, untouched and dispensable; poison goes, and what is out is lost at once. */
void pt_clean(struct pt *pt, uint64_t start, uint64_t end);

/* Gives up what is out. */
void pt_free_swap(struct pt *pt, uint64_t start, uint64_t end);

/*
 * MADV_PAGEOUT and pressure: frames that nobody else uses leave, into a slot of swap or for good (page_out.c). Beside faults in the
 * same VMA this is allowed. Return: how many pages left, and in @freed how many frames that made free: those that nobody else uses.
 * @PT_OUT_DROPPABLE      any of their bytes may be lost
 * @PT_OUT_LAZYFREE_ONLY  those alone leave whose bytes may be
 * @PT_OUT_IDLE_ONLY      those that were touched stay, and count as untouched
 * @PT_OUT_SHARED         those that others use leave, too
 * @most                  no more than so many pages leave
 */
#define PT_OUT_DROPPABLE 0x1u
#define PT_OUT_LAZYFREE_ONLY 0x2u
#define PT_OUT_IDLE_ONLY 0x4u
#define PT_OUT_SHARED 0x8u
uint64_t pt_page_out(struct pt *pt, uint64_t start, uint64_t end, uint32_t how, uint64_t most, uint64_t *freed);

/* The first place of [@start, @end) where something may be; @end: there is nothing. A hint. Context: mmap_lock. */
uint64_t pt_next_used(const struct pt *pt, uint64_t start, uint64_t end);

/* Makes the tables that pt_move() to [@to, @to + @length) needs. 0 or -ENOMEM. */
must_check int pt_move_reserve(struct pt *pt, uint64_t from, uint64_t to, uint64_t length);

/*
 * Moves all entries; never fails after pt_move_reserve().
 * Context: mmap_lock for writing, both ranges' VMAs write-locked.
 */
void pt_move(struct pt *pt, uint64_t from, uint64_t to, uint64_t length);

/*
 * The same, and no table of the source becomes vacant: Linux moves whole tables, but not those of memory that is registered with a
 * userfaultfd.
 */
void pt_move_entries(struct pt *pt, uint64_t from, uint64_t to, uint64_t length);

/*
 * fork: @dst's entries of [@start, @end) become those of @src, both write-protected, so that the next write copies.
 * Return: 0; -ENOMEM, after which @dst may hold a part (its owner destroys it).
 * Context: mmap_lock of both for writing, @src's VMA write-locked.
 */
must_check int pt_copy(struct pt *dst, struct pt *src, uint64_t start, uint64_t end);

/* The same where the child's mapping is registered for write protection, too: its pages and markers stay protected. */
must_check int pt_copy_uffd_wp(struct pt *dst, struct pt *src, uint64_t start, uint64_t end);

/* MADV_COLD: pages that no other space uses count as untouched. */
void pt_age(struct pt *pt, uint64_t start, uint64_t end);

/* out[i] = 1 where a page is present, PT_IS_OUT where it is out, else 0. */
#define PT_IS_OUT 2
void pt_resident(struct pt *pt, uint64_t start, uint64_t end, uint8_t *out);

/*
 * Walks all tables: links, counts, entries against the pool and @is_mapped (may be NULL): does one mapping cover all of a
 * range, and does it permit writing? NULL, or what is wrong.
 * Context: nobody faults or changes pages; mmap_lock for writing alone does not shut out faults under a VMA lock.
 */
const char *pt_validate(struct pt *pt, bool (*is_mapped)(void *arg, uint64_t start, uint64_t end, bool writable),
			void *arg);

/* Has every page of a file in the range that may be written what @is_marked asks for? Context: as pt_validate(). */
bool pt_writable_are_marked(struct pt *pt, uint64_t start, uint64_t end, bool (*is_marked)(void *arg, uint64_t addr),
			    void *arg);

#endif
