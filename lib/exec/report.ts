/**
 * What `?`, `?c`, `?m` and `vmflags` print: the mappings of the range, and which of their pages are resident.
 */
import type { AddressSpace } from '../address-space';
import type { Vma } from '../mapping';

/** Part of an address space: bytes from `start`, `end` not included. */
export interface Window {
  space: AddressSpace;
  start: number;
  end: number;
}

/** One mapping, in pages of the window. */
interface Row {
  first: number;
  end: number;
  perms: string;
  /** `a` anonymous, `f` the protocol's files, `s` shared anonymous memory */
  kind: 'a' | 'f' | 's';
  offset: number;
}

/** The file that `f` maps, known by this name again when the mappings are listed. */
export const FILE_NAME = '/memfd:vmalock_exec (deleted)';
/** Those of a disk that `sys mmap` knows. */
export const DISK_NAME = '/var/tmp/vmalock_exec (deleted)';

/** The mappings that touch the window, ascending. */
function* mappingsIn({ space, start, end }: Window): IterableIterator<Vma> {
  for (const vma of space) {
    if (vma.start >= end) return;
    if (vma.end > start) yield vma;
  }
}

function permissionsOf(vma: Vma): string {
  const letters = ['r', 'w', 'x'].map((letter) => (vma.prot.includes(letter) ? letter : '-'));
  return letters.join('') + (vma.shared ? 's' : 'p');
}

function kindOf(vma: Vma): Row['kind'] {
  if (vma.name === FILE_NAME || vma.name === DISK_NAME) return 'f';
  return vma.shared ? 's' : 'a';
}

function rowOf(vma: Vma, window: Window): Row {
  const { pageSize } = window.space;
  const kind = kindOf(vma);
  return {
    first: (vma.start - window.start) / pageSize,
    end: (vma.end - window.start) / pageSize,
    perms: permissionsOf(vma),
    kind,
    offset: kind === 'a' ? 0 : vma.offset / pageSize,
  };
}

/** Whether a reader who does not know where the kernel merges would take the two for one. */
function continues(previous: Row, row: Row): boolean {
  return (
    previous.end === row.first &&
    previous.perms === row.perms &&
    previous.kind === row.kind &&
    (row.kind === 'a' || previous.offset + (previous.end - previous.first) === row.offset)
  );
}

function joined(rows: Row[]): Row[] {
  const result: Row[] = [];
  for (const row of rows) {
    const previous = result.at(-1);
    if (previous && continues(previous, row)) previous.end = row.end;
    else result.push({ ...row });
  }
  return result;
}

function describeRow(row: Row): string {
  return ` ${row.first}-${row.end}:${row.perms}:${row.kind}${row.kind === 'a' ? '' : row.offset}`;
}

/** `1` resident, `0` not, `.` unmapped: one character a page. */
function residency(window: Window, rows: Row[]): string {
  const { pageSize } = window.space;
  const pages = new Array<string>((window.end - window.start) / pageSize).fill('.');
  for (const row of rows) {
    const resident = window.space.mincore(window.start + row.first * pageSize, (row.end - row.first) * pageSize);
    for (let page = row.first; page < row.end; page++) pages[page] = (resident[page - row.first] ?? 0) & 1 ? '1' : '0';
  }
  return pages.join('');
}

/**
 * The lines that a `?` operation answers.
 *
 * @param options the letters behind the question mark: `m` joins adjacent equal rows, `c` adds the resident pages
 */
export function reportMappings(window: Window, options: string): string {
  const all = Array.from(mappingsIn(window), (vma) => rowOf(vma, window));
  const rows = options.includes('m') ? joined(all) : all;
  const maps = `maps ${rows.length}${rows.map(describeRow).join('')}\n`;
  return options.includes('c') ? `${maps}core ${residency(window, rows)}\n` : maps;
}

/** Those that `smaps` answers. Referenced tells of the kernel's lists of pages, too. */
const SMAPS_FIELDS = [
  ...['Rss', 'Anonymous', 'Swap', 'Locked', 'Pss', 'Pss_Dirty', 'Shared_Clean', 'Shared_Dirty'],
  ...['Private_Clean', 'Private_Dirty'],
];
/** Which of them do not depend on what Linux still has in its swap cache, and so counts as clean. */
const FIELDS_WITH_SWAP = 4;

/** The line that `smaps` answers: kB of each private anonymous mapping, by field. */
export function reportSmaps(window: Window, hasSwap: boolean): string {
  const fields = hasSwap ? SMAPS_FIELDS.slice(0, FIELDS_WITH_SWAP) : SMAPS_FIELDS;
  const kinds = new Map(
    Array.from(mappingsIn(window), (vma) => [vma.start, !vma.shared && kindOf(vma) === 'a'] as const),
  );
  let answer = 'smaps';
  for (const entry of window.space.smaps().split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)) {
    const [, first = '', end = ''] = /^([0-9a-f]+)-([0-9a-f]+) /.exec(entry) ?? [];
    if (kinds.get(Number.parseInt(first, 16)) !== true) continue;
    const pages = [first, end].map((text) => (Number.parseInt(text, 16) - window.start) / window.space.pageSize);
    const values = fields.map((field) => new RegExp(`^${field}: +(\\d+) kB$`, 'm').exec(entry)?.[1] ?? '?');
    answer += ` ${pages.join('-')}:${values.join(',')}`;
  }
  return `${answer}\n`;
}

/** The line that `status` answers: pages by kind. */
export function reportCounts(window: Window): string {
  const status = window.space.status();
  const counts = ['VmSize', 'VmData', 'VmLck', 'VmStk', 'VmLib'].map(
    (name) => ` ${name} ${(status[name] ?? 0) / window.space.pageSize}`,
  );
  return `status${counts.join('')}\n`;
}

/** The line that `vmflags` answers, in the two-letter words of /proc/PID/smaps. */
export function reportFlags(window: Window): string {
  const { pageSize, start } = {
    pageSize: window.space.pageSize,
    start: window.start,
  };
  const rows = Array.from(
    mappingsIn(window),
    (vma) => ` ${(vma.start - start) / pageSize}-${(vma.end - start) / pageSize}:${vma.flags.join(',')}`,
  );
  return `flags${rows.join('')}\n`;
}
