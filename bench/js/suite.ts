/**
 * benchmark.js, a few short passes over all functions instead of one long look at each: what slows the machine for a
 * second slows neighbours of one pass alike, and ratios are taken inside a pass.
 */
import Benchmark from 'benchmark';
import type { Measured, Plan } from './plan';

export interface Contestant {
  name: string;
  role: Measured['role'];
  policy?: string;
  /** operations in one call of `run`; 1 if not said */
  ops?: number;
  run: () => void;
}

/** Mean ns of one call of each function, in their order. */
function pass(contestants: readonly Contestant[], plan: Plan): number[] {
  const suite = new Benchmark.Suite();
  const limits = { maxTime: plan.secondsEach, minTime: plan.secondsEach / 5, minSamples: 3 };
  for (const { name, run } of contestants) suite.add(name, run, limits);
  suite.on('error', (event: Benchmark.Event) => {
    throw (event.target as { error?: Error }).error ?? new Error('a benchmark failed and did not say why');
  });
  suite.run({ async: false });
  return contestants.map((_, i) => (suite as unknown as Benchmark[])[i]?.stats.mean ?? NaN).map((s) => s * 1e9);
}

/** Costs of each contestant over `plan.rounds` passes, after one that warms up. */
export function measureSuite(contestants: readonly Contestant[], plan: Plan): Measured[] {
  pass(contestants, { ...plan, secondsEach: plan.secondsEach / 4 });
  const passes = Array.from({ length: plan.rounds }, () => pass(contestants, plan));
  return contestants.map(({ name, role, policy = null, ops = 1 }, i) => ({
    contestant: name,
    policy,
    role,
    costs: passes.map((costs) => (costs[i] ?? NaN) / ops),
    opsPerWindow: ops,
  }));
}
