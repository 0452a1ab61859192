/** The text of /proc/PID/maps, and the files maps.initial and maps.final that hold many of them. */
import { PAGE, TASK_SIZE } from './linux';
import { BadLine, eachLine, quoted } from './text-source';

/** One line of /proc/PID/maps. Addresses and the offset are bytes. */
export interface MapsRow {
  start: number;
  end: number;
  /** 'rwxp': three permissions and p(rivate) or s(hared) */
  perms: string;
  offset: number;
  /** as printed, 'fe:00' */
  dev: string;
  inode: number;
  /** path, [stack], ...; '' for none */
  name: string;
}

/** The layout of one process at one moment. */
export interface MapsSection {
  pid: number;
  /** `exec` behind an execve, `fork` before a child's first instruction, `exit` at the end; '' when nothing tells */
  why: string;
  /** seconds, by the clock of the trace; undefined when nothing tells */
  time: number | undefined;
  comm: string;
  line: number;
  rows: MapsRow[];
}

const ROW = /^([0-9a-f]+)-([0-9a-f]+) ([r-][w-][x-][ps]) ([0-9a-f]+) ([0-9a-f]{2,}:[0-9a-f]{2,}) (\d+)(?: *| +(.*))$/;

/** [vsyscall] is in every maps text but is no mapping of the process. */
const VSYSCALL = '[vsyscall]';

/** Parses one line; undefined for a line that is none. */
export function parseMapsRow(text: string): MapsRow | undefined {
  const found = ROW.exec(text);
  if (found === null) return undefined;
  const [, start = '', end = '', perms = '', offset = '', dev = '', inode = '', name = ''] = found;
  return {
    start: parseInt(start, 16),
    end: parseInt(end, 16),
    perms,
    offset: parseInt(offset, 16),
    dev,
    inode: Number(inode),
    name: name.trimStart(),
  };
}

/**
 * Parses the text of one /proc/PID/maps, without [vsyscall].
 *
 * @throws {RangeError} for a line that is none of it
 */
export function parseMaps(text: string): MapsRow[] {
  const rows: MapsRow[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const row = parseMapsRow(line);
    if (row === undefined) throw new RangeError(`not a line of /proc/PID/maps: ${quoted(line)}`);
    if (row.name !== VSYSCALL) rows.push(row);
  }
  return rows;
}

/** A row as /proc/PID/maps prints it, without the newline. */
export function printMapsRow(row: MapsRow): string {
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
  const head = `${hex(row.start, 8)}-${hex(row.end, 8)} ${row.perms} ${hex(row.offset, 8)} ${row.dev} ${row.inode} `;
  return row.name === '' ? head : head.padEnd(73) + row.name;
}

function parseHeader(text: string, line: number): MapsSection {
  const pid = /(?:^|\s)pid=(\d+)/.exec(text)?.[1];
  if (pid === undefined)
    throw new BadLine(`a section begins with "# pid=PID why=... time=...", this is ${quoted(text)}`);
  const time = /\stime=(\d+\.\d+)/.exec(text)?.[1];
  return {
    pid: Number(pid),
    why: /\swhy=(\w+)/.exec(text)?.[1] ?? '',
    time: time === undefined ? undefined : Number(time),
    // A name may hold blanks: it goes on until the next key.
    comm: /\scomm=(.*?)(?=\s\w+=|$)/.exec(text)?.[1] ?? '',
    line,
    rows: [],
  };
}

function checkOrder(rows: readonly MapsRow[], row: MapsRow): void {
  const last = rows.at(-1);
  if (row.start >= row.end || (last !== undefined && row.start < last.end))
    throw new BadLine(`mappings must be ascending and not overlap, this is ${quoted(printMapsRow(row))}`);
  if (row.end > TASK_SIZE || [row.start, row.end, row.offset].some((place) => place % PAGE !== 0))
    throw new BadLine(`mappings are whole pages of ${PAGE} bytes below 2^47, this is ${quoted(printMapsRow(row))}`);
}

/**
 * Reads maps.initial or maps.final. Text without a header is one section of process 0.
 *
 * @throws {TraceError} with the line for anything else
 */
export async function readMapsFile(path: string): Promise<MapsSection[]> {
  const sections: MapsSection[] = [];
  await eachLine(path, (text, line) => {
    if (text.trim() === '') return;
    if (text.startsWith('#')) {
      sections.push(parseHeader(text.slice(1), line));
      return;
    }
    const row = parseMapsRow(text);
    if (row === undefined) throw new BadLine(`not a line of /proc/PID/maps: ${quoted(text)}`);
    if (row.name === VSYSCALL) return;
    if (sections.length === 0) sections.push({ pid: 0, why: '', time: undefined, comm: '', line, rows: [] });
    const rows = sections.at(-1)?.rows ?? [];
    checkOrder(rows, row);
    rows.push(row);
  });
  return sections;
}
