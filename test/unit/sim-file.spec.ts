import { AddressSpace, SimFile } from '../../lib';
import { codeOf, INVALID, RANGE } from '../support/codes';
import { PAGE, pages } from '../support/drawing';

type Method = (this: unknown, ...args: unknown[]) => unknown;

describe('a simulated file', () => {
  it('has its length, its name, and the fill byte where nobody wrote', () => {
    const file = new SimFile({ length: 10, fill: 0x2e, name: '/a' });
    file.write(2, Buffer.from('hi'));
    expect([file.length, file.name, file.read(0, 10).toString()]).toEqual([10, '/a', '..hi......']);
  });

  it('reads less at its end, and nothing behind it', () => {
    const file = new SimFile({ length: 4, fill: 1 });
    expect([...file.read(2, 100)]).toEqual([1, 1]);
    expect(file.read(4, 1)).toHaveLength(0);
    expect(file.read(2n ** 40n, 1)).toHaveLength(0);
  });

  it('grows when it is written behind its end', () => {
    const file = new SimFile({ length: 1, fill: 7 });
    file.write(PAGE, Buffer.from('x'));
    expect(file.length).toBe(PAGE + 1);
    expect([file.read(0, 1)[0], file.read(PAGE - 1, 2).toString('hex')]).toEqual([7, '0778']);
  });

  it('ends below 2^63, as an off_t can tell', () => {
    const most = (1n << 63n) - 1n;
    expect(codeOf(() => new SimFile({ length: most + 1n }))).toBe(RANGE);
    const file = new SimFile({ length: most });
    for (const offset of [most, most + 1n, (1n << 64n) - 1n])
      expect(codeOf(() => file.write(offset, Buffer.from('x')))).toBe(RANGE);
    expect(file.length).toBe(Number(most));
  });

  it('shows in shared mappings what is written to it, and the other way round', () => {
    using space = new AddressSpace();
    const file = new SimFile({ length: PAGE });
    const shared = space.mmap({ length: PAGE, file, shared: true });
    const own = space.mmap({ length: PAGE, file });
    file.write(0, Buffer.from('file'));
    expect([space.read(shared, 4).toString(), space.read(own, 4).toString()]).toEqual(['file', 'file']);
    space.write(own, Buffer.from('mine'));
    space.write(shared, Buffer.from('ours'));
    expect([file.read(0, 4).toString(), space.read(own, 4).toString()]).toEqual(['ours', 'mine']);
  });

  it.each([
    ['rw', { shared: true, prot: 'rw' }, 'ok'],
    ['ro', { shared: true, prot: 'r' }, 'ok'],
    ['ro', { shared: true, prot: 'rw' }, 'EACCES'],
    ['ro', { prot: 'rw' }, 'ok'],
    ['wo', { shared: true, prot: 'w' }, 'EACCES'],
    ['wo', { prot: 'r' }, 'EACCES'],
  ] as const)('opened %s can be mapped %p: %s', (mode, options, code) => {
    using space = new AddressSpace();
    const file = new SimFile({ length: PAGE, mode });
    expect(codeOf(() => space.mmap({ length: PAGE, file, ...options }))).toBe(code);
  });

  it('is one object, whatever maps it', () => {
    using one = new AddressSpace();
    using other = one.fork();
    const file = new SimFile({ length: pages(2), backing: 'none' });
    const mapped = [one, other, one].map((space) => space.find(space.mmap({ length: PAGE, file }))?.file);
    expect(mapped).toEqual([file, file, file]);
    expect(mapped.every((found) => found === file)).toBe(true);
  });

  it('loses pages from every mapping when it is truncated, and reads 0 when it grows again', () => {
    using space = new AddressSpace();
    using child = space.fork();
    const file = new SimFile({ length: pages(3), fill: 7 });
    const shared = space.mmap({ length: pages(3), file, prot: 'rw', shared: true });
    const copied = child.mmap({ length: pages(3), file, prot: 'rw' });
    child.write(copied + pages(2), Uint8Array.of(1));
    space.read(shared + pages(2), 1);
    file.truncate(PAGE + 10);
    expect(file.length).toBe(PAGE + 10);
    expect(codeOf(() => space.read(shared + pages(2), 1))).toBe('SIGBUS');
    expect(codeOf(() => child.write(copied + pages(2), Uint8Array.of(1)))).toBe('SIGBUS');
    expect(child.status().RssAnon).toBe(0);
    expect([...space.read(shared + PAGE + 8, 4)]).toEqual([7, 7, 0, 0]);
    file.truncate(pages(3));
    expect([...file.read(PAGE + 9, 2), ...child.read(copied + pages(2), 1)]).toEqual([7, 0, 0]);
  });

  describe.each([
    { kind: 'of memory', writtenBack: false, kept: 'xx' },
    { kind: 'of a disk', writtenBack: true, kept: '\0\0' },
  ])('$kind', ({ writtenBack, kept }) => {
    /** 100 bytes long; its one page is full of x. */
    function overfull(space: AddressSpace): { file: SimFile; tail: () => string } {
      const file = new SimFile({ length: 100, writtenBack });
      const at = space.mmap({ length: PAGE, file, shared: true });
      space.write(at, Buffer.alloc(PAGE, 'x'));
      return { file, tail: () => space.read(at + 99, 3).toString() };
    }

    it.each([102, PAGE, pages(3)])(`shows what was stored behind its end as it grows to %p: ${kept}`, (length) => {
      using space = new AddressSpace();
      const { file, tail } = overfull(space);
      file.truncate(length);
      expect(tail()).toBe(`x${kept}`);
    });

    it('and as it grows by a write further on', () => {
      using space = new AddressSpace();
      const { file, tail } = overfull(space);
      file.write(pages(2), Buffer.from('y'));
      expect(tail()).toBe(`x${kept}`);
    });

    it('and of a hole over the end', () => {
      using space = new AddressSpace();
      const { file, tail } = overfull(space);
      file.punchHole(100, 1);
      expect(tail()).toBe(writtenBack ? 'xxx' : 'x\0x'); // on a disk there is nothing to punch
      file.punchHole(99, 2);
      expect(tail()).toBe(writtenBack ? '\0\0\0' : '\0\0x');
    });

    it('forgets what was stored behind its end when it is cut, also where it ends', () => {
      using space = new AddressSpace();
      const { file, tail } = overfull(space);
      file.truncate(100);
      expect(tail()).toBe('x\0\0');
    });
  });

  it('counts as shared memory, unless it is of a disk', () => {
    for (const writtenBack of [false, true]) {
      using space = new AddressSpace();
      const at = space.mmap({ length: PAGE, file: new SimFile({ length: PAGE, writtenBack }), prot: 'r' });
      space.read(at, 1);
      const { RssFile, RssShmem } = space.status();
      expect([RssFile, RssShmem]).toEqual(writtenBack ? [PAGE, 0] : [0, PAGE]);
    }
  });

  it('has holes punched into it, which private copies do not notice', () => {
    using space = new AddressSpace();
    const file = new SimFile({ length: pages(3), fill: 7 });
    const shared = space.mmap({ length: pages(3), file, prot: 'rw', shared: true });
    const copied = space.mmap({ length: pages(3), file, prot: 'rw' });
    space.read(shared, pages(3));
    space.write(copied + PAGE, Uint8Array.of(1));
    file.punchHole(PAGE - 1, PAGE + 2);
    expect(file.length).toBe(pages(3));
    expect([...space.mincore(shared, pages(3))]).toEqual([1, 0, 1]);
    expect([...file.read(PAGE - 2, 3), ...file.read(pages(2), 2)]).toEqual([7, 0, 0, 0, 7]);
    expect([...space.read(copied + PAGE, 2), ...space.read(shared + PAGE, 2)]).toEqual([1, 7, 0, 0]);
    space.madvise(shared, PAGE, 'remove');
    expect(file.read(0, 1)[0]).toBe(0);
    expect(codeOf(() => space.madvise(copied, PAGE, 'remove'))).toBe('EACCES');
  });

  it('knows which of its pages were written, and syncs them', () => {
    const file = new SimFile({ length: 1200 * PAGE });
    using space = new AddressSpace();
    using other = new AddressSpace();
    const start = space.mmap({ length: 1200 * PAGE, file, shared: true });
    const there = other.mmap({ length: 1200 * PAGE, file, shared: true });
    const copies = space.mmap({ length: PAGE, file });
    space.read(start, PAGE);
    space.write(copies, Buffer.from('private'));
    expect(file.dirtyPages()).toEqual([]);
    space.write(start + PAGE, Buffer.from('one'));
    other.write(there + 7 * PAGE, Buffer.from('seven'));
    file.write(3 * PAGE - 1, Buffer.from('ab'));
    expect(file.dirtyPages()).toEqual([1, 2, 3, 7]);
    expect(file.sync(PAGE, 1)).toBe(1);
    expect(file.dirtyPages()).toEqual([2, 3, 7]);
    expect(file.sync(2 * PAGE)).toBe(3);
    expect([file.sync(), file.dirtyPages()]).toEqual([0, []]);
    space.write(start + PAGE, Buffer.from('again'));
    expect(file.dirtyPages()).toEqual([1]);
    const all = Array.from({ length: 1200 }, (_, page) => page);
    for (const page of all) space.write(start + page * PAGE, Buffer.from('x'));
    expect(file.dirtyPages()).toEqual(all);
    expect(file.sync()).toBe(1200);
    for (const page of [space, other]) page.validate();
  });

  it('is written back by msync if it is a file of a disk', () => {
    using space = new AddressSpace();
    const dirty = [true, false].map((writtenBack) => {
      const file = new SimFile({ length: PAGE, writtenBack });
      const start = space.mmap({ length: PAGE, file, shared: true });
      space.write(start, Buffer.from('x'));
      space.msync(start, PAGE, { async: true });
      expect(file.dirtyPages()).toEqual([0]);
      space.msync(start, PAGE, { sync: true });
      return file.dirtyPages();
    });
    expect(dirty).toEqual([[], [0]]);
  });

  it.each([
    ['truncate to a negative length', (file: SimFile) => file.truncate(-1), RANGE],
    ['truncate to half a byte', (file: SimFile) => file.truncate(0.5), RANGE],
    ['truncate to text', (file: SimFile) => file.truncate('1' as never), INVALID],
    ['truncate to more than off_t says', (file: SimFile) => file.truncate(2n ** 63n), 'EINVAL'],
    ['punch a hole of nothing', (file: SimFile) => file.punchHole(0, 0), 'EINVAL'],
    ['punch a hole at NaN', (file: SimFile) => file.punchHole(NaN, 1), RANGE],
    ['punch a hole of a negative length', (file: SimFile) => file.punchHole(0, -1), RANGE],
    ['sync from a negative place', (file: SimFile) => file.sync(-1), RANGE],
    ['sync text', (file: SimFile) => file.sync(0, '1' as never), INVALID],
    ['punch a hole beyond off_t', (file: SimFile) => file.punchHole(2n ** 63n - 1n, 1), 'EFBIG'],
  ])('does not %s', (_, call, code) => {
    const file = new SimFile({ length: 4, fill: 1 });
    expect(codeOf(() => call(file))).toBe(code);
    expect([...file.read(0, 5)]).toEqual([1, 1, 1, 1]);
  });

  it('that may not be written is not cut either', () => {
    const file = new SimFile({ length: 4, mode: 'ro' });
    expect([codeOf(() => file.truncate(0)), codeOf(() => file.punchHole(0, 1))]).toEqual(['EINVAL', 'EBADF']);
  });

  it.each([
    ['no options', undefined, INVALID],
    ['no length', {}, INVALID],
    ['a negative length', { length: -1 }, RANGE],
    ['a length that is text', { length: '1' }, INVALID],
    ['a fill of nine bits', { length: 1, fill: 256 }, RANGE],
    ['half a fill', { length: 1, fill: 0.5 }, RANGE],
    ['a mode that is none', { length: 1, mode: 'rwx' }, INVALID],
    ['a name that is no text', { length: 1, name: 7 }, INVALID],
    ['a name with a NUL', { length: 1, name: 'a\0b' }, INVALID],
    ['a backing that is none', { length: 1, backing: 'tape' }, INVALID],
    ['a switch that is a number', { length: 1, writtenBack: 1 }, INVALID],
  ])('is refused with %s', (_, options, code) => {
    expect(codeOf(() => new SimFile(options as never))).toBe(code);
  });

  it.each([
    ['read a negative offset', (file: SimFile) => file.read(-1, 1), RANGE],
    ['read half a byte', (file: SimFile) => file.read(0, 0.5), RANGE],
    ['read more than any buffer has', (file: SimFile) => file.read(0, 2 ** 53), RANGE],
    ['write text', (file: SimFile) => file.write(0, 'text' as never), INVALID],
    ['write at NaN', (file: SimFile) => file.write(NaN, Uint8Array.of(1)), RANGE],
    ['write beyond 2^64', (file: SimFile) => file.write(2n ** 64n - 1n, Uint8Array.of(1, 2)), RANGE],
  ])('does not %s', (_, call, code) => {
    const file = new SimFile({ length: 4 });
    expect(codeOf(() => call(file))).toBe(code);
    expect(file.length).toBe(4);
  });

  it.each([
    ['read', [0, 1]],
    ['write', [0, Uint8Array.of(1)]],
    ['truncate', [0]],
    ['punchHole', [0, 1]],
    ['length', []],
    ['name', []],
  ] as const)('has %s for itself alone', (name, args) => {
    const property = Object.getOwnPropertyDescriptor(SimFile.prototype, name) as { value?: Method; get?: Method };
    const method = property.get ?? property.value;
    for (const something of [undefined, null, {}, Object.create(SimFile.prototype) as object])
      expect(codeOf(() => method?.apply(something, [...args]))).toBe('ERR_VMALOCK_ILLEGAL_INVOCATION');
  });
});
