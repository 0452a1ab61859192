/*
 * pt/pte.h - one page table entry: 64 bits, laid out as x86-64's
 *
 *    47         12 11  10..9     8      7  6      5        4 3 2  1      0
 *   | host address |   kind  | lazy free | | dirty  accessed |     write  present |
 *
 * The address is that of 4 KiB of host memory instead of physical memory; user addresses of every host here are below
 * 2^48. The kind stands in bits that x86 leaves to software.
 *
 * An entry that is not present is 0, or a marker: it remembers something of a page that is not there.
 *
 *    13       12      11        3        0
 *   | poison | guard | uffd-wp | marker | 0 |
 *
 * or the number of a slot of swap (swap.h), which the entry is one user of.
 *
 *    47         12 11        2      0
 *   | slot        | uffd-wp | swap | 0 |
 *
 * PTE_UFFD_WP may stand in all three: writing belongs to a userfaultfd, as long as the VMA is registered for that
 * (VM_UFFD_WP). It outlives such a registration where Linux lets it, and means nothing then.
 *
 * One level up an entry is a link to a table, which is aligned and so has no low bits, or with PTE_PRESENT and PTE_HUGE a page of
 * 2 MiB (huge.c). In the table that a huge page stands in for every entry is PTE_AWAY: nobody who still points there can take it for
 * an empty one.
 */
#ifndef VMALOCK_PT_PTE_H
#define VMALOCK_PT_PTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bits.h"
#include "base/check.h"

#define PTE_PRESENT UINT64_C(0x01)
#define PTE_WRITE UINT64_C(0x02) /* may be written without a fault */
#define PTE_ACCESSED UINT64_C(0x20)
#define PTE_DIRTY UINT64_C(0x40)
#define PTE_HUGE UINT64_C(0x80)       /* of a present entry one level up */
#define PTE_UFFD_WP UINT64_C(0x800)   /* a write belongs to a userfaultfd */
#define PTE_LAZY_FREE UINT64_C(0x100) /* MADV_FREE: nobody misses its bytes unless it is dirty again */
#define PTE_KIND_SHIFT 9
#define PTE_KIND_MASK (UINT64_C(3) << PTE_KIND_SHIFT)
#define PTE_PAGE_MASK UINT64_C(0x0000fffffffff000)
#define PTE_FORKED                                                                                                      \
	(UINT64_C(1) << 52) /* of a frame or a slot: fork has shared it, and this space not written it since */

/* Not present. */
#define PTE_AWAY UINT64_C(0x10) /* all of an entry */
#define PTE_SWAP UINT64_C(0x4)
#define PTE_MARKER UINT64_C(0x8)
#define PTE_MARKER_GUARD UINT64_C(0x1000)  /* MADV_GUARD_INSTALL: a touch is a SIGSEGV */
#define PTE_MARKER_POISON UINT64_C(0x2000) /* UFFDIO_POISON: a touch is a SIGBUS */
#define PTE_GUARD (PTE_MARKER | PTE_MARKER_GUARD)
#define PTE_POISON (PTE_MARKER | PTE_MARKER_POISON)

enum pte_kind {
	PTE_ANON,  /* a frame of the pool; the entry is one user of it */
	PTE_FILE,  /* a page of a file of a disk, which the VMA keeps alive */
	PTE_SHMEM, /* the same of one of memory: memfd, shared anonymous */
	PTE_ZERO,  /* frame_zero_page(): never writable, counted nowhere */
};

/* A present entry; @bits are PTE_WRITE, PTE_DIRTY. */
static inline uint64_t pte_make(const void *page, enum pte_kind kind, uint64_t bits)
{
	check(((uintptr_t)page & ~PTE_PAGE_MASK) == 0);
	check(kind != PTE_ZERO || !(bits & PTE_WRITE));
	return (uintptr_t)page | ((uint64_t)kind << PTE_KIND_SHIFT) | bits | PTE_PRESENT | PTE_ACCESSED;
}

static inline bool pte_is_present(uint64_t pte)
{
	return pte & PTE_PRESENT;
}

static inline bool pte_is_writable(uint64_t pte)
{
	return pte & PTE_WRITE;
}

static inline enum pte_kind pte_kind(uint64_t pte)
{
	return (enum pte_kind)((pte & PTE_KIND_MASK) >> PTE_KIND_SHIFT);
}

/* Of a present entry: is it a page of a file, or of shared anonymous memory? */
static inline bool pte_is_file_page(uint64_t pte)
{
	return pte_kind(pte) == PTE_FILE || pte_kind(pte) == PTE_SHMEM;
}

/* What it is after an access that it permits. */
static inline uint64_t pte_touched(uint64_t pte, bool write)
{
	return pte | PTE_ACCESSED | (write ? PTE_DIRTY : 0);
}

/* Its host memory. Bytes of the zero page must not be written. */
static inline void *pte_page(uint64_t pte)
{
	return (void *)(uintptr_t)(pte & PTE_PAGE_MASK);
}

static inline bool pte_is_marker(uint64_t pte)
{
	return !pte_is_present(pte) && (pte & PTE_MARKER);
}

/* No page, only the memory that one is to be write-protected. */
static inline bool pte_is_uffd_marker(uint64_t pte)
{
	return pte == (PTE_MARKER | PTE_UFFD_WP);
}

static inline bool pte_is_huge(uint64_t pte)
{
	return (pte & (PTE_PRESENT | PTE_HUGE)) == (PTE_PRESENT | PTE_HUGE);
}

/* What the entry of the @i-th of its 512 pages would be. The huge zero page is one zero page 512 times. */
static inline uint64_t pte_huge_part(uint64_t pte, uint32_t i)
{
	uint64_t offset = pte_kind(pte) == PTE_ZERO ? 0 : (uint64_t)i << PAGE_SHIFT;

	check(pte_is_huge(pte));
	return (pte & ~PTE_HUGE) + offset;
}

static inline bool pte_is_guard(uint64_t pte)
{
	return pte == PTE_GUARD;
}

static inline bool pte_is_poison(uint64_t pte)
{
	return pte == PTE_POISON;
}

/* A marker that makes any touch a signal. */
static inline bool pte_is_fatal(uint64_t pte)
{
	return pte_is_marker(pte) && (pte & (PTE_MARKER_GUARD | PTE_MARKER_POISON));
}

static inline bool pte_is_swap(uint64_t pte)
{
	return !pte_is_present(pte) && (pte & PTE_SWAP);
}

/* @bits: PTE_UFFD_WP, PTE_FORKED. */
static inline uint64_t pte_make_swap(uint64_t slot, uint64_t bits)
{
	return slot << PAGE_SHIFT | bits | PTE_SWAP;
}

static inline uint64_t pte_swap_slot(uint64_t pte)
{
	return (pte & PTE_PAGE_MASK) >> PAGE_SHIFT;
}

/* A page that is a frame of the pool. */
static inline bool pte_is_frame(uint64_t pte)
{
	return pte_is_present(pte) && pte_kind(pte) == PTE_ANON;
}

#endif
