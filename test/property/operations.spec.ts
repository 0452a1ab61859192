/**
 * Random operations on a few processes, beside a plain array of pages; every invariant is checked after each.
 *
 * A failure prints the seed, the path and the shortest sequence that still fails; VMALOCK_SEED and VMALOCK_RUNS repeat it,
 * or go on for longer.
 */
import * as fc from 'fast-check';
import { POLICY_NAMES } from '../../lib';
import { operations, World } from './operations';

const seed = Number(process.env['VMALOCK_SEED'] ?? Date.now() % 2 ** 31);
const numRuns = Number(process.env['VMALOCK_RUNS'] ?? 150);

jest.setTimeout(1000 * numRuns);

describe(`an address space (seed ${seed})`, () => {
  it.each(POLICY_NAMES)('does what a plain array of pages does, whatever is asked of it, under %s', (policy) => {
    fc.assert(
      fc.property(operations, (commands) => {
        using world = new World(policy);
        fc.modelRun(() => ({ model: world, real: world }), commands);
        world.checkBytes();
        world.check();
      }),
      { seed, numRuns },
    );
  });
});
