/**
 * A replay for people: what was replayed, how each policy fared, and what differed.
 */
import type { PolicyReport, ReplayReport, WaitSummary } from '../replay';
import { microseconds, milliseconds, printTable, type TableRow } from './table';

/** Differences listed for each policy; the rest is counted. `--json` has them all. */
const LISTED = 20;

type Quantity = [label: string, unit: string, value: (policy: PolicyReport) => string];

const count = (value: number): string => String(value);

function waitQuantities(who: string, of: (policy: PolicyReport) => WaitSummary): Quantity[] {
  return [
    [`mmap_lock ${who}`, '', (policy) => count(of(policy).count)],
    ['  waits', '', (policy) => count(of(policy).waits)],
    ['  wait total', 'ms', (policy) => milliseconds(of(policy).totalNs)],
    ['  wait p50', 'us', (policy) => microseconds(of(policy).p50Ns)],
    ['  wait p99', 'us', (policy) => microseconds(of(policy).p99Ns)],
    ['  wait max', 'us', (policy) => microseconds(of(policy).maxNs)],
  ];
}

const QUANTITIES: readonly Quantity[] = [
  ['wall time', 'ms', (policy) => milliseconds(policy.wallNs)],
  ['cpu time', 'ms', (policy) => milliseconds(policy.cpuNs)],
  ['faults', '', (policy) => count(policy.faults)],
  ['vma_lock success', '', (policy) => count(policy.vmaLock.success)],
  ['vma_lock abort', '', (policy) => count(policy.vmaLock.abort)],
  ['vma_lock retry', '', (policy) => count(policy.vmaLock.retry)],
  ['vma_lock miss', '', (policy) => count(policy.vmaLock.miss)],
  ...waitQuantities('readers', (policy) => policy.mmapLock.read),
  ...waitQuantities('writers', (policy) => policy.mmapLock.write),
  ['unexpected outcomes', '', (policy) => count(policy.unexpected)],
  ['final maps equal', '', (policy) => `${policy.mapsCompared - policy.mapsDiffering}/${policy.mapsCompared}`],
];

/** Only where there is more than one run of each policy: how far apart they lay. */
const SPREAD: readonly Quantity[] = [
  ['  fastest run', 'ms', (policy) => milliseconds(Math.min(...policy.runs.map((run) => run.wallNs)))],
  ['  slowest run', 'ms', (policy) => milliseconds(Math.max(...policy.runs.map((run) => run.wallNs)))],
];

function rowsOf(report: ReplayReport): TableRow[] {
  const repeated = report.policies.some((policy) => policy.runs.length > 1);
  const [wall, ...rest] = QUANTITIES;
  const quantities = wall && repeated ? [wall, ...SPREAD, ...rest] : QUANTITIES;
  return quantities.map(([label, unit, value]) => ({
    label,
    unit,
    cells: report.policies.map(value),
  }));
}

function plural(count: number, one: string, many: string = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

function title(report: ReplayReport): string {
  const parts = [
    plural(report.events, 'event'),
    `${plural(report.threads, 'thread')} in ${plural(report.processes, 'process', 'processes')}`,
    `${plural(report.dependencies, 'wait')} of one thread for another`,
  ];
  const runs = report.policies[0]?.runs.length ?? 1;
  return `${report.trace} (${report.format}): ${parts.join(', ')}${runs > 1 ? `; the median of ${runs} runs` : ''}\n`;
}

/** Counts by name, the most first. */
function counted(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .map(([name, times]) => `${name} ${times}`)
    .join(', ');
}

function notes(report: ReplayReport): string[] {
  const lines: string[] = [];
  if (report.lostEvents > 0)
    lines.push(`${plural(report.lostEvents, 'event')} lost by the recorder: the history is not complete`);
  if (Object.keys(report.unmodelled).length > 0) lines.push(`not modelled, so not run: ${counted(report.unmodelled)}`);
  if (!report.zeroPage) lines.push('by its faults, the kernel of the recording had no zero page: replayed without one');
  return [...lines, ...report.warnings];
}

function differences(policy: PolicyReport): string[] {
  if (policy.differences.length === 0) return [];
  const listed = policy.differences.slice(0, LISTED).map((difference) => `  ${difference}`);
  const more = policy.differences.length - listed.length;
  return [
    `${policy.policy}: ${plural(policy.differences.length, 'difference')}`,
    ...listed,
    ...(more > 0 ? [`  and ${more} more (--json lists them all)`] : []),
  ];
}

/** The whole text for one trace: title, table, notes, differences. */
export function printReplay(report: ReplayReport): string {
  const table = printTable({
    heads: report.policies.map((policy) => policy.policy),
    rows: rowsOf(report),
  });
  const below = [...notes(report), ...report.policies.flatMap(differences)];
  return [title(report), table, ...below.map((line) => `${line}\n`)].join('');
}
