/**
 * How a line of the protocol reads: words, amounts, protections, flags.
 *
 * The shapes are those of the kernel oracle, down to what it takes for a number, so that one file of operations can be
 * given to the running kernel and to vmalock.
 */

/** The largest range, in pages; also the largest amount that a line may name. */
export const MAX_PAGES = 4096;

const PAGE_SIZE = 4096;

const PROT_BITS = { r: 0x1, w: 0x2, x: 0x4, d: 0x100_0000 };

/** The words of one line, taken from the left. */
export class Words {
  private readonly words: string[];
  private next = 0;

  constructor(line: string) {
    this.words = line.split(/[ \t\r]+/).filter((word) => word !== '');
  }

  take(): string | undefined {
    return this.words[this.next++];
  }

  /** All that are left. */
  rest(): string[] {
    return this.words.slice(this.next);
  }

  /** `PAGES`, `PAGES+BYTES` or `+BYTES`, in bytes. */
  takeAmount(): number | undefined {
    const match = /^(\d+)?(?:\+(\d+))?$/.exec(this.take() ?? '');
    if (!match || (match[1] === undefined && match[2] === undefined)) return undefined;
    const pages = Number(match[1] ?? 0);
    const bytes = Number(match[2] ?? 0);
    if (pages > MAX_PAGES || bytes > MAX_PAGES * PAGE_SIZE) return undefined;
    return pages * PAGE_SIZE + bytes;
  }

  /** Any of `r`, `w`, `x`, or `-` for none, and `d` for PROT_GROWSDOWN: bits, as {@link AddressSpace.mmap} takes them. */
  takeProt(): number | undefined {
    return this.takeLetters(PROT_BITS);
  }

  /** The sum of the numbers of a word's letters; `-` is none of them. */
  takeLetters(values: Readonly<Record<string, number>>): number | undefined {
    const word = this.take();
    if (word === undefined || [...word].some((letter) => letter !== '-' && !(letter in values))) return undefined;
    return [...new Set(word)].reduce((sum, letter) => sum + (values[letter] ?? 0), 0);
  }

  /** A byte to store, read as C's `atoi` reads it: 0 for what is no number. */
  takeByte(): number {
    return (Number.parseInt(this.take() ?? '0', 10) || 0) & 0xff;
  }
}

/** What the letters behind a protection ask of mmap. */
export interface MapLetters {
  shared: boolean;
  file: boolean;
  /** false, a hint: H */
  fixed: boolean | 'noreplace';
  noReserve: boolean;
  populate: boolean;
  locked: boolean;
  stack: boolean;
  growsDown: boolean;
  /** B: the length is 1 TiB more, which nobody promises. */
  tooMuch: boolean;
  droppable: boolean;
}

/** @returns undefined when one of the letters is none of `p s a f N H R P L S G B D` */
export function parseMapLetters(word: string): MapLetters | undefined {
  if (!/^[psafNHRPLSGBD]*$/.test(word)) return undefined;
  const droppable = word.includes('D');
  return {
    shared: droppable ? word.includes('s') : word.lastIndexOf('s') > word.lastIndexOf('p'),
    file: word.includes('f'),
    fixed: word.includes('H') ? false : word.includes('N') ? 'noreplace' : true,
    noReserve: word.includes('R'),
    populate: word.includes('P'),
    locked: word.includes('L'),
    stack: word.includes('S'),
    growsDown: word.includes('G'),
    tooMuch: word.includes('B'),
    droppable,
  };
}

/** Advice the protocol knows; `bad` is a number that no kernel has. */
const ADVICE = new Set(
  (
    'normal random sequential willneed dontneed free remove dontfork dofork hugepage nohugepage dontdump dodump ' +
    'wipeonfork keeponfork cold pageout collapse populate_read populate_write guard_install guard_remove'
  ).split(' '),
);
const BAD_ADVICE = 9999;

/** @returns what {@link AddressSpace.madvise} takes, or undefined for a name the protocol does not list */
export function parseAdvice(word: string): string | number | undefined {
  if (word === 'bad') return BAD_ADVICE;
  return ADVICE.has(word) ? word : undefined;
}
