/**
 * Seeded random operations in the line protocol.
 *
 * A seed gives the same sequence for ever, so a failure is told by its seed. Each profile leans on one part of the
 * model: what one profile does once in a thousand sequences another does in every one.
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

type Operation =
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

const UFFD_MODES = ['m', 'm', 'w', 'w', 'mw', 'mw', 'i', 'mi', 'mwi', '-'];

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

/** Small, fast, and the same everywhere (mulberry32). */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** 0 to 1, 1 not included */
  unit(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  below(limit: number): number {
    return Math.floor(this.unit() * limit);
  }

  oneOf<T>(choices: readonly T[]): T {
    const chosen = choices[this.below(choices.length)];
    if (chosen === undefined) throw new RangeError('nothing to choose from');
    return chosen;
  }
}

class Writer {
  constructor(
    private readonly profile: Profile,
    private readonly random: Random,
  ) {}

  line(): string {
    const operation = this.operation();
    switch (operation) {
      case 'mmap':
        return this.mmap();
      case 'mprotect':
        return `mprotect ${this.range()} ${this.random.oneOf(this.profile.prots)}`;
      case 'mremap':
        return this.mremap();
      case 'madvise':
        return `madvise ${this.range()} ${this.random.oneOf(this.profile.advice)}`;
      case 'munmap':
      case 'mincore':
      case 'mlock':
      case 'mlock2':
      case 'munlock':
      case 'mseal':
        return `${operation} ${this.range()}`;
      case 'mbind':
        return `mbind ${this.range()} ${this.random.oneOf(this.profile.policies)}`;
      case 'mempolicy':
        return `mempolicy ${this.page()}`;
      case 'msync':
        return `msync ${this.range()} ${this.random.oneOf(['s', 's', 'a', 'i', 'si', 'ai', 'sa', '-'])}`;
      case 'remap_file_pages':
        return `remap_file_pages ${this.range()} ${this.page()}`;
      case 'mlockall':
        return `mlockall ${this.random.oneOf(['c', 'f', 'cf', 'co', 'fo', 'cfo', 'o', '-'])}`;
      case 'munlockall':
        return 'munlockall';
      case 'r':
      case 'x':
        return `${operation} ${this.place()}`;
      case 'w':
        return `w ${this.place()} ${1 + this.random.below(200)}`;
      case 'ftruncate':
        return `ftruncate ${this.isOdd() ? `${this.page()}+${this.random.oneOf([1, 2, 2048, 4095, 1 + this.random.below(4095)])}` : this.random.below(this.profile.pages + 2)}`;
      case 'punch':
        return `punch ${this.range()}`;
      case 'pwrite':
        return `pwrite ${this.place()} ${1 + this.random.below(200)}`;
      case 'smaps':
      case 'status':
        return operation;
      case 'rlimit':
        return this.rlimit();
      case 'privileged':
        return `privileged ${this.random.oneOf(['on', 'off', 'off'])}`;
      case 'thp-disable':
        return `thp-disable ${this.random.oneOf(['on', 'advised', 'off', 'off'])}`;
      case 'fork':
        return 'fork';
      case 'ureg':
        return `uffd-register ${this.range()} ${this.random.oneOf(UFFD_MODES)} ${this.uffd()}`;
      case 'uunreg':
        return `uffd-unregister ${this.range()} - ${this.uffd()}`;
      case 'ucopy':
        return `${this.random.oneOf(['uffd-copy', 'uffd-copywp'])} ${this.range()} ${1 + this.random.below(200)} ${this.uffd()}`;
      case 'uzero':
        return `uffd-zeropage ${this.range()} - ${this.uffd()}`;
      case 'upoison':
        return `uffd-poison ${this.range()} - ${this.uffd()}`;
      case 'umove': {
        const from = this.page();
        const length = this.pageCount(this.profile.pages - from);
        const to = Math.min(this.page(), this.profile.pages - length);
        const offset = this.isOdd() ? `${to}+${this.random.below(2)}` : String(to);
        return `${this.random.oneOf(['uffd-move', 'uffd-moveholes'])} ${offset} ${length} ${from} ${this.uffd()}`;
      }
      case 'ucont':
        return `uffd-continue ${this.range()} ${this.random.oneOf(['-', 'wp'])} ${this.uffd()}`;
      case 'uprotect':
        return `uffd-protect ${this.range()} ${this.random.oneOf(['on', 'on', 'off'])} ${this.uffd()}`;
      case 'utold':
        return 'uffd-told';
      case 'ufork':
        return 'fork-flags';
      case 'uclose':
        return `uffd-close ${this.uffd()}`;
    }
  }

  private operation(): Operation {
    const entries = Object.entries(this.profile.weights) as [Operation, number][];
    let left = this.random.unit() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [operation, weight] of entries) {
      left -= weight;
      if (left < 0) return operation;
    }
    return 'w';
  }

  /** Mostly the first: they often refuse each other. */
  private uffd(): number {
    return this.random.oneOf(this.profile.userfaultfds ?? [1, 1, 1, 1, 2, 3]);
  }

  private rlimit(): string {
    const name = this.random.oneOf(this.profile.limits ?? ['as', 'data', 'memlock', 'memlock']);
    const least = name === 'stack' ? 64 : 0; // which the oracle's own may need
    const most = this.random.below(6) === 0 ? '-' : least + this.random.below(this.profile.pages);
    return `rlimit ${name} ${most}`;
  }

  private page(): number {
    const { pages, unit } = this.profile;
    if (unit === undefined || this.random.below(4) === 0) return this.random.below(pages);
    const near = unit * this.random.below(pages / unit) + this.random.oneOf([0, 0, 0, 0, 1, 2, 3, -1, -2]);
    return Math.max(0, near);
  }

  /** A byte to load or store. */
  private place(): string {
    return `${this.page()}${this.profile.bytes === true ? this.random.oneOf(['', '', '+1', '+2047', '+4095']) : ''}`;
  }

  /** Short ranges meet their neighbours more often than long ones. */
  private pageCount(room: number): number {
    const { pages, unit } = this.profile;
    if (unit !== undefined) {
      const some = [unit, unit, unit, 2 * unit, pages, unit - 1, unit + 1, 1, 1, 3, 1 + this.random.below(pages)];
      return Math.min(room, this.random.oneOf(some));
    }
    return Math.min(room, this.random.oneOf([1, 1, 1, 2, 2, 3, 4, 1 + this.random.below(this.profile.pages)]));
  }

  private isOdd(): boolean {
    return this.random.unit() < this.profile.odd;
  }

  private oddAmount(pages: number): string {
    return this.random.oneOf([`${Math.max(0, pages - 1)}+1`, `${Math.max(0, pages - 1)}+4095`, '0', `+${pages}`]);
  }

  private length(room: number): string {
    const pages = this.pageCount(room);
    return this.isOdd() ? this.oddAmount(pages) : String(pages);
  }

  private range(): string {
    const first = this.page();
    const offset =
      this.isOdd() && this.random.below(3) === 0 ? `${first}+${1 + this.random.below(4095)}` : String(first);
    return `${offset} ${this.length(this.profile.pages - first)}`;
  }

  private mmap(): string {
    const letters = this.random.oneOf(this.profile.mapLetters);
    const call = `mmap ${this.range()} ${this.random.oneOf(this.profile.prots)} ${letters}`;
    if (!letters.includes('f')) return call;
    return `${call} ${this.isOdd() ? `${this.page()}+${this.random.below(4096)}` : this.page()}`;
  }

  private mremap(): string {
    const from = this.page();
    const old = this.pageCount(this.profile.pages - from);
    const wanted = this.random.oneOf([old, old, old, old + 1, Math.max(1, old - 1), 1 + this.random.below(5)]);
    const oldText = this.isOdd() ? this.oddAmount(old) : String(old);
    const how = this.random.oneOf(['-', '-', 'F', 'F', 'F', this.profile.dontUnmap ? 'D' : 'F']);
    if (how === '-') return `mremap ${from} ${oldText} ${Math.min(wanted, this.profile.pages - from)} -`;
    const to = this.page();
    return `mremap ${from} ${oldText} ${Math.min(wanted, this.profile.pages - to)} ${how} ${to}`;
  }
}

/** The operations of one sequence, at least `shortest` of them: short ones are many and quick, long ones reach further. */
export function sequenceOf(profile: Profile, seed: number, shortest = 5): string[] {
  const random = new Random(seed);
  const writer = new Writer(profile, random);
  const begin = profile.begins ? random.oneOf(profile.begins) : [];
  return [
    ...begin,
    ...Array.from({ length: shortest + random.below(Math.max(profile.longest, shortest) - shortest + 1) }, () =>
      writer.line(),
    ),
  ];
}
