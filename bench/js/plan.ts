/**
 * How long and how carefully to measure.
 */
export interface Plan {
  /** rounds (or passes of a suite) to take */
  rounds: number;
  /** most seconds that benchmark.js spends on one function in one pass */
  secondsEach: number;
  seed: number;
}

/** One case: its name as `--filter` sees it, and how to measure it. */
export interface BenchCase {
  name: string;
  vmas: number;
  op: string;
  summary: string;
  /** the contestant that ratios are taken to */
  reference: string;
  /** rounds of a full run */
  rounds: number;
  run(plan: Plan): Measured[];
}

/** A contestant's costs, one for each round; `undefined` where the round was not clean. */
export interface Measured {
  contestant: string;
  policy: string | null;
  role: 'subject' | 'peer' | 'floor';
  /** ns of one operation */
  costs: readonly (number | undefined)[];
  opsPerWindow: number;
}
