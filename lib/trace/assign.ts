/**
 * From steps to events: each in the space it acted on, with the arguments where vmalock_trace.h wants them.
 */
import { argumentsOf, hasNoResult, notExecuted, OP_OF_CALL } from './call-events';
import { blankEvent, Op, type TraceEvent } from './events';
import { ERRNO, errnoOf, MAP, MAP_TYPE } from './linux';
import { isThreadBirth, type Process, type Processes, sharesSpace } from './processes';
import { advisedRanges } from './remote-advice';
import { type Segment, Segments } from './segments';
import type { Space, Spaces } from './spaces';
import type { Birth, CallStep, ExecStep, FaultStep, Step } from './steps';

const EBADF = BigInt(-(ERRNO.get('EBADF') ?? 0));

function low32(value: bigint): number {
  return Number(BigInt.asUintN(32, value));
}

export class Assigner {
  readonly events: TraceEvent[] = [];
  /** calls of mmap that name a file, for files.ts */
  readonly mapped = new Map<TraceEvent, CallStep>();
  /** calls of shmat and shmdt that name a segment, for files.ts */
  readonly attached = new Map<TraceEvent, Segment>();
  readonly unmodelled: Record<string, number> = {};
  private readonly segments = new Segments();
  private sealed = false;

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
    if (what.name === 'shmget') {
      this.segments.note(what);
      return;
    }
    const space = this.spaces.of(step.task);
    if (space === undefined) return;
    const left = notExecuted(what, this.sealed) ?? this.unknownObject(step, space, what);
    if (left !== undefined) return this.count(left, step, space, what);
    const op = OP_OF_CALL.get(what.name);
    if (op === undefined) throw new RangeError(`${what.name} is no modelled call`);
    if (op === Op.PROCESS_ADVISE) return this.advised(step, what);
    const event = this.push(op, step, space, { ...argumentsOf(op, what), ...resultOf(what) });
    event.unknown = hasNoResult(what);
    if (op === Op.MAP && (mapsFile(event, what) || sharesMemory(event))) this.mapped.set(event, what);
    if (op === Op.MSEAL && event.result === 0n) this.sealed = true;
    if (op === Op.SHMAT || op === Op.SHMDT) this.takeSegment(event, what);
  }

  private count(name: string, step: Step, space: Space, what: CallStep): void {
    this.unmodelled[name] = (this.unmodelled[name] ?? 0) + 1;
    const [a = 0n, b = 0n, c = 0n, d = 0n] = what.call.values;
    this.push(Op.UNMODELLED, step, space, { a, b, c, d, ...resultOf(what), name });
  }

  /** What it acts on is not known, though it succeeded. */
  private unknownObject(step: Step, space: Space, what: CallStep): string | undefined {
    const succeeded = errnoOf(what.result ?? 0n) === 0;
    if (what.name === 'shmat' && succeeded && this.segments.named(what) === undefined) return 'shmat of unknown length';
    if (what.name === 'shmdt' && succeeded && this.segments.at(space, what.call.values[0] ?? 0n) === undefined)
      return 'shmdt of what was attached before';
    if (what.name === 'process_madvise' && this.target(step, what) === undefined)
      return 'process_madvise of an unknown process';
    return undefined;
  }

  private takeSegment(event: TraceEvent, what: CallStep): void {
    const attaches = event.op === Op.SHMAT;
    const segment = attaches ? this.segments.named(what) : this.segments.at(event.space, event.a);
    if (segment === undefined) return;
    event.b = BigInt(segment.size);
    this.attached.set(event, segment);
    if (attaches && event.result >= 0n) this.segments.attach(event.space, event.result, segment);
  }

  private target(step: Step, { call: { target } }: CallStep): { process: Process; space: Space } | undefined {
    const own = this.processes.of(step.task);
    if (target === undefined) return undefined;
    const process = target === 'self' ? own : this.processes.withPid(target, step.at);
    const space = process && this.spaces.ofProcess(process);
    return process === undefined || space === undefined ? undefined : { process, space };
  }

  private advised(step: Step, what: CallStep): void {
    const target = this.target(step, what);
    if (target === undefined) return;
    const fromOther = target.process !== this.processes.of(step.task);
    for (const fields of advisedRanges(what, fromOther)) this.push(Op.PROCESS_ADVISE, step, target.space, fields);
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

function resultOf({ result }: CallStep): Partial<TraceEvent> {
  return result === undefined ? {} : { result: BigInt.asIntN(64, result) };
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
