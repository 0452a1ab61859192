import { AddressSpace } from '../../../lib';
import { codeOf, INVALID, RANGE } from '../../support/codes';
import { drawing, drawn, page, PAGE, pages } from '../../support/drawing';

/** Pages that /proc/PID/status counts as locked. */
function lockedPages(space: AddressSpace): number {
  return (space.status()['VmLck'] ?? 0) / PAGE;
}

function limited(memlock: number): AddressSpace {
  const space = new AddressSpace({ privileged: false, limits: { memlock } });
  space.mmap({ address: page(0), length: pages(4), fixed: true });
  return space;
}

describe('mlock', () => {
  it('leaves memory that may vanish unlocked, and under future apart from its like', () => {
    using space = new AddressSpace();
    const droppable = { length: PAGE, droppable: true, fixed: true } as const;
    space.mlockAll({ future: true });
    for (const n of [0, 1]) space.mmap({ address: page(n), ...droppable });
    expect(drawing(space)).toBe('AB');
    expect(lockedPages(space)).toBe(0);
    expect([...space.mincore(page(0), pages(2))]).toEqual([1, 1]);
    space.munlockAll();
    for (const n of [2, 3]) space.mmap({ address: page(n), ...droppable });
    expect(drawing(space)).toBe('ABBB');
    expect([...space].map(({ flags }) => flags.includes('lo'))).toEqual([false, false]);
    space.validate();
  });

  it('makes the locked part a mapping of its own, counts it and brings its pages in', () => {
    using space = drawn('AAAAAA');
    space.mlock(page(2), pages(2));
    expect(drawing(space)).toBe('AABBCC');
    expect(space.find(page(2))?.flags).toContain('lo');
    expect(space.find(page(0))?.flags).not.toContain('lo');
    expect(lockedPages(space)).toBe(2);
    expect([...space.mincore(page(0), pages(6))]).toEqual([0, 0, 1, 1, 0, 0]);
    space.munlock(page(2), pages(2));
    expect(drawing(space)).toBe('AAAAAA');
    expect(lockedPages(space)).toBe(0);
  });

  it.each([{ onFault: true }, { flags: 1 }])('brings no page in with %p', (options) => {
    using space = drawn('AA');
    space.mlock(page(0), pages(2), options);
    expect(lockedPages(space)).toBe(2);
    expect([...space.mincore(page(0), pages(2))]).toEqual([0, 0]);
  });

  it('over a hole marks what lies before it', () => {
    using space = drawn('A.B');
    expect(codeOf(() => space.mlock(page(0), pages(3)))).toBe('ENOMEM');
    expect(lockedPages(space)).toBe(1);
    expect([...space.mincore(page(0), PAGE)]).toEqual([0]);
  });

  it('has four errors for the limit', () => {
    using none = limited(0);
    expect(codeOf(() => none.mlock(page(0), PAGE))).toBe('EPERM');
    using space = limited(pages(3));
    expect(codeOf(() => space.mlock(page(0), pages(4)))).toBe('ENOMEM');
    expect(codeOf(() => space.mmap({ length: pages(4), locked: true }))).toBe('EAGAIN');
    const locked = space.mmap({ length: pages(3), locked: true });
    expect(codeOf(() => space.mremap(locked, pages(3), pages(4), { mayMove: true }))).toBe('EAGAIN');
  });

  it('refuses unknown bits', () => {
    using space = drawn('A');
    expect(codeOf(() => space.mlock(page(0), PAGE, { flags: 2 }))).toBe('EINVAL');
  });
});

describe('mlockAll', () => {
  it('locks what is there, what comes, or both, until munlockAll', () => {
    using space = drawn('A.BB');
    space.mlockAll({ current: true, future: true });
    expect(lockedPages(space)).toBe(3);
    space.mmap({ address: page(6), length: PAGE, fixed: true });
    expect(lockedPages(space)).toBe(4);
    expect([...space.mincore(page(6), PAGE)]).toEqual([1]);
    space.munlockAll();
    space.mmap({ address: page(8), length: PAGE, fixed: true });
    expect(lockedPages(space)).toBe(0);
  });

  it.each([0, 4, 8, {}, { onFault: true }])('refuses %p', (options) => {
    using space = drawn('A');
    expect(codeOf(() => space.mlockAll(options))).toBe('EINVAL');
  });
});

describe('msync', () => {
  it.each<[string, Parameters<AddressSpace['msync']>, string]>([
    ['a hole', [page(0), pages(3)], 'ENOMEM'],
    ['both sync and async', [page(0), PAGE, { sync: true, async: true }], 'EINVAL'],
    ['unknown bits', [page(0), PAGE, 8], 'EINVAL'],
    ['half a page', [page(0) + 1, PAGE, { sync: true }], 'EINVAL'],
    ['invalidate of locked memory', [page(2), PAGE, { sync: true, invalidate: true }], 'EBUSY'],
  ])('refuses %s', (_, args, code) => {
    using space = drawn('A.B');
    space.mlock(page(2), PAGE);
    expect(codeOf(() => space.msync(...args))).toBe(code);
  });

  it('has nothing to do otherwise', () => {
    using space = drawn('A');
    space.msync(page(0), PAGE);
    space.msync(page(0), PAGE, { async: true });
    space.msync(page(0), PAGE, 4);
    expect(drawing(space)).toBe('A');
  });
});

describe('locking', () => {
  it.each<[string, (space: AddressSpace) => unknown, string]>([
    ['mlock a negative address', (space) => space.mlock(-1, PAGE), RANGE],
    ['mlock with flags that are text', (space) => space.mlock(page(0), PAGE, { flags: 'x' as never }), INVALID],
    ['mlock with a switch that is a number', (space) => space.mlock(page(0), PAGE, { onFault: 1 as never }), INVALID],
    ['mlock with null for options', (space) => space.mlock(page(0), PAGE, null as never), INVALID],
    ['munlock half a byte', (space) => space.munlock(page(0), 0.5), RANGE],
    ['mlockAll nothing', (space) => space.mlockAll(undefined as never), INVALID],
    ['mlockAll half a bit', (space) => space.mlockAll(0.5), RANGE],
    ['mlockAll with a switch that is text', (space) => space.mlockAll({ future: 'yes' as never }), INVALID],
    ['msync with options that are text', (space) => space.msync(page(0), PAGE, 'sync' as never), INVALID],
    ['msync below 0', (space) => space.msync(page(0), -1), RANGE],
  ])('checks its arguments: %s', (_, call, code) => {
    using space = drawn('A');
    expect(codeOf(() => call(space))).toBe(code);
    expect(lockedPages(space)).toBe(0);
  });

  it('is refused by a closed space', () => {
    const space = drawn('A');
    space.close();
    for (const call of [
      () => space.mlock(page(0), PAGE),
      () => space.munlock(page(0), PAGE),
      () => space.mlockAll(1),
      () => space.munlockAll(),
      () => space.msync(page(0), PAGE),
    ])
      expect(codeOf(call)).toBe('ERR_VMALOCK_CLOSED');
  });
});
