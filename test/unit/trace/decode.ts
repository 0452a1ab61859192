/** Reads a compiled trace back, so that tests look at the bytes that the native side gets. */
import { LAYOUTS, sizeOfRecord } from '../../../lib/trace/trace-writer';

export type Field = bigint | string | number;
export type Fields = Record<string, Field>;

const OPS = [
  '',
  'MAP',
  'UNMAP',
  'PROTECT',
  'REMAP',
  'ADVISE',
  'BRK',
  'FAULT',
  'FORK',
  'EXEC',
  'THREAD',
  'EXIT_SPACE',
  'UNMODELLED',
  'MLOCK',
  'MUNLOCK',
  'MLOCKALL',
  'MUNLOCKALL',
  'MSYNC',
  'MINCORE',
  'REMAP_FILE_PAGES',
  'MSEAL',
  'PKEY_PROTECT',
  'PROCESS_ADVISE',
  'SHMAT',
  'SHMDT',
  'MBIND',
  'SET_MEMPOLICY',
  'GET_MEMPOLICY',
];

export interface Decoded {
  header: Fields;
  events: Fields[];
  threads: Fields[];
  spaces: Fields[];
  vmas: Fields[];
  files: Fields[];
}

export function decode(buffer: ArrayBuffer): Decoded {
  const view = new DataView(buffer);
  const number = (at: number): number => Number(view.getBigUint64(at, true));
  const strings = number(sizeOfRecord('header') - 16);

  function record(kind: keyof typeof LAYOUTS, from: number): Fields {
    const fields: Fields = {};
    let at = from;
    for (const [name, type] of Object.entries(LAYOUTS[kind])) {
      switch (type) {
        case 'u32':
          fields[name] = view.getUint32(at, true);
          at += 4;
          break;
        case 'u64':
          fields[name] = view.getBigUint64(at, true);
          at += 8;
          break;
        case 'i64':
          fields[name] = view.getBigInt64(at, true);
          at += 8;
          break;
        case 'string': {
          const bytes = Buffer.from(buffer, strings + view.getUint32(at, true), view.getUint32(at + 4, true));
          fields[name] = bytes.toString();
          at += 8;
          break;
        }
        case 'table':
          fields[name] = number(at + 8);
          at += 16;
      }
    }
    return fields;
  }

  /** The n-th table, by its place in the header. */
  function table(kind: keyof typeof LAYOUTS, n: number): Fields[] {
    const at = 32 + 16 * n;
    const [offset, count] = [number(at), number(at + 8)];
    return Array.from({ length: count }, (_, index) => record(kind, offset + index * sizeOfRecord(kind)));
  }

  return {
    header: record('header', 0),
    events: table('event', 0),
    threads: table('thread', 1),
    spaces: table('space', 2),
    vmas: table('vma', 3),
    files: table('file', 4),
  };
}

const hex = (value: Field): string => `0x${BigInt(value).toString(16)}`;

/** `space/tid OP(a, b) = result`: what an event is, in one line. */
export function eventLines({ events, threads }: Decoded): string[] {
  return events.map((event) => {
    const op = OPS[Number(event.op)] ?? '?';
    const who = `${String(event.space)}/${String(threads[Number(event.thread)]?.tid)}`;
    const result = BigInt(event.result ?? 0);
    const value = event.flags === 1 ? '?' : result < 0n ? String(result) : hex(result);
    switch (op) {
      case 'FORK':
      case 'EXEC':
        return `${who} ${op} ${String(event.aux)}`;
      case 'THREAD':
        return `${who} ${op} ${String(threads[Number(event.aux)]?.tid)}`;
      case 'EXIT_SPACE':
        return `${who} ${op}`;
      case 'UNMODELLED':
        return `${who} ${String(event.name)}`;
      case 'FAULT':
        return `${who} FAULT(${hex(event.a ?? 0)}, ${String(event.aux)}) = ${value}`;
      case 'BRK':
        return `${who} BRK(${hex(event.a ?? 0)}) = ${value}`;
      default:
        return `${who} ${op}(${hex(event.a ?? 0)}, ${hex(event.b ?? 0)}) = ${value}`;
    }
  });
}
