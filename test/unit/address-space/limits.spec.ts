import { AddressSpace, type AddressSpaceLimits } from '../../../lib';
import { codeOf, INVALID, RANGE } from '../../support/codes';
import { drawing, drawn, page, PAGE, pages } from '../../support/drawing';

describe('setLimits', () => {
  it('changes what is given and leaves the rest', () => {
    using space = new AddressSpace({ limits: { memlock: 4096 } });
    space.setLimits({ as: pages(9), mapCount: 7 });
    space.setLimits({ as: Infinity, stack: 1n as never });
    expect(space.limits()).toEqual({ as: Infinity, data: Infinity, stack: 1, memlock: 4096, mapCount: 7 });
  });

  it('leaves what is beyond a limit and refuses more', () => {
    using space = drawn('AAAA');
    space.setLimits({ data: pages(2) });
    expect(drawing(space)).toBe('AAAA');
    expect(codeOf(() => space.mmap({ length: PAGE }))).toBe('ENOMEM');
    space.mmap({ length: PAGE, prot: 'r' });
    space.setLimits({ data: Infinity, as: pages(6) });
    space.mmap({ length: PAGE });
    expect(codeOf(() => space.mmap({ length: PAGE, prot: 'r' }))).toBe('ENOMEM');
  });

  it('keeps the heap from growing by a data limit of 0, and nothing else: the hard limit is what holds mappings', () => {
    using space = new AddressSpace({ limits: { data: 0 } });
    space.mprotect(space.mmap({ length: PAGE, prot: 'r' }), PAGE, 'rw');
    space.mmap({ length: pages(3) });
    expect(space.status().VmData).toBe(pages(4));
    const start = space.brk();
    expect(space.brk(start + 1)).toBe(start);
    space.setLimits({ data: 1 });
    expect(codeOf(() => space.mmap({ length: PAGE }))).toBe('ENOMEM');
    expect(space.brk(start + 1)).toBe(start);
  });

  it('is of one space: a fork has what was set before it', () => {
    using space = drawn('A');
    space.setLimits({ mapCount: 5 });
    using child = space.fork();
    space.setLimits({ mapCount: 6 });
    expect(child.limits().mapCount).toBe(5);
  });

  it.each<[string, unknown, string]>([
    ['a limit below 0', { as: -1 }, RANGE],
    ['half a byte', { data: 0.5 }, RANGE],
    ['a limit that is text', { stack: '1' }, INVALID],
    ['no mappings at all', { mapCount: 0 }, RANGE],
    ['endless mappings', { mapCount: Infinity }, RANGE],
    ['nothing', undefined, INVALID],
    ['a number', 5, INVALID],
  ])('refuses %s and changes nothing', (_, limits, code) => {
    using space = new AddressSpace();
    const before = space.limits();
    expect(codeOf(() => space.setLimits(limits as AddressSpaceLimits))).toBe(code);
    expect(space.limits()).toEqual(before);
  });
});

describe('setPrivileged', () => {
  it('takes root’s rights and gives them back', () => {
    using space = drawn('AA');
    space.setLimits({ memlock: 0 });
    expect(space.isPrivileged()).toBe(true);
    space.setPrivileged(false);
    expect(space.isPrivileged()).toBe(false);
    expect(codeOf(() => space.mlock(page(0), PAGE))).toBe('EPERM');
    space.setLimits({ memlock: PAGE });
    space.mlock(page(0), PAGE);
    expect(codeOf(() => space.mlock(page(1), PAGE))).toBe('ENOMEM');
    expect(codeOf(() => space.mmap({ length: PAGE, locked: true }))).toBe('EAGAIN');
    space.setPrivileged(true);
    space.mlock(page(1), PAGE);
  });

  it.each([undefined, 1, 'yes', null])('refuses %p', (value) => {
    using space = new AddressSpace();
    expect(codeOf(() => space.setPrivileged(value as never))).toBe(INVALID);
  });
});

describe('status', () => {
  it('has every number of /proc/PID/status that is about memory', () => {
    using space = drawn('AAAA');
    space.write(page(0), Buffer.alloc(pages(3), 1));
    space.madvise(page(0), pages(2), 'dontneed');
    space.mmap({ length: pages(2), prot: 'rx' });
    space.mmap({ length: PAGE, growsDown: true });
    expect(space.status()).toMatchObject({
      VmPeak: pages(7),
      VmSize: pages(7),
      VmLck: 0,
      VmPin: 0,
      VmHWM: pages(3),
      VmRSS: PAGE,
      VmData: pages(4),
      VmStk: PAGE,
      VmExe: 0,
      VmLib: pages(2),
      VmSwap: 0,
    });
    expect((space.status()['VmPTE'] ?? 0) % PAGE).toBe(0);
  });
});
