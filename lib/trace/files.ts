/**
 * Mapped objects and their identity: device, inode and name, as /proc/PID/maps prints them.
 *
 * A recording names the file behind a mapping in different ways: perf by the report of the mapping that resulted,
 * strace by the path of the descriptor, and a plain perf script not at all. Then the recorded layouts are asked for the
 * same place. A file that nothing names is an object of its own, so that it never merges with another.
 */
import { errnoOf, MAP, PAGE } from './linux';
import type { MapsRow } from './proc-maps';
import type { Segment } from './segments';
import type { CallStep } from './steps';
import type { Space } from './spaces';

export interface FileIdentity {
  name: string;
  /** 'fe:00' */
  dev: string;
  inode: number;
}

export interface TraceFile extends FileIdentity {
  index: number;
  /** bytes: the end of the furthest part that was mapped */
  length: number;
}

const NO_DEVICE = '00:00';
/** System V memory lies on a file system of the kernel's own, the first without a device: its inodes are the segments' numbers. */
const SEGMENT_DEVICE = '00:01';
const SEGMENT_NAME = /^\/SYSV[0-9a-f]{8}/;

/** The name of a file that the recording does not name; compare-maps.ts knows it again. */
export function unknownFileName(line: number): string {
  return `(file of line ${line})`;
}

export function isUnknownFileName(name: string): boolean {
  return /^\(file of line \d+\)$/.test(name);
}

/** A row of maps that is backed by a file or a shared object, not by anonymous memory or the kernel. */
export function isFileRow(row: Pick<MapsRow, 'name' | 'inode'>): boolean {
  return row.inode !== 0 || row.name.startsWith('/');
}

/** A row of maps that is System V memory. */
export function isSegmentRow(row: Pick<MapsRow, 'name'>): boolean {
  return SEGMENT_NAME.test(row.name);
}

export class Files {
  readonly all: TraceFile[] = [];
  private readonly byKey = new Map<string, TraceFile>();
  /** what the recorded layouts call a path: device and inode, or undefined where two files had that path */
  private readonly byPath = new Map<string, FileIdentity | undefined>();
  private readonly inodes = new Set<string>();
  /** what the recorded layouts call System V memory, by its number */
  private readonly segments = new Map<number, FileIdentity>();
  private readonly later = new Map<Space, MapsRow[]>();

  constructor(layouts: Iterable<readonly MapsRow[]>) {
    for (const rows of layouts) for (const row of rows) if (isFileRow(row)) this.learn(row);
  }

  /** The file of a row of a recorded layout. */
  ofRow(row: MapsRow): TraceFile {
    return this.extended(this.add(row), row.offset + (row.end - row.start));
  }

  /** The file that an mmap named, or the object that its shared memory became; undefined where nothing tells that. */
  ofCall(space: Space, step: CallStep, line: number): TraceFile | undefined {
    const [, length = 0n, , flags = 0n, , at = 0n] = step.call.values;
    const anonymous = (Number(BigInt.asUintN(32, flags)) & MAP.MAP_ANONYMOUS) !== 0;
    const offset = anonymous ? 0n : at;
    const start = Number(step.result ?? 0n);
    const identity = this.seen(step, start) ?? this.named(step) ?? this.placed(space, start, Number(offset));
    if (identity === undefined && anonymous) return undefined;
    const file = this.add(identity ?? { name: unknownFileName(line), dev: NO_DEVICE, inode: 0 });
    const mapped = errnoOf(step.result ?? 0n) === 0;
    return mapped ? this.extended(file, Number(offset) + Number(length)) : file;
  }

  /** A segment of System V memory. */
  ofSegment({ id, key, size }: Segment): TraceFile {
    const name = `/SYSV${key.toString(16).padStart(8, '0')} (deleted)`;
    return this.extended(this.add(this.segments.get(id) ?? { name, dev: SEGMENT_DEVICE, inode: id }), size);
  }

  private learn(row: MapsRow): void {
    if (isSegmentRow(row) && !this.segments.has(row.inode)) this.segments.set(row.inode, row);
    this.inodes.add(`${row.dev} ${row.inode}`);
    const known = this.byPath.get(row.name);
    if (known === undefined && this.byPath.has(row.name)) return;
    const same = known === undefined || (known.dev === row.dev && known.inode === row.inode);
    this.byPath.set(row.name, same ? row : undefined);
  }

  /** perf: the kernel reported the mapping that resulted. */
  private seen(step: CallStep, start: number): FileIdentity | undefined {
    const mapping = step.seen.find((seen) => seen.start <= start && start < seen.start + seen.length);
    if (mapping === undefined || !isFileRow(mapping)) return undefined;
    const { name, dev, inode } = mapping;
    const exact = mapping.identified && this.inodes.has(`${dev} ${inode}`);
    // On stacked file systems perf and /proc disagree about the device; the path then tells.
    return (exact ? undefined : this.byPath.get(name)) ?? { name, dev, inode };
  }

  /** strace: the path of the descriptor, whose device and inode a layout may tell. */
  private named(step: CallStep): FileIdentity | undefined {
    const { path } = step.call;
    if (path === undefined) return undefined;
    const known = this.byPath.get(path) ?? this.byPath.get(`${path} (deleted)`);
    return known ?? { name: path, dev: NO_DEVICE, inode: 0 };
  }

  /** What a later layout of the space, or of one that was forked from it, has at this place. */
  private placed(space: Space, start: number, offset: number): FileIdentity | undefined {
    return this.laterRows(space).find(
      (row) => row.start <= start && start < row.end && row.offset + (start - row.start) === offset,
    );
  }

  private laterRows(space: Space): MapsRow[] {
    const known = this.later.get(space);
    if (known !== undefined) return known;
    const layouts = [...space.forked, space.expected ?? [], ...space.children.map((child) => this.laterRows(child))];
    const rows = layouts.flat().filter(isFileRow);
    this.later.set(space, rows);
    return rows;
  }

  private add({ name, dev, inode }: FileIdentity): TraceFile {
    const key = inode === 0 ? name : `${dev} ${inode} ${name}`;
    const known = this.byKey.get(key);
    if (known !== undefined) return known;
    const file: TraceFile = { index: this.all.length, name, dev, inode, length: 0 };
    this.all.push(file);
    this.byKey.set(key, file);
    return file;
  }

  private extended(file: TraceFile, length: number): TraceFile {
    file.length = Math.max(file.length, Math.ceil(length / PAGE) * PAGE);
    return file;
  }
}
