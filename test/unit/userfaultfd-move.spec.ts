/** Pages that change their place: UFFDIO_MOVE. */
import { AddressSpace, FaultResult, type Userfaultfd } from '../../lib';
import { codeOf, errorOf, INVALID, RANGE } from '../support/codes';
import { page, PAGE, pages } from '../support/drawing';

const outcome = (result: number): number => result & FaultResult.OUTCOME;

interface Rig {
  space: AddressSpace;
  uffd: Userfaultfd;
}

/** Pages 8 to 11 are written with 1 to 4; 0 to 3 are registered. */
function rigOf(modes: { missing?: boolean; wp?: boolean } = { missing: true }): Rig {
  const space = new AddressSpace({ faults: 'linux-6.18' });
  space.mmap({ address: page(0), length: pages(4), fixed: true });
  space.mmap({ address: page(8), length: pages(4), fixed: true });
  for (let n = 0; n < 4; n++) space.write(page(8 + n), Buffer.of(n + 1));
  const uffd = space.userfaultfd({ features: 0x10000 });
  uffd.register(page(0), pages(4), modes);
  return { space, uffd };
}

describe('a page that moves', () => {
  it('is at its new place, and a fault that asked for it finds it', () => {
    const { space, uffd } = rigOf();
    expect(outcome(space.fault(page(1), 'read'))).toBe(FaultResult.USERFAULT);
    const resident = space.status()['VmRSS'];
    uffd.move(page(1), page(8), pages(2));
    expect(space.status()['VmRSS']).toBe(resident);
    expect(outcome(space.fault(page(1), 'write'))).toBe(FaultResult.MINOR);
    expect(space.read(page(1), 1)[0]).toBe(1);
    expect(space.read(page(2), 1)[0]).toBe(2);
    expect(space.read(page(8), 1)[0]).toBe(0);
    space.validate();
    space.close();
  });

  it('is ENOENT where none is, unless holes may be', () => {
    const { space, uffd } = rigOf();
    space.madvise(page(9), PAGE, 'dontneed');
    expect(codeOf(() => uffd.move(page(0), page(9), PAGE))).toBe('ENOENT');
    const error = errorOf(() => uffd.move(page(0), page(8), pages(3)));
    expect(error).toMatchObject({ code: 'EAGAIN', done: PAGE, syscall: 'UFFDIO_MOVE', address: page(0) });
    uffd.move(page(1), page(9), pages(3), { allowHoles: true });
    expect(outcome(space.fault(page(1), 'read'))).toBe(FaultResult.USERFAULT);
    expect(space.read(page(3), 1)[0]).toBe(4);
    space.close();
  });

  it('replaces nothing: EEXIST', () => {
    const { space, uffd } = rigOf();
    uffd.copy(page(0), Buffer.alloc(PAGE, 9));
    expect(codeOf(() => uffd.move(page(0), page(8), PAGE))).toBe('EEXIST');
    uffd.poison(page(1), PAGE);
    expect(codeOf(() => uffd.move(page(1), page(8), PAGE, { flags: 2 }))).toBe('EEXIST');
    expect(space.read(page(8), 1)[0]).toBe(1);
    space.close();
  });

  it('is its space’s alone: EBUSY after a fork, until it is written', () => {
    const { space, uffd } = rigOf();
    space.fork().close();
    expect(codeOf(() => uffd.move(page(0), page(8), PAGE))).toBe('EBUSY');
    space.write(page(8), Buffer.of(7));
    uffd.move(page(0), page(8), PAGE);
    expect(space.read(page(0), 1)[0]).toBe(7);
    space.close();
  });

  it('is no guard: EFAULT', () => {
    const { space, uffd } = rigOf();
    space.madvise(page(8), PAGE, 'guard_install');
    expect(codeOf(() => uffd.move(page(0), page(8), PAGE, { allowHoles: true }))).toBe('EFAULT');
    space.close();
  });

  it('arrives writable, whoever protected it', () => {
    const { space, uffd } = rigOf({ wp: true });
    uffd.register(page(8), pages(4), { wp: true });
    uffd.writeProtect(page(8), PAGE, true);
    uffd.move(page(0), page(8), PAGE);
    expect(outcome(space.fault(page(0), 'write'))).toBe(FaultResult.MINOR);
    expect(uffd.read()).toBeUndefined();
    space.close();
  });

  it('takes its 2 MiB along as one huge page', () => {
    const huge = 2 * 1024 * 1024;
    using space = new AddressSpace({ thp: 'madvise' });
    const start = Math.ceil(space.mmap({ length: 4 * huge }) / huge) * huge;
    space.madvise(start, huge, 'hugepage');
    space.write(start + 5, Buffer.of(5));
    using uffd = space.userfaultfd();
    uffd.register(start + huge, huge, { missing: true });
    uffd.move(start + huge, start, huge);
    expect(space.stats().thpSplitPmd).toBe(0);
    expect(space.read(start + huge + 5, 1)[0]).toBe(5);
    space.validate();
  });
});

describe('a move that is refused', () => {
  it.each<[string, string, (rig: Rig) => unknown]>([
    ['from beyond a mapping', 'EINVAL', ({ uffd }) => uffd.move(page(0), page(11), pages(2))],
    ['to beyond one', 'EINVAL', ({ uffd }) => uffd.move(page(3), page(8), pages(2))],
    ['to what is not registered', 'EINVAL', ({ uffd }) => uffd.move(page(8), page(9), PAGE)],
    ['from where nothing is mapped', 'ENOENT', ({ uffd }) => uffd.move(page(0), page(40), PAGE)],
    ['to where nothing is mapped', 'ENOENT', ({ uffd }) => uffd.move(page(40), page(8), PAGE)],
    ['no length', 'EINVAL', ({ uffd }) => uffd.move(page(0), page(8), 0)],
    ['an odd source', 'EINVAL', ({ uffd }) => uffd.move(page(0), page(8) + 1, PAGE)],
    ['an unknown mode', 'EINVAL', ({ uffd }) => uffd.move(page(0), page(8), PAGE, { flags: 4 })],
    [
      'a locked source',
      'EINVAL',
      ({ space, uffd }) => {
        space.mlock(page(8), PAGE);
        uffd.move(page(0), page(8), PAGE);
      },
    ],
    [
      'what may not be written',
      'EINVAL',
      ({ space, uffd }) => {
        space.mprotect(page(0), pages(4), 'r');
        space.mprotect(page(8), pages(4), 'r');
        uffd.move(page(0), page(8), PAGE);
      },
    ],
    ['a number that is none', RANGE, ({ uffd }) => uffd.move(page(0), -1, PAGE)],
    ['options that are none', INVALID, ({ uffd }) => uffd.move(page(0), page(8), PAGE, null as never)],
    ['a word that is no boolean', INVALID, ({ uffd }) => uffd.move(page(0), page(8), PAGE, { allowHoles: 1 as never })],
    [
      'a closed userfaultfd',
      'ERR_VMALOCK_CLOSED',
      ({ uffd }) => {
        uffd.close();
        uffd.move(page(0), page(8), PAGE);
      },
    ],
  ])('%s', (_, code, call) => {
    const rig = rigOf();
    expect(codeOf(() => call(rig))).toBe(code);
    rig.space.close();
  });
});
