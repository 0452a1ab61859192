/**
 * A batch of 1000 faults from JavaScript beside the same loop in C: same space, same addresses, one process.
 */
import { PolicyNames } from './policies';
import type { PolicyName } from '../../lib/policy';
import { Crowd } from './crowd';
import { benchFunctions, closeHandle, handleOf } from './native';
import type { BenchCase, Measured, Plan } from './plan';
import { Random } from './random';
import { measureRounds, type Window } from './rounds';

const BATCH = 1000;
const LOOP = 'loop in C';
/** enum vmalock_access, as the C loop takes it */
const ACCESS = { read: 0, write: 1 } as const;

/** How the contestants fault: what kind, how often over in a window, and what must happen before. */
interface Manner {
  access: 'read' | 'write';
  times: number;
  prepare?: (crowd: Crowd) => void;
}

function windowsOf(
  crowd: Crowd,
  addresses: readonly number[],
  handle: number,
  policy: string,
  manner: Manner,
): Window[] {
  const { space } = crowd;
  const { access, times } = manner;
  const doubles = Float64Array.from(addresses);
  const words = BigUint64Array.from(addresses.map(BigInt));
  const window = (name: string, role: Window['role'], run: () => number): Window => ({
    name,
    role,
    policy,
    prepare: () => manner.prepare?.(crowd),
    run,
  });
  const repeat = (once: () => number): number => {
    let served = 0;
    for (let i = 0; i < times; i++) served += once();
    return served;
  };
  return [
    window(LOOP, 'peer', () => benchFunctions.faultLoop(handle, words, ACCESS[access], times)),
    window(`batch of ${BATCH}`, 'subject', () => repeat(() => space.faultMany(doubles, access))),
    window(`batch of ${BATCH}, BigUint64Array`, 'subject', () => repeat(() => space.faultMany(words, access))),
    window('single calls', 'subject', () =>
      repeat(() => {
        for (const address of doubles) space.fault(address, access);
        return BATCH;
      }),
    ),
  ];
}

function runWith(policy: PolicyName, manner: Manner, plan: Plan): Measured[] {
  using crowd = new Crowd(BATCH, policy);
  crowd.touchAll();
  const handle = handleOf(crowd.space.share());
  try {
    const random = new Random(plan.seed);
    const addresses = manner.access === 'write' ? crowd.onePageOfEach(random) : crowd.someStarts(BATCH, random);
    return measureRounds(windowsOf(crowd, addresses, handle, policy, manner), BATCH * manner.times, plan);
  } finally {
    closeHandle(handle);
  }
}

function caseOf(name: string, summary: string, op: string, manner: Manner): BenchCase {
  return {
    name,
    vmas: BATCH,
    op,
    summary,
    reference: LOOP,
    rounds: 60,
    run: (plan) => PolicyNames.flatMap((policy) => runWith(policy, manner, plan)),
  };
}

export const batchPresent = caseOf(
  'batch-present',
  'a batch of 1000 faults on present pages from JavaScript, beside the same loop in C',
  'fault on a present page',
  { access: 'read', times: 10 },
);

export const batchAnonymous = caseOf(
  'batch-anonymous',
  'a batch of 1000 first writes to anonymous pages from JavaScript, beside the same loop in C',
  'fault',
  { access: 'write', times: 1, prepare: (crowd) => crowd.dropAll() },
);
