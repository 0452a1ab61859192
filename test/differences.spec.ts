/**
 * docs/differences.md, row by row: each deliberate difference from Linux is what it says, and none is pinned that the page
 * does not tell.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AddressSpace, FaultResult, runOnNode, SimFile } from '../lib';
import { answerOf, workerOf } from './support/built';
import { codeOf } from './support/codes';
import { drawn, page, PAGE, pages } from './support/drawing';

const MIB = 1024 * 1024;
const HUGE = 2 * MIB;
const TOP_OF_USER_HALF = 2 ** 47 - PAGE;

/** The first column of the table: what differs. */
const TOLD = Array.from(
  readFileSync(join(__dirname, '../docs/differences.md'), 'utf8').matchAll(/^\| (?!difference|---)(.*?) \|/gm),
  ([, row = '']) => row.replaceAll('`', ''),
);

const outcome = (result: number): number => result & FaultResult.OUTCOME;

const PINNED: Readonly<Record<string, () => void | Promise<void>>> = {
  'mappings are placed without randomisation': () => {
    const placed = [1, 2].map(() => {
      using space = new AddressSpace();
      return space.mmap({ length: PAGE });
    });
    expect(placed[0]).toBe(placed[1]);
    expect(placed[0]).toBeGreaterThan(TOP_OF_USER_HALF - 129 * MIB);
    expect(placed[0]).toBeLessThan(TOP_OF_USER_HALF - 127 * MIB);
  },

  'memory beyond the pool and its swap is refused by the fault, not by mmap': () => {
    using space = new AddressSpace({ frames: 4 });
    const start = space.mmap({ length: 2 ** 35 });
    expect(codeOf(() => space.mmap({ length: 2 ** 35 + PAGE }))).toBe('ENOMEM');
    expect(space.overcommit().committed).toBe(2 ** 35);
    for (let i = 0; i < 4; i++) expect(outcome(space.fault(start + i * PAGE, 'write'))).toBe(FaultResult.MINOR);
    expect(outcome(space.fault(start + 4 * PAGE, 'write'))).toBe(FaultResult.OOM);
    space.setOvercommit({ mode: 'never', adminReserve: 2 ** 35 });
    space.munmap(start, 2 ** 35);
    space.mmap({ length: PAGE });
    space.setPrivileged(false);
    expect(codeOf(() => space.mmap({ length: PAGE }))).toBe('ENOMEM');
  },

  'pages of files and of shared memory stay': () => {
    using space = new AddressSpace({ swap: 16 });
    const file = new SimFile({ length: PAGE });
    const places = [
      { length: PAGE, file },
      { length: PAGE, file, shared: true },
      { length: PAGE, shared: true },
    ];
    for (const place of places) {
      const start = space.mmap(place);
      space.read(start, 1);
      for (const advice of ['cold', 'pageout', 'willneed']) {
        space.madvise(start, PAGE, advice);
        expect(Array.from(space.mincore(start, PAGE))).toEqual([1]);
      }
    }
  },

  'a file of a disk is read page by page': () => {
    using space = new AddressSpace();
    const start = space.mmap({
      length: 8 * PAGE,
      file: new SimFile({ length: 8 * PAGE, writtenBack: true }),
      prot: 'r',
    });
    for (const advice of ['normal', 'sequential']) {
      space.madvise(start, 8 * PAGE, advice);
      const at = advice === 'normal' ? 4 : 6;
      expect(outcome(space.fault(start + at * PAGE, 'read'))).toBe(FaultResult.MAJOR);
    }
    expect(space.mincore(start, 8 * PAGE).join('')).toBe('00001010');
  },

  'a page that forks share takes a slot of swap for each': () => {
    using space = new AddressSpace({ frames: 1, swap: 8 });
    const start = space.mmap({ length: PAGE });
    space.write(start, Buffer.from('ours'));
    using child = space.fork();
    child.write(child.mmap({ length: PAGE }), Buffer.from('mine'));
    for (const each of [space, child]) expect(each.smaps()).toMatch(/^Swap: +4 kB\nSwapPss: +4 kB$/m);
    for (const each of [space, child]) expect(each.read(start, 4).toString()).toBe('ours');
  },

  'nothing is written anywhere': () => {
    using space = new AddressSpace();
    const file = new SimFile({ length: PAGE });
    const start = space.mmap({ length: PAGE, file, shared: true });
    space.write(start, Buffer.from('there'));
    expect(file.read(0, 5).toString()).toBe('there');
    space.msync(start, PAGE, { sync: true });
    expect(file.dirtyPages()).toEqual([0]);
  },

  'reading fresh anonymous memory maps a zero page, unless told otherwise': () => {
    for (const zeroPage of [true, false]) {
      using space = new AddressSpace({ zeroPage });
      const start = space.mmap({ length: PAGE });
      space.fault(start, 'read');
      expect(space.status()['FramesUsed']).toBe(zeroPage ? 0 : 1);
    }
  },

  'a fault on a page that is there is a minor fault': () => {
    using space = new AddressSpace();
    const start = space.mmap({ length: PAGE, populate: true });
    expect(outcome(space.fault(start, 'write'))).toBe(FaultResult.MINOR);
    expect(space.stats().minorFaults).toBeGreaterThan(0);
  },

  'only private anonymous memory has huge pages': () => {
    using space = new AddressSpace({ thp: 'always' });
    const anonymous = space.mmap({ length: HUGE });
    const shared = space.mmap({ length: HUGE, shared: true });
    space.madvise(shared, HUGE, 'hugepage');
    for (const start of [anonymous, shared]) space.write(start, Buffer.from('x'));
    expect(space.status()['RssAnon']).toBe(HUGE);
    expect(space.status()['RssShmem']).toBe(PAGE);
    const aligned = space.mmap({ address: 64 * HUGE, length: HUGE, fixed: true, shared: true });
    space.write(aligned, Buffer.from('x'));
    expect(codeOf(() => space.madvise(aligned, HUGE, 'collapse'))).toBe('EINVAL');
  },

  'the frames of a huge page are free as soon as nobody maps them': () => {
    using space = new AddressSpace({ thp: 'always' });
    const start = space.mmap({ length: HUGE, address: HUGE * 100 });
    space.write(start, Buffer.from('x'));
    space.munmap(start, HUGE - PAGE);
    expect(space.status()['FramesUsed']).toBe(1);
  },

  'there are no protection keys': () => {
    using space = new AddressSpace();
    const start = space.mmap({ length: PAGE });
    space.pkeyMprotect(start, PAGE, 'r', -1);
    for (const key of [0, 1, 15]) expect(codeOf(() => space.pkeyMprotect(start, PAGE, 'rw', key))).toBe('EINVAL');
    expect(outcome(space.faultArch('x86', start, 0x25))).toBe(FaultResult.SIGSEGV_ACCERR);
  },

  'PROT_EXEC alone is readable for fault(), not for faultArch() of arm64 and ppc64': () => {
    using space = new AddressSpace();
    const start = space.mmap({ length: PAGE, prot: 'x' });
    const translationFault = (0x24 << 26) | 0x07;
    expect(outcome(space.fault(start, 'read'))).toBe(FaultResult.MINOR);
    expect(outcome(space.faultArch('x86', start, 0x4))).toBe(FaultResult.MINOR);
    expect(outcome(space.faultArch('arm64', start, translationFault >>> 0))).toBe(FaultResult.SIGSEGV_ACCERR);
    expect(outcome(space.faultArch('ppc64', start, 0x40000000))).toBe(FaultResult.SIGSEGV_ACCERR);
  },

  'a space has one task policy': () => {
    using space = new AddressSpace({ numaNodes: 2 });
    space.setMempolicy({ mode: 'bind', nodes: [1] });
    using sameSpace = AddressSpace.open(space.share());
    expect(sameSpace.getMempolicy().nodes).toEqual([1]);
  },

  'a thread says itself on which NUMA node it runs': () => {
    using space = new AddressSpace({ numaNodes: 2 });
    const start = space.mmap({ length: PAGE });
    try {
      runOnNode(1);
      space.fault(start, 'write');
    } finally {
      runOnNode(0);
    }
    expect(space.getMempolicy({ address: start, node: true }).node).toBe(1);
  },

  'an empty node’s neighbours are those with the next numbers': () => {
    using space = new AddressSpace({ numaNodes: 3, frames: 3 });
    const start = space.mmap({ length: 3 * PAGE });
    space.mbind(start, 3 * PAGE, { mode: 'preferred', nodes: [1] });
    const nodes = [0, 1, 2].map((n) => {
      space.fault(start + n * PAGE, 'write');
      return space.getMempolicy({ address: start + n * PAGE, node: true }).node;
    });
    expect(nodes).toEqual([1, 2, 0]);
  },

  'pages of files lie on no node': () => {
    using space = new AddressSpace({ numaNodes: 2 });
    const start = space.mmap({ length: PAGE, file: new SimFile({ length: PAGE }), shared: true, populate: true });
    expect(codeOf(() => space.mbind(start, PAGE, { mode: 'bind', nodes: [1], strict: true }))).toBe('EIO');
    space.mbind(start, PAGE, { mode: 'bind', nodes: [1], strict: true, move: true });
    expect(space.getMempolicy({ address: start, node: true }).node).toBe(0);
  },

  'MPOL_MF_MOVE_ALL copies pages that a fork shares': () => {
    using space = new AddressSpace({ numaNodes: 2 });
    const start = space.mmap({ length: PAGE, populate: true });
    using child = space.fork();
    space.mbind(start, PAGE, { mode: 'bind', nodes: [1], moveAll: true });
    const nodeIn = (one: AddressSpace): number | undefined => one.getMempolicy({ address: start, node: true }).node;
    expect([nodeIn(space), nodeIn(child)]).toEqual([1, 0]);
  },

  'an address that is not canonical is SEGV_MAPERR': () => {
    using space = new AddressSpace();
    for (const address of [2 ** 47, 2n ** 63n, 2n ** 64n - BigInt(PAGE)])
      expect(outcome(space.fault(address, 'read'))).toBe(FaultResult.SIGSEGV_MAPERR);
  },

  'locked memory is counted exactly': () => {
    using space = new AddressSpace();
    const start = space.mmap({ length: 2 ** 43, prot: 'r', noReserve: true });
    space.mlock(start, 2 ** 43, { onFault: true });
    expect(space.status()['VmLck']).toBe(2 ** 43);
  },

  'a fixed address in the last page of all 64 bits that is the number of no error is ENOMEM': () => {
    using space = new AddressSpace();
    const at = (number: bigint) =>
      codeOf(() => space.mmap({ address: (1n << 64n) - number, length: PAGE, fixed: true }));
    for (const number of [134n, 1000n, 4095n]) expect(at(number)).toBe('ENOMEM');
    expect(at(13n)).toBe('EACCES');
  },

  'a hole inside the first page of a file unmaps nothing': () => {
    using space = new AddressSpace();
    const file = new SimFile({ length: 3 * PAGE });
    const start = space.mmap({ length: 3 * PAGE, file, shared: true });
    space.write(start + 2 * PAGE, Uint8Array.of(1));
    using uffd = space.userfaultfd({ sigbus: true });
    uffd.register(start, 3 * PAGE, { minor: true });
    file.punchHole(0, 2048);
    expect(outcome(space.fault(start + 2 * PAGE, 'write'))).toBe(FaultResult.MINOR);
    file.punchHole(2 * PAGE, PAGE);
    file.write(2 * PAGE, Uint8Array.of(1));
    expect(outcome(space.fault(start + 2 * PAGE, 'write'))).toBe(FaultResult.SIGBUS);
  },

  'limits are soft limits': () => {
    using space = new AddressSpace({ privileged: false, limits: { as: PAGE } });
    space.setLimits({ as: 0 });
    space.setLimits({ as: Infinity });
    space.mmap({ length: 2 * PAGE });
  },

  'smaps counts a page of a file as mapped once': () => {
    using space = new AddressSpace();
    const file = new SimFile({ length: PAGE });
    const start = space.mmap({ length: PAGE, file, shared: true, populate: true });
    space.mmap({ length: PAGE, file, shared: true, populate: true });
    expect(space.smapsRollup()).toMatch(/^Shared_Clean: +0 kB\nShared_Dirty: +0 kB\nPrivate_Clean: +8 kB$/m);
    const written = space.mmap({ length: PAGE, populate: true });
    space.madvise(written, PAGE, 'free');
    expect(space.smapsRollup()).toMatch(/^LazyFree: +4 kB$/m);
    expect(start).not.toBe(written);
  },

  'the unprivileged may have a userfaultfd': () => {
    using space = new AddressSpace({ privileged: false });
    const start = space.mmap({ length: PAGE });
    using uffd = space.userfaultfd();
    uffd.register(start, PAGE, { missing: true });
    expect(codeOf(() => space.madvise(start, PAGE, 'populate_write'))).toBe('ERR_VMALOCK_USERFAULT');
    expect(uffd.read()).toMatchObject({ address: start });
  },

  'unregistering wakes whoever waits for a userfaultfd there': async () => {
    using space = drawn('A');
    using uffd = space.userfaultfd();
    space.write(page(0), Buffer.from([1]));
    uffd.register(page(0), PAGE, { wp: true });
    uffd.writeProtect(page(0), PAGE, true);
    const worker = workerOf(
      `parentPort.postMessage(AddressSpace.open(workerData).fault(${page(0)}, 'write') & FaultResult.OUTCOME);`,
      space.share(),
    );
    for await (const event of uffd) {
      expect(event).toMatchObject({ address: page(0), kind: 'wp' });
      break;
    }
    uffd.unregister(page(0), PAGE);
    expect(await answerOf(worker)).toBe(FaultResult.MINOR);
  },

  'write protection by a userfaultfd splits a huge page': () => {
    using space = new AddressSpace({ thp: 'always' });
    using uffd = space.userfaultfd();
    const start = space.mmap({ address: 4 * HUGE, length: HUGE, fixed: true, populate: true });
    uffd.register(start, HUGE, { wp: true });
    expect(space.stats()).toMatchObject({ thpFaultAlloc: 1, thpSplitPmd: 0 });
    uffd.writeProtect(start, HUGE, true);
    expect(space.stats().thpSplitPmd).toBe(1);
  },

  'the child that a userfaultfd was told of is there as long as its userfaultfd': () => {
    using space = drawn('A');
    using uffd = space.userfaultfd({ events: ['fork'] });
    uffd.register(page(0), PAGE, { missing: true });
    const child = space.fork();
    const event = uffd.read();
    child.close();
    if (event?.kind !== 'fork') throw new Error('no fork was told');
    using resolver = event.uffd;
    resolver.zeropage(page(0), PAGE);
  },

  'a heap that cannot shrink, for a seal, is not told to a userfaultfd': () => {
    using space = new AddressSpace({ brkStart: page(0) });
    using uffd = space.userfaultfd({ events: ['unmap'] });
    space.brk(page(4));
    uffd.register(page(0), pages(4), { missing: true });
    space.mseal(page(3), PAGE);
    expect(space.brk(page(2))).toBe(page(4));
    expect(uffd.read()).toBeUndefined();
    uffd.zeropage(page(0), PAGE);
  },

  'a page that comes back from swap is dirty': () => {
    using space = new AddressSpace({ swap: 4 });
    const start = space.mmap({ length: PAGE });
    space.write(start, Buffer.from([7]));
    space.madvise(start, PAGE, 'pageout');
    expect(space.status()['VmSwap']).toBe(PAGE);
    expect(space.read(start, 1)[0]).toBe(7);
    expect(space.status()['VmSwap']).toBe(0);
    expect(space.smapsRollup()).toMatch(/^Private_Clean: +0 kB\nPrivate_Dirty: +4 kB$/m);
  },
};

describe('a deliberate difference from Linux', () => {
  it('is told exactly where it is pinned', () => {
    expect(TOLD).toEqual(Object.keys(PINNED));
  });

  it.each(Object.keys(PINNED))('is what docs/differences.md says: %s', async (difference) => {
    await PINNED[difference]?.();
  });
});

describe('a mapping of huge TLB pages', () => {
  it('is not modelled', () => {
    using space = new AddressSpace();
    expect(codeOf(() => space.mmap({ length: pages(512), flags: 0x40022, address: page(0) }))).toBe('ENOSYS');
  });
});
