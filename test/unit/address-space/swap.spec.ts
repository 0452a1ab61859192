import { AddressSpace, type AddressSpaceOptions, FAULT_ERAS, FaultResult, SimFile } from '../../../lib';
import { codeOf, INVALID, RANGE } from '../../support/codes';
import { PAGE } from '../../support/drawing';

const COUNT = 6;

function bytesOf(n: number): Buffer {
  return Buffer.from(Array.from({ length: PAGE }, (_, i) => (i * 13 + n * 7 + (i >> 8)) & 0xff));
}

/** Pages full of bytes, each with others. */
function written(options: AddressSpaceOptions = {}): { space: AddressSpace; start: number } {
  const space = new AddressSpace({ frames: 64, swap: 16, ...options });
  const start = space.mmap({ length: COUNT * PAGE });
  for (let n = 0; n < COUNT; n++) space.write(start + n * PAGE, bytesOf(n));
  return { space, start };
}

function residence(space: AddressSpace, start: number): string {
  return Array.from(space.mincore(start, COUNT * PAGE)).join('');
}

describe('swap', () => {
  it('takes what is paged out and gives it back byte for byte, as a major fault', () => {
    const { space, start } = written();
    space.madvise(start, COUNT * PAGE, 'pageout');
    expect(residence(space, start)).toBe('000000');
    expect(space.status()).toMatchObject({ VmRSS: 0, RssAnon: 0, VmSwap: COUNT * PAGE, FramesUsed: 0 });
    const before = space.stats().majorFaults;
    for (let n = 0; n < COUNT; n++) expect(space.read(start + n * PAGE, PAGE).equals(bytesOf(n))).toBe(true);
    expect(space.stats().majorFaults - before).toBe(COUNT);
    expect(space.status()).toMatchObject({ VmRSS: COUNT * PAGE, VmSwap: 0 });
    space.validate();
    space.close();
  });

  it('takes no page without a slot', () => {
    const few = written({ swap: 2 });
    few.space.madvise(few.start, COUNT * PAGE, 'pageout');
    expect(residence(few.space, few.start)).toBe('001111');
    const none = written({ swap: 0 });
    none.space.madvise(none.start, COUNT * PAGE, 'pageout');
    expect(residence(none.space, none.start)).toBe('111111');
    few.space.close();
    none.space.close();
  });

  it('is none unless asked for', () => {
    using space = new AddressSpace();
    const start = space.mmap({ length: PAGE });
    space.write(start, Buffer.from([1]));
    space.madvise(start, PAGE, 'pageout');
    expect(Array.from(space.mincore(start, PAGE))).toEqual([1]);
  });

  it('is shared by forks, whose writes stay apart', () => {
    const { space, start } = written();
    space.madvise(start, COUNT * PAGE, 'pageout');
    const child = space.fork();
    expect(child.status()['VmSwap']).toBe(COUNT * PAGE);
    space.write(start, Buffer.from('parent'));
    child.write(start + PAGE, Buffer.from('child'));
    expect(child.read(start, PAGE).equals(bytesOf(0))).toBe(true);
    expect(space.read(start + PAGE, PAGE).equals(bytesOf(1))).toBe(true);
    space.close();
    expect(child.read(start + 5 * PAGE, PAGE).equals(bytesOf(5))).toBe(true);
    child.validate();
    child.close();
  });

  it('shows in smaps, a slot that two spaces use by half', () => {
    const { space, start } = written();
    space.madvise(start, 2 * PAGE, 'pageout');
    const child = space.fork();
    child.read(start, 1);
    expect(space.smaps()).toMatch(/^Swap: +8 kB\nSwapPss: +6 kB$/m);
    expect(child.smaps()).toMatch(/^Swap: +4 kB\nSwapPss: +2 kB$/m);
    space.close();
    child.close();
  });

  it('holds what frames cannot: a fault that finds none takes the page of somebody else', () => {
    const space = new AddressSpace({ frames: 3, swap: 16 });
    const child = space.fork();
    const all = [space, child].map((each, i) => ({
      each,
      start: each.mmap({ length: COUNT * PAGE }),
      seed: i * COUNT,
    }));
    for (const { each, start, seed } of all)
      for (let n = 0; n < COUNT; n++) each.write(start + n * PAGE, bytesOf(seed + n));
    for (const { each, start, seed } of all)
      for (let n = 0; n < COUNT; n++) expect(each.read(start + n * PAGE, PAGE).equals(bytesOf(seed + n))).toBe(true);
    expect(space.status()['FramesUsed']).toBe(3);
    space.validate();
    child.close();
    space.close();
  });

  it('holds what forks share, too: their first writes find a frame when all are shared', () => {
    const { space, start } = written({ frames: COUNT });
    using child = space.fork();
    child.write(start, Buffer.from([1]));
    space.write(start + PAGE, Buffer.from([2]));
    for (let n = 1; n < COUNT; n++) expect(child.read(start + n * PAGE, PAGE).equals(bytesOf(n))).toBe(true);
    expect(space.read(start, PAGE).equals(bytesOf(0))).toBe(true);
    expect(space.status()['FramesUsed']).toBeLessThanOrEqual(COUNT);
    child.validate();
    space.validate();
    space.close();
  });

  it('loses what MADV_FREE gave up under pressure, also where a fork shares it', () => {
    const { space, start } = written({ frames: COUNT, swap: 0 });
    space.madvise(start + 4 * PAGE, 2 * PAGE, 'free');
    using child = space.fork();
    child.write(start, Buffer.from([1]));
    expect(residence(child, start)).toBe('111101');
    expect(child.read(start + PAGE, PAGE).equals(bytesOf(1))).toBe(true);
    expect(child.read(start + 4 * PAGE, 1)[0]).toBe(0);
    expect(codeOf(() => child.write(start + PAGE, Buffer.alloc(3 * PAGE)))).toBe('ENOMEM');
    space.close();
  });

  it('goes along with mremap, and ends with munmap and madvise', () => {
    const { space, start } = written();
    space.madvise(start, COUNT * PAGE, 'pageout');
    space.munmap(start + 4 * PAGE, PAGE);
    space.madvise(start + 5 * PAGE, PAGE, 'dontneed');
    const to = space.mmap({ length: 2 * PAGE, prot: 'none' });
    space.mremap(start, 2 * PAGE, 2 * PAGE, { mayMove: true, fixed: true, to });
    expect(space.status()['VmSwap']).toBe(4 * PAGE);
    expect(space.read(to + PAGE, PAGE).equals(bytesOf(1))).toBe(true);
    expect(space.read(start + 5 * PAGE, PAGE).equals(Buffer.alloc(PAGE))).toBe(true);
    space.close();
  });

  it('loses what MADV_FREE gave up, unless it was written since', () => {
    const { space, start } = written({ swap: 0 });
    space.madvise(start, COUNT * PAGE, 'free');
    expect(residence(space, start)).toBe('111111');
    space.write(start + PAGE, Buffer.from([1]));
    space.madvise(start, COUNT * PAGE, 'pageout');
    expect(residence(space, start)).toBe('010000');
    expect(space.read(start, 1)[0]).toBe(0);
    expect(space.read(start + PAGE + 1, 8).equals(bytesOf(1).subarray(1, 9))).toBe(true);
    space.close();
  });

  it.each(FAULT_ERAS)('serves its faults under the lock of the mapping from 6.6 on: %s', (faults) => {
    const { space, start } = written({ faults });
    space.madvise(start, COUNT * PAGE, 'pageout');
    const result = space.fault(start, 'read');
    const goesBack = faults === 'rfc' || faults === 'linux-6.4';
    expect(result & FaultResult.OUTCOME).toBe(FaultResult.MAJOR);
    expect(Boolean(result & FaultResult.RETRIED)).toBe(goesBack);
    expect(Boolean(result & FaultResult.VMA_LOCK)).toBe(!goesBack);
    expect(space.stats().retryReasons['swap']).toBe(goesBack ? 1 : 0);
    space.close();
  });

  it('takes private copies of a file, whose own pages stay', () => {
    using space = new AddressSpace({ swap: 4 });
    const file = new SimFile({ length: 2 * PAGE, fill: 9 });
    const start = space.mmap({ length: 2 * PAGE, file });
    space.write(start, Buffer.from([1]));
    space.read(start + PAGE, 1);
    space.madvise(start, 2 * PAGE, 'pageout');
    expect(Array.from(space.mincore(start, 2 * PAGE))).toEqual([0, 1]);
    expect(Array.from(space.read(start, 2))).toEqual([1, 9]);
  });

  it.each<[unknown, string]>([
    [-1, RANGE],
    [1.5, RANGE],
    ['4', INVALID],
    [null, INVALID],
  ])('cannot be %p pages', (swap, code) => {
    expect(codeOf(() => new AddressSpace({ swap: swap as never }))).toBe(code);
  });

  it('cannot be more than the host has addresses for', () => {
    expect(codeOf(() => new AddressSpace({ swap: 2 ** 50 }))).toBe('ENOMEM');
  });
});
