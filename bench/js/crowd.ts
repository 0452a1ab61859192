/**
 * A space with many mappings, laid out as the native benchmarks lay them out: two free pages between each two.
 */
import { AddressSpace } from '../../lib/address-space';
import type { PolicyName } from '../../lib/policy';
import type { Random } from './random';

const PAGES = 10;
const PAGES_BETWEEN = 2;

export class Crowd implements Disposable {
  readonly space: AddressSpace;
  /** where each mapping starts */
  readonly starts: readonly number[];

  constructor(mappings: number, policy: PolicyName) {
    this.space = new AddressSpace({ policy });
    const page = this.space.pageSize;
    const stride = (PAGES + PAGES_BETWEEN) * page;
    const base = this.space.mmap({ length: mappings * stride });
    this.starts = Array.from({ length: mappings }, (_, i) => base + i * stride);
    for (const start of this.starts) this.space.munmap(start + PAGES * page, PAGES_BETWEEN * page);
  }

  /** Gives each mapping its first page. */
  touchAll(): void {
    for (const start of this.starts) this.space.fault(start, 'write');
  }

  /** The first pages of `count` random mappings, with repetition. */
  someStarts(count: number, random: Random): number[] {
    return Array.from({ length: count }, () => this.starts[random.below(this.starts.length)] ?? 0);
  }

  /** A random page of each of the mappings, in random order. */
  onePageOfEach(random: Random): number[] {
    const pages = this.starts.map((start) => start + random.below(PAGES) * this.space.pageSize);
    for (let i = pages.length - 1; i > 0; i--) {
      const j = random.below(i + 1);
      [pages[i], pages[j]] = [pages[j] ?? 0, pages[i] ?? 0];
    }
    return pages;
  }

  /** Drops all pages. */
  dropAll(): void {
    for (const start of this.starts) this.space.madvise(start, PAGES * this.space.pageSize, 'dontneed');
  }

  [Symbol.dispose](): void {
    this.space.close();
  }
}
