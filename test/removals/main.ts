/**
 * npm run test:removals: takes out, one after the other, what the docs say was tried, and asks the tests whether they notice.
 *
 * All of them take about an hour. Nothing outside of build/ is changed.
 */
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { build, haveCMake, type VariantName } from '../../scripts/native-variants.cjs';
import { catalogue } from './catalogue';
import { CleanBuild, ROOT } from './clean-build';
import type { Removal } from './removal';
import { selected, type Selection } from './selection';
import { type Result, tryOut } from './trial';
import { Workshop } from './workshop';

interface Options extends Selection {
  allTests?: boolean;
  jobs: number;
  list?: boolean;
  results?: string;
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 on.');
  return Number(text);
}

function expression(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

function parse(argv: readonly string[]): Options {
  return new Command('test:removals')
    .description('Takes out what the code is careful about, piece by piece; the tests named should notice.')
    .option('--row <name>', 'only what this row of the docs is about: "patch 5", "F1", "[vma-mark]", or words of it')
    .option('--only <regex>', 'only removals whose name matches', expression)
    .option('--variant <name>', 'only those of this build: plain, asan, tsan, seq8')
    .option('--sample <n>', 'so many of those that are quick and depend on no chance', wholeNumber)
    .option('--seed <n>', 'what a sample is drawn by', wholeNumber, 1)
    .option('--all-tests', 'ask all tests where those that are named do not notice')
    .option('--jobs <n>', 'how many are tried at a time', wholeNumber, availableParallelism())
    .option('--results <file>', 'add each result to this file, and leave out what it knows as noticed')
    .option('--list', 'print their names and try none')
    .parse(argv)
    .opts<Options>();
}

interface Line {
  removal: Removal;
  result: Result;
}

function describeResult({ what }: Removal, result: Result): string {
  if (result.outcome === 'noticed') return `noticed      ${what}\n             by ${result.test}: ${result.reason}\n`;
  if (result.outcome === 'broken') return `BROKEN       ${what}\n${result.reason}\n`;
  return `NOT NOTICED  ${what}\n`;
}

function list(removals: readonly Removal[]): string {
  return removals.map(({ what, rows, tests }) => `${what}\n    ${rows.join('; ')}: ${tests.join(', ')}\n`).join('');
}

/** The names that an earlier run has written down as noticed. */
function knownIn(file: string | undefined): Set<string> {
  if (file === undefined || !existsSync(file)) return new Set();
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  const results = lines.map((line) => JSON.parse(line) as { what: string } & Result);
  return new Set(results.filter(({ outcome }) => outcome === 'noticed').map(({ what }) => what));
}

function buildsFor(removals: readonly Removal[], jobs: number): Map<VariantName, CleanBuild> {
  const names = new Set(removals.map(({ variant }) => variant ?? 'plain'));
  return new Map(
    [...names].map((name) => {
      process.stdout.write(`building the ${name} tests\n`);
      build(name, jobs);
      return [name, new CleanBuild(name)];
    }),
  );
}

async function tryAll(
  removals: readonly Removal[],
  options: Options,
  folder: string,
  stop: AbortSignal,
): Promise<Line[]> {
  const builds = buildsFor(removals, options.jobs);
  const left = [...removals];
  const lines: Line[] = [];
  const work = async (_: unknown, i: number) => {
    const workshop = new Workshop(join(folder, String(i)), stop);
    for (let removal = left.shift(); removal; removal = left.shift()) {
      const build = builds.get(removal.variant ?? 'plain') as CleanBuild;
      const result = await tryOut(removal, build, workshop, options.allTests ?? false);
      lines.push({ removal, result });
      process.stdout.write(describeResult(removal, result));
      if (options.results !== undefined)
        appendFileSync(options.results, `${JSON.stringify({ what: removal.what, ...result })}\n`);
    }
  };
  // all have come to an end before the folder goes
  const ends = await Promise.allSettled(Array.from({ length: options.jobs }, work));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return lines;
}

/** Says once more what went by, and gives the exit status. */
function summary(lines: readonly Line[]): number {
  const unnoticed = lines.filter(({ result }) => result.outcome !== 'noticed');
  if (unnoticed.length > 0) process.stdout.write('\n');
  for (const { removal, result } of unnoticed) process.stdout.write(describeResult(removal, result));
  process.stdout.write(`\n${lines.length - unnoticed.length} noticed, ${unnoticed.length} not\n`);
  return unnoticed.length === 0 ? 0 : 1;
}

async function main(options: Options): Promise<number> {
  const known = knownIn(options.results);
  const removals = selected(catalogue, options).filter(({ what }) => !known.has(what));
  if (options.list) {
    process.stdout.write(list(removals));
    return 0;
  }
  if (removals.length === 0) throw new Error('there is no such removal left to try; --list names them all');
  if (!haveCMake()) throw new Error('removals need cmake and make');
  mkdirSync(join(ROOT, 'build'), { recursive: true });
  const folder = mkdtempSync(join(ROOT, 'build/removals-')); // another run may be under way
  const stopper = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => stopper.abort(new Error(`ended by ${signal}`)));
  try {
    return summary(await tryAll(removals, options, folder, stopper.signal));
  } finally {
    stopper.abort();
    rmSync(folder, { recursive: true, force: true });
  }
}

void main(parse(process.argv)).then(
  (status) => (process.exitCode = status),
  (error: unknown) => {
    process.stderr.write(`test:removals: ${(error as Error).message}\n`);
    process.exitCode = 1;
  },
);
