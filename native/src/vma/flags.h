/*
 * vma/flags.h - vm_flags: Linux's bits under Linux's numbers
 *
 * Those a user can see come from vmalock.h; the rest is below. 64 bits on every machine.
 */
#ifndef VMALOCK_VMA_FLAGS_H
#define VMALOCK_VMA_FLAGS_H

#include <stdint.h>

#include "vmalock.h"

#define VM_FLAG(name) ((uint64_t)VMALOCK_VM_##name)

#define VM_READ VM_FLAG(READ)
#define VM_WRITE VM_FLAG(WRITE)
#define VM_EXEC VM_FLAG(EXEC)
#define VM_SHARED VM_FLAG(SHARED)
#define VM_MAYREAD VM_FLAG(MAYREAD)
#define VM_MAYWRITE VM_FLAG(MAYWRITE)
#define VM_MAYEXEC VM_FLAG(MAYEXEC)
#define VM_MAYSHARE VM_FLAG(MAYSHARE)
#define VM_GROWSDOWN VM_FLAG(GROWSDOWN)
#define VM_UFFD_MISSING VM_FLAG(UFFD_MISSING)
#define VM_UFFD_WP VM_FLAG(UFFD_WP)
#define VM_LOCKED VM_FLAG(LOCKED)
#define VM_SEQ_READ VM_FLAG(SEQ_READ)
#define VM_RAND_READ VM_FLAG(RAND_READ)
#define VM_DONTCOPY VM_FLAG(DONTCOPY)
#define VM_DONTEXPAND VM_FLAG(DONTEXPAND)
#define VM_LOCKONFAULT VM_FLAG(LOCKONFAULT)
#define VM_ACCOUNT VM_FLAG(ACCOUNT)
#define VM_NORESERVE VM_FLAG(NORESERVE)
#define VM_SYNC VM_FLAG(SYNC)
#define VM_WIPEONFORK VM_FLAG(WIPEONFORK)
#define VM_DONTDUMP VM_FLAG(DONTDUMP)
#define VM_HUGEPAGE VM_FLAG(HUGEPAGE)
#define VM_NOHUGEPAGE VM_FLAG(NOHUGEPAGE)
#define VM_UFFD_MINOR VM_FLAG(UFFD_MINOR)

/* Made by the kernel itself (vdso, vvar): stands for VM_IO | VM_PFNMAP, which nothing here tells apart. */
#define VM_PFNMAP UINT64_C(0x400)
/* KSM may share its pages. */
#define VM_MERGEABLE UINT64_C(0x80000000)
#define VM_DROPPABLE (UINT64_C(1) << 40)

#define VM_SEALED VM_FLAG(SEALED)

/* Somewhere in it there is, or was, a guard: fork has tables to copy. Only ever set; see vma_mark_guarded(). */
#define VM_MAYBE_GUARD UINT64_C(0x800)

/* Keep nobody from merging, and what is merged has it when one of the parts had. */
#define VM_STICKY VM_MAYBE_GUARD

#define VM_ACCESS_FLAGS (VM_READ | VM_WRITE | VM_EXEC)

/* Registered with a userfaultfd. */
#define VM_UFFD_FLAGS (VM_UFFD_MISSING | VM_UFFD_WP | VM_UFFD_MINOR)

/* Never merged with a neighbour, never advised. */
#define VM_SPECIAL (VM_PFNMAP | VM_DONTEXPAND)

#endif
