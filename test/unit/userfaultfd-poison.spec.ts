/** Pages whose bytes are lost: UFFDIO_POISON. */
import { AddressSpace, FaultResult, SimFile } from '../../lib';
import { codeOf, errorOf, INVALID, RANGE } from '../support/codes';
import { drawn, page, PAGE, pages } from '../support/drawing';

const POISONED = FaultResult.SIGBUS | FaultResult.HWPOISON;
const resultOf = (space: AddressSpace, n: number, access: 'read' | 'write' | 'exec' = 'read'): number =>
  space.fault(page(n), access) & (FaultResult.OUTCOME | FaultResult.HWPOISON);

describe('a poisoned page', () => {
  it('makes any touch a SIGBUS that says why', () => {
    using space = drawn('AAA');
    using uffd = space.userfaultfd();
    uffd.register(page(0), pages(3), { missing: true });
    uffd.poison(page(1), PAGE);
    expect(resultOf(space, 1)).toBe(POISONED);
    expect(resultOf(space, 1, 'write')).toBe(POISONED);
    const results = new Uint8Array(1);
    expect(space.faultMany(Float64Array.of(page(1)), 'read', results)).toBe(0);
    expect((results[0] ?? 0) & POISONED).toBe(POISONED);
    expect(errorOf(() => space.read(page(1) + 5, 1))).toMatchObject({
      code: 'SIGBUS',
      siCode: 'BUS_MCEERR_AR',
      address: page(1) + 5,
    });
    expect(errorOf(() => space.write(page(1), Buffer.of(1)))).toMatchObject({ siCode: 'BUS_MCEERR_AR' });
    expect(uffd.read()).toBeUndefined();
    space.validate();
  });

  it('stops an instruction fetch, too', () => {
    using space = new AddressSpace();
    space.mmap({ address: page(0), length: PAGE, fixed: true, prot: 'rwx' });
    using uffd = space.userfaultfd();
    uffd.register(page(0), PAGE, { missing: true });
    uffd.poison(page(0), PAGE);
    expect(errorOf(() => space.exec(page(0)))).toMatchObject({ code: 'SIGBUS', siCode: 'BUS_MCEERR_AR' });
  });

  it('stops populating with EHWPOISON and mlock with ENOMEM', () => {
    using space = drawn('AA');
    using uffd = space.userfaultfd();
    uffd.register(page(0), pages(2), { wp: true });
    uffd.poison(page(1), PAGE);
    const error = errorOf(() => space.madvise(page(0), pages(2), 'populate_read'));
    expect(error).toMatchObject({ code: 'EHWPOISON', errno: -133 });
    expect(codeOf(() => space.madvise(page(0), pages(2), 'populate_write'))).toBe('EHWPOISON');
    expect(codeOf(() => space.mlock(page(0), pages(2)))).toBe('ENOMEM');
    expect(Array.from(space.mincore(page(0), pages(2)))).toEqual([1, 0]);
  });

  it.each(['dontneed', 'free'])('is healed by madvise %s', (advice) => {
    using space = drawn('A');
    using uffd = space.userfaultfd();
    uffd.register(page(0), PAGE, { wp: true });
    uffd.poison(page(0), PAGE);
    space.madvise(page(0), PAGE, advice);
    expect(resultOf(space, 0, 'write')).toBe(FaultResult.MINOR);
  });

  it('gives way to a page that is brought, and to nothing else', () => {
    using space = drawn('AAA');
    using uffd = space.userfaultfd();
    uffd.register(page(0), pages(3), { missing: true });
    uffd.copy(page(2), Buffer.alloc(PAGE, 7));
    expect(codeOf(() => uffd.poison(page(2), PAGE))).toBe('EEXIST');
    expect(errorOf(() => uffd.poison(page(0), pages(3)))).toMatchObject({ code: 'EAGAIN', done: pages(2) });
    expect(codeOf(() => uffd.poison(page(0), PAGE))).toBe('EEXIST');
    expect(codeOf(() => uffd.zeropage(page(0), PAGE))).toBe('EEXIST');
    uffd.copy(page(0), Buffer.alloc(PAGE, 9));
    expect(space.read(page(0), 1)[0]).toBe(9);
    expect(space.read(page(2), 1)[0]).toBe(7);
  });

  it('goes along with fork and mremap, and outlives its userfaultfd', () => {
    using space = drawn('AA');
    const uffd = space.userfaultfd();
    uffd.register(page(0), pages(2), { missing: true });
    uffd.poison(page(1), PAGE);
    using child = space.fork();
    expect(resultOf(child, 1)).toBe(POISONED);
    uffd.close();
    expect(resultOf(space, 1)).toBe(POISONED);
    space.mremap(page(0), pages(2), pages(2), { mayMove: true, fixed: true, to: page(8) });
    expect(resultOf(space, 9)).toBe(POISONED);
  });

  it('of a shared file is the mapping’s alone', () => {
    using space = new AddressSpace();
    const file = new SimFile({ length: PAGE, fill: 3 });
    const start = space.mmap({ length: pages(2), file, shared: true });
    using uffd = space.userfaultfd();
    uffd.register(start, pages(2), { minor: true });
    uffd.poison(start, PAGE);
    expect(codeOf(() => uffd.poison(start + PAGE, PAGE))).toBe('EFAULT');
    expect(codeOf(() => space.read(start, 1))).toBe('SIGBUS');
    expect(file.read(0, 1)[0]).toBe(3);
    using child = space.fork();
    expect(child.read(start, 1)[0]).toBe(3);
  });

  it('is refused as other requests are', () => {
    using space = drawn('AA');
    using uffd = space.userfaultfd({ features: 1 << 14 });
    uffd.register(page(0), PAGE, { missing: true });
    expect(codeOf(() => uffd.poison(page(0), PAGE, { flags: 2 }))).toBe('EINVAL');
    expect(codeOf(() => uffd.poison(page(0), 0))).toBe('EINVAL');
    expect(codeOf(() => uffd.poison(page(0) + 1, PAGE))).toBe('EINVAL');
    expect(codeOf(() => uffd.poison(page(1), PAGE))).toBe('ENOENT');
    expect(codeOf(() => uffd.poison(-1, PAGE))).toBe(RANGE);
    expect(codeOf(() => uffd.poison(page(0), PAGE, null as never))).toBe(INVALID);
    uffd.close();
    expect(codeOf(() => uffd.poison(page(0), PAGE))).toBe('ERR_VMALOCK_CLOSED');
  });
});
