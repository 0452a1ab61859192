/**
 * Windows that take turns, as bench/native/harness.c does it: for ratios near 1, where passes of seconds are too coarse.
 */
import type { Measured, Plan } from './plan';

export interface Window {
  name: string;
  role: Measured['role'];
  policy: string;
  /** not measured, before each window */
  prepare?: () => void;
  /** the measured work; all contestants must return the same */
  run: () => number;
}

const WARM_UP_ROUNDS = 10;
const TRIES = 4;

/** ns of one window; `undefined` when a thread of this process lost its processor meanwhile. */
function measure(window: Window, expected: number): number | undefined {
  window.prepare?.();
  const before = process.resourceUsage().involuntaryContextSwitches;
  const start = process.hrtime.bigint();
  const answer = window.run();
  const ns = Number(process.hrtime.bigint() - start);
  if (answer !== expected) throw new Error(`${window.name} did ${answer} operations of ${expected}`);
  return process.resourceUsage().involuntaryContextSwitches === before ? ns : undefined;
}

/**
 * Rounds until `plan.rounds` were clean for all, or four times as many.
 *
 * @param ops operations of a window, which is what each window returns
 */
export function measureRounds(windows: readonly Window[], ops: number, plan: Plan): Measured[] {
  const costs = windows.map((): (number | undefined)[] => []);
  let clean = 0;
  for (let round = -WARM_UP_ROUNDS; round < plan.rounds * TRIES && clean < plan.rounds; round++) {
    const first = Math.abs(round);
    const own = windows.map((_, turn) => (first + turn) % windows.length);
    for (const i of own) {
      const ns = measure(windows[i] as Window, ops);
      if (round >= 0) costs[i]?.push(ns === undefined ? undefined : ns / ops);
    }
    if (round >= 0 && costs.every((list) => list.at(-1) !== undefined)) clean++;
  }
  return windows.map(({ name, role, policy }, i) => ({
    contestant: name,
    policy,
    role,
    costs: costs[i] ?? [],
    opsPerWindow: ops,
  }));
}
