/**
 * Two files of results side by side: `npx tsx bench/compare.ts BEFORE AFTER`.
 *
 * Ratios are compared, not times: a ratio was taken inside one process, so that two runs on two days can be laid side by
 * side. A change counts as one only when the two spreads do not touch.
 */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { fullName, parseResults, type Result, ResultsError, type Spread, threeDigits } from './results';
import { printTable, type TableRow } from '../lib/report/table';

/** What a row has become. `same`: the spreads overlap; `unknown`: one of the runs was too noisy to tell. */
export type Verdict = 'better' | 'worse' | 'same' | 'unknown' | 'only before' | 'only after';

/** One contestant of one case in both files. */
export interface Comparison {
  name: string;
  before: Spread | undefined;
  after: Spread | undefined;
  verdict: Verdict;
}

function keyOf(result: Result): string {
  return `${result.case}, ${result.vmas}: ${fullName(result)}`;
}

/** Later lines with the same key are another run of the same: the last one counts. */
function byKey(results: readonly Result[]): Map<string, Result> {
  return new Map(results.filter((result) => result.ratio !== null).map((result) => [keyOf(result), result]));
}

function verdictOf(before: Result | undefined, after: Result | undefined): Verdict {
  if (!before?.ratio) return 'only after';
  if (!after?.ratio) return 'only before';
  if (before.noisy || after.noisy || before.unit !== after.unit) return 'unknown';
  if (after.ratio.p90 < before.ratio.p10) return 'better';
  return after.ratio.p10 > before.ratio.p90 ? 'worse' : 'same';
}

/** Every contestant but the references, in the order of the first file, then what only the second has. */
export function compare(before: readonly Result[], after: readonly Result[]): Comparison[] {
  const old = byKey(before);
  const now = byKey(after);
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((key) => {
    const a = old.get(key);
    const b = now.get(key);
    if ((a ?? b)?.contestant === (a ?? b)?.reference) return [];
    return [{ name: key, before: a?.ratio ?? undefined, after: b?.ratio ?? undefined, verdict: verdictOf(a, b) }];
  });
}

function spreadText(spread: Spread | undefined): string | undefined {
  return spread && `${threeDigits(spread.median)} [${threeDigits(spread.p10)}-${threeDigits(spread.p90)}]`;
}

function changeText({ before, after }: Comparison): string | undefined {
  if (!before || !after || before.median === 0) return undefined;
  const percent = (after.median / before.median - 1) * 100;
  return `${percent > 0 ? '+' : ''}${percent.toFixed(0)} %`;
}

/** The comparison as a table for a terminal. */
export function printComparison(rows: readonly Comparison[]): string {
  return printTable({
    heads: ['before', 'after', 'cost', 'verdict'],
    rows: rows.map((row): TableRow => ({
      label: row.name,
      unit: '',
      cells: [spreadText(row.before), spreadText(row.after), changeText(row), row.verdict],
    })),
  });
}

function read(file: string): Result[] {
  return parseResults(readFileSync(file, 'utf8'), file);
}

function main(argv: readonly string[]): void {
  const program = new Command('compare')
    .description('Lays two files of benchmark results side by side. Costs are ratios to the reference of each case.')
    .argument('<before>', 'JSON lines of npm run bench or npm run bench:native')
    .argument('<after>', 'the same of another commit, machine or day')
    .option('--fail-on-worse', 'end with status 1 when anything became worse')
    .parse(argv);
  const [before = '', after = ''] = program.args;
  try {
    const rows = compare(read(before), read(after));
    process.stdout.write(printComparison(rows));
    if (program.opts<{ failOnWorse?: boolean }>().failOnWorse && rows.some((row) => row.verdict === 'worse'))
      process.exitCode = 1;
  } catch (error) {
    if (!(error instanceof ResultsError) && (error as NodeJS.ErrnoException).code === undefined) throw error;
    process.stderr.write(`compare: ${(error as Error).message}\n`);
    process.exitCode = 2;
  }
}

if (require.main === module) main(process.argv);
