import { AddressSpace, SimFile } from '../../../lib';
import { drawn, page, PAGE, pages } from '../../support/drawing';

const FIELDS = [
  ...['Size', 'KernelPageSize', 'MMUPageSize', 'Rss', 'Pss', 'Pss_Dirty', 'Shared_Clean', 'Shared_Dirty'],
  ...['Private_Clean', 'Private_Dirty', 'Referenced', 'Anonymous', 'KSM', 'LazyFree', 'AnonHugePages'],
  ...['ShmemPmdMapped', 'FilePmdMapped', 'Shared_Hugetlb', 'Private_Hugetlb', 'Swap', 'SwapPss', 'Locked'],
  ...['THPeligible', 'VmFlags'],
];

/** kB of the n-th mapping, by field. */
function kB(space: AddressSpace, field: string, n = 0): number {
  const found = [...space.smaps().matchAll(new RegExp(`^${field}: +(\\d+) kB$`, 'gm'))];
  return Number(found[n]?.[1]);
}

describe('smaps', () => {
  it('is empty where nothing is mapped', () => {
    using space = new AddressSpace();
    expect(space.smaps()).toBe('');
  });

  it('has the lines of maps, each with the kernel’s fields in its order and layout', () => {
    using space = drawn('AA.B');
    const file = new SimFile({ length: PAGE, name: '/a\nb' });
    space.mmap({ address: page(6), length: PAGE, fixed: true, file, shared: true });
    const lines = space.smaps().split('\n');
    const heads = lines.filter((line) => /^[0-9a-f]+-/.test(line));
    expect(`${heads.join('\n')}\n`).toBe(space.maps());
    expect(lines.slice(1, FIELDS.length + 1).map((line) => line.split(':')[0])).toEqual(FIELDS);
    expect(lines.slice(1, 23).every((line) => /^\w+: +\d+ kB$/.test(line) && line.length === 27)).toBe(true);
    expect(lines[23]).toBe('THPeligible:           0');
    expect(lines[24]).toBe(`VmFlags: ${space.find(page(0))?.flags.join(' ')} `);
  });

  it('counts a page as private and dirty, and after a fork as shared by both', () => {
    using space = drawn('AA');
    space.write(page(0), Uint8Array.of(1));
    expect(['Rss', 'Pss', 'Private_Dirty', 'Anonymous'].map((field) => kB(space, field))).toEqual([4, 4, 4, 4]);
    using child = space.fork();
    expect(['Rss', 'Pss', 'Private_Dirty', 'Shared_Dirty'].map((field) => kB(child, field))).toEqual([4, 2, 0, 4]);
  });

  it('tells what MADV_FREE may take, until it is written again', () => {
    using space = drawn('A');
    space.write(page(0), Uint8Array.of(1));
    space.madvise(page(0), PAGE, 'free');
    expect([kB(space, 'LazyFree'), kB(space, 'Private_Clean')]).toEqual([4, 4]);
    space.fault(page(0), 'write');
    expect([kB(space, 'LazyFree'), kB(space, 'Private_Dirty')]).toEqual([0, 4]);
  });

  it('tells that droppable memory may be taken as long as nobody has written it', () => {
    using space = new AddressSpace({ zeroPage: false });
    const start = space.mmap({ length: 2 * PAGE, droppable: true, prot: 'r' });
    space.read(start, 2 * PAGE);
    expect([kB(space, 'LazyFree'), kB(space, 'Anonymous')]).toEqual([8, 8]);
    space.mprotect(start, 2 * PAGE, 'rw');
    space.write(start + PAGE, Uint8Array.of(1));
    expect([kB(space, 'LazyFree'), kB(space, 'Anonymous')]).toEqual([4, 8]);
  });

  it('is summed by smapsRollup', () => {
    using space = drawn('AA.B');
    space.mlock(page(0), pages(2));
    space.write(page(3), Uint8Array.of(1));
    expect(space.smapsRollup()).toMatch(
      /^[0-9a-f]+-[0-9a-f]+ ---p 00000000 00:00 0 +\[rollup\]\nRss: {18}12 kB\nPss: {18}12 kB\n/,
    );
    expect(space.smapsRollup()).toMatch(/^Locked: {16}8 kB\n$/m);
  });
});
