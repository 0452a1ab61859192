/**
 * From steps to events: each in the space it acted on, with the arguments where vmalock_trace.h wants them.
 */
import { argumentsNeeded, failsOutside, kindOfCall, unmodelledAdvice } from './calls';
import { blankEvent, Op, type TraceEvent } from './events';
import { ERRNO, errnoName, errnoOf, MAP, MAP_TYPE, PAGE } from './linux';
import { isThreadBirth, type Process, type Processes, sharesSpace } from './processes';
import type { Space, Spaces } from './spaces';
import type { Birth, CallStep, ExecStep, FaultStep, Step } from './steps';

const OP_OF_CALL: ReadonlyMap<string, Op> = new Map([
  ['mmap', Op.MAP],
  ['munmap', Op.UNMAP],
  ['mprotect', Op.PROTECT],
  ['mremap', Op.REMAP],
  ['madvise', Op.ADVISE],
  ['brk', Op.BRK],
  ['mlock', Op.MLOCK],
  ['mlock2', Op.MLOCK],
  ['munlock', Op.MUNLOCK],
  ['mlockall', Op.MLOCKALL],
  ['munlockall', Op.MUNLOCKALL],
  ['msync', Op.MSYNC],
  ['mincore', Op.MINCORE],
  ['remap_file_pages', Op.REMAP_FILE_PAGES],
]);

/** Which argument goes into `aux`; it is no other field then. */
const AUX_OF_CALL: ReadonlyMap<string, number> = new Map([
  ['mmap', 3],
  ['mremap', 3],
  ['madvise', 2],
  ['mlock2', 2],
  ['mlockall', 0],
  ['msync', 2],
  ['remap_file_pages', 4],
]);

/** Refused for the limit on locked memory more often than for a hole, and no recording tells which. */
const LOCKS: ReadonlySet<string> = new Set(['mlock', 'mlock2', 'mlockall']);

const EBADF = BigInt(-(ERRNO.get('EBADF') ?? 0));

const RETURNS_ADDRESS: ReadonlySet<string> = new Set(['mmap', 'mremap']);

function low32(value: bigint): number {
  return Number(BigInt.asUintN(32, value));
}

/**
 * strace may show what was left in the register of a thread that died inside a call: its number. Modelled calls return
 * 0, an address or an error.
 */
function isLeftOver(result: bigint): boolean {
  return result > 0n && result < BigInt(PAGE);
}

/** Why a call cannot be executed, as the name that it is counted under; undefined when it can. */
function notExecuted(step: CallStep): string | undefined {
  const { name, call, result } = step;
  if (kindOfCall(name) === 'unmodelled') return name;
  if (call.values.length < argumentsNeeded(name)) return `${name} without its arguments`;
  // Its thread died inside. The lock it let go shows that it took effect, but not which address a mapping got.
  if (result === undefined || isLeftOver(result))
    return step.effect && !RETURNS_ADDRESS.has(name) ? undefined : `${name} that never returned`;
  const errno = errnoName(errnoOf(result));
  if (errnoOf(result) !== 0 && name !== 'brk' && failsOutside(errno)) return `${name}:${errno}`;
  if (LOCKS.has(name) && errno === 'ENOMEM') return `${name}:ENOMEM`;
  // Where its answer was to go is not in the trace.
  if (name === 'mincore' && errno === 'EFAULT') return 'mincore:EFAULT';
  if (name === 'madvise') {
    const advice = unmodelledAdvice(low32(call.values[2] ?? 0n));
    return advice === undefined ? undefined : `madvise:${advice}`;
  }
  if (name !== 'mmap') return undefined;
  if ((low32(call.values[3] ?? 0n) & MAP.MAP_HUGETLB) !== 0) return 'mmap:MAP_HUGETLB';
  return errno === 'ENOMEM' && isOfMemory(call.values) ? 'mmap:ENOMEM' : undefined;
}

/** A mapping that would find room: what refused it is a limit or the memory of the recording machine. */
function isOfMemory([, length = 0n]: readonly bigint[]): boolean {
  return length > 0n && length < 1n << 46n;
}

export class Assigner {
  readonly events: TraceEvent[] = [];
  /** calls of mmap that name a file, for files.ts */
  readonly mapped = new Map<TraceEvent, CallStep>();
  readonly unmodelled: Record<string, number> = {};

  constructor(
    private readonly processes: Processes,
    private readonly spaces: Spaces,
  ) {}

  /** All steps, and the ends of all processes behind them. */
  run(steps: readonly Step[]): void {
    const ends = this.processes.all.filter((process) => process.endedAt !== undefined);
    ends.sort((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0));
    let next = 0;
    for (const step of steps) {
      for (let end = ends[next]; end !== undefined && (end.endedAt ?? 0) < step.at; end = ends[++next]) this.end(end);
      this.take(step);
    }
    for (; next < ends.length; next++) this.end(ends[next] as Process);
    // What still runs when the recording stops ends with it.
    for (const process of this.processes.all) if (process.endedAt === undefined) this.end(process);
  }

  private take(step: Step): void {
    const { what } = step;
    switch (what.kind) {
      case 'birth':
        return this.born(step, what.birth);
      case 'exec':
        return this.exec(step, what);
      case 'fault':
        return this.fault(step, what);
      case 'call':
        return this.call(step, what);
    }
  }

  private push(op: Op, step: Step, space: Space, fields: Partial<TraceEvent>): TraceEvent {
    const event = Object.assign(blankEvent(op, step, space), fields);
    this.events.push(event);
    return event;
  }

  private born(step: Step, birth: Birth): void {
    const from = this.spaces.peek(step.task);
    const target = this.spaces.born(birth);
    if (from === undefined) return;
    if (target !== undefined) this.push(Op.FORK, step, from, { target });
    if (target !== undefined || isThreadBirth(birth) || sharesSpace(birth))
      this.push(Op.THREAD, step, from, { child: birth.child });
  }

  private exec(step: Step, what: ExecStep): void {
    const from = this.spaces.peek(step.task);
    const target = this.spaces.exec(step.task, what);
    if (from !== undefined && target !== undefined) this.push(Op.EXEC, step, from, { target });
  }

  private fault(step: Step, what: FaultStep): void {
    const space = this.spaces.of(step.task);
    if (space === undefined) return;
    const { address, code, outcome, unknown } = what;
    this.push(Op.FAULT, step, space, { a: address, aux: code, result: BigInt(outcome), unknown });
  }

  private call(step: Step, what: CallStep): void {
    const space = this.spaces.of(step.task);
    if (space === undefined) return;
    const result = what.result === undefined ? {} : { result: BigInt.asIntN(64, what.result) };
    const left = notExecuted(what);
    if (left !== undefined) {
      this.unmodelled[left] = (this.unmodelled[left] ?? 0) + 1;
      const [a = 0n, b = 0n, c = 0n, d = 0n] = what.call.values;
      this.push(Op.UNMODELLED, step, space, { a, b, c, d, ...result, name: left });
      return;
    }
    const op = OP_OF_CALL.get(what.name);
    if (op === undefined) throw new RangeError(`${what.name} is no modelled call`);
    const event = this.push(op, step, space, { ...argumentsOf(op, what), ...result });
    event.unknown = what.result === undefined || isLeftOver(what.result);
    if (op === Op.MAP && (mapsFile(event, what) || sharesMemory(event))) this.mapped.set(event, what);
  }

  private end(process: Process): void {
    const space = this.spaces.end(process);
    if (space === undefined) return;
    const at = process.endedAt ?? process.lastAt;
    const line = Math.floor(at);
    const timeNs = this.events.at(-1)?.timeNs ?? 0;
    this.events.push(blankEvent(Op.EXIT_SPACE, { at, line, until: line, timeNs, task: process.endedBy }, space));
  }
}

/** It named an open file; a call that failed did so too, unless the descriptor was what it failed for. */
function mapsFile(event: TraceEvent, { call }: CallStep): boolean {
  if ((event.aux & MAP.MAP_ANONYMOUS) !== 0) return false;
  return event.result >= 0n || (event.result !== EBADF && low32(call.values[4] ?? 0n) !== 0xffff_ffff);
}

/** Shared anonymous memory is an object that the kernel numbers: it is one file each. */
function sharesMemory(event: TraceEvent): boolean {
  const anonymous = (event.aux & MAP.MAP_ANONYMOUS) !== 0 && (event.aux & MAP_TYPE) === MAP.MAP_SHARED;
  return anonymous && event.result >= 0n;
}

function argumentsOf(op: Op, { name, call: { values } }: CallStep): Partial<TraceEvent> {
  const [a = 0n, b = 0n, c = 0n, d = 0n, e = 0n, f = 0n] = values;
  const aux = AUX_OF_CALL.get(name);
  const rest = { a, b, aux: aux === undefined ? 0 : low32(values[aux] ?? 0n) };
  switch (op) {
    case Op.MAP:
      return { ...rest, c, d: f };
    case Op.REMAP:
      return { ...rest, c, d: e };
    case Op.PROTECT:
      return { ...rest, c };
    case Op.REMAP_FILE_PAGES:
      return { ...rest, c, d };
    case Op.BRK:
      return { a };
    case Op.MLOCKALL:
      return { aux: rest.aux };
    case Op.MUNLOCKALL:
      return {};
    default:
      return rest;
  }
}
