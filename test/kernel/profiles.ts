/**
 * What sequences are made of: each profile leans on one part of the model, so that what another does once in a thousand sequences it does
 * in every one.
 */

import type { ExecutorOptions } from '../../lib/exec/executor';

/** What a sequence is made of: relative weights of its operations, and how long its ranges are. */
export interface Profile {
  readonly name: string;
  readonly pages: number;
  /** those left out do not come */
  readonly weights: Readonly<Partial<Record<Operation, number>>>;
  readonly prots: readonly string[];
  readonly mapLetters: readonly string[];
  readonly advice: readonly string[];
  /** policy and flags of mbind */
  readonly policies: readonly string[];
  /** whether mremap may leave the old place mapped: Linux never takes the locked pages there off its count again, nor lets them be swapped out */
  readonly dontUnmap: boolean;
  /** how often, of 1, an amount is not whole pages, or a length is 0 */
  readonly odd: number;
  /** loads and stores also of a page's last bytes, and of its middle */
  readonly bytes?: boolean;
  /** most operations of a sequence */
  readonly longest: number;
  /** huge pages where `hugepage` asks for them; else none */
  readonly thp?: boolean;
  /** pages may be out: needs a machine with swap */
  readonly swap?: boolean;
  /** the kernel's answer may depend on what it is doing with a page just now: a difference is asked for once more */
  readonly unsteady?: boolean;
  /** offsets and lengths are mostly multiples of so many pages, or nearly */
  readonly unit?: number;
  /** which of them */
  readonly userfaultfds?: readonly number[];
  /** which of them change */
  readonly limits?: readonly string[];
  /** one of these comes first: where most of what happens needs something to be there */
  readonly begins?: readonly (readonly string[])[];
}

type Userfault =
  'ureg' | 'uunreg' | 'ucopy' | 'uzero' | 'ucont' | 'upoison' | 'umove' | 'uprotect' | 'uclose' | 'utold' | 'ufork';

export type Operation =
  | ('mmap' | 'munmap' | 'mprotect' | 'mremap' | 'madvise' | 'r' | 'w' | 'x' | 'fork' | 'mincore')
  | Userfault
  | Locking
  | Policies
  | Cut;

type Locking = 'mlock' | 'mlock2' | 'munlock' | 'mlockall' | 'munlockall' | 'msync' | 'mseal' | 'remap_file_pages';

type Policies = 'mbind' | 'mempolicy' | 'smaps' | 'status' | 'rlimit' | 'privileged' | 'thp-disable';

/** The kernel of the tests has node 0 alone. Pages of files are mapped by more than their own fault there, so that no page may be misplaced. */
const ANY_POLICY = [
  ...['default', 'default s', 'bind:0', 'bind:0 sm', 'bind:0,1 ma', 'bind=static:0', 'preferred:0', 'interleave:0'],
  ...['local', 'preferred', 'weighted_interleave:0 m', 'preferred_many:0', 'bind:1', 'bind', 'local:0', 'default:0'],
];
const POLICIES_OF_ANONYMOUS = [
  ...ANY_POLICY,
  ...['bind:0', 'bind:0', 'local', 'local s', 'local sm', 'local m', 'preferred s', 'default m', 'bind:0 s'],
  ...['interleave=static:0,5', 'interleave=static:0', 'bind=relative:1', 'bind=relative:1 s', 'bind=relative:2'],
  ...['bind=balancing:0', 'bind=balancing:0,5', 'preferred_many=balancing:0,3', 'interleave=balancing:0'],
];
type Cut = 'ftruncate' | 'punch' | 'pwrite';

export const UFFD_MODES = ['m', 'm', 'w', 'w', 'mw', 'mw', 'i', 'mi', 'mwi', '-'];

const FLAG_ADVICE = [
  ...['normal', 'random', 'sequential', 'dontfork', 'dofork', 'hugepage', 'nohugepage'],
  ...['dontdump', 'dodump', 'wipeonfork', 'keeponfork'],
];
const GUARDS = ['guard_install', 'guard_remove'];
const FILLING_ADVICE = ['willneed', 'dontneed', 'dontneed', 'free', 'cold', 'populate_read', 'populate_write'];
const PAGE_ADVICE = [...FILLING_ADVICE, ...GUARDS];

const EVERYTHING: Profile = {
  name: 'everything',
  pages: 32,
  weights: {
    mmap: 22,
    munmap: 10,
    mprotect: 14,
    mremap: 13,
    madvise: 10,
    r: 8,
    w: 18,
    x: 2,
    fork: 3,
    mincore: 2,
    mlock: 3,
    munlock: 2,
    msync: 2,
    mbind: 2,
    smaps: 3,
    mlock2: 1,
    mlockall: 0.2,
    munlockall: 0.4,
    mseal: 0.3,
    remap_file_pages: 1,
  },
  prots: ['rw', 'rw', 'rw', 'r', '-', 'rx', 'rwx', 'w'],
  mapLetters: [
    'p',
    'p',
    'p',
    'p',
    's',
    'pR',
    'pf',
    'sf',
    'pN',
    'pP',
    'pS',
    'sR',
    'pfP',
    'sfP',
    'sP',
    'pL',
    'sfL',
    'sB',
    'D',
    'DL',
    'pH',
    'pG',
  ],
  advice: [...FLAG_ADVICE, ...PAGE_ADVICE, 'bad'],
  policies: ANY_POLICY,
  dontUnmap: true,
  odd: 0.03,
  longest: 60,
};

/** No files: what they share stays, see docs/differences.md. */
const SWAPPING: Profile = {
  ...EVERYTHING,
  pages: 16,
  swap: true,
  unsteady: true,
  weights: {
    mmap: 14,
    munmap: 5,
    mprotect: 10,
    mremap: 10,
    madvise: 40,
    r: 12,
    w: 20,
    mlock: 2,
    munlock: 2,
    mlockall: 0.2,
    munlockall: 0.4,
    smaps: 20,
  },
  prots: ['rw', 'rw', 'rw', 'r', '-'],
  mapLetters: ['p', 'p', 'p', 'pR', 'pP', 'pN', 'pL'],
  advice: [
    ...['pageout', 'pageout', 'pageout', 'pageout', 'pageout', 'cold', 'willneed', 'dontneed', 'populate_read'],
    ...['populate_write', 'dontfork', 'wipeonfork', 'guard_install', 'guard_remove'],
  ],
  dontUnmap: false,
  odd: 0.02,
};

/** A model has to earn each row: these lean on what goes wrong most. */
export const PROFILES: readonly Profile[] = [
  EVERYTHING,
  {
    ...EVERYTHING,
    name: 'merging',
    pages: 12,
    weights: {
      mmap: 22,
      munmap: 8,
      mprotect: 25,
      mremap: 12,
      madvise: 2,
      r: 3,
      w: 25,
      fork: 4,
      mincore: 0,
    },
    prots: ['rw', 'rw', 'r'],
    mapLetters: ['p', 'p', 'p', 'pR'],
    odd: 0,
  },
  {
    ...EVERYTHING,
    name: 'moving',
    pages: 16,
    weights: {
      mmap: 18,
      munmap: 5,
      mprotect: 8,
      mremap: 45,
      madvise: 4,
      r: 5,
      w: 18,
      fork: 2,
      mincore: 0,
    },
    prots: ['rw', 'rw', 'rw', 'r', '-'],
    mapLetters: ['p', 'p', 'p', 's', 'pf', 'sf', 'pR'],
  },
  {
    ...EVERYTHING,
    name: 'files',
    pages: 16,
    weights: {
      x: 2,
      mmap: 25,
      munmap: 8,
      mprotect: 14,
      mremap: 14,
      madvise: 10,
      r: 14,
      w: 18,
      fork: 4,
      mincore: 2,
    },
    prots: ['rw', 'rw', 'r', 'rwx', '-'],
    mapLetters: ['pf', 'pf', 'sf', 'sf', 's', 'pfP', 'sfP'],
    advice: PAGE_ADVICE,
  },
  {
    ...EVERYTHING,
    name: 'truncating',
    pages: 10,
    weights: {
      mmap: 14,
      munmap: 4,
      mprotect: 8,
      mremap: 10,
      madvise: 14,
      r: 16,
      w: 24,
      fork: 4,
      mincore: 2,
      mlock: 1,
      munlock: 1,
      msync: 1,
      ftruncate: 14,
      punch: 10,
      pwrite: 6,
    },
    prots: ['rw', 'rw', 'rw', 'r', 'rwx', '-'],
    mapLetters: ['pf', 'pf', 'sf', 'sf', 'sf', 's', 's', 'p', 'sfP', 'sfL'],
    advice: ['remove', 'remove', 'remove', 'remove', 'dontneed', 'willneed', 'populate_read', 'populate_write'],
    bytes: true,
    odd: 0.3,
    begins: [
      ...['sf', 'pf', 's'].map((letters) => [`mmap 0 10 rw ${letters}${letters.endsWith('f') ? ' 0' : ''}`]),
      // stored behind the end, where it shows when the file grows
      ['mmap 0 10 rw sf 0', 'ftruncate 4+1', 'w 4+1 5', 'w 4+2047 6', 'w 4+4095 7'],
    ],
  },
  {
    ...EVERYTHING,
    name: 'advising',
    pages: 24,
    weights: {
      mmap: 18,
      munmap: 6,
      mprotect: 8,
      mremap: 8,
      madvise: 40,
      r: 8,
      w: 15,
      fork: 8,
      mincore: 2,
      smaps: 8,
    },
  },
  {
    ...EVERYTHING,
    name: 'odd arguments',
    pages: 16,
    weights: {
      mmap: 25,
      munmap: 15,
      mprotect: 15,
      mremap: 20,
      madvise: 15,
      r: 5,
      w: 10,
      fork: 1,
      mincore: 8,
      mlock: 8,
      munlock: 6,
      msync: 6,
    },
    odd: 0.35,
  },
  {
    ...EVERYTHING,
    name: 'locking',
    pages: 14,
    weights: {
      x: 2,
      mmap: 16,
      munmap: 6,
      mprotect: 12,
      mremap: 14,
      madvise: 8,
      r: 5,
      w: 10,
      fork: 3,
      mlock: 25,
      mlock2: 8,
      munlock: 16,
      mlockall: 3,
      munlockall: 3,
      msync: 3,
      smaps: 4,
    },
    prots: ['rw', 'rw', 'rw', 'r', 'r', '-'],
    mapLetters: ['p', 'p', 'p', 's', 'pf', 'sf', 'pR', 'pL', 'sL', 'pfL', 'sfL', 'pNL', 'sB', 'D', 'DL'],
  },
  {
    ...EVERYTHING,
    name: 'userfaultfd',
    pages: 12,
    weights: {
      x: 2,
      mmap: 7,
      munmap: 2,
      mprotect: 8,
      mremap: 8,
      madvise: 8,
      r: 8,
      w: 16,
      fork: 3,
      mlock: 1,
      ureg: 14,
      uunreg: 6,
      ucopy: 10,
      uzero: 5,
      ucont: 4,
      upoison: 4,
      umove: 12,
      uprotect: 10,
      uclose: 1,
    },
    prots: ['rw', 'rw', 'rw', 'r', '-'],
    mapLetters: ['p', 'p', 'p', 's', 'pf', 'sf', 'pR', 'pP', 'sP'],
    // No guards: Linux 6.18 tries for ever to put one over a marker of write protection, which its zapping leaves.
    advice: [...FILLING_ADVICE, 'dontneed', 'wipeonfork'],
    odd: 0.02,
    begins: ['p', 'p', 'pR', 's', 'sf', 'pf'].flatMap((letters) => {
      const map = `mmap 0 12 rw ${letters}${letters.endsWith('f') ? ' 0' : ''}`;
      const modes = letters.startsWith('s') || letters.endsWith('f') ? 'mwi' : 'mw';
      return [
        [map],
        [map, 'uffd-register 0 12 w 1'],
        [map, `uffd-register 2 8 ${modes} 2`],
        [map, `uffd-register 0 12 ${modes} 1`],
        [map, 'uffd-register 0 12 w 3'],
      ];
    }),
  },
  {
    ...EVERYTHING,
    name: 'changes that a userfaultfd is told of',
    pages: 14,
    weights: {
      mmap: 12,
      munmap: 10,
      mprotect: 6,
      mremap: 22,
      madvise: 14,
      r: 4,
      w: 12,
      ufork: 6,
      fork: 2,
      mlock: 2,
      munlock: 1,
      remap_file_pages: 1,
      ureg: 16,
      uunreg: 3,
      ucopy: 8,
      uzero: 3,
      upoison: 2,
      umove: 4,
      uprotect: 10,
      uclose: 1,
      utold: 30,
    },
    prots: ['rw', 'rw', 'rw', 'r', '-'],
    mapLetters: ['p', 'p', 'p', 's', 'pf', 'sf', 'pR', 'pP', 'sP'],
    advice: ['dontneed', 'dontneed', 'free', 'remove', 'cold', 'populate_write', 'dontfork', 'dofork', 'wipeonfork'],
    odd: 0.02,
    userfaultfds: [4, 4, 4, 4, 4, 4, 1],
    begins: ['p', 'p', 's', 'sf', 'pf'].flatMap((letters) => {
      const map = `mmap 0 14 rw ${letters}${letters.endsWith('f') ? ' 0' : ''}`;
      return [
        [map, 'uffd-register 0 14 mw 4'],
        [map, 'uffd-register 2 4 m 4', 'uffd-register 8 3 w 4'],
        [map, 'w 3 1', 'uffd-register 0 14 w 4', 'uffd-protect 0 14 on 4'],
      ];
    }),
  },
  {
    ...EVERYTHING,
    name: 'huge',
    unsteady: true,
    pages: 1536,
    thp: true,
    unit: 512,
    weights: {
      mmap: 6,
      munmap: 6,
      mprotect: 12,
      mremap: 14,
      madvise: 30,
      r: 8,
      w: 24,
      fork: 6,
      mincore: 1,
      mlock: 2,
      munlock: 1,
      'thp-disable': 3,
    },
    prots: ['rw', 'rw', 'rw', 'r', '-'],
    mapLetters: ['p', 'p', 'p', 'p', 'pR', 'pP', 's', 'pf'],
    advice: [
      ...['hugepage', 'hugepage', 'hugepage', 'hugepage', 'nohugepage', 'dontneed', 'dontneed', 'dontneed', 'dontneed'],
      ...['free', 'cold', 'populate_read', 'populate_write', 'dontfork', 'dofork', 'wipeonfork', 'keeponfork'],
    ],
    odd: 0.01,
    longest: 40,
    begins: [
      ['mmap 0 1536 rw p', 'madvise 0 1536 hugepage'],
      ['mmap 0 1536 rw p', 'w 5 1', 'w 600 2', 'madvise 0 1536 hugepage'],
      ['mmap 0 1536 rw p', 'madvise 0 1536 hugepage', 'w 0 1', 'w 513 2', 'w 1535 3'],
      ['mmap 3 1500 rw p', 'madvise 3 1500 hugepage'],
    ],
  },
  {
    // So long that a stack's guard gap, of 256 pages, has room beside it.
    ...EVERYTHING,
    name: 'stacks',
    pages: 640,
    unit: 128,
    weights: {
      ...{ mmap: 20, munmap: 6, mprotect: 8, mremap: 10, madvise: 5, r: 20, w: 30, fork: 2 },
      ...{ mlock: 3, munlock: 2, rlimit: 5, smaps: 3, status: 3 },
    },
    prots: ['rw', 'rw', 'rw', 'r', '-', 'rwx', 'rwd', 'rwd', 'rd'],
    mapLetters: [
      ...['pG', 'pG', 'pG', 'pG', 'pGR', 'pGL', 'pGS', 'pGP', 'pGN', 'pGH', 'pGH', 'sG', 'pfG', 'DG'],
      ...['p', 'p', 'pN', 'pH', 'pH', 'sH', 'pf', 'sf', 'pfH', 'sfH', 's'],
    ],
    limits: ['stack', 'stack', 'stack', 'as', 'memlock'],
    odd: 0.05,
    begins: [
      ['mmap 400 40 rw pG', 'w 390 1'],
      ['mmap 600 8 rw pG', 'mmap 0 4 rw p', 'w 300 1'],
      ['mmap 512 64 rw pGL', 'w 500 1'],
      ['mmap 620 4 rw pG', 'mmap 300 4 rw pG', 'w 299 1', 'w 600 1'],
    ],
  },
  {
    ...EVERYTHING,
    name: 'limits',
    dontUnmap: false,
    pages: 16,
    weights: {
      ...{ mmap: 25, munmap: 8, mprotect: 12, mremap: 18, madvise: 2, r: 3, w: 8, fork: 2 },
      ...{ mlock: 12, munlock: 6, rlimit: 14, privileged: 8, status: 8, mbind: 2 },
    },
    prots: ['rw', 'rw', 'rw', 'r', '-', 'rx', 'rwx'],
    mapLetters: ['p', 'p', 'p', 's', 'pf', 'sf', 'pR', 'pL', 'pL', 'sL', 'pfL', 'pN', 'sB'],
  },
  {
    ...EVERYTHING,
    name: 'memory policies',
    pages: 12,
    weights: {
      mmap: 14,
      munmap: 6,
      mprotect: 10,
      mremap: 14,
      madvise: 4,
      r: 3,
      w: 16,
      fork: 2,
      mbind: 40,
      mempolicy: 6,
    },
    prots: ['rw', 'rw', 'rw', 'r'],
    mapLetters: ['p', 'p', 'p', 'pR'],
    policies: POLICIES_OF_ANONYMOUS,
  },
  {
    ...EVERYTHING,
    name: 'huge pages of a userfaultfd',
    unsteady: true,
    pages: 1024,
    thp: true,
    unit: 512,
    weights: {
      mmap: 3,
      munmap: 3,
      mprotect: 6,
      mremap: 8,
      madvise: 14,
      r: 8,
      w: 20,
      fork: 4,
      ureg: 12,
      uunreg: 6,
      ucopy: 8,
      uzero: 6,
      uprotect: 12,
      uclose: 1,
    },
    prots: ['rw', 'rw', 'rw', 'r', '-'],
    mapLetters: ['p', 'p', 'pR'],
    advice: ['hugepage', 'hugepage', 'nohugepage', 'dontneed', 'dontneed', 'free', 'populate_write'],
    odd: 0,
    longest: 40,
    begins: [
      ['mmap 0 1024 rw p', 'madvise 0 1024 hugepage', 'w 5 1', 'uffd-register 0 1024 w 1'],
      ['mmap 0 1024 rw p', 'madvise 0 1024 hugepage', 'uffd-register 0 1024 mw 1'],
      ['mmap 0 1024 rw p', 'madvise 0 1024 hugepage', 'w 5 1', 'w 700 2', 'uffd-register 0 1024 w 2'],
    ],
  },
  {
    ...EVERYTHING,
    name: 'huge pages that move',
    unsteady: true,
    pages: 1536,
    thp: true,
    unit: 512,
    // No fork: Linux splits the frames of a huge page only when one is to move, and maps the zero page where they are zeros. No write
    // protection: it leaves huge pages whole there, and then the place that is taken is told before the one that is empty.
    weights: {
      mprotect: 3,
      mremap: 3,
      madvise: 12,
      r: 8,
      w: 20,
      mlock: 2,
      munlock: 2,
      ureg: 8,
      uunreg: 2,
      ucopy: 5,
      umove: 40,
      uzero: 4,
      uclose: 1,
    },
    prots: ['rw', 'rw', 'rw', 'r'],
    mapLetters: ['p'],
    advice: ['hugepage', 'nohugepage', 'dontneed', 'dontneed', 'free', 'populate_write'],
    odd: 0,
    longest: 30,
    begins: [
      ['mmap 0 1536 rw p', 'madvise 0 1536 hugepage', 'w 5 1', 'w 600 2', 'uffd-register 0 1536 w 1'],
      ['mmap 0 1536 rw p', 'madvise 0 1024 hugepage', 'w 5 1', 'uffd-register 512 1024 m 1'],
      ['mmap 0 1536 rw p', 'w 5 1', 'madvise 0 1536 hugepage', 'w 600 2', 'uffd-register 0 1536 mw 1'],
    ],
  },
  {
    ...EVERYTHING,
    name: 'sealing',
    pages: 14,
    weights: {
      mmap: 25,
      munmap: 10,
      mprotect: 15,
      mremap: 15,
      madvise: 15,
      r: 3,
      w: 10,
      fork: 2,
      mlock: 3,
      munlock: 3,
      mseal: 8,
      remap_file_pages: 3,
    },
    prots: ['rw', 'rw', 'r', '-'],
    mapLetters: ['p', 'p', 'p', 's', 'pf', 'sf', 'pR', 'pN', 'sB', 'sNB'],
  },
  {
    ...EVERYTHING,
    name: 'guarding',
    pages: 16,
    weights: {
      mmap: 20,
      munmap: 6,
      mprotect: 10,
      mremap: 18,
      madvise: 40,
      r: 10,
      w: 15,
      fork: 8,
      mlock: 3,
      munlock: 2,
    },
    advice: [...GUARDS, ...GUARDS, ...GUARDS, ...GUARDS, ...PAGE_ADVICE, 'wipeonfork', 'dontfork', 'dofork'],
    mapLetters: ['p', 'p', 'p', 's', 'pf', 'sf', 'pR', 'pP', 'sP', 'pfP', 'sfP', 'pL'],
  },
  {
    // No files: the kernel collapses those of memory where they lie right, see docs/differences.md.
    ...EVERYTHING,
    name: 'collapsing',
    unsteady: true,
    pages: 1536,
    thp: true,
    unit: 512,
    weights: {
      ...{ mmap: 5, munmap: 5, mprotect: 8, mremap: 10, madvise: 45, r: 8, w: 20, fork: 5, mlock: 2, munlock: 1 },
      'thp-disable': 5,
    },
    prots: ['rw', 'rw', 'rw', 'r', '-'],
    mapLetters: ['p', 'p', 'pR', 'pP'],
    advice: [
      ...['collapse', 'collapse', 'collapse', 'collapse', 'collapse', 'hugepage', 'nohugepage', 'dontneed', 'dontneed'],
      ...['dontneed', 'free', 'populate_write', 'dontfork', 'wipeonfork'],
    ],
    odd: 0.02,
    longest: 40,
    begins: [
      ['mmap 0 1536 rw p', 'w 5 1', 'w 600 2', 'w 1030 3'],
      ['mmap 0 1536 rw p', 'w 5 1', 'madvise 0 512 hugepage', 'w 1535 3'],
      ['mmap 3 1500 rw p', 'w 5 1', 'w 600 2', 'w 1030 3'],
    ],
  },
  {
    ...SWAPPING,
    name: 'swapping',
    weights: { ...SWAPPING.weights, fork: 6 },
  },
  {
    // Without forks: a write after both, Linux answers with a copy or without, as its lists of pages happen to be.
    ...SWAPPING,
    name: 'swapping what was freed',
    advice: [...SWAPPING.advice, 'free', 'free', 'free', 'free'],
  },
  {
    // Few pages, long histories: every VMA has been split, moved, written and joined many times.
    ...EVERYTHING,
    name: 'crowded',
    pages: 7,
    weights: { mmap: 20, munmap: 8, mprotect: 20, mremap: 25, madvise: 6, r: 5, w: 25, fork: 8, mincore: 0 },
    prots: ['rw', 'rw', 'rw', 'r'],
    mapLetters: ['p', 'p', 'p', 'pR', 'pf', 'sf', 's'],
    odd: 0,
    longest: 200,
  },
];

/** How the oracle is called for a profile. */
export function argumentsOf(profile: Pick<Profile, 'pages' | 'thp' | 'swap'>): string[] {
  return ['-p', String(profile.pages), ...(profile.thp ? ['-t'] : []), ...(profile.swap ? ['-s'] : [])];
}

/** What the model needs to be like for it. */
export function optionsOf(profile: Pick<Profile, 'pages' | 'thp' | 'swap'>, zeroPage: boolean): ExecutorOptions {
  const options: ExecutorOptions = { pages: profile.pages, zeroPage };
  if (profile.thp) options.thp = 'madvise';
  if (profile.swap) options.swap = 4 * profile.pages;
  return options;
}
