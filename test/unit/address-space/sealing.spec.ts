import { type AddressSpace, FaultResult, SimFile } from '../../../lib';
import { codeOf, errorOf, RANGE } from '../../support/codes';
import { draw, drawing, drawn, page, PAGE, pages } from '../../support/drawing';

describe('mseal', () => {
  it('makes the sealed part a mapping of its own, and says so in its flags', () => {
    using space = drawn('AAA');
    space.mseal(page(1), PAGE);
    expect(drawing(space)).toBe('ABC');
    expect(space.find(page(1))?.flags).toContain('sl');
    expect(space.find(page(0))?.flags).not.toContain('sl');
  });

  it.each<[string, (space: AddressSpace) => unknown]>([
    ['munmap', (space) => space.munmap(page(0), pages(3))],
    ['mprotect', (space) => space.mprotect(page(1), PAGE, 'r')],
    ['mremap', (space) => space.mremap(page(1), PAGE, PAGE)],
    ['a mapping over it', (space) => space.mmap({ address: page(1), length: PAGE, fixed: true })],
    ['a move over it', (space) => space.mremap(page(5), PAGE, PAGE, { mayMove: true, fixed: true, to: page(1) })],
  ])('refuses %s', (_, call) => {
    using space = drawn('AAA..B');
    space.mseal(page(1), PAGE);
    expect(codeOf(() => call(space))).toBe('EPERM');
    expect(space.find(page(1))?.prot).toBe('rw');
  });

  it('keeps pages that the program could not overwrite', () => {
    using space = drawn('A');
    space.write(page(0), Buffer.from('kept'));
    space.mprotect(page(0), PAGE, 'r');
    space.mseal(page(0), PAGE);
    expect(codeOf(() => space.madvise(page(0), PAGE, 'dontneed'))).toBe('EPERM');
    expect(space.read(page(0), 4).toString()).toBe('kept');
  });

  it('refuses flags, odd addresses and holes', () => {
    using space = drawn('A.B');
    expect(codeOf(() => space.mseal(page(0), PAGE, 1))).toBe('EINVAL');
    expect(codeOf(() => space.mseal(page(0), PAGE, 0.5))).toBe(RANGE);
    expect(codeOf(() => space.mseal(page(0) + 1, PAGE))).toBe('EINVAL');
    expect(codeOf(() => space.mseal(page(0), pages(3)))).toBe('ENOMEM');
    expect(space.find(page(0))?.flags).not.toContain('sl');
  });
});

describe('a guard region', () => {
  it('ends a touch in SIGSEGV, and splits nothing', () => {
    using space = drawn('AAA');
    space.madvise(page(1), PAGE, 'guard_install');
    expect(drawing(space)).toBe('AAA');
    expect(space.find(page(1))?.flags).toContain('gu');
    expect(space.fault(page(1), 'read') & FaultResult.OUTCOME).toBe(FaultResult.SIGSEGV_MAPERR);
    expect(errorOf(() => space.write(page(1), Buffer.from('x')))).toMatchObject({
      code: 'SIGSEGV',
      siCode: 'SEGV_MAPERR',
    });
    space.write(page(2), Buffer.from('x'));
    space.madvise(page(0), pages(3), 'guard_remove');
    expect(space.read(page(1), 1)[0]).toBe(0);
  });

  it('takes pages of a file out of sight, not out of the file', () => {
    using space = drawn('');
    const file = new SimFile({ length: PAGE, fill: 7 });
    draw(space, 'A', { file, shared: true });
    expect(space.read(page(0), 1)[0]).toBe(7);
    space.madvise(page(0), PAGE, 102);
    expect(codeOf(() => space.read(page(0), 1))).toBe('SIGSEGV');
    space.madvise(page(0), PAGE, 103);
    expect(space.read(page(0), 1)[0]).toBe(7);
  });

  it.each([
    ['locked memory', 'EINVAL', (space: AddressSpace) => space.mlock(page(0), PAGE)],
    ['memory that is not mapped', 'ENOMEM', (space: AddressSpace) => space.munmap(page(0), PAGE)],
  ])('is refused by %s', (_, code, prepare) => {
    using space = drawn('A');
    prepare(space);
    expect(codeOf(() => space.madvise(page(0), PAGE, 'guard_install'))).toBe(code);
  });
});

describe('remap_file_pages', () => {
  it('shows the file from another page on', () => {
    using space = drawn('');
    const file = new SimFile({ length: pages(3) });
    for (const n of [0, 1, 2]) file.write(n * PAGE, Uint8Array.of(n + 1));
    draw(space, 'AAA', { file, shared: true });
    space.remapFilePages(page(0), PAGE, 2);
    expect([0, 1, 2].map((n) => space.read(page(n), 1)[0])).toEqual([3, 2, 3]);
    expect(drawing(space)).toBe('ABB');
  });

  it('is for shared mappings only, and knows no protection', () => {
    using space = drawn('A');
    expect(codeOf(() => space.remapFilePages(page(0), PAGE, 0))).toBe('EINVAL');
    expect(codeOf(() => space.remapFilePages(page(0), PAGE, 0, { prot: 1 }))).toBe('EINVAL');
  });
});
