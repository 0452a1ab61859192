/**
 * One program, every policy: the same operations give the same answers, mappings, resident pages and flags, whatever lock a
 * fault takes. A policy may change who waits, and nothing else.
 *
 * The sequences are those that the running kernel is compared with (test/kernel); here the host may be any.
 * VMALOCK_SEED repeats a failure, VMALOCK_RUNS goes on for longer.
 */
import { FAULT_ERAS, POLICY_NAMES } from '../../lib';
import { Executor } from '../../lib/exec/executor';
import { PROFILES, type Profile } from '../kernel/profiles';
import { sequenceOf } from '../kernel/sequences';

const seed = Number(process.env['VMALOCK_SEED'] ?? Date.now() % 2 ** 31);
const runs = Number(process.env['VMALOCK_RUNS'] ?? 12);

const BASELINE = { policy: POLICY_NAMES[0], faults: FAULT_ERAS[0] };
const OTHERS = POLICY_NAMES.flatMap((policy) => FAULT_ERAS.map((faults) => ({ policy, faults })));

/** What a space answers to a sequence: each operation and the mappings after it, then the flags. */
function answersOf(how: typeof BASELINE | (typeof OTHERS)[number], profile: Profile, sequence: string[]): string[] {
  using executor = new Executor({ ...how, pages: profile.pages, thp: profile.thp ? 'madvise' : 'never' });
  const answers = sequence.map((operation) => `${operation}\n${executor.answer(operation)}${executor.answer('?c')}`);
  const flags = executor.answer('vmflags');
  executor.validate();
  return [...answers, flags];
}

jest.setTimeout(5000 * runs);

describe(`the same operations (seed ${seed})`, () => {
  it.each(PROFILES)('end alike under every policy and era: $name', (profile) => {
    for (let i = 0; i < runs; i++) {
      const sequence = sequenceOf(profile, seed + i);
      const expected = answersOf(BASELINE, profile, sequence);
      for (const how of OTHERS)
        expect({ ...how, seed: seed + i, answers: answersOf(how, profile, sequence) }).toEqual({
          ...how,
          seed: seed + i,
          answers: expected,
        });
    }
  });
});
