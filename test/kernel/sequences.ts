/**
 * Seeded random operations in the line protocol.
 *
 * A seed gives the same sequence for ever, so a failure is told by its seed.
 */

import { type Operation, type Profile, UFFD_MODES } from './profiles';

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
