/**
 * From the costs of rounds to results as bench/results.ts defines them.
 */
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, machine, release } from 'node:os';
import { join } from 'node:path';
import type { Result, Run } from '../results';
import type { BenchCase, Measured, Plan } from './plan';
import { spreadOf } from './spread';

/** The rules of bench/native/harness.c. */
const DRIFT = 0.15;
const CLEAN_ROUNDS_MIN = 20;

function commit(): string {
  const args = ['-C', join(__dirname, '../..'), 'describe', '--always', '--abbrev=12', '--dirty', '--exclude=*'];
  try {
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() || 'unknown';
  } catch {
    return 'unknown';
  }
}

export function runOf(plan: Plan): Run {
  return {
    machine: cpus()[0]?.model.trim() || 'unknown',
    arch: machine(),
    cpus: availableParallelism(),
    kernel: release(),
    compiler: `node ${process.version}`,
    commit: commit(),
    search: null,
    seed: plan.seed,
  };
}

function known(values: readonly (number | undefined)[]): number[] {
  return values.filter((value) => value !== undefined);
}

function hasDrifted(costs: readonly (number | undefined)[]): boolean {
  const third = Math.floor(costs.length / 3);
  const first = spreadOf(known(costs.slice(0, third)))?.median;
  const last = spreadOf(known(costs.slice(costs.length - third)))?.median;
  if (first === undefined || last === undefined) return true;
  return Math.max(first, last) > Math.min(first, last) * (1 + DRIFT);
}

/** The reference of a contestant: of the same policy where it has one. */
function referenceOf(bench: BenchCase, own: Measured, all: readonly Measured[]): Measured {
  const named = all.filter((other) => other.contestant === bench.reference);
  const found = named.find((other) => other.policy === own.policy) ?? named[0];
  if (found === undefined) throw new Error(`${bench.name} has no contestant ${bench.reference}`);
  return found;
}

export function resultsOf(bench: BenchCase, measured: readonly Measured[], plan: Plan, run: Run): Result[] {
  return measured.map((own) => {
    const reference = referenceOf(bench, own, measured);
    const ratios = own.costs.map((cost, i) => {
      const scale = reference.costs[i];
      return cost === undefined || scale === undefined ? undefined : cost / scale;
    });
    const clean = known(ratios);
    return {
      case: bench.name,
      vmas: bench.vmas,
      op: bench.op,
      contestant: own.contestant,
      policy: own.policy,
      role: own.role,
      reference: bench.reference,
      unit: 'ns',
      ratio: spreadOf(clean),
      amount: null,
      ns: spreadOf(known(own.costs)),
      cycles: null,
      instructions: null,
      rounds: own.costs.length,
      clean: clean.length,
      opsPerWindow: own.opsPerWindow,
      noisy: clean.length < Math.min(CLEAN_ROUNDS_MIN, bench.rounds) || hasDrifted(reference.costs),
      run,
    };
  });
}
