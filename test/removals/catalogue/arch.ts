/** The words by which x86, arm64 and ppc64 tell of a fault. */
import { group, instead, type Removal, without } from '../removal';

export const arch: readonly Removal[] = [
  ...group({ rows: ['patch 22, 24, 26'], tests: ['fault.arch'] }, [
    {
      what: 'x86: a store is not known as one',
      edits: [instead('fault/arch.c', `0x02u`, `0x00u`, { after: `#define X86_WRITE` })],
    },
    {
      what: 'x86: a reserved bit is not known',
      edits: [instead('fault/arch.c', `0x08u`, `0x00u`, { after: `#define X86_RESERVED` })],
    },
    {
      what: 'x86: a fetch is not known as one',
      edits: [instead('fault/arch.c', `0x10u`, `0x00u`, { after: `#define X86_FETCH` })],
    },
    {
      what: 'x86: a protection key is not known',
      edits: [instead('fault/arch.c', `0x20u`, `0x00u`, { after: `#define X86_KEY` })],
    },
    {
      what: 'x86: fetch counts before store',
      edits: [
        instead(
          'fault/arch.c',
          `X86_WRITE) d.access = VMALOCK_WRITE; else if (word & X86_FETCH) d.access = VMALOCK_EXEC;`,
          `X86_FETCH) d.access = VMALOCK_EXEC; else if (word & X86_WRITE) d.access = VMALOCK_WRITE;`,
        ),
      ],
    },
    {
      what: 'x86: a protection key counts before a reserved bit',
      edits: [
        instead(
          'fault/arch.c',
          `X86_RESERVED) d.verdict = VMALOCK_FAULT_SIGBUS;
           /* a broken page table, not a missing page */
           else if (word & X86_KEY) d.verdict = VMALOCK_FAULT_SIGSEGV_ACCERR;`,
          `X86_KEY) d.verdict = VMALOCK_FAULT_SIGSEGV_ACCERR;
           else if (word & X86_RESERVED) d.verdict = VMALOCK_FAULT_SIGBUS;`,
        ),
      ],
    },
    {
      what: 'arm64: a fetch of the program is not known as one',
      edits: [without('fault/arch.c', `class == ESR_CLASS_FETCH_USER ||`)],
    },
    {
      what: 'arm64: a fetch of the kernel is not known as one',
      edits: [without('fault/arch.c', `|| class == ESR_CLASS_FETCH_KERNEL`)],
    },
    {
      what: 'arm64: every data abort is a store',
      edits: [without('fault/arch.c', `(word & ESR_WRITE) &&`)],
    },
    {
      what: 'arm64: cache maintenance is a store',
      edits: [without('fault/arch.c', `&& !(word & ESR_CACHE_MAINTENANCE)`)],
    },
    {
      what: 'arm64: a missing translation is no fault of ours',
      edits: [without('fault/arch.c', `status != ESR_STATUS_TRANSLATION &&`)],
    },
    {
      what: 'arm64: an access flag is no fault of ours',
      edits: [without('fault/arch.c', `status != ESR_STATUS_ACCESS &&`)],
    },
    {
      what: 'arm64: a permission is no fault of ours',
      edits: [without('fault/arch.c', `&& status != ESR_STATUS_PERMISSION`)],
    },
    {
      what: 'arm64: the level is part of the status',
      edits: [instead('fault/arch.c', `0x3cu`, `0x3fu`, { after: `(word)&` })],
    },
    {
      what: 'arm64: store counts before fetch',
      edits: [instead('fault/arch.c', `else if ((`, `if ((`)],
    },
    {
      what: 'ppc64: a fetch is not known as one',
      edits: [instead('fault/arch.c', `0x80000000`, `0`, { before: `) /* ours` })],
    },
    {
      what: 'ppc64: a store is not known as one',
      edits: [instead('fault/arch.c', `0x02000000)`, `0)`, { after: `UINT64_C(` })],
    },
    {
      what: 'ppc64: a key is not known',
      edits: [instead('fault/arch.c', `0x00200000)`, `0)`, { after: `UINT64_C(` })],
    },
    {
      what: 'ppc64: a bad access is not known',
      edits: [instead('fault/arch.c', `0x04000000`, `0`, { after: `UINT64_C(` })],
    },
    {
      what: 'ppc64: store counts before fetch',
      edits: [without('fault/arch.c', `else`, { before: `if (word & DSISR_STORE)` })],
    },
    {
      what: 'ppc64: a key counts before a bad access',
      edits: [without('fault/arch.c', `else`, { before: `if (word & DSISR_KEY)` })],
    },
    {
      what: 'a page that may only be executed can be read on any machine',
      edits: [instead('fault/arch.c', `== VMALOCK_ARCH_X86_64`, `!= 77`, { after: `return arch` })],
    },
    {
      what: 'a page that may only be executed cannot be read on x86',
      edits: [instead('fault/arch.c', `VMALOCK_ARCH_X86_64`, `77`, { after: `return arch ==` })],
    },
    {
      what: 'a fault refused by its word alone is not counted',
      edits: [without('fault/arch.c', `mm_count(mm, STAT_signal_faults);`)],
    },
    {
      what: 'a page that may only be written cannot be read',
      edits: [without('fault/fault.c', `VM_WRITE |`)],
    },
    {
      what: 'a fetch from a page that may not be executed never brings it in to read',
      edits: [instead('fault/fault.c', `f->access != VMALOCK_EXEC || !exec_implies_read`, `1`)],
      tests: ['fault.file'],
    },
  ]),
  ...group({ rows: ['patch 23, 25, 27'], tests: ['fault.arch'] }, [
    {
      what: 'no word is of x86',
      edits: [instead('fault/arch.c', `VMALOCK_ARCH_X86_64`, `77`, { before: `? decode_x86(word)` })],
    },
    {
      what: 'no word is of arm64',
      edits: [instead('fault/arch.c', `VMALOCK_ARCH_AARCH64`, `77`)],
    },
  ]),
];
