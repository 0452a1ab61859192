/**
 * npm run bench: what crossing from JavaScript into native code costs. People read the standard output, programs the
 * JSON lines of --json.
 */
import { openSync, writeSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { printTable } from '../../lib/report/table';
import { fullName, type Result, threeDigits } from '../results';
import { batchAnonymous, batchPresent } from './batch.bench';
import { batches, calls } from './calls.bench';
import type { BenchCase, Plan } from './plan';
import { resultsOf, runOf } from './results-of';

const CASES: readonly BenchCase[] = [calls, batches, batchPresent, batchAnonymous];

interface Options {
  filter: string;
  json?: string;
  list?: boolean;
  quick?: boolean;
  seed: number;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number below 10^9.');
  return Number(text);
}

function parse(argv: readonly string[]): Options {
  return new Command('bench')
    .description('Measures calls from JavaScript. The native benchmarks are npm run bench:native.')
    .option('-f, --filter <text>', 'only cases whose name contains it', '')
    .option('-j, --json <file>', 'write one JSON object a line to it; - is the standard output')
    .option('-l, --list', 'print the names of the cases and what they do')
    .option('-q, --quick', 'few rounds: shows that everything runs, and measures nothing')
    .option('-s, --seed <n>', 'what random choices begin with', wholeNumber, 20220901)
    .parse(argv)
    .opts<Options>();
}

function planOf(bench: BenchCase, { quick, seed }: Options): Plan {
  return quick ? { rounds: 1, secondsEach: 0.002, seed } : { rounds: bench.rounds, secondsEach: 0.1, seed };
}

function printResults(results: readonly Result[]): string {
  const { case: name, vmas, reference } = results[0] as Result;
  const rows = results.map((result) => ({
    label: `  ${fullName(result)}`,
    unit: '',
    cells: [
      result.ratio ? threeDigits(result.ratio.median) : undefined,
      result.ratio ? `[${threeDigits(result.ratio.p10)} - ${threeDigits(result.ratio.p90)}]` : undefined,
      result.ns ? threeDigits(result.ns.median) : undefined,
      result.noisy ? 'noisy' : '',
    ],
  }));
  return `\n${name}, ${vmas} mappings (ratio: cost against ${reference})\n${printTable({ heads: ['ratio', 'spread', 'ns', ''], rows })}`;
}

function main(options: Options): void {
  const chosen = CASES.filter(({ name }) => name.includes(options.filter));
  if (chosen.length === 0) {
    process.stderr.write(`bench: no case is called like ${options.filter}; --list names them\n`);
    process.exitCode = 1;
    return;
  }
  if (options.list) {
    for (const { name, summary } of chosen) process.stdout.write(`${name}\t${summary}\n`);
    return;
  }
  const toStdout = options.json === '-';
  const json = options.json === undefined ? undefined : toStdout ? process.stdout.fd : openSync(options.json, 'w');
  for (const bench of chosen) {
    const plan = planOf(bench, options);
    const results = resultsOf(bench, bench.run(plan), plan, runOf(plan));
    if (json !== undefined) for (const result of results) writeSync(json, `${JSON.stringify(result)}\n`);
    if (!toStdout) process.stdout.write(printResults(results));
  }
}

/** What the file of --json does not take is the user's to know; that nobody reads any more is nobody's. */
function refuse(error: unknown): void {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (syscall !== 'open' && syscall !== 'write') throw error;
  if (code !== 'EPIPE') process.stderr.write(`bench: ${(error as Error).message}\n`);
  process.exitCode = 1;
}

try {
  main(parse(process.argv));
} catch (error) {
  refuse(error);
}
