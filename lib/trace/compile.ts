/**
 * A recorded trace, compiled: read, ordered, and written in the form that the native replayer takes.
 */
import { setImmediate } from 'node:timers/promises';
import { Assigner } from './assign';
import { TraceError } from './errors';
import { blankEvent, Op, type TraceEvent } from './events';
import { cutFiles } from './file-ends';
import { Files } from './files';
import { heapOf, initialOf } from './initial';
import { PAGE } from './linux';
import { repairOrder } from './order';
import type { MapsRow } from './proc-maps';
import { Processes } from './processes';
import { readRecording, type Recording } from './recording';
import { type Space, Spaces } from './spaces';
import type { Task } from './steps';
import { stopIfAborted } from './text-source';
import { type WrittenSpace, writeTrace } from './trace-writer';

export interface CompiledSpace {
  index: number;
  pid: number;
  comm: string;
  /** the layout that Linux had at the end of the process, where it was recorded */
  expected?: MapsRow[];
}

export interface CompiledTrace {
  name: string;
  format: 'perf' | 'strace';
  events: number;
  threads: number;
  /** events that the recorder lost */
  lostEvents: number;
  /** calls that are in the trace but cannot be executed, by name */
  unmodelled: Record<string, number>;
  /** what was left out or found odd, one sentence each */
  warnings: string[];
  /** the trace as native/include/vmalock_trace.h has it */
  buffer: ArrayBuffer;
  spaces: CompiledSpace[];
}

/**
 * Compiles a trace.
 *
 * @param path a file of perf or strace text, plain or gzip, or a folder that holds one
 * @throws {TraceError} for a trace that cannot be read
 * @throws {VmalockError} `ECANCELED` when the signal was aborted
 */
export async function compileTrace(path: string, signal?: AbortSignal): Promise<CompiledTrace> {
  const recording = await readRecording(path, signal);
  await breathe(signal);
  const { history } = recording;
  const processes = new Processes(history);
  const spaces = new Spaces(recording, processes);
  const assigner = new Assigner(processes, spaces);
  assigner.run(history.steps.sort((a, b) => a.at - b.at));
  // Events have all that is needed of them; there may be millions.
  history.steps.length = 0;
  if (assigner.events.length === 0 || spaces.all.length === 0)
    throw new TraceError('nothing in it happens in an address space whose initial maps are known', recording.path);
  await breathe(signal);
  const files = new Files(layoutsOf(recording));
  for (const [event, step] of assigner.mapped) event.file = files.ofCall(event.space, step, event.line)?.index;
  for (const [event, segment] of assigner.attached) event.file = files.ofSegment(segment).index;
  const written = writtenSpaces(spaces.all, assigner.events, files);
  const events = repairOrder([...heapEvents(spaces.all, assigner.events), ...assigner.events], written);
  await breathe(signal);
  cutFiles(events, files.all);
  const threads = threadsOf(events, processes);
  const buffer = writeTrace({ lostEvents: history.lost, events, threads, spaces: written, files: files.all });
  return {
    name: recording.name,
    format: recording.format,
    events: events.length,
    threads: threads.length,
    lostEvents: history.lost,
    unmodelled: assigner.unmodelled,
    warnings: warningsOf(recording, spaces),
    buffer,
    spaces: spaces.all.map(({ index, pid, comm, expected }) => ({
      index,
      pid,
      comm,
      ...(expected === undefined ? {} : { expected }),
    })),
  };
}

/** Between the steps, each of which may take seconds: lets the event loop turn, so that an abort is heard. */
async function breathe(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  stopIfAborted(signal);
}

function layoutsOf({ initial, final }: Recording): MapsRow[][] {
  return [...initial, ...final].map((section) => section.rows);
}

/** Threads in the order in which they appear. */
function threadsOf(events: readonly TraceEvent[], processes: Processes): { task: Task; pid: number }[] {
  const tasks = new Set<Task>();
  for (const { task, child } of events) {
    tasks.add(task);
    if (child !== undefined) tasks.add(child);
  }
  return Array.from(tasks, (task) => ({ task, pid: processes.of(task).pid }));
}

/** The break as the first brk(2) of each program tells it: programs ask for it before they move it. */
function breaksOf(events: readonly TraceEvent[]): Map<Space, number> {
  const breaks = new Map<Space, number>();
  for (const { op, space, a, result } of events)
    if (op === Op.BRK && !breaks.has(space)) breaks.set(space, a === 0n ? Number(result) : 0);
  return breaks;
}

/** A space that was met in the middle of its life has a heap, which a brk of its own then makes. */
function heapEvents(spaces: readonly Space[], events: readonly TraceEvent[]): TraceEvent[] {
  const breaks = breaksOf(events);
  return spaces.flatMap((space) => {
    const heap = heapOf(space);
    const first = heap && events.find((event) => event.space === space);
    if (heap === undefined || first === undefined) return [];
    const asked = breaks.get(space) ?? 0;
    const to = BigInt(asked > heap.start && Math.ceil(asked / PAGE) * PAGE === heap.end ? asked : heap.end);
    const from = { at: 0, line: 0, until: 0, timeNs: 0, task: first.task };
    return [{ ...blankEvent(Op.BRK, from, space), a: to, result: to }];
  });
}

function writtenSpaces(spaces: readonly Space[], events: readonly TraceEvent[], files: Files): WrittenSpace[] {
  const breaks = breaksOf(events);
  return spaces.map((space) => initialOf(space, files, heapOf(space)?.start ?? breaks.get(space) ?? 0));
}

const NO_FAULTS =
  'strace shows no page faults: how far a stack has grown, and which private neighbours were joined, is not compared';

function warningsOf({ format, history, ignored, notes }: Recording, spaces: Spaces): string[] {
  const warnings = [...notes, ...spaces.warnings()];
  if (format === 'strace') warnings.unshift(NO_FAULTS);
  if (history.broken > 0)
    warnings.push(
      `${history.broken === 1 ? '1 call has' : `${history.broken} calls have`} no beginning or no end, the first in line ${history.firstBroken}: ` +
        'the recorder lost something',
    );
  if (ignored.size > 0) {
    const counts = [...ignored].sort(([, a], [, b]) => b - a).map(([name, times]) => `${name} ${times}`);
    warnings.push(`lines that are not replayed: ${counts.slice(0, 12).join(', ')}${counts.length > 12 ? ', ...' : ''}`);
  }
  return warnings;
}
