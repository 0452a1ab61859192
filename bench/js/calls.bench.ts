/**
 * One call from JavaScript: what crossing into native code adds to what the call does.
 */
import { PolicyNames } from './policies';
import { Crowd } from './crowd';
import { benchFunctions } from './native';
import type { BenchCase, Measured, Plan } from './plan';
import { Random } from './random';
import { type Contestant, measureSuite } from './suite';

const MAPPINGS = 1000;
/** Addresses gone through in turn, so that no call is the last one again. */
const ADDRESSES = 4096;
/** Passes of a suite are long: few of them are worth many rounds. */
const PASSES = 9;
const EMPTY = 'empty native call';

/** Gives the next of many addresses, round and round. */
function inTurn(addresses: readonly number[]): () => number {
  let at = 0;
  return () => addresses[(at = (at + 1) % addresses.length)] ?? 0;
}

function callsOf({ space }: Crowd, next: () => number, policy: string): Contestant[] {
  const eight = Buffer.alloc(8);
  const middle = space.pageSize;
  const call = (name: string, run: () => void): Contestant => ({ name, role: 'subject', policy, run });
  return [
    call('fault, page present', () => space.fault(next(), 'read')),
    call('find', () => space.find(next())),
    call('read of 8 bytes', () => space.read(next(), 8)),
    call('write of 8 bytes', () => {
      space.write(next(), eight);
    }),
    call('mmap + munmap', () => {
      space.munmap(space.mmap({ length: space.pageSize }), space.pageSize);
    }),
    call('mprotect + mprotect', () => {
      const at = next() + middle;
      space.mprotect(at, middle, 'r');
      space.mprotect(at, middle, 'rw');
    }),
  ];
}

function runCalls(plan: Plan): Measured[] {
  const crowds = PolicyNames.map((policy) => ({ policy, crowd: new Crowd(MAPPINGS, policy) }));
  try {
    const own = crowds.flatMap(({ policy, crowd }) => {
      crowd.touchAll();
      return callsOf(crowd, inTurn(crowd.someStarts(ADDRESSES, new Random(plan.seed))), policy);
    });
    const empty: Contestant = { name: EMPTY, role: 'floor', run: () => benchFunctions.nothing() };
    return measureSuite([empty, ...own], plan);
  } finally {
    for (const { crowd } of crowds) crowd[Symbol.dispose]();
  }
}

/** Batches of present faults, the cost of one fault. */
function runBatches(plan: Plan): Measured[] {
  using crowd = new Crowd(MAPPINGS, 'per-vma');
  crowd.touchAll();
  const { space } = crowd;
  const addresses = crowd.someStarts(ADDRESSES, new Random(plan.seed));
  const batch = (ops: number, kind: 'Float64Array' | 'BigUint64Array'): Contestant => {
    const some = addresses.slice(0, ops);
    const array = kind === 'Float64Array' ? Float64Array.from(some) : BigUint64Array.from(some.map(BigInt));
    return {
      name: `batch of ${ops}, ${kind}`,
      role: 'subject',
      policy: 'per-vma',
      ops,
      run: () => {
        space.faultMany(array, 'read');
      },
    };
  };
  return measureSuite(
    [
      { name: EMPTY, role: 'floor', run: () => benchFunctions.nothing() },
      ...[1, 16, 1000].flatMap((ops) => [batch(ops, 'Float64Array'), batch(ops, 'BigUint64Array')]),
    ],
    plan,
  );
}

export const calls: BenchCase = {
  name: 'js-calls',
  vmas: MAPPINGS,
  op: 'call (or pair of calls)',
  summary: 'single calls from JavaScript, beside an empty native call',
  reference: EMPTY,
  rounds: PASSES,
  run: runCalls,
};

export const batches: BenchCase = {
  name: 'js-batches',
  vmas: MAPPINGS,
  op: 'fault on a present page',
  summary: 'faults from JavaScript in batches, beside an empty native call',
  reference: EMPTY,
  rounds: PASSES,
  run: runBatches,
};
