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

  it('cannot be truncated yet', () => {
    const file = new SimFile({ length: PAGE });
    expect(codeOf(() => file.truncate(0))).toBe('ENOSYS');
    expect(codeOf(() => file.truncate(-1))).toBe(RANGE);
    expect(file.length).toBe(PAGE);
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
    ['length', []],
    ['name', []],
  ] as const)('has %s for itself alone', (name, args) => {
    const property = Object.getOwnPropertyDescriptor(SimFile.prototype, name) as { value?: Method; get?: Method };
    const method = property.get ?? property.value;
    for (const something of [undefined, null, {}, Object.create(SimFile.prototype) as object])
      expect(codeOf(() => method?.apply(something, [...args]))).toBe('ERR_VMALOCK_ILLEGAL_INVOCATION');
  });
});
