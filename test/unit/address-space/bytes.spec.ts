import { AddressSpace, SimFile } from '../../../lib';
import { codeOf, errorOf, INVALID, RANGE } from '../../support/codes';
import { draw, drawn, page, PAGE, pages } from '../../support/drawing';

describe('read and write', () => {
  it('move bytes across pages and borders', () => {
    using space = drawn('AB');
    const bytes = Buffer.from(Array.from({ length: 600 }, (_, n) => n % 251));
    space.write(page(1) - 300, bytes);
    expect(space.read(page(1) - 300, 600)).toEqual(bytes);
    expect([...space.read(page(1) - 302, 2)]).toEqual([0, 0]);
  });

  it('take addresses as bigints, and any Uint8Array', () => {
    using space = drawn('A');
    space.write(BigInt(page(0)), Uint8Array.of(1, 2, 3));
    expect([...space.read(BigInt(page(0)), 3)]).toEqual([1, 2, 3]);
  });

  it('move nothing when there is nothing to move, wherever it is', () => {
    using space = drawn('A');
    expect(space.read(page(9), 0)).toHaveLength(0);
    space.write(page(9), new Uint8Array(0));
  });

  it('give a buffer of its own each time', () => {
    using space = drawn('A');
    space.read(page(0), 4).fill(9);
    expect([...space.read(page(0), 4)]).toEqual([0, 0, 0, 0]);
  });

  it('stop at the first address that gives a signal, and tell it', () => {
    using space = drawn('A');
    space.write(page(1) - 2, Buffer.from('ok'));
    expect(errorOf(() => space.read(page(1) - 2, 4))).toMatchObject({
      code: 'SIGSEGV',
      siCode: 'SEGV_MAPERR',
      address: page(1),
      syscall: 'read',
    });
  });

  it('have written what lies before that address', () => {
    using space = drawn('A');
    draw(space, '.A', { prot: 'r' });
    expect(errorOf(() => space.write(page(1) - 2, Buffer.from('abcd')))).toMatchObject({
      siCode: 'SEGV_ACCERR',
      address: page(1),
    });
    expect(space.read(page(1) - 2, 4).toString()).toBe('ab\0\0');
  });

  it.each([
    [(1n << 64n) - 1n, '0xffffffffffffffff'],
    [(1n << 64n) - 4097n, '0xffffffffffffefff'],
    [(1n << 53n) + 1n, '0x20000000000001'],
  ])('name an address exactly that is too large for a number: %s', (address, shown) => {
    using space = drawn('A');
    for (const call of [() => space.read(address, 1), () => space.write(address, Uint8Array.of(1))])
      expect(errorOf(call)).toMatchObject({
        code: 'SIGSEGV',
        address: Number(address),
        message: expect.stringContaining(`(${shown})`) as string,
      });
  });

  it('tell a bus error behind the end of a file', () => {
    using space = new AddressSpace();
    const start = space.mmap({ length: pages(2), file: new SimFile({ length: 10, fill: 65 }), prot: 'r' });
    expect(space.read(start, 11).toString()).toBe('AAAAAAAAAA\0');
    expect(errorOf(() => space.read(start, PAGE + 1))).toMatchObject({
      code: 'SIGBUS',
      siCode: 'BUS_ADRERR',
      address: start + PAGE,
    });
  });

  it('say ENOMEM when the frames are used up', () => {
    using space = drawn('AAA', { frames: 2 });
    expect(errorOf(() => space.write(page(0), Buffer.alloc(pages(3), 1)))).toMatchObject({
      code: 'ENOMEM',
      errno: -12,
      address: page(2),
    });
  });

  it('read zeros from a space that only counts', () => {
    using space = drawn('A', { backing: 'none' });
    space.write(page(0), Buffer.from('gone'));
    expect([...space.read(page(0), 4)]).toEqual([0, 0, 0, 0]);
  });

  it.each([
    ['a negative address', -1, 1, RANGE],
    ['an address that is text', '0', 1, INVALID],
    ['a negative length', page(0), -1, RANGE],
    ['half a length', page(0), 1.5, RANGE],
    ['a length that no buffer has', page(0), 2 ** 53, RANGE],
    ['a length that is a bigint', page(0), 1n, RANGE],
    ['no length', page(0), undefined, INVALID],
  ])('refuse %s to read', (_, address, length, code) => {
    using space = drawn('A');
    expect(codeOf(() => space.read(address as number, length as number))).toBe(code);
  });

  it.each([
    ['text', 'bytes'],
    ['a plain array', [1, 2]],
    ['an ArrayBuffer', new ArrayBuffer(2)],
    ['wider elements', Uint16Array.of(1)],
    ['clamped bytes', Uint8ClampedArray.of(1)],
    ['nothing', undefined],
  ])('refuse to write %s', (_, bytes) => {
    using space = drawn('A');
    expect(codeOf(() => space.write(page(0), bytes as never))).toBe(INVALID);
    expect([...space.mincore(page(0), PAGE)]).toEqual([0]);
  });

  it('refuse to write bytes whose buffer went elsewhere', () => {
    using space = drawn('A');
    const bytes = new Uint8Array(8);
    structuredClone(0, { transfer: [bytes.buffer] });
    expect(errorOf(() => space.write(page(0), bytes))).toMatchObject({
      code: INVALID,
      message: expect.stringContaining('detached') as string,
    });
  });

  it('refuse to write bytes whose buffer has shrunk below them', () => {
    interface Resizable extends ArrayBuffer {
      resize(length: number): void;
    }
    const Buffers = ArrayBuffer as unknown as new (length: number, options: { maxByteLength: number }) => Resizable;
    using space = drawn('A');
    const buffer = new Buffers(8, { maxByteLength: 8 });
    const fixed = new Uint8Array(buffer, 4, 4);
    const tracking = new Uint8Array(buffer);
    buffer.resize(6);
    expect(codeOf(() => space.write(page(0), fixed))).toBe(INVALID);
    space.write(page(0), tracking.fill(7));
    expect([...space.read(page(0), 7)]).toEqual([7, 7, 7, 7, 7, 7, 0]);
  });
});

describe('mincore', () => {
  it('tells the resident pages, one byte for each, also of half a page', () => {
    using space = drawn('AAAA');
    space.fault(page(1), 'write');
    space.fault(page(3), 'read');
    const resident = space.mincore(page(0), pages(3) + 1);
    expect(resident).toBeInstanceOf(Uint8Array);
    expect([...resident]).toEqual([0, 1, 0, 1]);
  });

  it.each([
    ['an address that is not aligned', page(0) + 1, PAGE, 'EINVAL'],
    ['a hole', page(0), pages(3), 'ENOMEM'],
    ['more than fits into any answer', page(0), 2 ** 50, 'ENOMEM'],
    ['both', page(0) + 1, 2 ** 50, 'EINVAL'],
    ['a negative length', page(0), -1, RANGE],
  ])('refuses %s', (_, address, length, code) => {
    using space = drawn('AA');
    expect(codeOf(() => space.mincore(address, length))).toBe(code);
  });
});
