/**
 * The binary form of a trace: the tables of native/include/vmalock_trace.h, record by record.
 *
 * Offsets and sizes are those of the C structures; test/unit/trace/trace-writer.spec.ts holds them against the header.
 */
import type { TraceEvent } from './events';
import type { TraceFile } from './files';
import type { Space } from './spaces';
import type { Task } from './steps';

const MAGIC = 0x314b434f4c414d56n;
const VERSION = 1;
const NONE = 0xffffffff;
const RESULT_UNKNOWN = 1;
export const VMA_SPECIAL = 0x80000000;

type Kind = 'u32' | 'u64' | 'i64' | 'string' | 'table';

/** Fields of each record in their order; a string is an offset and a length, a table an offset and a count. */
export const LAYOUTS = {
  header: {
    magic: 'u64',
    version: 'u32',
    header_bytes: 'u32',
    total_bytes: 'u64',
    lost_events: 'u64',
    events: 'table',
    threads: 'table',
    spaces: 'table',
    vmas: 'table',
    files: 'table',
    strings: 'table',
  },
  file: { name: 'string', dev_major: 'u32', dev_minor: 'u32', inode: 'u64', length: 'u64' },
  space: {
    pid: 'u32',
    parent: 'u32',
    brk_start: 'u64',
    stack_start: 'u64',
    first_vma: 'u64',
    vma_count: 'u64',
    comm: 'string',
  },
  vma: {
    start: 'u64',
    end: 'u64',
    pgoff: 'u64',
    prot: 'u32',
    flags: 'u32',
    file: 'u32',
    reserved: 'u32',
    name: 'string',
  },
  thread: { tid: 'u32', pid: 'u32', comm: 'string' },
  event: {
    time_ns: 'u64',
    a: 'u64',
    b: 'u64',
    c: 'u64',
    d: 'u64',
    result: 'i64',
    thread: 'u32',
    space: 'u32',
    op: 'u32',
    flags: 'u32',
    aux: 'u32',
    file: 'u32',
    line: 'u32',
    reserved: 'u32',
    name: 'string',
  },
} as const satisfies Record<string, Record<string, Kind>>;

const BYTES: Readonly<Record<Kind, number>> = { u32: 4, u64: 8, i64: 8, string: 8, table: 16 };

/** Bytes of one record. */
export function sizeOfRecord(record: keyof typeof LAYOUTS): number {
  return Object.values<Kind>(LAYOUTS[record]).reduce((sum, kind) => sum + BYTES[kind], 0);
}

export interface InitialVma {
  start: number;
  end: number;
  /** pages */
  pgoff: number;
  prot: number;
  flags: number;
  file: number | undefined;
  name: string;
}

export interface WrittenSpace {
  space: Space;
  brkStart: number;
  stackStart: number;
  vmas: InitialVma[];
}

export interface TraceContents {
  lostEvents: number;
  events: readonly TraceEvent[];
  threads: readonly { task: Task; pid: number }[];
  spaces: readonly WrittenSpace[];
  files: readonly TraceFile[];
}

/** Writes fields one after the other, little-endian. */
class RecordWriter {
  private at = 0;

  constructor(private readonly view: DataView) {}

  u32(...values: number[]): void {
    for (const value of values) {
      this.view.setUint32(this.at, value, true);
      this.at += 4;
    }
  }

  u64(...values: (bigint | number)[]): void {
    for (const value of values) {
      if (typeof value === 'bigint') this.view.setBigUint64(this.at, value, true);
      else {
        this.view.setUint32(this.at, value % 0x1_0000_0000, true);
        this.view.setUint32(this.at + 4, Math.floor(value / 0x1_0000_0000), true);
      }
      this.at += 8;
    }
  }

  get place(): number {
    return this.at;
  }
}

/** The bytes of all strings; equal ones are kept once. */
class Strings {
  private readonly places = new Map<string, { offset: number; length: number }>();
  private readonly pieces: Buffer[] = [];
  private total = 0;

  of(text: string): [offset: number, length: number] {
    let place = this.places.get(text);
    if (place === undefined) {
      const bytes = Buffer.from(text, 'utf8');
      place = { offset: this.total, length: bytes.length };
      this.places.set(text, place);
      this.pieces.push(bytes);
      this.total += bytes.length;
    }
    return [place.offset, place.length];
  }

  bytes(): Buffer {
    return Buffer.concat(this.pieces);
  }
}

function deviceOf(dev: string): [major: number, minor: number] {
  const [major = '0', minor = '0'] = dev.split(':');
  return [parseInt(major, 16), parseInt(minor, 16)];
}

class TraceWriter {
  private readonly strings = new Strings();
  private readonly threadIndex: ReadonlyMap<Task, number>;

  constructor(private readonly contents: TraceContents) {
    this.threadIndex = new Map(contents.threads.map(({ task }, index) => [task, index]));
    this.collectStrings();
  }

  write(): ArrayBuffer {
    const { events, threads, spaces, files } = this.contents;
    const vmas = spaces.reduce((sum, { vmas: of }) => sum + of.length, 0);
    const counts = [events.length, threads.length, spaces.length, vmas, files.length];
    const sizes = (['event', 'thread', 'space', 'vma', 'file'] as const).map(sizeOfRecord);
    const strings = this.strings.bytes();
    const tables: [offset: number, count: number][] = [];
    let end = sizeOfRecord('header');
    for (const [n, count] of counts.entries()) {
      tables.push([end, count]);
      end += count * (sizes[n] ?? 0);
    }
    tables.push([end, strings.length]);
    const total = Math.ceil((end + strings.length) / 8) * 8;
    const buffer = new ArrayBuffer(total);
    const out = new RecordWriter(new DataView(buffer));
    this.header(out, total, tables);
    for (const event of events) this.event(out, event);
    for (const thread of threads) out.u32(thread.task.tid, thread.pid, ...this.strings.of(thread.task.comm));
    this.spaces(out);
    for (const { vmas: of } of spaces) for (const vma of of) this.vma(out, vma);
    for (const file of files) {
      out.u32(...this.strings.of(file.name), ...deviceOf(file.dev));
      out.u64(file.inode, file.length);
    }
    new Uint8Array(buffer).set(strings, out.place);
    return buffer;
  }

  /** The table of strings comes last, but its length must be known first. */
  private collectStrings(): void {
    const { events, threads, spaces, files } = this.contents;
    for (const { name } of events) this.strings.of(name);
    for (const { task } of threads) this.strings.of(task.comm);
    for (const { space, vmas } of spaces) {
      this.strings.of(space.comm);
      for (const { name } of vmas) this.strings.of(name);
    }
    for (const { name } of files) this.strings.of(name);
  }

  private header(out: RecordWriter, total: number, tables: readonly [number, number][]): void {
    out.u64(MAGIC);
    out.u32(VERSION, sizeOfRecord('header'));
    out.u64(total, this.contents.lostEvents);
    for (const [offset, count] of tables) out.u64(offset, count);
  }

  private event(out: RecordWriter, event: TraceEvent): void {
    const { target, child } = event;
    const aux = target?.index ?? (child === undefined ? event.aux : this.indexOf(child));
    out.u64(event.timeNs, event.a, event.b, event.c, event.d, BigInt.asUintN(64, event.result));
    out.u32(this.indexOf(event.task), event.space.index, event.op, event.unknown ? RESULT_UNKNOWN : 0);
    out.u32(aux, event.file ?? NONE, event.line, 0, ...this.strings.of(event.name));
  }

  private spaces(out: RecordWriter): void {
    let first = 0;
    for (const { space, brkStart, stackStart, vmas } of this.contents.spaces) {
      out.u32(space.pid, space.parent?.index ?? NONE);
      out.u64(brkStart, stackStart, first, vmas.length);
      out.u32(...this.strings.of(space.comm));
      first += vmas.length;
    }
  }

  private vma(out: RecordWriter, vma: InitialVma): void {
    out.u64(vma.start, vma.end, vma.pgoff);
    out.u32(vma.prot, vma.flags, vma.file ?? NONE, 0, ...this.strings.of(vma.name));
  }

  private indexOf(task: Task): number {
    const index = this.threadIndex.get(task);
    if (index === undefined) throw new RangeError(`thread ${task.tid} is not in the table of threads`);
    return index;
  }
}

/** The trace as one block of memory. */
export function writeTrace(contents: TraceContents): ArrayBuffer {
  return new TraceWriter(contents).write();
}
