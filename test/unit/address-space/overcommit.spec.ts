import { AddressSpace, type MmapOptions, type OvercommitOptions } from '../../../lib';
import { codeOf, INVALID, RANGE } from '../../support/codes';
import { drawing, page, PAGE, pages } from '../../support/drawing';

const GIB = 2 ** 30;

/** A machine that may promise one page less than this. */
function strict(limit: number): AddressSpace {
  return new AddressSpace({ overcommit: { mode: 'never', limit: pages(limit) } });
}

function mmapCode(space: AddressSpace, options: MmapOptions): string | undefined {
  return codeOf(() => space.mmap(options));
}

describe('overcommit', () => {
  it('is heuristic, and refuses one request of more than the machine has', () => {
    using space = new AddressSpace();
    expect(space.overcommit()).toEqual({
      mode: 'heuristic',
      limit: 32 * GIB,
      adminReserve: 0,
      userReserve: 0,
      committed: 0,
    });
    expect(mmapCode(space, { length: 32 * GIB + PAGE })).toBe('ENOMEM');
    expect(mmapCode(space, { length: 32 * GIB + PAGE, shared: true })).toBe('ENOMEM');
    space.mmap({ length: 32 * GIB });
    space.mmap({ length: 32 * GIB });
    space.mmap({ length: 1024 * GIB, noReserve: true });
    space.mmap({ length: 1024 * GIB, noReserve: true, shared: true });
    const start = space.mmap({ length: 1024 * GIB, prot: 'r' });
    expect(codeOf(() => space.mprotect(start, 1024 * GIB, 'rw'))).toBe('ENOMEM');
    expect(space.overcommit().committed).toBe(64 * GIB);
  });

  it('never: all promises stay below the limit, and a refusal changes nothing', () => {
    using space = strict(5);
    space.mmap({ address: page(0), length: pages(4), fixed: true });
    expect(mmapCode(space, { length: PAGE })).toBe('ENOMEM');
    expect(mmapCode(space, { length: PAGE, noReserve: true })).toBe('ENOMEM');
    space.mmap({ address: page(8), length: PAGE, prot: 'r', fixed: true });
    expect(codeOf(() => space.mprotect(page(8), PAGE, 'rw'))).toBe('ENOMEM');
    expect(codeOf(() => space.mremap(page(0), pages(4), pages(5)))).toBe('ENOMEM');
    expect(codeOf(() => space.fork())).toBe('ENOMEM');
    expect(drawing(space)).toBe('AAAA....B');
    space.munmap(page(0), PAGE);
    space.mprotect(page(8), PAGE, 'rw');
    expect(space.overcommit().committed).toBe(pages(4));
    expect(space.status().Committed).toBe(pages(4));
  });

  it('is one account for a space and its forks', () => {
    using space = strict(7);
    space.mmap({ length: pages(3) });
    const child = space.fork();
    expect(child.overcommit()).toMatchObject({ mode: 'never', committed: pages(6) });
    expect(mmapCode(child, { length: PAGE })).toBe('ENOMEM');
    child.close();
    expect(space.overcommit().committed).toBe(pages(3));
    space.mmap({ length: pages(3) });
  });

  it('counts shared anonymous memory until its last mapping is gone', () => {
    using space = strict(100);
    const start = space.mmap({ length: pages(4), shared: true, prot: 'r' });
    using child = space.fork();
    space.munmap(start, pages(4));
    expect(space.overcommit().committed).toBe(pages(4));
    child.munmap(start, pages(4));
    expect(space.overcommit().committed).toBe(0);
  });

  it('leaves a gap where refused shared memory was to replace something, and nothing else does', () => {
    using space = strict(6);
    using observer = space.observe();
    space.mmap({ address: page(0), length: pages(4), fixed: true });
    space.write(page(1), Buffer.from('mine'));
    const over = { address: page(1), length: pages(7), fixed: true };
    expect(mmapCode(space, over)).toBe('ENOMEM');
    expect(mmapCode(space, { ...over, shared: true, fixed: 'noreplace' })).toBe('EEXIST');
    expect(space.read(page(1), 4).toString()).toBe('mine');
    expect(observer.take()).toEqual([]);
    expect(mmapCode(space, { ...over, length: pages(2), shared: true, prot: 'none' })).toBe('ENOMEM'); // 4 promised, and 2
    expect(drawing(space)).toBe('A..B');
    expect(observer.take()).toEqual([{ start: page(1), end: page(3), reason: 'unmap' }]);
    expect(space.overcommit().committed).toBe(pages(2));
    expect(space.status().VmRSS).toBe(0);
    space.validate();
  });

  it('a gap is left by what nothing but the promise refuses', () => {
    using space = strict(6);
    space.mmap({ address: page(0), length: pages(2), fixed: true });
    space.mseal(page(1), PAGE);
    const over = { address: page(0), length: pages(7), fixed: true, shared: true } as const;
    expect(mmapCode(space, over)).toBe('EPERM');
    expect(drawing(space)).toBe('AB');
    using limited = strict(6);
    limited.mmap({ address: page(0), length: pages(2), fixed: true });
    limited.setLimits({ as: pages(6) });
    expect(mmapCode(limited, over)).toBe('ENOMEM');
    expect(drawing(limited)).toBe('AA');
  });

  it('keeps the reserves from those that are not privileged', () => {
    using space = new AddressSpace({ privileged: false });
    space.setOvercommit({ mode: 'never', limit: pages(5), adminReserve: pages(2) });
    expect(mmapCode(space, { length: pages(3) })).toBe('ENOMEM');
    space.setPrivileged(true);
    space.mmap({ length: pages(3) });
  });
});

describe('setOvercommit', () => {
  it('changes what is given and leaves the rest', () => {
    using space = new AddressSpace({ overcommit: { limit: pages(3), userReserve: pages(1) } });
    expect(mmapCode(space, { length: pages(4) })).toBe('ENOMEM');
    space.setOvercommit({ mode: 'always' });
    space.mmap({ length: pages(4) });
    expect(space.overcommit()).toEqual({
      mode: 'always',
      limit: pages(3),
      adminReserve: 0,
      userReserve: pages(1),
      committed: pages(4),
    });
    space.setOvercommit({ mode: 'never' });
    expect(mmapCode(space, { length: PAGE })).toBe('ENOMEM');
    space.setOvercommit({ limit: 1 });
    expect(space.overcommit()).toMatchObject({ limit: PAGE, committed: pages(4) });
  });

  it('never: answers as Linux 6.18 did, with a CommitLimit 2048 MiB above what was promised', () => {
    const MIB = 2 ** 20;
    using space = new AddressSpace();
    space.setOvercommit({ mode: 'never', limit: 2048 * MIB, adminReserve: 8 * MIB, userReserve: 98 * MIB });
    /** How often 64 MiB can be had, of at most a hundred times. */
    const times = (options: Partial<MmapOptions>): number => {
      const had: number[] = [];
      while (
        had.length < 100 &&
        mmapCode(space, { length: 64 * MIB, address: had.length * 64 * MIB + GIB, ...options }) !== 'ENOMEM'
      )
        had.push(had.length * 64 * MIB + GIB);
      for (const start of had) space.munmap(start, 64 * MIB);
      return had.length;
    };
    expect(times({})).toBe(31);
    expect(times({ noReserve: true })).toBe(31);
    expect(times({ prot: 'r', shared: true, noReserve: true })).toBe(31);
    expect([times({ prot: 'none' }), times({ prot: 'r' })]).toEqual([100, 100]);
    const start = space.mmap({ length: 1200 * MIB, prot: 'none' });
    space.mprotect(start, 1200 * MIB, 'rw');
    expect(codeOf(() => space.fork())).toBe('ENOMEM');
    expect(codeOf(() => space.mremap(start, 1200 * MIB, 2200 * MIB, { mayMove: true }))).toBe('ENOMEM');
    space.mprotect(start, 1200 * MIB, 'r'); // never touched: promised no more
    expect(times({})).toBe(30);
  });

  it.each<[string, unknown, string]>([
    ['a mode that there is not', { mode: 'sometimes' }, INVALID],
    ['a mode that is a number', { mode: 2 }, INVALID],
    ['no memory at all', { limit: 0 }, RANGE],
    ['endless memory', { limit: Infinity }, RANGE],
    ['a reserve below 0', { adminReserve: -1 }, RANGE],
    ['a reserve that is text', { userReserve: '1' }, INVALID],
    ['nothing', undefined, INVALID],
    ['null', null, INVALID],
  ])('refuses %s and changes nothing', (_, options, code) => {
    using space = new AddressSpace();
    const before = space.overcommit();
    expect(codeOf(() => space.setOvercommit(options as OvercommitOptions))).toBe(code);
    expect(space.overcommit()).toEqual(before);
    const asOption =
      options === undefined || options === null ? undefined : { overcommit: options as OvercommitOptions };
    if (asOption) expect(codeOf(() => new AddressSpace(asOption))).toBe(code);
  });

  it('and overcommit refuse a closed space', () => {
    const space = new AddressSpace();
    space.close();
    expect(codeOf(() => space.setOvercommit({}))).toBe('ERR_VMALOCK_CLOSED');
    expect(codeOf(() => space.overcommit())).toBe('ERR_VMALOCK_CLOSED');
  });
});
