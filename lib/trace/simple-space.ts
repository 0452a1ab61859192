/**
 * A plain model of an address space: which pages are mapped, with which permissions, and where the heap ends. It is
 * enough to tell whether an event could have ended as recorded at a given place in the order; order.ts uses it so.
 */
import { Op, type TraceEvent } from './events';
import { FaultOutcome } from './steps';
import { ERRNO, FAULT_FETCH, FAULT_WRITE, MAP, MREMAP, PAGE, PROT, SHM } from './linux';

export interface Segment {
  start: number;
  end: number;
  prot: number;
  growsDown: boolean;
}

const ENOMEM = BigInt(-(ERRNO.get('ENOMEM') ?? 0));
const EEXIST = BigInt(-(ERRNO.get('EEXIST') ?? 0));

function pageUp(value: number): number {
  return Math.ceil(value / PAGE) * PAGE;
}

/** A range of bytes that an event needs or changes. */
export interface Range {
  start: number;
  end: number;
}

function rangeOf(start: bigint | number, length: bigint): Range {
  return { start: Number(start), end: Number(start) + pageUp(Number(length)) };
}

export function overlaps(a: Range, b: Range): boolean {
  return a.start < b.end && b.start < a.end;
}

function isFixed(event: TraceEvent): boolean {
  return (event.aux & (event.op === Op.SHMAT ? SHM.SHM_REMAP : MAP.MAP_FIXED)) !== 0;
}

/** Places that an event looks at or changes. */
export function rangesOf(event: TraceEvent, brk: number): Range[] {
  const { op, a, b, c, result } = event;
  switch (op) {
    case Op.MAP:
    case Op.SHMAT:
      return [rangeOf(result > 0n ? result : a, b)];
    case Op.UNMAP:
    case Op.PROTECT:
    case Op.ADVISE:
    case Op.MLOCK:
    case Op.MUNLOCK:
    case Op.MSYNC:
    case Op.MINCORE:
    case Op.REMAP_FILE_PAGES:
    case Op.MSEAL:
    case Op.PKEY_PROTECT:
    case Op.PROCESS_ADVISE:
    case Op.SHMDT:
    case Op.MBIND:
      return [rangeOf(a, b)];
    case Op.REMAP:
      return result < 0n ? [rangeOf(a, b)] : [rangeOf(a, b), rangeOf(result, c)];
    case Op.BRK: {
      const to = Number(result);
      return to === brk || brk === 0 ? [] : [{ start: Math.min(to, brk), end: pageUp(Math.max(to, brk)) }];
    }
    case Op.FAULT:
      return [{ start: Number(a), end: Number(a) + 1 }];
    default:
      return [];
  }
}

export class SimpleSpace {
  private segments: Segment[];

  constructor(
    segments: readonly Segment[],
    private brk: number,
  ) {
    this.segments = segments.map((segment) => ({ ...segment }));
  }

  copy(): SimpleSpace {
    return new SimpleSpace(this.segments, this.brk);
  }

  get heapEnd(): number {
    return this.brk;
  }

  /** The event could end here as it was recorded to end. */
  fits(event: TraceEvent): boolean {
    const { op, a, b, c, result } = event;
    if (event.unknown) return true;
    switch (op) {
      case Op.MAP:
        if (result === EEXIST) return !this.isFree(rangeOf(a, b));
        return result < 0n || isFixed(event) || this.isFree(rangeOf(result, b));
      case Op.SHMAT:
        return result < 0n || isFixed(event) || this.isFree(rangeOf(result, b));
      case Op.PROTECT:
      case Op.PKEY_PROTECT:
      case Op.MSEAL:
      case Op.ADVISE:
      case Op.MSYNC:
      case Op.MINCORE:
        if (result === ENOMEM) return !this.isMapped(rangeOf(a, b));
        return result < 0n || this.isMapped(rangeOf(a, b));
      case Op.REMAP:
        return result < 0n || this.fitsRemap(event, rangeOf(a, b), rangeOf(result, c));
      case Op.BRK:
        return this.fitsBreak(Number(result));
      case Op.FAULT:
        return this.outcomeOf(Number(a), event.aux) === Number(result);
      default:
        return true;
    }
  }

  /** What the event does, by the result that was recorded. */
  apply(event: TraceEvent): void {
    const { op, a, b, c, result } = event;
    if (op === Op.FAULT) this.growFor(Number(a), Number(result));
    const protects = op === Op.PROTECT || op === Op.PKEY_PROTECT;
    if (protects && result === ENOMEM) this.protect(this.mappedPart(rangeOf(a, b)), Number(c));
    if (result < 0n) return;
    if (op === Op.MAP || op === Op.SHMAT)
      this.put({
        ...rangeOf(result, b),
        prot: Number(BigInt.asUintN(3, c)),
        growsDown: op === Op.MAP && (event.aux & MAP.MAP_GROWSDOWN) !== 0,
      });
    else if (op === Op.UNMAP || op === Op.SHMDT) this.clear(rangeOf(a, b));
    else if (protects) this.protect(rangeOf(a, b), Number(BigInt.asUintN(3, c)));
    else if (op === Op.REMAP) this.remap(event, rangeOf(a, b), rangeOf(result, c));
    else if (op === Op.BRK) this.moveBreak(Number(result));
  }

  /** Index of the first segment that ends behind an address. */
  private search(address: number): number {
    let low = 0;
    let high = this.segments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.segments[middle]?.end ?? 0) <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private isFree(range: Range): boolean {
    const next = this.segments[this.search(range.start)];
    return next === undefined || next.start >= range.end;
  }

  /** The range up to its first hole. */
  private mappedPart({ start, end }: Range): Range {
    let reached = start;
    for (let n = this.search(start); reached < end; n++) {
      const segment = this.segments[n];
      if (segment === undefined || segment.start > reached) break;
      reached = segment.end;
    }
    return { start, end: Math.min(reached, end) };
  }

  private isMapped(range: Range): boolean {
    return this.mappedPart(range).end >= range.end;
  }

  private fitsRemap(event: TraceEvent, from: Range, to: Range): boolean {
    const source = this.segments[this.search(from.start)];
    if (source === undefined || source.start > from.start) return false;
    if ((event.aux & MREMAP.MREMAP_FIXED) !== 0) return true;
    if (to.start !== from.start) return this.isFree(to);
    return to.end <= from.end || this.isFree({ start: from.end, end: to.end });
  }

  private fitsBreak(to: number): boolean {
    return this.brk === 0 || to <= this.brk || this.isFree({ start: pageUp(this.brk), end: pageUp(to) });
  }

  private outcomeOf(address: number, code: number): number {
    const segment = this.segments[this.search(address)];
    if (segment === undefined || (segment.start > address && !segment.growsDown)) return FaultOutcome.SIGSEGV_MAPERR;
    const needed =
      (code & FAULT_WRITE) !== 0
        ? PROT.PROT_WRITE
        : (code & FAULT_FETCH) !== 0
          ? PROT.PROT_EXEC
          : PROT.PROT_READ | PROT.PROT_WRITE | PROT.PROT_EXEC;
    return (segment.prot & needed) === 0 ? FaultOutcome.SIGSEGV_ACCERR : FaultOutcome.NONE;
  }

  private growFor(address: number, outcome: number): void {
    const segment = this.segments[this.search(address)];
    if (outcome !== FaultOutcome.NONE || segment === undefined) return;
    if (segment.growsDown && segment.start > address) segment.start = Math.floor(address / PAGE) * PAGE;
  }

  private clear({ start, end }: Range): void {
    const from = this.search(start);
    let to = from;
    const left: Segment[] = [];
    for (; to < this.segments.length; to++) {
      const segment = this.segments[to] as Segment;
      if (segment.start >= end) break;
      if (segment.start < start) left.push({ ...segment, end: start });
      if (segment.end > end) left.push({ ...segment, start: end });
    }
    this.segments.splice(from, to - from, ...left);
  }

  private put(segment: Segment): void {
    this.clear(segment);
    this.segments.splice(this.search(segment.start), 0, segment);
  }

  private protect(range: Range, prot: number): void {
    for (const part of this.partsIn(range)) this.put({ ...part, prot });
  }

  /** Copies of what is mapped in a range, cut to it. */
  private partsIn({ start, end }: Range): Segment[] {
    const parts: Segment[] = [];
    for (let n = this.search(start); n < this.segments.length; n++) {
      const segment = this.segments[n] as Segment;
      if (segment.start >= end) break;
      parts.push({ ...segment, start: Math.max(segment.start, start), end: Math.min(segment.end, end) });
    }
    return parts;
  }

  private remap(event: TraceEvent, from: Range, to: Range): void {
    const source = this.partsIn(from);
    const [first] = source;
    if (first === undefined) return;
    if ((event.aux & MREMAP.MREMAP_DONTUNMAP) === 0) this.clear(from);
    this.clear(to);
    const moved = to.start - from.start;
    for (const part of source) {
      const end = Math.min(part.end + moved, to.end);
      if (part.start + moved < end) this.put({ ...part, start: part.start + moved, end });
    }
    if (to.end > from.end + moved) this.put({ ...first, start: from.end + moved, end: to.end });
  }

  private moveBreak(to: number): void {
    const from = this.brk;
    this.brk = to;
    if (from === 0) return;
    if (to < from) this.clear({ start: pageUp(to), end: pageUp(from) });
    else if (pageUp(to) > pageUp(from))
      this.put({ start: pageUp(from), end: pageUp(to), prot: PROT.PROT_READ | PROT.PROT_WRITE, growsDown: false });
  }
}
