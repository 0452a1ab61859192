/**
 * Arguments at the edges of what a call takes, as the running kernel answers them.
 */
import { AddressSpace, SimFile } from '../../../lib';
import { codeOf } from '../../support/codes';

const BASE = 0x1000_0000_0000;
const MAP_SHARED = 0x1;
const MAP_PRIVATE_ANONYMOUS = 0x22;
const MAP_FIXED = 0x10;
const MAP_32BIT = 0x40;
const MAP_ABOVE4G = 0x80;
const MAP_NORESERVE = 0x4000;
const MAP_SYNC = 0x8_0000;

describe('mmap', () => {
  it.each([
    ['the last page an offset can name', (1n << 63n) - 8192n, 1, 'ok'],
    ['a page beyond it', (1n << 63n) - 4096n, 1, 'EOVERFLOW'],
    ['a length that reaches beyond it', (1n << 63n) - 8192n, 4097, 'EOVERFLOW'],
    ['a negative offset', (1n << 64n) - 4096n, 1, 'EOVERFLOW'],
    ['one that wraps', (1n << 64n) - 4096n, 8192, 'EOVERFLOW'],
  ])('of a file, %s', (_, offset, length, code) => {
    using space = new AddressSpace();
    const file = new SimFile({ length: 4096 });
    for (const shared of [false, true]) expect(codeOf(() => space.mmap({ file, offset, length, shared }))).toBe(code);
  });

  it('takes a fixed address of the last page for an error number', () => {
    using space = new AddressSpace();
    const at = (address: bigint) => codeOf(() => space.mmap({ address, length: 1, fixed: true }));
    expect(at((1n << 64n) - 1n)).toBe('EPERM');
    expect(at((1n << 64n) - 3n)).toBe('ESRCH'); // which is no error of any call here
    expect(at((1n << 64n) - 12n)).toBe('ENOMEM');
    expect(at((1n << 64n) - 22n)).toBe('EINVAL');
    expect(at((1n << 64n) - 4096n)).toBe('ENOMEM');
  });

  it('marks a mapping that asked for MAP_SYNC, which keeps it from merging with one that did not', () => {
    using space = new AddressSpace();
    const map = (page: number, flags: number) =>
      space.mmap({ address: BASE + page * 4096, length: 4096, flags: MAP_PRIVATE_ANONYMOUS | MAP_FIXED | flags });
    map(0, MAP_SYNC);
    map(1, 0);
    map(2, MAP_SYNC);
    map(3, MAP_SYNC);
    expect([...space].map(({ start, flags }) => [(start - BASE) / 4096, flags.includes('sf')])).toEqual([
      [0, true],
      [1, false],
      [2, true],
    ]);
    const file = new SimFile({ length: 4096 });
    expect(codeOf(() => space.mmap({ length: 4096, file, shared: 'validate', flags: MAP_SYNC }))).toBe('EOPNOTSUPP');
    space.mmap({ length: 4096, file, flags: MAP_SHARED | MAP_SYNC });
  });
});

describe('MAP_SYNC of a file of a disk', () => {
  const disk = () => new SimFile({ length: 4096, writtenBack: true });

  it.each([
    ['is not to be had, shared', { shared: true }, 'EOPNOTSUPP'],
    ['nor when flags are looked at', { shared: 'validate' }, 'EOPNOTSUPP'],
    ['nor private', { flags: MAP_SYNC | 0x2 }, 'EOPNOTSUPP'],
    [
      'is known when flags are looked at, so that others are told first',
      { growsDown: true, shared: 'validate' },
      'EINVAL',
    ],
  ] as const)('%s', (_, how, code) => {
    using space = new AddressSpace();
    expect(codeOf(() => space.mmap({ length: 4096, flags: MAP_SYNC, ...how, file: disk() }))).toBe(code);
  });

  it('is told last: what it was to replace has gone', () => {
    using space = new AddressSpace();
    space.mmap({ address: BASE, length: 3 * 4096, fixed: true });
    const over = { address: BASE + 4096, length: 4096, fixed: true, shared: true, file: disk() };
    expect(codeOf(() => space.mmap({ ...over, flags: MAP_SYNC }))).toBe('EOPNOTSUPP');
    expect([...space].map(({ start, end }) => [start - BASE, end - BASE])).toEqual([
      [0, 4096],
      [8192, 12288],
    ]);
    expect(space.status()).toMatchObject({ VmSize: 8192, Committed: 8192 });
    space.validate();
  });
});

describe('a hint', () => {
  it.each([
    ['below 64 KiB goes there, for whoever asks', 4096, 4096, 0, 65536],
    ['to the first page is none', 1, 4096, 0, undefined],
    ['with MAP_32BIT is taken below 2 GiB', 0x7fff_e000, 8192, MAP_32BIT, 0x7fff_e000],
    ['with MAP_32BIT is taken below 1 GiB', 0x20_0000, 4096, MAP_32BIT, 0x20_0000],
    ['with MAP_32BIT whose end is beyond 2 GiB is none', 0x7fff_f000, 8192, MAP_32BIT, 0x4000_0000],
    ['with MAP_32BIT far above is none', BASE, 4096, MAP_32BIT, 0x4000_0000],
  ])('%s', (_, address, length, flags, at) => {
    using space = new AddressSpace();
    const found = space.mmap({ address, length, flags: MAP_PRIVATE_ANONYMOUS | flags });
    expect(found).toBe(at ?? space.mmap({ length }) + length);
  });

  it('with MAP_32BIT has no room for more than 1 GiB', () => {
    using space = new AddressSpace();
    for (const length of [2 ** 30 + 4096, 2 ** 31 + 4096])
      expect(codeOf(() => space.mmap({ address: BASE, length, flags: MAP_PRIVATE_ANONYMOUS | MAP_32BIT }))).toBe(
        'ENOMEM',
      );
  });
});

describe('a length of nearly the whole user half', () => {
  const USER_HALF = 2 ** 47 - 4096;
  const BEYOND = [1n << 47n, 1n << 63n, (1n << 64n) - (1n << 47n), (1n << 64n) - 4096n];

  it.each(BEYOND)('has no room at the hint %s, though aligning it would ask for more than there is', (address) => {
    using space = new AddressSpace();
    for (const writtenBack of [true, false])
      for (const length of [USER_HALF - 4096, USER_HALF - (USER_HALF % 2 ** 21), USER_HALF]) {
        const file = new SimFile({ length: 4096, writtenBack });
        expect(codeOf(() => space.mmap({ address, length, file, prot: 'r' }))).toBe('ENOMEM');
        expect(codeOf(() => space.mmap({ address, length, noReserve: true }))).toBe('ENOMEM');
      }
    expect(space.maps()).toBe('');
  });

  it('is found above 4 GiB where MAP_ABOVE4G asks for that, if there is room', () => {
    using space = new AddressSpace();
    const upTo = 2 ** 47 - 2 ** 27 - 4096; // where the search begins
    const flags = MAP_PRIVATE_ANONYMOUS | MAP_NORESERVE;
    const fits = upTo - 2 ** 32;
    expect(space.mmap({ length: fits, prot: 'r', flags: flags | MAP_ABOVE4G })).toBe(2 ** 32);
    space.munmap(2 ** 32, fits);
    const tooLong = { length: fits + 8192, prot: 'r' };
    expect(codeOf(() => space.mmap({ ...tooLong, flags: flags | MAP_ABOVE4G }))).toBe('ENOMEM');
    expect(space.mmap({ ...tooLong, flags })).toBe(2 ** 32 - 8192);
    // a hint may be lower, and MAP_32BIT beside it has its way
    using other = new AddressSpace();
    expect(other.mmap({ address: 0x2000_0000, length: 4096, flags: flags | MAP_ABOVE4G })).toBe(0x2000_0000);
    expect(other.mmap({ length: 4096, flags: flags | MAP_ABOVE4G | MAP_32BIT })).toBe(0x4000_0000);
  });
});

describe('locked memory', () => {
  it('that stays behind after MREMAP_DONTUNMAP is no longer locked, but counts as Linux counts it', () => {
    using space = new AddressSpace();
    const start = space.mmap({ length: 16384, locked: true });
    space.mremap(start + 8192, 4096, 4096, { mayMove: true, dontUnmap: true, fixed: true, to: BASE });
    expect(space.find(start)?.flags).not.toContain('lo');
    expect(space.status()).toMatchObject({ VmSize: 5 * 4096, VmLck: 5 * 4096 });
    space.munlock(BASE, 4096);
    space.munmap(start, 16384);
    expect(space.status()).toMatchObject({ VmSize: 4096, VmLck: 4 * 4096 });
    space.validate();
  });

  it('that mprotect makes writable, mapping by mapping, has its pages before it looks at the next', () => {
    using space = new AddressSpace();
    space.mmap({ address: BASE, length: 8 * 4096, fixed: true, prot: 'none', locked: true });
    space.mprotect(BASE, 8192, 'r');
    space.mprotect(BASE + 4 * 4096, 8192, 'rw');
    space.mprotect(BASE, 8 * 4096, 'rw');
    // two origins: what was writable before keeps its own
    expect([...space].map(({ start }) => (start - BASE) / 4096)).toEqual([0, 4]);
  });
});

describe('mremap', () => {
  it.each([(1n << 64n) - 4096n, (1n << 47n) - BigInt(BASE)])('that shrinks from %s bytes is refused', (oldLength) => {
    using space = new AddressSpace();
    space.mmap({ address: BASE, length: 16384, fixed: true });
    const before = space.maps();
    expect(codeOf(() => space.mremap(BASE, oldLength, 8192))).toBe('EINVAL');
    expect(space.maps()).toBe(before);
  });
});
