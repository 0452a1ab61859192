import { AddressSpace, type AddressSpaceOptions, FAULT_ERAS, POLICY_NAMES, VmalockError } from '../../../lib';
import { codeOf, errorOf, INVALID, RANGE } from '../../support/codes';
import { drawn, page, PAGE } from '../../support/drawing';
import { printedBy } from '../../support/built';

const CLOSED = 'ERR_VMALOCK_CLOSED';
const ILLEGAL = 'ERR_VMALOCK_ILLEGAL_INVOCATION';

/** Every method, with arguments that it takes. */
const CALLS: Readonly<Record<string, readonly unknown[]>> = {
  mmap: [{ length: PAGE }],
  munmap: [page(0), PAGE],
  mprotect: [page(0), PAGE, 'r'],
  pkeyMprotect: [page(0), PAGE, 'r', -1],
  mremap: [page(0), PAGE, PAGE],
  madvise: [page(0), PAGE, 'normal'],
  processMadvise: [[{ address: page(0), length: PAGE }], 'normal'],
  mlock: [page(0), PAGE],
  munlock: [page(0), PAGE],
  khugepaged: [],
  mlockAll: [{ current: true }],
  munlockAll: [],
  mincore: [page(0), PAGE],
  msync: [page(0), PAGE],
  mbind: [page(0), PAGE, { mode: 'default' }],
  setMempolicy: [{ mode: 'default' }],
  getMempolicy: [],
  setLimits: [{}],
  limits: [],
  setOvercommit: [{}],
  overcommit: [],
  setMdwe: [{}],
  mdwe: [],
  setThpDisable: [true],
  thpDisable: [],
  setPrivileged: [true],
  isPrivileged: [],
  mseal: [page(0), PAGE],
  remapFilePages: [page(0), PAGE, 0],
  userfaultfd: [],
  observe: [],
  exit: [],
  reap: [],
  brk: [],
  fork: [],
  split: [page(0)],
  fault: [page(0), 'read'],
  faultArch: ['x86', page(0), 4],
  faultMany: [Float64Array.of(page(0)), 'read'],
  read: [page(0), 1],
  write: [page(0), Uint8Array.of(1)],
  exec: [page(0)],
  find: [page(0)],
  maps: [],
  smaps: [],
  smapsRollup: [],
  status: [],
  statusText: [],
  statm: [],
  stats: [],
  validate: [],
  share: [],
};

function call(space: unknown, name: string): unknown {
  const method = (AddressSpace.prototype as unknown as Record<string, (...args: unknown[]) => unknown>)[name];
  return method?.apply(space, [...(CALLS[name] ?? [])]);
}

describe('a new space', () => {
  it('is empty, of pages of 4096 bytes, under per-vma', () => {
    using space = new AddressSpace();
    expect(space.pageSize).toBe(4096);
    expect(space.policy).toBe('per-vma');
    expect(space.maps()).toBe('');
  });

  it.each(POLICY_NAMES)('has the policy %s when that is asked', (policy) => {
    using space = new AddressSpace({ policy });
    expect(space.policy).toBe(policy);
  });

  it.each(FAULT_ERAS)('knows the era %s', (faults) => {
    using space = new AddressSpace({ faults });
    space.validate();
  });

  it('takes limits, and Infinity for none', () => {
    using space = new AddressSpace({ limits: { as: Infinity, data: Infinity, stack: 8192, memlock: 0, mapCount: 9 } });
    space.validate();
  });

  it.each<[string, unknown, string]>([
    ['an unknown policy', { policy: 'lottery' }, 'EINVAL'],
    ['an unknown era', { faults: 'linux-2.4' }, 'EINVAL'],
    ['more NUMA nodes than 64', { numaNodes: 65 }, RANGE],
    ['fewer frames than NUMA nodes', { numaNodes: 4, frames: 3 }, 'EINVAL'],
    ['a policy that is no text', { policy: 1 }, INVALID],
    ['an unknown backing', { backing: 'disk' }, INVALID],
    ['no frames', { frames: 0 }, RANGE],
    ['a number of frames that is text', { frames: 'many' }, INVALID],
    ['half a node', { numaNodes: 0.5 }, RANGE],
    ['a limit below 0', { limits: { as: -1 } }, RANGE],
    ['a limit that is not a number', { limits: { stack: NaN } }, RANGE],
    ['a map limit of 33 bits', { limits: { mapCount: 2 ** 32 } }, RANGE],
    ['limits that are none', { limits: 5 }, INVALID],
    ['a switch that is text', { privileged: 'no' }, INVALID],
    ['options that are none', 'per-vma', INVALID],
    ['null', null, INVALID],
  ])('is refused with %s', (_, options, code) => {
    expect(codeOf(() => new AddressSpace(options as AddressSpaceOptions))).toBe(code);
  });

  it('tells in its refusal what there is', () => {
    expect(errorOf(() => new AddressSpace({ policy: 'lottery' as 'per-vma' })).message).toBe(
      `EINVAL: there is no policy 'lottery'; there are ${POLICY_NAMES.join(', ')}`,
    );
  });

  it('is not made by a call without new', () => {
    expect(() => (AddressSpace as unknown as () => void)()).toThrow(/new/);
  });
});

describe('a closed space', () => {
  it('is closed once and for all, by close or by the end of a block', () => {
    const space = new AddressSpace();
    space.close();
    space.close();
    let escaped: AddressSpace;
    {
      using inner = drawn('A');
      escaped = inner;
    }
    expect(codeOf(() => escaped.maps())).toBe(CLOSED);
    expect(codeOf(() => space.maps())).toBe(CLOSED);
  });

  it.each(Object.keys(CALLS))('refuses %s', (name) => {
    const space = drawn('A');
    space.close();
    expect(codeOf(() => call(space, name))).toBe(CLOSED);
  });

  it('still knows its policy and its page size', () => {
    const space = new AddressSpace({ policy: 'mmap-lock' });
    space.close();
    expect([space.policy, space.pageSize]).toEqual(['mmap-lock', 4096]);
  });
});

describe('a method on something else', () => {
  it('is known for every method that there is', () => {
    const own = Object.getOwnPropertyNames(AddressSpace.prototype);
    expect(own.filter((name) => !['constructor', 'close'].includes(name)).sort()).toEqual(Object.keys(CALLS).sort());
  });

  it.each([...Object.keys(CALLS), 'close'])('is refused: %s', (name) => {
    for (const something of [undefined, null, 4, {}, Object.create(AddressSpace.prototype), new Proxy(drawn('A'), {})])
      expect(codeOf(() => call(something, name))).toBe(ILLEGAL);
  });

  it('is refused when it iterates', () => {
    const iterate = AddressSpace.prototype[Symbol.iterator];
    expect(codeOf(() => iterate.call({} as AddressSpace).next())).toBe(ILLEGAL);
  });
});

describe('a forgotten space', () => {
  it('gives its memory back', async () => {
    // Each holds 16 MiB: all of them at once would be 1.5 GiB.
    const program = `
      const { AddressSpace } = require('./dist');
      const turn = () => new Promise(setImmediate);
      (async () => {
        for (let n = 0; n < 96; n++) {
          const space = new AddressSpace();
          space.write(space.mmap({ length: 2 ** 24 }), Buffer.alloc(2 ** 24, 1));
          global.gc();
          await turn();
        }
        console.log(process.memoryUsage().rss < 2 ** 29);
      })();`;
    expect(await printedBy(program, '--expose-gc')).toBe('true\n');
  });

  it('does not keep the process, nor does an open one', async () => {
    expect(await printedBy(`globalThis.s = new (require('./dist').AddressSpace)(); console.log('end')`)).toBe('end\n');
  });
});

describe('an error', () => {
  it('is an Error with a stable code and the facts of the call', () => {
    using space = new AddressSpace();
    const error = errorOf(() => space.munmap(0x1001, 8192));
    expect(error).toBeInstanceOf(Error);
    expect(error).toBeInstanceOf(VmalockError);
    expect({ ...error }).toEqual({
      name: 'VmalockError',
      code: 'EINVAL',
      errno: -22,
      syscall: 'munmap',
      address: 0x1001,
    });
    expect(error.message).toBe('EINVAL: invalid argument, munmap(0x1001, 8192)');
    expect(error.stack).toMatch(/^VmalockError: EINVAL/);
  });
});

describe('a getter of the options that closes the space', () => {
  const closing = <T extends object>(space: AddressSpace, options: T, name: string): T =>
    Object.defineProperty(options, name, {
      get: () => {
        space.close();
        // As many as a handle has generations: the last one would have the number of the closed space.
        for (let n = 0; n < 511; n++) new AddressSpace({ frames: 1 }).close();
        others.push(new AddressSpace());
        return undefined;
      },
    });
  const others: AddressSpace[] = [];

  it.each<[string, (space: AddressSpace, start: number) => unknown]>([
    ['mmap', (space) => space.mmap(closing(space, { length: PAGE }, 'stack'))],
    ['mprotect', (space, start) => space.mprotect(start, PAGE, 'r', closing(space, {}, 'growsUp'))],
    ['mremap', (space, start) => space.mremap(start, PAGE, 2 * PAGE, closing(space, {}, 'to'))],
    ['mbind', (space, start) => space.mbind(start, PAGE, closing(space, { mode: 0 }, 'nodes'))],
    ['setMempolicy', (space) => space.setMempolicy(closing(space, { mode: 0 }, 'nodes'))],
    ['setLimits', (space) => space.setLimits(closing(space, {}, 'as'))],
    ['setOvercommit', (space) => space.setOvercommit(closing(space, {}, 'limit'))],
    ['getMempolicy', (space) => space.getMempolicy(closing(space, {}, 'address'))],
  ])('is seen by %s, which changes nothing else', (_, act) => {
    const space = new AddressSpace();
    const start = space.mmap({ length: PAGE });
    expect(codeOf(() => act(space, start))).toBe(CLOSED);
    const other = others.pop();
    expect(other?.maps()).toBe('');
    other?.close();
  });
});
