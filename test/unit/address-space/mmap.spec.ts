import { AddressSpace, SimFile } from '../../../lib';
import { codeOf, INVALID, RANGE } from '../../support/codes';
import { draw, drawing, drawn, page, PAGE, pages, protections } from '../../support/drawing';

const MAP_PRIVATE = 0x02;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;

describe('mmap', () => {
  it('maps private anonymous memory that can be read and written when nothing else is asked', () => {
    using space = new AddressSpace();
    const start = space.mmap({ length: PAGE });
    expect(space.find(start)).toEqual({
      start,
      end: start + PAGE,
      prot: 'rw',
      shared: false,
      flags: ['rd', 'wr', 'mr', 'mw', 'me', 'ac'],
      offset: 0,
    });
  });

  it('rounds lengths up to whole pages', () => {
    using space = new AddressSpace();
    draw(space, 'A', { length: 1 });
    const start = space.mmap({ length: PAGE + 1 });
    expect(space.find(start)?.end).toBe(start + pages(2));
  });

  it('goes downwards from the top of the user half', () => {
    using space = new AddressSpace();
    const first = space.mmap({ length: PAGE, prot: 'r' });
    expect(space.mmap({ length: PAGE, prot: 'x' })).toBe(first - PAGE);
    expect(first).toBeLessThan(2 ** 47);
  });

  it('takes a hint where there is room, and another place where there is none', () => {
    using space = new AddressSpace();
    expect(space.mmap({ address: page(3) + 5, length: PAGE })).toBe(page(3));
    expect(space.mmap({ address: page(3), length: PAGE, prot: 'r' })).not.toBe(page(3));
  });

  describe('where nobody says where to', () => {
    const huge = 2 ** 21;
    const top = 0x7fff_f7ff_f000;

    it.each([
      ['private memory in whole huge pages', { length: huge }, 0x7fff_f7c0_0000],
      ['the same with a hint below the first page', { length: huge, address: 1 }, 0x7fff_f7c0_0000],
      ['the same in the second GiB', { length: huge, flags: 0x62 }, 0x4020_0000],
      ['private memory in any other length', { length: huge + PAGE }, top - huge - PAGE],
      ['shared memory', { length: huge, shared: true }, top - huge],
    ])('puts %s at its place', (_, options, address) => {
      using space = new AddressSpace();
      expect(space.mmap(options)).toBe(address);
    });

    it.each([
      [0, huge, 0x7fff_f7c0_0000],
      [PAGE, 2 * huge, 0x7fff_f7a0_1000],
      [PAGE, huge, top - huge], // none of its huge pages lies inside
      [huge, 3 * PAGE, top - 3 * PAGE],
    ])('puts a file of a disk, from %p on for %p, where a huge page of it might begin', (offset, length, address) => {
      using space = new AddressSpace();
      const file = new SimFile({ length: 8 * huge, writtenBack: true });
      expect(space.mmap({ length, file, offset })).toBe(address);
    });

    it('puts one of memory below what is there, and takes a hint only with room to move up', () => {
      using space = new AddressSpace();
      const memory = new SimFile({ length: huge });
      const disk = new SimFile({ length: huge, writtenBack: true });
      expect(space.mmap({ length: huge, file: memory })).toBe(top - huge);
      space.mmap({ address: page(0) + huge, length: PAGE, fixed: true });
      expect(space.mmap({ address: page(0), length: huge, file: disk })).not.toBe(page(0));
      expect(space.mmap({ address: page(0), length: huge, file: memory })).toBe(page(0));
    });
  });

  it('replaces what lies at a fixed address', () => {
    using space = drawn('AAAA');
    space.mmap({ address: page(1), length: pages(2), fixed: true, prot: 'r' });
    expect(drawing(space)).toBe('ABBC');
    expect(protections(space)).toBe('rw r r rw');
  });

  it('refuses a fixed address that is taken when nothing may be replaced', () => {
    using space = drawn('AA');
    expect(codeOf(() => space.mmap({ address: page(1), length: pages(2), fixed: 'noreplace' }))).toBe('EEXIST');
    expect(drawing(space)).toBe('AA');
    expect(space.mmap({ address: page(2), length: PAGE, fixed: 'noreplace' })).toBe(page(2));
  });

  it('joins equal neighbours', () => {
    using space = drawn('A.A');
    space.mmap({ address: page(1), length: PAGE });
    expect(drawing(space)).toBe('AAA');
  });

  it.each([
    ['r', 'r'],
    ['w', 'w'],
    ['xwr', 'rwx'],
    ['rx', 'rx'],
    ['none', 'none'],
    [0, 'none'],
    [3, 'rw'],
    [0xffff_fff7, 'rwx'],
  ])('takes %p for a protection', (prot, letters) => {
    using space = new AddressSpace();
    expect(space.find(space.mmap({ length: PAGE, prot }))?.prot).toBe(letters);
  });

  it.each([
    ['shared', { shared: true }, ['sh', 'ms']],
    ['noReserve', { noReserve: true }, ['nr']],
    ['growsDown', { growsDown: true }, ['gd']],
    ['droppable', { droppable: true }, ['dp', 'wf', 'dd']],
    ['stack', { stack: true }, ['nh']],
  ])('tells by its flags that a mapping is %s', (_, options, words) => {
    using space = new AddressSpace();
    expect(space.find(space.mmap({ length: PAGE, ...options }))?.flags).toEqual(expect.arrayContaining(words));
  });

  it('brings pages in at once when it is asked to populate', () => {
    using space = new AddressSpace();
    const start = space.mmap({ length: pages(3), populate: true });
    expect([...space.mincore(start, pages(3))]).toEqual([1, 1, 1]);
  });

  it('takes MAP_ bits as the system call does: none are added', () => {
    using space = new AddressSpace();
    const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    expect(space.mmap({ address: page(0), length: PAGE, flags })).toBe(page(0));
    expect(codeOf(() => space.mmap({ length: PAGE, flags: 0 }))).toBe('EBADF');
    expect(codeOf(() => space.mmap({ length: PAGE, flags: MAP_ANONYMOUS }))).toBe('EINVAL');
    expect(codeOf(() => space.mmap({ length: PAGE, flags: MAP_PRIVATE }))).toBe('EBADF');
  });

  it('refuses bits it does not know only when it is asked to validate, and then only for files', () => {
    using space = new AddressSpace();
    const file = new SimFile({ length: PAGE });
    const unknown = 0x80_0000;
    expect(codeOf(() => space.mmap({ length: PAGE, file, flags: 3 | unknown }))).toBe('EOPNOTSUPP');
    expect(codeOf(() => space.mmap({ length: PAGE, file, flags: 1 | unknown }))).toBe('ok');
    expect(codeOf(() => space.mmap({ length: PAGE, file, shared: 'validate' }))).toBe('ok');
  });

  it.each([
    ['no length', { length: 0 }, 'EINVAL'],
    ['more than there is', { length: 2 ** 47 }, 'ENOMEM'],
    ['a length that wraps', { length: 2n ** 64n - 1n }, 'ENOMEM'],
    ['a fixed address that is not aligned', { address: page(0) + 1, length: PAGE, fixed: true }, 'EINVAL'],
    ['a fixed address beyond the user half', { address: 2 ** 47, length: PAGE, fixed: true }, 'ENOMEM'],
    ['an offset that is not aligned', { length: PAGE, offset: 1 }, 'EINVAL'],
    ['shared and droppable at once', { length: PAGE, shared: true, droppable: true }, 'EINVAL'],
  ] as const)('refuses %s as Linux does, and maps nothing', (_, options, code) => {
    using space = new AddressSpace();
    expect(codeOf(() => space.mmap(options))).toBe(code);
    expect([...space]).toEqual([]);
  });

  it('keeps to the limits of the process', () => {
    using space = new AddressSpace({ limits: { as: pages(4), mapCount: 2 } });
    expect(codeOf(() => space.mmap({ length: pages(5) }))).toBe('ENOMEM');
    draw(space, 'A.A');
    space.mmap({ address: page(8), length: PAGE, prot: 'r' });
    expect(codeOf(() => space.mmap({ length: PAGE, prot: 'x' }))).toBe('ENOMEM');
  });

  it('maps the first page for the privileged only', () => {
    using root = new AddressSpace();
    using user = new AddressSpace({ privileged: false });
    const low = { address: 0, length: PAGE, fixed: true } as const;
    expect(root.mmap(low)).toBe(0);
    expect(codeOf(() => user.mmap(low))).toBe('EPERM');
  });

  it.each([
    ['nothing', undefined, INVALID],
    ['null', null, INVALID],
    ['a number', 4096, INVALID],
    ['no length', {}, INVALID],
    ['a length that is text', { length: '4096' }, INVALID],
    ['a negative length', { length: -1 }, RANGE],
    ['half a byte', { length: 0.5 }, RANGE],
    ['a length that is not a number', { length: NaN }, RANGE],
    ['an infinite length', { length: Infinity }, RANGE],
    ['a length above 2^53', { length: 2 ** 53 }, RANGE],
    ['a bigint above 2^64', { length: 2n ** 64n }, RANGE],
    ['a negative bigint', { length: -1n }, RANGE],
    ['an address that is an object', { length: PAGE, address: {} }, INVALID],
    ['letters that are none', { length: PAGE, prot: 'rwq' }, INVALID],
    ['an empty protection', { length: PAGE, prot: '' }, INVALID],
    ['a protection in capitals', { length: PAGE, prot: 'RW' }, INVALID],
    ['a fractional protection', { length: PAGE, prot: 1.5 }, RANGE],
    ['a protection of 33 bits', { length: PAGE, prot: 2 ** 32 }, RANGE],
    ['a switch that is text', { length: PAGE, populate: 'yes' }, INVALID],
    ['a word for fixed that is none', { length: PAGE, fixed: 'replace' }, INVALID],
    ['a number for fixed', { length: PAGE, fixed: 1 }, INVALID],
    ['a word for shared that is none', { length: PAGE, shared: 'yes' }, INVALID],
    ['a file that is none', { length: PAGE, file: { length: PAGE } }, INVALID],
    ['a file that only looks like one', { length: PAGE, file: Object.create(SimFile.prototype) as SimFile }, INVALID],
    ['flags that are text', { length: PAGE, flags: '0x22' }, INVALID],
    ['flags of 33 bits', { length: PAGE, flags: 2 ** 32 }, RANGE],
    ['a negative offset', { length: PAGE, offset: -4096 }, RANGE],
  ])('refuses %s before it asks the model', (_, options, code) => {
    using space = new AddressSpace();
    expect(codeOf(() => space.mmap(options as never))).toBe(code);
    expect([...space]).toEqual([]);
  });
});
