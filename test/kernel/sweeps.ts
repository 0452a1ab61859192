/**
 * Every edge of every argument: products of odd values, each asked of a few standing scenes.
 *
 * The random sequences go deep with arguments that make sense; this goes wide with those that do not. A case is one system call behind
 * the lines of a scene. Nothing here depends on chance, so that a case is told by its lines.
 */
import type { Profile } from './profiles';

/** What is there before the call. */
export interface Scene {
  readonly name: string;
  readonly lines: readonly string[];
}

/** The machine on which scenes stand. */
export type Stage = Pick<Profile, 'pages' | 'thp' | 'swap' | 'unsteady'>;

export interface Sweep {
  readonly name: string;
  readonly stage: Stage;
  readonly scenes: readonly Scene[];
  /** lines, one a case */
  readonly cases: readonly string[];
}

type Word = string | number;

/** One line for each choice of a word from each list, the last list fastest. */
function product(call: string, ...lists: readonly (readonly Word[])[]): string[] {
  return lists.reduce<string[]>(
    (lines, list) => lines.flatMap((line) => list.map((word) => `${line} ${word}`)),
    [`sys ${call}`],
  );
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** Each of 32 bits alone, or-ed to the others. */
function eachBit(others = 0): string[] {
  return range(0, 31).map((bit) => hex(others + (others & (2 ** bit) ? 0 : 2 ** bit)));
}

function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}

/* --- scenes ---------------------------------------------------------------------------------------------------------- */

const PAGES = 16;
const PLAIN: Stage = { pages: PAGES };

function scene(name: string, ...lines: string[]): Scene {
  return { name, lines };
}

const NOTHING = scene('nothing mapped');
const ANONYMOUS = scene('anonymous memory', 'mmap 0 8 rw p', 'w 1 1', 'w 3 1');
const THREE = scene('three mappings and holes', 'mmap 0 3 rw p', 'mmap 4 3 r p', 'mmap 8 3 rwx p', 'w 1 1', 'w 8 1');
const SEALED = scene('a seal in the middle', 'mmap 0 8 rw p', 'w 1 1', 'w 3 1', 'mseal 2 3');
const LOCKED = scene('locked in the middle', 'mmap 0 8 rw p', 'w 1 1', 'mlock 2 3');
const STACK = scene('a stack', 'sys mmap @4 0x4000 3 0x132 0 -', 'w 5 1');
const GUARDED = scene('guards', 'mmap 0 8 rw p', 'w 2 1', 'madvise 2 2 guard_install');
const REGISTERED = scene('registered with a userfaultfd', 'mmap 0 8 rw p', 'w 2 1', 'sys uffd_register @0 0x8000 3 1');
const FORKED = scene('after a fork', 'mmap 0 8 rw p', 'w 1 1', 'w 3 1', 'fork');
const LIMITED = scene('low limits', 'mmap 0 4 rw p', 'w 1 1', 'rlimit as 8', 'rlimit memlock 2', 'privileged off');
const UNPRIVILEGED = scene('without rights', 'privileged off', 'rlimit memlock 100', 'mmap 0 8 rw p', 'w 1 1');
const FORBIDDEN = scene('nothing permitted', 'mmap 0 8 rw p', 'w 1 1', 'mprotect 0 8 -');
const DROPPABLE = scene('droppable memory', 'sys mmap @0 0x8000 3 0x38 0 -', 'w 1 1');
const POLICY = scene('a policy in the middle', 'mmap 0 8 rw p', 'w 1 1', 'mbind 2 3 bind:0');

const SHARED = scene('shared memory', 'mmap 0 8 rw s', 'w 1 1', 'w 3 1');
const SHARED_FILE = scene('a shared file', 'mmap 0 8 rw sf 0', 'w 1 1', 'w 3 1');
const PRIVATE_FILE = scene('a private file', 'mmap 0 8 rw pf 0', 'w 1 1', 'w 3 1');
const SHORT_FILE = scene('a file that ends within', 'ftruncate 2+100', 'mmap 0 8 rw sf 0', 'w 1 1');
const READ_ONLY_FILE = scene('a shared file that may not be written', 'sys mmap @0 0x8000 1 0x11 0 fr', 'r 1');
/** Read without looking ahead, which the model does not. */
const FILE_OF_A_DISK = scene('a shared file of a disk', 'sys mmap @0 0x8000 3 0x11 0 d', 'madvise 0 8 random');
const PRIVATE_OF_A_DISK = scene('a private file of a disk', 'sys mmap @0 0x8000 3 0x12 0 dr', 'madvise 0 8 random');

const MADE_OF_MANY = scene(
  'many kinds side by side',
  ...['mmap 0 2 rw p', 'mmap 2 2 rw s', 'mmap 4 2 rw sf 0', 'mmap 6 2 rw pf 1', 'mmap 8 2 r p', 'mmap 10 2 rw pR'],
  ...['w 1 1', 'w 3 1', 'w 5 1', 'w 6 1', 'r 8', 'w 10 1'],
);
const MOVED = scene(
  'moved from elsewhere',
  'mmap 8 8 rw p',
  'w 9 1',
  'w 11 1',
  'mremap 8 4 4 F 0',
  'mremap 12 4 4 F 4',
);
const ADVISED = scene(
  'advice that stays',
  ...['mmap 0 8 rw p', 'w 1 1', 'w 3 1', 'madvise 0 2 dontfork', 'madvise 2 2 wipeonfork', 'madvise 4 2 dontdump'],
);
const ON_FAULT = scene('locked on fault', 'mmap 0 8 rw p', 'w 1 1', 'mlock2 0 8');
const FREED = scene(
  'pages given up',
  'mmap 0 8 rw p',
  'w 1 1',
  'w 2 1',
  'w 3 1',
  'madvise 0 3 free',
  'madvise 3 1 cold',
);
const POISONED = scene(
  'poison and protected pages',
  ...['mmap 0 8 rw p', 'w 1 1', 'w 3 1', 'sys uffd_register @0 0x8000 3 1', 'sys uffd_poison @2 0x1000 0 1'],
  'sys uffd_protect @3 0x2000 1 1',
);
const SEALED_FILE = scene('a sealed file', 'sys mmap @0 0x8000 1 0x12 0 fr', 'r 1', 'sys mseal @2 0x3000 0');

const FILES = [SHARED, SHARED_FILE, PRIVATE_FILE, SHORT_FILE, READ_ONLY_FILE, FILE_OF_A_DISK, PRIVATE_OF_A_DISK];
const STATES = [SEALED, LOCKED, STACK, GUARDED, REGISTERED, FORKED, LIMITED, UNPRIVILEGED];
const OTHERS = [FORBIDDEN, DROPPABLE, POLICY, MADE_OF_MANY, MOVED, ADVISED, ON_FAULT, FREED, POISONED, SEALED_FILE];
const ALL = [NOTHING, ANONYMOUS, THREE, ...STATES, ...OTHERS, ...FILES];
const FEW = [NOTHING, ANONYMOUS, THREE, SHARED_FILE];

/* --- words ------------------------------------------------------------------------------------------------------------- */

const NO_LENGTHS = ['0x8000000000000', '0x800000000000', '0x8000000000000000', '-4096', '-4095', '-1'];
/** Also some that reach out of the range, where nothing lies. */
const LENGTHS = [0, 1, 4095, 4096, 4097, 0x3000, 0x8000, '0x10000000000', ...NO_LENGTHS];
/** Of what fills or locks pages: none that would never end. */
const SHORT_LENGTHS = [0, 1, 4095, 4096, 4097, 0x3000, 0x8000, ...NO_LENGTHS];

/** madvise goes on behind holes, to the end of what there is: the program that asks lies there, too. */
const WRAPPING_LENGTHS = [0, 1, 4095, 4096, 4097, 0x3000, 0x8000, '-4096', '-4095', '-1'];

const STARTS = ['@0', '@1', '@2+1', '@3', '@3-1', '@7', '@16'];
/** Around the ends of what a program may map. */
const FAR = [
  ...[0, 1, 4095, 65536],
  ...['0x7fffffffd000', '0x7fffffffe000', '0x7fffffffefff', '0x7ffffffff000', '0x800000000000', '0x800000001000'],
  ...['0xffff800000000000', '-8192', '-4096', '-4095', '-1'],
];

/** MAP_HUGETLB is not modelled. */
const HUGETLB = 0x40000;
const MAP_TYPES = [0, 1, 2, 3, 8];
const FILE_WORDS = ['-', 'f', 'fr', 'fw', 'd', 'dr', 'dw'];
const FIXED = 0x10;
const ANON = 0x20;

function withoutHugetlb(words: readonly string[]): string[] {
  return words.filter((word) => (Number(word) & HUGETLB) === 0);
}

/** Each bit alone, and with each kind of mapping. */
function mapFlags(others: number): string[] {
  return withoutHugetlb([...new Set(MAP_TYPES.flatMap((type) => eachBit(type | others)))]);
}

/* --- sweeps ------------------------------------------------------------------------------------------------------------ */

const FLAGS = [
  0x8,
  FIXED,
  ANON,
  0x40,
  0x80,
  0x100,
  0x800,
  0x1000,
  0x2000,
  0x4000,
  0x8000,
  0x10000,
  0x20000,
  0x80000,
  0x100000,
];

/** Two flags with each type. */
function pairsOfFlags(): string[] {
  const pairs = FLAGS.flatMap((one, n) => FLAGS.slice(n + 1).map((other) => one | other));
  return [...new Set([1, 2, 3].flatMap((type) => pairs.map((pair) => hex(type | pair))))];
}

const MMAP: readonly Sweep[] = [
  {
    name: 'mmap: pairs of flags',
    stage: PLAIN,
    scenes: [THREE, MADE_OF_MANY],
    cases: product('mmap', [0, '@1', '@12'], [0x2000], [0, 3], pairsOfFlags(), [0], ['-', 'f', 'dr', 'd']),
  },
  {
    name: 'mmap: flags',
    stage: PLAIN,
    scenes: [THREE, LIMITED],
    cases: [
      ...product('mmap', ['@1'], [0x2000], [3], mapFlags(FIXED), [0], FILE_WORDS),
      ...product('mmap', ['@1'], [0x2000], [1, 3, 6], mapFlags(FIXED | ANON), [0], ['-', 'f']),
      ...product('mmap', [0, '@1', '@1+1', '@12'], [0x2000], [3], mapFlags(0), [0], ['-', 'f', 'd']),
      ...product('mmap', ['@1', '@12'], [0x2000], [3], mapFlags(ANON), [0], ['-']),
      ...product('mmap', ['@1', '@12'], [0x2000], [3], mapFlags(ANON | 0x100000), [0], ['-']),
    ],
  },
  {
    name: 'mmap: types and protections',
    stage: PLAIN,
    scenes: FEW,
    cases: [
      ...product('mmap', ['@1'], [0x2000], eachBit(), [0x11, 0x12, 0x13, 0x31, 0x32, 0x33, 0x38], [0], FILE_WORDS),
      ...product('mmap', ['@1'], [0x2000], range(0, 7), [0x11, 0x12, 0x13, 0x31, 0x32, 0x112, 0x132], [0], FILE_WORDS),
      ...product('mmap', ['@1'], [0x2000], [3], range(0, 0x3f), [0], ['-', 'f']),
    ],
  },
  {
    name: 'mmap: lengths and offsets',
    stage: PLAIN,
    scenes: FEW,
    cases: [
      ...product(
        'mmap',
        ['@1', '@2+1'],
        SHORT_LENGTHS,
        [1],
        [0x11, 0x12, 0x31, 0x32, 0x38, 0x132, 0x100022],
        offsets(),
        ['f'],
      ),
      ...product('mmap', ['@1'], [4096, 0x3000, '-4096'], [3], [0x11, 0x12, 0x1], offsets(), ['fr', 'fw', 'd', 'dr']),
      ...product(
        'mmap',
        ['@1', 0],
        LENGTHS,
        [1, 3],
        [0x11, 0x12, 0x1, 0x2, 0x21, 0x22, 0x31, 0x32, 0x4032],
        [0],
        ['f'],
      ),
    ],
  },
  {
    name: 'mmap: addresses',
    stage: PLAIN,
    scenes: [THREE, UNPRIVILEGED, LIMITED, STACK, MADE_OF_MANY],
    cases: product(
      'mmap',
      [...STARTS, ...FAR.filter((at) => at !== '-4095')],
      [1, 4096, 8192, 0x9000, '-4096'],
      [1],
      [0x12, 0x2, 0x22, 0x21, 0x32, 0x31, 0x100022, 0x100032, 0x122, 0x62, 0x132],
      [0],
      ['f'],
    ),
  },
];

function offsets(): Word[] {
  return [
    ...[0, 1, 4095, 4096, 0xf000, 0x10000],
    ...['0x7ffffffffffff000', '0x7fffffffffffe000', '0x8000000000000000', '-4096', '-8192', '-1'],
  ];
}

const RANGES: readonly Sweep[] = [
  {
    name: 'munmap',
    stage: PLAIN,
    scenes: ALL,
    cases: [
      ...product('munmap', STARTS, LENGTHS),
      ...product('munmap', FAR.slice(4), [0, 1, 4096, ...NO_LENGTHS]),
      ...product('munmap', [0, 1, 4096], [0, 4096, ...NO_LENGTHS]),
    ],
  },
  {
    name: 'mprotect: bits',
    stage: PLAIN,
    scenes: ALL,
    cases: [
      ...product('mprotect', ['@0', '@1', '@5', '@6', '@9'], [4096, 0x4000], [...range(0, 7), ...eachBit()]),
      ...product('mprotect', STARTS, [0, 4096, 0x3000, -1], [0x1000003, 0x2000003, 0x3000003, 0x1000000, 0x2000001]),
    ],
  },
  {
    name: 'mprotect: ranges',
    stage: PLAIN,
    scenes: ALL,
    cases: [
      ...product('mprotect', STARTS, LENGTHS, [0, 1, 3, 8]),
      ...product('mprotect', FAR, [0, 1, 4096, -4096, -1], [1, 0x2000001, 0x10]),
      ...product('mprotect', FAR.slice(4), [0, 1, 4096, ...NO_LENGTHS], [1, 0x1000001, 0x2000001, 0x10]),
      ...product('pkey_mprotect', STARTS, [0, 4096, 0x3000, -1], [1, 9], [-2, -1, 0, 1, 15, 16, '0x7fffffff']),
    ],
  },
  {
    name: 'mlock and munlock',
    stage: PLAIN,
    scenes: ALL,
    cases: [
      ...product('mlock', STARTS, SHORT_LENGTHS),
      ...product('munlock', STARTS, LENGTHS),
      ...product('mlock2', ['@0', '@2+1', '@6'], [0, 1, 0x3000, -1], [...range(0, 3), ...eachBit()]),
      ...product('mlock2', STARTS, SHORT_LENGTHS, [1]),
      ...product('mlock', FAR, [0, 4096, ...NO_LENGTHS]),
      ...product(
        'munlock',
        FAR.filter((at) => at !== '0x7fffffffe000'),
        [0, 4096, ...NO_LENGTHS],
      ),
    ],
  },
  {
    name: 'msync, mincore, mseal',
    stage: PLAIN,
    scenes: ALL,
    cases: [
      ...product('msync', ['@0', '@2+1', '@3', '@6'], [0, 1, 0x3000, -1], [...range(0, 15), ...eachBit()]),
      ...product('msync', STARTS, LENGTHS, [0, 1, 2, 4, 6]),
      ...product('msync', FAR, [0, 4096, ...NO_LENGTHS], [0, 4]),
      ...product('mincore', STARTS, SHORT_LENGTHS),
      ...product('mincore', FAR, [0, 4096, ...NO_LENGTHS]),
      ...product('mseal', STARTS, [0, 1, 4095, 4097, 0x3000, -1, -4096], [0, 1]),
      ...product('mseal', ['@0', '@2+1'], [0, 4096], eachBit()),
    ],
  },
  {
    name: 'remap_file_pages',
    stage: PLAIN,
    scenes: [NOTHING, ANONYMOUS, SEALED, LIMITED, ...FILES],
    cases: [
      ...product(
        'remap_file_pages',
        ['@0', '@1', '@2+1', '@6', '@16'],
        [0, 1, 4095, 4096, 0x3000, 0x8000, ...NO_LENGTHS],
        [0, 1],
        [0, 2, 15, 16, '0x7ffffffffffff', '0x8000000000000', '0xfffffffffffff', -1],
        [0, 0x10000],
      ),
      ...product('remap_file_pages', ['@1'], [0x2000], [0], [3], eachBit()),
      ...product('remap_file_pages', ['@1'], [0x2000], eachBit(), [3], [0]),
    ],
  },
];

const MREMAP: readonly Sweep[] = [
  {
    name: 'mremap: flags and lengths',
    stage: PLAIN,
    scenes: ALL,
    cases: product(
      'mremap',
      ['@0', '@1', '@6', '@2+1'],
      [0, 1, 0x1000, 0x3000, 0x8000, -1],
      [0, 1, 0x1000, 0x3000, 0xa000, '-4096', -1],
      range(0, 8),
      ['@2', '@11'],
    ),
  },
  {
    name: 'mremap: new addresses',
    stage: PLAIN,
    scenes: [ANONYMOUS, THREE, LOCKED, SEALED, SHARED_FILE, GUARDED, STACK, LIMITED, UNPRIVILEGED, MADE_OF_MANY, MOVED],
    cases: [
      ...product(
        'mremap',
        ['@0', '@2'],
        [0, 0x1000, 0x3000],
        [0x1000, 0x3000, 0x5000],
        [1, 3, 4, 5, 7],
        ['@0', '@1', '@2', '@4', '@5', '@9', '@11+1', ...FAR],
      ),
      ...product('mremap', ['@0', '@8'], [0x1000], [0x1000, 0x2000], eachBit(), ['@12']),
      ...product('mremap', ['@0', '@8'], [0x1000], [0x1000, 0x2000], eachBit(1), ['@12']),
      ...product('mremap', FAR, [0, 4096], [0, 4096, 8192], [0, 1, 3, 5, 7], ['@12']),
      ...product('mremap', ['@0', '@1'], [0x1000, 0x8000, 0xb000], NO_LENGTHS, [0, 1, 3, 5, 7], ['@12']),
      ...product('mremap', ['@0', '@1'], NO_LENGTHS, [0x1000, ...NO_LENGTHS], [0, 1, 3, 5, 7], ['@12']),
    ],
  },
];

const PAGEOUT = 21; /* where the machine has swap it takes pages, see SWAPPED */
/** Poisoning and taking pages offline are real. */
const ADVICE = range(-1, 255).filter((advice) => ![PAGEOUT, 100, 101].includes(advice));
/** 3, 12, 13, 20, 21: of no consequence that could be seen, or of what is not modelled. */
const KNOWN_ADVICE = [0, 3, 4, 8, 9, 10, 11, 14, 16, 17, 18, 19, 20, 22, 23, 24, 25, 102, 103];

const MADVISE: readonly Sweep[] = [
  {
    name: 'madvise: advice',
    stage: PLAIN,
    scenes: ALL,
    cases: [
      ...product('madvise', ['@1', '@2+1'], [0, 0x2000], ADVICE),
      ...product('madvise', ['@1'], [0x9000], KNOWN_ADVICE),
      ...product('process_madvise', ADVICE, [0], ['@1'], [0x2000]),
    ],
  },
  {
    name: 'madvise: ranges',
    stage: PLAIN,
    scenes: ALL,
    cases: [
      ...product('madvise', STARTS, WRAPPING_LENGTHS, KNOWN_ADVICE),
      ...product('madvise', FAR, [0, 1, 4096], [4, 8, 9, 14, 22, 102]),
      ...product('madvise', FAR.slice(4), [-4096, -1], [4, 8, 9, 14, 22, 102]),
    ],
  },
  {
    name: 'process_madvise',
    stage: PLAIN,
    scenes: [...FEW, SEALED, LOCKED, GUARDED],
    cases: [
      ...product(
        'process_madvise',
        [4, 20, 102, 77],
        [0, 1, -1],
        ['@0', '@2+1', '@16', -4096],
        [0, 1, 4096, -1],
        ['@1', '@3+1', '@6'],
        [0, 4096, 0x3000, -1],
      ),
      ...product('process_madvise', [4, 20], eachBit(), ['@0'], [4096]),
      ...product('process_madvise', KNOWN_ADVICE, [0], ['@0'], [4096], ['@3'], [0x2000], ['@1'], [4096]),
      ...product('process_madvise', [4, 77], [0, 1]),
    ],
  },
];

const POLICIES: readonly Sweep[] = [
  {
    name: 'mbind',
    stage: PLAIN,
    scenes: [NOTHING, ANONYMOUS, THREE, POLICY, LOCKED, SEALED, UNPRIVILEGED, SHARED],
    cases: [
      ...product('mbind', ['@1'], [0x2000], modes(), [0, 1, 2, 3, '0x8000000000000000'], [0, 2]),
      ...product('mbind', ['@0', '@2+1', '@6'], [0, 1, 0x3000, '-4096', -1], [0, 2, 4], [0, 1], range(0, 8)),
      ...product('mbind', ['@1'], [0x2000], [0, 2, 4], [0, 1], eachBit()),
      ...product('mbind', ['@1'], [0x2000], eachBit(2), [1], [0]),
      ...product('mbind', FAR, [0, 4096, ...NO_LENGTHS], [0, 2], [1], [0, 1]),
    ],
  },
  {
    name: 'policies of the task',
    stage: PLAIN,
    scenes: [NOTHING, ANONYMOUS, POLICY, FORBIDDEN, SHARED],
    cases: [
      ...product('set_mempolicy', modes(), [0, 1, 2, 3, '0x8000000000000000']),
      ...product('set_mempolicy', eachBit(), [0, 1]),
      ...product('get_mempolicy', [0, 1, '@0', '@2', '@2+1', '@9', -1], [...range(0, 8), ...eachBit()]),
    ],
  },
];

/** Every mode with every flag, and some with several. */
function modes(): string[] {
  const flags = [0, 0x2000, 0x4000, 0x8000, 0x6000, 0xa000, 0xc000, 0x1000, 0x10000];
  return range(-1, 10).flatMap((mode) => flags.map((flag) => hex(mode | flag)));
}

const PUNCHES = [0, 1, 4095, 4096, 0x2001, '0x7fffffffffffffff', '0x7ffffffffffff000', '0x8000000000000000', -1];

const SETTINGS: readonly Sweep[] = [
  {
    name: 'settings',
    stage: PLAIN,
    scenes: [NOTHING, LOCKED, UNPRIVILEGED],
    cases: [
      ...product('mdwe', [0, 3, ...eachBit().filter((bits) => bits !== '0x1')]), // 1 alone outlives the oracle's image
      ...product('thp_disable', [0, 1, 2, -1], [...range(0, 4), ...eachBit()]),
      ...product('brk', [0, 1, 4095, 4096, 0x5001, -1, -4096, '0x100000000000000', '@0', '@1', '0x7ffffffff000']),
    ],
  },
  {
    // Not with a limit: what the program has that asks would count.
    name: 'mlockall',
    stage: PLAIN,
    scenes: [NOTHING, ANONYMOUS, LOCKED, FORBIDDEN, SHARED],
    cases: product('mlockall', [...range(0, 8), ...eachBit()]),
  },
  {
    name: 'files',
    stage: PLAIN,
    scenes: [NOTHING, SHARED_FILE, PRIVATE_FILE, SHORT_FILE],
    cases: [
      ...product(
        'ftruncate',
        [0, 1, 4095, 4096, 0x4001, 0x10000, '0x7fffffffffffffff', '0x8000000000000000', -1],
        ['f'],
      ),
      ...product('ftruncate', [0, 1, 4096, -1], ['fr', 'fw']),
      ...product('punch', [0, 1, 4095, 4096, 0x10000, '0x7fffffffffffffff', '0x7ffffffffffff000', -1], PUNCHES, ['f']),
      ...product('punch', [0, 4096, -1], [0, 4096, -1], ['fr', 'fw']),
    ],
  },
];

const WITH_MODES = [
  REGISTERED,
  scene('registered for missing pages', 'mmap 0 8 rw p', 'w 2 1', 'sys uffd_register @0 0x8000 1 1'),
  scene('registered for writes', 'mmap 0 8 rw p', 'w 2 1', 'sys uffd_register @0 0x8000 2 1'),
  scene('writes that lift it', 'mmap 0 8 rw p', 'w 2 1', 'sys uffd_register @0 0x8000 2 3'),
  scene('another one', 'mmap 0 8 rw p', 'w 2 1', 'sys uffd_register @2 0x2000 3 2'),
  scene('a shared file, registered', 'mmap 0 8 rw sf 0', 'w 2 1', 'sys uffd_register @0 0x8000 7 1'),
  scene('shared memory, registered', 'mmap 0 8 rw s', 'w 2 1', 'sys uffd_register @0 0x8000 7 1'),
  scene('the end of a file, registered', 'ftruncate 3', 'mmap 0 8 rw sf 0', 'w 2 1', 'sys uffd_register @0 0x8000 7 1'),
];

const UFFD_LENGTHS = [0, 1, 4095, 4096, 0x3000, 0x8000, '-4096', -1];

const USERFAULTS: readonly Sweep[] = [
  {
    name: 'userfaultfd: features and registering',
    stage: PLAIN,
    scenes: [...ALL, ...WITH_MODES],
    cases: [
      ...product('uffd_register', ['@0', '@1', '@6'], [0x1000, 0x4000], [...range(0, 15), ...eachBit()], [1]),
      ...product('uffd_register', ['@0', '@1', '@6'], [0x1000, 0x4000], range(0, 8), [2, 3]),
      ...product('uffd_register', [...STARTS, ...FAR], UFFD_LENGTHS, [0, 1, 2], [1]),
      ...product('uffd_unregister', [...STARTS, ...FAR], UFFD_LENGTHS, [1]),
      ...product('uffd_unregister', STARTS, [0x1000, 0x4000], [2]),
      ...product('uffd_wake', [...STARTS, ...FAR], UFFD_LENGTHS, [1]),
    ],
  },
  {
    name: 'userfaultfd: bringing pages',
    stage: PLAIN,
    scenes: [NOTHING, ANONYMOUS, ...WITH_MODES],
    cases: [
      ...['zeropage', 'continue', 'poison', 'protect'].flatMap((call) => [
        ...product(`uffd_${call}`, ['@0', '@1', '@2', '@4'], [0x1000, 0x3000], [...range(0, 3), ...eachBit()], [1]),
        ...product(`uffd_${call}`, [...STARTS, ...FAR], UFFD_LENGTHS, [0, 1, 8], [1]),
        ...product(`uffd_${call}`, ['@0', '@2'], [0x1000, 0x3000], range(0, 3), [2, 3]),
      ]),
      ...product('uffd_copy', ['@0', '@1', '@2', '@4'], [0x1000, 0x3000], [...range(0, 3), ...eachBit()], [1]),
      ...product('uffd_copy', [...STARTS, ...FAR], [0, 1, 4095, 0x1000, 0x3000, 0x8000], [0, 2, 8], [1, 2]),
      ...product(
        'uffd_move',
        ['@0', '@1', '@3+1', '@9'],
        ['@2', '@1', '@3+1', '@9', 0, -4096],
        [0, 1, 0x1000, 0x3000, -1],
        [0, 2],
        [1],
      ),
      ...product('uffd_move', ['@0', '@3'], ['@2'], [0x1000, 0x2000], eachBit(), [1]),
    ],
  },
  {
    name: 'userfaultfd: features',
    stage: PLAIN,
    scenes: [NOTHING, UNPRIVILEGED],
    // 4 and 9 are of huge TLB pages, which are not modelled.
    cases: product('uffd_api', [
      0,
      ...range(0, 63)
        .filter((bit) => bit !== 4 && bit !== 9)
        .map((bit) => `0x${(1n << BigInt(bit)).toString(16)}`),
    ]),
  },
];

const HUGE: Stage = { pages: 1024, thp: true, unsteady: true };
const HUGE_SCENES = [
  scene('a huge page', 'mmap 0 1024 rw p', 'madvise 0 1024 hugepage', 'w 5 1'),
  scene('a huge page that is locked', 'mmap 0 1024 rw p', 'madvise 0 1024 hugepage', 'w 5 1', 'mlock 0 1024'),
];
const HUGE_LENGTHS = [0, 1, 4096, 0x1ff000, 0x200000, 0x201000, -1];

const SWAPPING: Stage = { pages: PAGES, swap: true, unsteady: true };
const SWAPPED = [scene('a page that is out', 'mmap 0 8 rw p', 'w 1 1', 'w 3 1', 'madvise 0 4 pageout')];

const ELSEWHERE: readonly Sweep[] = [
  {
    name: 'huge pages',
    stage: HUGE,
    scenes: HUGE_SCENES,
    cases: [
      ...product('munmap', ['@0', '@1', '@511', '@512'], HUGE_LENGTHS),
      ...product('mprotect', ['@0', '@1', '@511', '@512'], HUGE_LENGTHS, [0, 1, 3]),
      ...product('madvise', ['@0', '@1', '@511'], HUGE_LENGTHS, KNOWN_ADVICE),
      ...product('mremap', ['@0', '@1'], [0, 4096, 0x200000], [4096, 0x200000, 0x201000], range(0, 7), [
        '@512',
        '@513',
      ]),
      ...product('mlock2', ['@0', '@1'], HUGE_LENGTHS, [0, 1]),
      ...product('munlock', ['@0', '@1'], HUGE_LENGTHS),
      ...product('mbind', ['@0', '@1'], HUGE_LENGTHS, [0, 2], [0, 1], range(0, 4)),
      ...product('uffd_register', ['@0', '@1', '@511'], HUGE_LENGTHS, range(1, 4), [1]),
      ...product('process_madvise', [4, 8, 25, 102], [0], ['@1'], [4096, 0x200000], ['@0'], [0x200000]),
    ],
  },
  {
    name: 'pages that are out',
    stage: SWAPPING,
    scenes: SWAPPED,
    cases: [
      ...product('munmap', ['@0', '@1', '@2+1'], [0, 4096, 0x3000, -1]),
      ...product('mprotect', ['@0', '@1', '@2+1'], [0, 4096, 0x3000, -1], [0, 1, 3]),
      ...product('madvise', ['@0', '@1', '@2+1'], [0, 4096, 0x3000, -1], KNOWN_ADVICE),
      ...product('mremap', ['@0', '@1'], [0, 4096, 0x3000], [0x1000, 0x4000], range(0, 3), ['@11']),
      ...product('mlock2', ['@0', '@1'], [4096, 0x3000, -1], [0, 1]),
      ...product('uffd_register', ['@0'], [0x8000], [1, 2, 3], [1]),
    ],
  },
];

const PAGES_IN = range(0, 8).map((page) => `@${page}`);
const SOME_PAGES = [0x1000, 0x2000, 0x3000, 0x5000];
const LOCKED_FILE = scene('a locked file', 'mmap 0 8 rw sf 0', 'w 1 1', 'mlock 2 3');
const CUT_PRIVATE = scene(
  'a private file, written beyond what it will be',
  'mmap 0 8 rw pf 0',
  'w 1 1',
  'w 3 1',
  'ftruncate 3+9',
);

const WHOLE: readonly Sweep[] = [
  {
    name: 'whole pages',
    stage: PLAIN,
    scenes: [...ALL, ...WITH_MODES, LOCKED_FILE, CUT_PRIVATE],
    cases: [
      ...['munmap', 'mlock', 'munlock', 'mincore'].flatMap((call) => product(call, PAGES_IN, SOME_PAGES)),
      ...product('mprotect', PAGES_IN, SOME_PAGES, [0, 1, 3, 5, 7]),
      ...product('madvise', PAGES_IN, SOME_PAGES, KNOWN_ADVICE),
      ...product('mlock2', PAGES_IN, SOME_PAGES, [1]),
      ...product('mseal', PAGES_IN, SOME_PAGES, [0]),
      ...product('msync', PAGES_IN, SOME_PAGES, [2, 4]),
      ...product('mbind', PAGES_IN, SOME_PAGES, [0, 2], [1], [0]),
      ...product('mmap', PAGES_IN, SOME_PAGES, [1, 3], [0x32, 0x31, 0x8032, 0x4032, 0x38], [0], ['-']),
      ...product('mmap', PAGES_IN, SOME_PAGES, [1, 3], [0x12, 0x11, 0x8011, 0x2012], [0, 0x2000], ['f']),
    ],
  },
  {
    name: 'whole pages that move',
    stage: PLAIN,
    scenes: [...ALL, ...WITH_MODES, LOCKED_FILE, CUT_PRIVATE],
    cases: [
      ...product('mremap', PAGES_IN, [0, ...SOME_PAGES], [0x1000, 0x3000, 0x4000], [0], [0]),
      ...product('mremap', PAGES_IN, [0, ...SOME_PAGES], [0x1000, 0x3000, 0x4000], [3], ['@0', '@4', '@9', '@12']),
      ...product('mremap', PAGES_IN, SOME_PAGES, [0x1000, 0x3000], [7], ['@0', '@9', '@12']),
    ],
  },
  {
    name: 'pages of userfaultfds',
    stage: PLAIN,
    scenes: [...WITH_MODES, POISONED],
    cases: [
      ...['zeropage', 'continue', 'poison', 'protect', 'copy'].flatMap((call) =>
        product(`uffd_${call}`, PAGES_IN, SOME_PAGES, [0, 1, 2, 3], [1, 2, 3]),
      ),
      ...product('uffd_register', PAGES_IN, SOME_PAGES, range(1, 7), [1, 2, 3]),
      ...product('uffd_unregister', PAGES_IN, SOME_PAGES, [1, 2]),
      ...product('uffd_move', PAGES_IN, PAGES_IN, [0x1000, 0x2000], [0, 2], [1]),
    ],
  },
  {
    name: 'cut files',
    stage: PLAIN,
    scenes: [SHARED_FILE, PRIVATE_FILE, SHORT_FILE, CUT_PRIVATE, MADE_OF_MANY, LOCKED_FILE, ...WITH_MODES.slice(5)],
    cases: [
      ...product(
        'ftruncate',
        range(0, 18).flatMap((half) => [0x800 * half, 0x800 * half + 1]),
        ['f'],
      ),
      // Not inside the first page alone: Linux unmaps all then, see docs/differences.md.
      ...product(
        'punch',
        range(2, 9).flatMap((half) => [0x800 * half, 0x800 * half + 1]),
        [1, 0x800, 0x1000, 0x1800, 0x3000],
        ['f'],
      ),
      ...product('punch', [0, 1, 0x800], [0x1000, 0x1800, 0x3000], ['f']),
    ],
  },
];

const HEAP = scene('a heap', 'sys brk 0x4000');
const DENYING = scene('memory-deny-write-execute', 'mmap 0 4 rx p', 'mmap 4 4 rw p', 'w 5 1', 'sys mdwe 3');
const LITTLE_DATA = scene('a low limit on data', 'mmap 0 4 rw p', 'w 1 1', 'mmap 4 4 r p', 'rlimit data 6');
const FUTURE = scene('all to come is locked', 'mmap 0 8 rw p', 'w 1 1', 'mlockall f');
const FUTURE_ON_FAULT = scene('all to come is locked on fault', 'mmap 0 8 rw p', 'w 1 1', 'mlockall fo');
const LITTLE_FUTURE = scene(
  'all to come is locked, and a low limit',
  ...['mmap 0 4 rw p', 'mlock 0 2', 'mlockall f', 'rlimit memlock 4', 'privileged off'],
);
const NO_FUTURE = scene('nothing may be locked', 'mmap 0 8 rw p', 'rlimit memlock 0', 'privileged off');
const RULED = [HEAP, DENYING, LITTLE_DATA, FUTURE, FUTURE_ON_FAULT, LITTLE_FUTURE, NO_FUTURE];

const RULES: readonly Sweep[] = [
  {
    name: 'rules of the process',
    stage: PLAIN,
    scenes: RULED,
    cases: [
      ...product(
        'mmap',
        ['@2', '@10'],
        [0x1000, 0x3000],
        range(0, 7),
        [0x11, 0x12, 0x31, 0x32, 0x38, 0x132, 0x2032, 0x4032, 0x8032, 0x10032],
        [0],
        ['f', 'dr'],
      ),
      ...product('mprotect', ['@0', '@2', '@5'], [0x1000, 0x3000], range(0, 7)),
      ...product('mremap', ['@0', '@2', '@5'], [0, 0x1000, 0x3000], [0x1000, 0x2000, 0x5000], [0, 1, 3, 5, 7], ['@10']),
      ...product('brk', [0, 1, 0x2000, 0x3001, 0x4000, 0x4001, 0x5000, 0x6000, 0x8000, 0x10000, -1]),
      ...product('mlock2', ['@0', '@2', '@5'], [0, 0x1000, 0x3000, 0x8000], [0, 1]),
      ...product('munlock', ['@0', '@2', '@5'], [0, 0x1000, 0x3000]),
      ...product('mlockall', [0, 2, 4, 6]),
      ...product('remap_file_pages', ['@2'], [0x1000], [0], [0], [0]),
    ],
  },
];

export const SWEEPS: readonly Sweep[] = [
  ...WHOLE,
  ...RULES,
  ...MMAP,
  ...RANGES,
  ...MREMAP,
  ...MADVISE,
  ...POLICIES,
  ...SETTINGS,
  ...USERFAULTS,
  ...ELSEWHERE,
];
