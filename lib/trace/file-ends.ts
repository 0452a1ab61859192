/**
 * Where files end. A recording tells no file's length, so each is taken to be as long as what was mapped of it; but a
 * fault that ended in SIGBUS came from behind its end, and tells a bound.
 */
import { Op, type TraceEvent } from './events';
import type { TraceFile } from './files';
import { PAGE } from './linux';
import { FaultOutcome } from './steps';

const SIGBUS = BigInt(FaultOutcome.SIGBUS);

interface Mapped {
  file: number;
  /** bytes into the file */
  offset: number;
  /** index of the event that mapped it */
  from: number;
  end: number;
}

function mappedAt(events: readonly TraceEvent[], fault: number): Mapped | undefined {
  const { space, a } = events[fault] as TraceEvent;
  const page = Math.floor(Number(a) / PAGE) * PAGE;
  for (let from = fault - 1; from >= 0; from--) {
    const { op, space: of, result, b, d, file } = events[from] as TraceEvent;
    if ((op !== Op.MAP && op !== Op.SHMAT) || of !== space || result < 0n) continue;
    const start = Number(result);
    const end = start + Number(b);
    if (start > page || page >= end) continue;
    return file === undefined ? undefined : { file, offset: Number(d) + (page - start), from, end };
  }
  return undefined;
}

/** A page at or behind the place was served once: the file has changed its length. */
function wasServed(events: readonly TraceEvent[], fault: number, { from, end }: Mapped): boolean {
  const { space, a } = events[fault] as TraceEvent;
  const behind = BigInt(Math.floor(Number(a) / PAGE) * PAGE);
  for (let n = from; n < events.length; n++) {
    const event = events[n] as TraceEvent;
    if (event.op !== Op.FAULT || event.space !== space || event.unknown || event.result !== 0n) continue;
    if (event.a >= behind && event.a < BigInt(end)) return true;
  }
  return false;
}

/**
 * Shortens files to where faults found them ending. A fault of which no file is known, or one that changed its length,
 * may end in any way.
 */
export function cutFiles(events: readonly TraceEvent[], files: readonly TraceFile[]): void {
  const changing = new Set<number>();
  for (const [n, event] of events.entries()) {
    if (event.op !== Op.FAULT || event.result !== SIGBUS) continue;
    const mapped = mappedAt(events, n);
    const file = mapped === undefined ? undefined : files[mapped.file];
    if (mapped === undefined || file === undefined || changing.has(mapped.file)) event.unknown = true;
    else if (mapped.offset >= file.length) continue;
    else if (wasServed(events, n, mapped)) {
      changing.add(mapped.file);
      event.unknown = true;
    } else file.length = mapped.offset;
  }
}
