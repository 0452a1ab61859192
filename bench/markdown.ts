/**
 * Results as Markdown: a table a case, and the place in a document where they belong.
 */
import { fullName, type Result, type Run, type Spread, threeDigits } from './results';
import { isReached, targetOf } from './targets';

const BEGIN = '<!-- results:begin (npx tsx bench/publish.ts writes what follows) -->';
const END = '<!-- results:end -->';

function cell(spread: Spread | null, unit = ''): string {
  return spread === null ? '-' : `${threeDigits(spread.median)}${unit}`;
}

function ratioCell({ ratio, noisy }: Result): string {
  if (ratio === null) return '-';
  return `${threeDigits(ratio.median)} [${threeDigits(ratio.p10)}-${threeDigits(ratio.p90)}]${noisy ? ' noisy' : ''}`;
}

function targetCell(result: Result): string {
  const target = targetOf(result);
  if (target === undefined) return '';
  const reached = isReached(target, result);
  return `${target.text}: ${reached === undefined ? 'not known' : reached ? 'reached' : '**missed**'}`;
}

function costCell(result: Result): string {
  return result.amount === null ? cell(result.ns, ' ns') : cell(result.amount, ` ${result.unit}`);
}

function row(result: Result): string[] {
  return [
    String(result.vmas),
    fullName(result) + (result.role === 'subject' ? '' : ` (${result.role})`),
    ratioCell(result),
    costCell(result),
    cell(result.cycles),
    cell(result.instructions),
    targetCell(result),
  ];
}

const HEADS = ['mappings', 'contestant', 'cost by the reference', 'one operation', 'cycles', 'instructions', 'target'];

/** A Markdown table whose columns are padded as prettier pads them; those without any text but the head are left out. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const used = heads.map((_, i) => i).filter((i) => rows.some((cells) => !['', '-'].includes(cells[i] ?? '')));
  const lines = [heads, ...rows].map((cells) => used.map((i) => cells[i] ?? ''));
  const widths = used.map((_, i) => Math.max(3, ...lines.map((cells) => (cells[i] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((text, i) => text.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = lines;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}

function groups<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const item of items) found.set(key(item), [...(found.get(key(item)) ?? []), item]);
  return found;
}

function runText(run: Run): string {
  return (
    `${run.machine}, ${run.cpus} CPUs, ${run.arch}, Linux ${run.kernel}; ${run.compiler}; ` +
    `commit ${run.commit}; ${run.search === null ? '' : `search ${run.search}; `}seed ${run.seed}`
  );
}

/** All results: a heading, the reference and a table for each case, and on what they were taken. */
export function render(results: readonly Result[]): string {
  const machines = [...new Set(results.map((result) => runText(result.run)))];
  const cases = [...groups(results, (result) => result.case)].map(([name, own]) => {
    const { op, reference } = own[0] as Result;
    return `### ${name}\n\nOne operation: ${op}. Reference: ${reference}.\n\n${table(HEADS, own.map(row))}`;
  });
  return [`Taken on:\n\n${machines.map((text) => `- ${text}`).join('\n')}`, ...cases].join('\n\n');
}

/** The document with `text` in the place of the results. Throws when the document has no such place. */
export function fillIn(document: string, text: string): string {
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`there must be a line "${BEGIN}" and after it "${END}"`);
  return `${document.slice(0, begin)}${BEGIN}\n\n${text}\n\n${document.slice(end)}`;
}
