import { AddressSpace } from '../../../lib';
import { codeOf } from '../../support/codes';
import { draw, drawing, drawn, page, PAGE, pages, protections } from '../../support/drawing';

describe('munmap', () => {
  it('leaves two mappings when the middle of one is unmapped', () => {
    using space = drawn('AAAAA');
    space.munmap(page(1), pages(3));
    expect(drawing(space)).toBe('A...B');
  });

  it.each([
    ['the head', 0, 2, '..A'],
    ['the tail', 1, 2, 'A'],
    ['all of it', 0, 3, ''],
    ['more than all', 0, 9, ''],
  ])('takes %s away', (_, first, count, left) => {
    using space = drawn('AAA');
    space.munmap(page(first), pages(count));
    expect(drawing(space)).toBe(left);
  });

  it('crosses holes and borders', () => {
    using space = drawn('AAB.CC');
    space.munmap(page(1), pages(4));
    expect(drawing(space)).toBe('A....B');
  });

  it('is content with a hole', () => {
    using space = drawn('A');
    space.munmap(page(5), PAGE);
    expect(drawing(space)).toBe('A');
  });

  it.each([
    ['an address that is not aligned', page(0) + 1, PAGE],
    ['no length', page(0), 0],
    ['a range beyond the user half', 2 ** 47, PAGE],
    ['a length that wraps', page(0), 2n ** 64n - 1n],
  ])('refuses %s', (_, address, length) => {
    using space = drawn('AA');
    expect(codeOf(() => space.munmap(address, length))).toBe('EINVAL');
    expect(drawing(space)).toBe('AA');
  });
});

describe('mprotect', () => {
  it('splits where protections now differ, and joins where they are equal again', () => {
    using space = drawn('AAAA');
    space.mprotect(page(1), pages(2), 'r');
    expect(drawing(space)).toBe('ABBC');
    expect(protections(space)).toBe('rw r r rw');
    space.mprotect(page(1), pages(2), 'rw');
    expect(drawing(space)).toBe('AAAA');
  });

  it('has changed what lies before a hole when it says ENOMEM', () => {
    using space = drawn('AA.BB');
    expect(codeOf(() => space.mprotect(page(0), pages(5), 'r'))).toBe('ENOMEM');
    expect(protections(space)).toBe('r r . rw rw');
  });

  it('does nothing for no length', () => {
    using space = drawn('A');
    space.mprotect(page(0), 0, 'none');
    expect(protections(space)).toBe('rw');
  });

  it('refuses unknown bits, which mmap does not', () => {
    using space = drawn('A');
    expect(codeOf(() => space.mprotect(page(0), PAGE, 0x40))).toBe('EINVAL');
  });

  it('reaches down to the start of a stack when asked', () => {
    using space = new AddressSpace();
    draw(space, 'AAA', { growsDown: true });
    space.mprotect(page(2), PAGE, 'rwx', { growsDown: true });
    expect(protections(space)).toBe('rwx rwx rwx');
    using plain = drawn('AA');
    expect(codeOf(() => plain.mprotect(page(1), PAGE, 'r', { growsDown: true }))).toBe('EINVAL');
    expect(codeOf(() => plain.mprotect(page(1), PAGE, 'r', { growsUp: true }))).toBe('EINVAL');
  });
});

describe('mremap', () => {
  it('grows in place where there is room, and shrinks', () => {
    using space = drawn('AA...B');
    expect(space.mremap(page(0), pages(2), pages(4))).toBe(page(0));
    expect(drawing(space)).toBe('AAAA.B');
    expect(space.mremap(page(0), pages(4), PAGE)).toBe(page(0));
    expect(drawing(space)).toBe('A....B');
  });

  it('moves only when it may', () => {
    using space = drawn('AB');
    space.write(page(0), Buffer.from('bytes'));
    expect(codeOf(() => space.mremap(page(0), PAGE, pages(2)))).toBe('ENOMEM');
    const moved = space.mremap(page(0), PAGE, pages(2), { mayMove: true });
    expect(space.read(moved, 5).toString()).toBe('bytes');
    expect(drawing(space)).toBe('.A');
  });

  it('moves to where it is told, and replaces what lies there', () => {
    using space = drawn('AA.BBB');
    space.write(page(1), Buffer.from('tail'));
    expect(space.mremap(page(0), pages(2), pages(2), { mayMove: true, fixed: true, to: page(4) })).toBe(page(4));
    expect(drawing(space)).toBe('...ABB');
    expect(space.read(page(5), 4).toString()).toBe('tail');
  });

  it('takes a hint below 64 KiB, which mmap moves up', () => {
    using space = drawn('A');
    expect(space.mremap(page(0), PAGE, PAGE, { mayMove: true, dontUnmap: true, to: 0x3000 })).toBe(0x3000);
    expect(space.mmap({ address: 0x5000, length: PAGE })).toBe(0x1_0000);
  });

  it('leaves the old range mapped and empty with dontUnmap', () => {
    using space = drawn('A');
    space.write(page(0), Buffer.from('x'));
    const options = { mayMove: true, fixed: true, dontUnmap: true, to: page(3) };
    space.mremap(page(0), PAGE, PAGE, options);
    expect(drawing(space)).toBe('A..B');
    expect([space.read(page(0), 1)[0], space.read(page(3), 1).toString()]).toEqual([0, 'x']);
  });

  it.each([
    ['an address in a hole', page(9), PAGE, PAGE, {}, 'EFAULT'],
    ['an address that is not aligned', page(0) + 8, PAGE, PAGE, {}, 'EINVAL'],
    ['a new length of nothing', page(0), PAGE, 0, {}, 'EINVAL'],
    ['a fixed place without leave to move', page(0), PAGE, PAGE, { fixed: true, to: page(9) }, 'EINVAL'],
    ['flags that are none', page(0), PAGE, PAGE, { flags: 0x80 }, 'EINVAL'],
  ])('refuses %s', (_, address, oldLength, newLength, options, code) => {
    using space = drawn('AA');
    expect(codeOf(() => space.mremap(address, oldLength, newLength, options))).toBe(code);
    expect(drawing(space)).toBe('AA');
  });
});

describe('madvise', () => {
  it('takes pages away with dontneed', () => {
    using space = drawn('AA');
    space.write(page(0), Buffer.from('xy'));
    space.madvise(page(0), PAGE, 'dontneed');
    expect([...space.read(page(0), 2)]).toEqual([0, 0]);
  });

  it('takes the names and the numbers of Linux for the same advice', () => {
    using space = drawn('A');
    space.madvise(page(0), PAGE, 'dontfork');
    expect(space.find(page(0))?.flags).toContain('dc');
    space.madvise(page(0), PAGE, 11);
    expect(space.find(page(0))?.flags).not.toContain('dc');
  });

  it('splits and joins with advice that is a flag', () => {
    using space = drawn('AAA');
    space.madvise(page(1), PAGE, 'random');
    expect(drawing(space)).toBe('ABC');
    space.madvise(page(0), pages(3), 'normal');
    expect(drawing(space)).toBe('AAA');
  });

  it('goes on behind a hole, and says ENOMEM for it', () => {
    using space = drawn('A.B');
    expect(codeOf(() => space.madvise(page(0), pages(3), 'dontdump'))).toBe('ENOMEM');
    expect(space.find(page(2))?.flags).toContain('dd');
  });

  it.each([
    ['a number that is no advice', 9999, 'EINVAL'],
    ['a negative number', -1, 'EINVAL'],
    ['a name that is none', 'please', 'ERR_VMALOCK_INVALID_ARG'],
    ['a name of Object', 'toString', 'ERR_VMALOCK_INVALID_ARG'],
    ['half a number', 1.5, 'ERR_VMALOCK_OUT_OF_RANGE'],
    ['nothing', undefined, 'ERR_VMALOCK_INVALID_ARG'],
  ])('refuses %s', (_, advice, code) => {
    using space = drawn('A');
    expect(codeOf(() => space.madvise(page(0), PAGE, advice as never))).toBe(code);
  });
});

describe('split', () => {
  it('makes one mapping two, and is content with a border', () => {
    using space = drawn('AAA');
    space.split(page(1));
    space.split(page(1));
    expect(drawing(space)).toBe('ABB');
  });

  it('leaves what a program sees as it was', () => {
    using space = drawn('AA');
    space.write(page(1) - 2, Buffer.from('four'));
    space.split(page(1));
    expect(space.read(page(1) - 2, 4).toString()).toBe('four');
  });

  it.each([
    ['an address that is not aligned', page(0) + 1, 'EINVAL'],
    ['a hole', page(7), 'EFAULT'],
  ])('refuses %s', (_, address, code) => {
    using space = drawn('AA');
    expect(codeOf(() => space.split(address))).toBe(code);
  });
});

describe('brk', () => {
  it('moves the end of the heap, which is there from the start, to the byte', () => {
    using space = new AddressSpace();
    const start = space.brk();
    expect(start).toBeGreaterThan(0);
    expect(space.brk(start + 5000)).toBe(start + 5000);
    space.write(start + 8191, Uint8Array.of(1));
    expect(space.find(start)).toMatchObject({ start, end: start + 8192, prot: 'rw', name: '[heap]' });
    expect(space.brk(start + 100)).toBe(start + 100);
    expect(space.find(start)?.end).toBe(start + 4096);
    expect(space.brk(start)).toBe(start);
    expect([...space]).toEqual([]);
  });

  it('never throws for a refusal: the answer is the break as it was', () => {
    using space = new AddressSpace({ brkStart: 0x10_0000, limits: { data: 8192 } });
    expect(space.brk()).toBe(0x10_0000);
    for (const refused of [0x10_0000 - 1, 0x10_0000 + 8193, 2 ** 50, 2n ** 64n - 1n])
      expect(space.brk(refused)).toBe(0x10_0000);
    expect(space.brk(0x10_0000 + 8192)).toBe(0x10_2000);
    space.mmap({ length: 4096, address: 0x10_4000, fixed: true, prot: 'r' });
    expect(space.brk(0x10_4000)).toBe(0x10_2000);
  });

  it.each([0, 2 ** 47, -1])('refuses a space whose heap would begin at %p', (brkStart) => {
    expect(() => new AddressSpace({ brkStart })).toThrow(/EINVAL|brkStart must be/);
  });
});
