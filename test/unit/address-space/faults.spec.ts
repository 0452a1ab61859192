import { type Access, AddressSpace, FaultResult, POLICY_NAMES, SimFile } from '../../../lib';
import { codeOf, INVALID, RANGE } from '../../support/codes';
import { drawn, page, PAGE, pages } from '../../support/drawing';

const { MINOR, MAJOR, SIGSEGV_ACCERR, SIGSEGV_MAPERR, SIGBUS, OOM, OUTCOME, VMA_LOCK, RETRIED, COW } = FaultResult;

function outcome(result: number): number {
  return result & OUTCOME;
}

describe.each(POLICY_NAMES)('a fault under %s', (policy) => {
  it('is minor on anonymous memory, and again on a page that is there', () => {
    using space = drawn('A', { policy });
    expect(outcome(space.fault(page(0), 'write'))).toBe(MINOR);
    expect(outcome(space.fault(page(0) + 17, 'read'))).toBe(MINOR);
    expect(space.stats()).toMatchObject({ minorFaults: 2, majorFaults: 0 });
  });

  it.each<[string, string, Access, number]>([
    ['a read of what may not be read', 'none', 'read', SIGSEGV_ACCERR],
    ['a write to what may only be read', 'r', 'write', SIGSEGV_ACCERR],
    ['an instruction in what may only be written', 'rw', 'exec', SIGSEGV_ACCERR],
    ['an instruction where there may be one', 'rx', 'exec', MINOR],
    ['a read of what may be written: x86 cannot forbid it', 'w', 'read', MINOR],
  ])('knows %s', (_, prot, access, expected) => {
    using space = new AddressSpace({ policy });
    expect(outcome(space.fault(space.mmap({ length: PAGE, prot }), access))).toBe(expected);
  });

  it('brings a page before it says that nothing may be executed there, as x86 does', () => {
    using space = drawn('A', { policy });
    expect(outcome(space.fault(page(0), 'exec'))).toBe(SIGSEGV_ACCERR);
    expect([...space.mincore(page(0), PAGE)]).toEqual([1]);
    expect(space.stats()).toMatchObject({ minorFaults: 1, signalFaults: 1 });
    expect(outcome(space.fault(page(0), 'exec'))).toBe(SIGSEGV_ACCERR);
    expect(space.stats()).toMatchObject({ minorFaults: 1, signalFaults: 2 });
    space.validate();
  });

  it.each<[string, string, number, number]>([
    ['the end of the file', 'r', pages(1), SIGBUS],
    ['what permits nothing', 'none', 0, SIGSEGV_ACCERR],
  ])('fetches an instruction from %s', (_, prot, offset, expected) => {
    using space = new AddressSpace({ policy });
    const start = space.mmap({ length: pages(2), file: new SimFile({ length: PAGE }), prot });
    expect(outcome(space.fault(start + offset, 'exec'))).toBe(expected);
    expect(space.status().VmRSS).toBe(0);
  });

  it('has no page for an instruction that may not be executed', () => {
    using space = drawn('AA', { policy, frames: 1, zeroPage: false });
    space.fault(page(1), 'write');
    expect(outcome(space.fault(page(0), 'exec'))).toBe(OOM);
    expect(outcome(space.fault(page(1), 'exec'))).toBe(SIGSEGV_ACCERR);
  });

  it.each([page(3), 0, 2 ** 47, Number.MAX_SAFE_INTEGER, 2n ** 64n - 1n])('finds nothing mapped at %p', (address) => {
    using space = drawn('A', { policy });
    expect(outcome(space.fault(address, 'read'))).toBe(SIGSEGV_MAPERR);
  });

  it.each([
    ['major', 'disk', true, MAJOR],
    ['minor', 'memory', false, MINOR],
  ])('is %s the first time a page of a file of %s is needed, and a bus error beyond its end', (...args) => {
    const [, , writtenBack, first] = args;
    using space = new AddressSpace({ policy });
    const start = space.mmap({ length: pages(2), file: new SimFile({ length: 100, writtenBack }), prot: 'r' });
    expect(outcome(space.fault(start, 'read'))).toBe(first);
    expect(outcome(space.fault(start, 'read'))).toBe(MINOR);
    expect(outcome(space.fault(start + PAGE, 'read'))).toBe(SIGBUS);
  });

  it('is out of memory when the pool has no frame left, and changes nothing then', () => {
    using space = drawn('AAA', { policy, frames: 2 });
    expect([0, 1, 2].map((n) => outcome(space.fault(page(n), 'write')))).toEqual([MINOR, MINOR, OOM]);
    expect([...space.mincore(page(0), pages(3))]).toEqual([1, 1, 0]);
    space.validate();
  });

  it('copies for a write to a page that is shared since a fork', () => {
    using parent = drawn('A', { policy });
    parent.fault(page(0), 'write');
    using child = parent.fork();
    expect(child.fault(page(0), 'write') & COW).toBe(COW);
    expect(child.fault(page(0), 'write') & COW).toBe(0);
  });

  it('grows a stack that is touched below its end', () => {
    using space = new AddressSpace({ policy });
    space.mmap({ address: page(8), length: PAGE, growsDown: true, fixed: true });
    expect(outcome(space.fault(page(7), 'write'))).toBe(MINOR);
    expect(space.find(page(7))).toMatchObject({ start: page(7), end: page(9) });
  });

  it('counts every attempt as one of five outcomes', () => {
    using space = drawn('AAAA.B', { policy });
    space.mprotect(page(2), PAGE, 'r');
    const file = space.mmap({ length: PAGE, file: new SimFile({ length: PAGE }), prot: 'rw' });
    for (const address of [page(0), page(1), page(2), page(3), page(4), page(5), file, 0])
      for (const access of ['read', 'write', 'exec'] as const) space.fault(address, access);
    const stats = space.stats();
    const { vmaLockSuccess, vmaLockAbort, vmaLockRetry, vmaLockMiss, vmaLockAccessError } = stats;
    expect(stats.vmaLockAttempts).toBe(vmaLockSuccess + vmaLockAbort + vmaLockRetry + vmaLockMiss + vmaLockAccessError);
    expect(stats.vmaLockAttempts).toBe(policy === 'mmap-lock' ? 0 : 24);
    expect(stats.vmaLockAbort).toBe(Object.values(stats.abortReasons).reduce((sum, n) => sum + n, 0));
    expect(stats.vmaLockRetry).toBe(Object.values(stats.retryReasons).reduce((sum, n) => sum + n, 0));
    expect(stats.minorFaults + stats.majorFaults + stats.signalFaults).toBe(24);
  });
});

describe('the fast path', () => {
  it('serves all but the first write fault of a mapping under per-vma', () => {
    using space = drawn('AA', { policy: 'per-vma' });
    expect(space.fault(page(0), 'write') & (VMA_LOCK | RETRIED)).toBe(RETRIED);
    expect(space.fault(page(1), 'write') & (VMA_LOCK | RETRIED)).toBe(VMA_LOCK);
    expect(space.stats()).toMatchObject({ vmaLockSuccess: 1, vmaLockRetry: 1, retryReasons: { anonVma: 1 } });
  });

  it('does not exist under mmap-lock', () => {
    using space = drawn('AA', { policy: 'mmap-lock' });
    for (const n of [0, 1, 0]) expect(space.fault(page(n), 'write') & (VMA_LOCK | RETRIED)).toBe(0);
    expect(space.stats().mmapLockReads).toBeGreaterThanOrEqual(3);
  });

  it.each([
    ['rfc', 0],
    ['linux-6.4', 0],
    ['linux-6.7', VMA_LOCK],
  ] as const)('is taken by faults on files as the era %s has it', (faults, flag) => {
    using space = new AddressSpace({ policy: 'per-vma', faults });
    const start = space.mmap({ length: PAGE, file: new SimFile({ length: PAGE }), prot: 'r' });
    space.fault(start, 'read');
    expect(space.fault(start, 'read') & VMA_LOCK).toBe(flag);
  });
});

describe('a fault word', () => {
  it.each([
    ['x86', 'a read', 0x4, 'r', MINOR],
    ['x86', 'a write', 0x6, 'r', SIGSEGV_ACCERR],
    ['x86', 'an instruction', 0x14, 'r', SIGSEGV_ACCERR],
    ['x86', 'a broken page table', 0x8, 'r', SIGBUS],
    ['x86', 'a protection key', 0x24, 'r', SIGSEGV_ACCERR],
    ['arm64', 'a read', 0x9200_0007, 'r', MINOR],
    ['arm64', 'a write', 0x9200_0047, 'r', SIGSEGV_ACCERR],
    ['arm64', 'an instruction', 0x8200_0007, 'r', SIGSEGV_ACCERR],
    ['arm64', 'cache maintenance, which reads', 0x9200_0147, 'r', MINOR],
    ['arm64', 'an instruction where there may be one', 0x8200_0007, 'rx', MINOR],
    ['arm64', 'a read of what may only be executed', 0x9200_0007, 'x', SIGSEGV_ACCERR],
    ['ppc64', 'a read', 0x4000_0000, 'r', MINOR],
    ['ppc64', 'a write', 0x4200_0000, 'r', SIGSEGV_ACCERR],
    ['ppc64', 'an instruction', 0xc000_0000, 'r', SIGSEGV_ACCERR],
    ['ppc64', 'a write that is permitted', 0x4200_0000, 'rw', MINOR],
  ] as const)('of %s can be %s', (arch, _, word, prot, expected) => {
    using space = new AddressSpace();
    expect(outcome(space.faultArch(arch, space.mmap({ length: PAGE, prot }), word))).toBe(expected);
  });

  it.each([
    ['an architecture that is none', 'mips', 0, 0, INVALID],
    ['a word that is text', 'x86', 0, '4', INVALID],
    ['a negative word', 'x86', 0, -1, RANGE],
    ['a negative address', 'x86', -1, 4, RANGE],
  ])('is refused with %s', (_, arch, address, word, code) => {
    using space = new AddressSpace();
    expect(codeOf(() => space.faultArch(arch as 'x86', address, word as number))).toBe(code);
  });
});

describe('exec', () => {
  it('fetches an instruction, or tells the signal', () => {
    using space = new AddressSpace();
    const start = space.mmap({ length: PAGE, prot: 'rx' });
    space.exec(start);
    expect([...space.mincore(start, PAGE)]).toEqual([1]);
    expect(codeOf(() => space.exec(page(0)))).toBe('SIGSEGV');
    expect(codeOf(() => space.exec(space.mmap({ length: PAGE, prot: 'rw' })))).toBe('SIGSEGV');
    const file = new SimFile({ length: 0 });
    expect(codeOf(() => space.exec(space.mmap({ length: PAGE, prot: 'rx', file })))).toBe('SIGBUS');
  });
});
