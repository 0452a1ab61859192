/**
 * Address spaces, and who acts in which: an execve makes a new one, a fork a child's, and the child of a vfork acts in
 * its parent's until its own execve or its end.
 */
import { TraceError } from './errors';
import { Layouts } from './layouts';
import type { MapsRow } from './proc-maps';
import { type Process, type Processes, sharesSpace } from './processes';
import { countUp, type SeenMapping } from './recorded';
import type { Recording } from './recording';
import type { Birth, ExecStep, Task } from './steps';
import { rowsOfWindow } from './window';

/** How many sentences tell what was left out. */
const TOLD = 5;

export interface Space {
  index: number;
  pid: number;
  comm: string;
  /** the space that was forked */
  parent: Space | undefined;
  /** mappings at its beginning; none for a forked one */
  rows: readonly MapsRow[];
  /** what the kernel reported while it built the space */
  window: readonly SeenMapping[];
  /** the layout at its end, where that was recorded */
  expected: MapsRow[] | undefined;
  /** layouts of children at their fork, in the order of time */
  forked: (readonly MapsRow[])[];
  children: Space[];
  /** the process that it belongs to, and ends with */
  owner: Process;
}

/** What is known of where a process acts. */
interface Place {
  space: Space | undefined;
  /** execs that came so far */
  execs: number;
  /** why no layout is known */
  unknown: string;
  /** steps left out, by what was unknown then */
  skipped: Map<string, number>;
}

export class Spaces {
  readonly all: Space[] = [];
  private readonly places = new Map<Process, Place>();
  private readonly execs: Layouts;
  private readonly forks: Layouts;
  private readonly others: Layouts;
  private readonly ends: Layouts;

  constructor(
    private readonly recording: Recording,
    private readonly processes: Processes,
  ) {
    this.execs = new Layouts(recording.initial, ['exec']);
    this.forks = new Layouts(recording.initial, ['fork']);
    this.others = new Layouts(recording.initial, ['']);
    this.ends = new Layouts(recording.final, ['exit', '']);
    this.checkFirst();
  }

  /** Where a thread acts now; undefined, and counted, when no layout is known. */
  of(task: Task): Space | undefined {
    const place = this.placeOf(this.processes.of(task));
    if (place.space === undefined) countUp(place.skipped, place.unknown);
    return place.space;
  }

  /** The same without counting. */
  peek(task: Task): Space | undefined {
    return this.ofProcess(this.processes.of(task));
  }

  /** Where a process acts now. */
  ofProcess(process: Process): Space | undefined {
    return this.placeOf(process).space;
  }

  /** A child: the space it has now is its parent's, or a new one that is returned. */
  born(birth: Birth): Space | undefined {
    const child = this.processes.of(birth.child);
    const parent = this.processes.of(birth.parent);
    const from = this.placeOf(parent).space;
    if (child === parent) return undefined;
    const section = this.forks.take(child.pid, birth.child.comm);
    if (from !== undefined && sharesSpace(birth)) {
      this.places.set(child, { space: from, execs: 0, unknown: '', skipped: new Map() });
      return undefined;
    }
    const rows = section?.rows ?? [];
    const space = this.add(child, birth.child.comm, from, from === undefined ? rows : []);
    if (from !== undefined) {
      from.children.push(space);
      if (section !== undefined) from.forked.push(rows);
    }
    const known = from !== undefined || section !== undefined;
    const unknown = `nothing tells the layout of its parent ${parent.pid}`;
    if (!known) this.all.pop();
    this.places.set(child, { space: known ? space : undefined, execs: 0, unknown, skipped: new Map() });
    return from === undefined ? undefined : space;
  }

  /** A new program: its space, when its initial layout is known. */
  exec(task: Task, step: ExecStep): Space | undefined {
    const process = this.processes.of(task);
    const place = this.placeOf(process);
    // What came before the end of an execve whose beginning was not recorded is in the new space already.
    if (place.execs++ === 0 && beginsInExec(process)) return undefined;
    // Programs that the replayed ones start are replayed too; of others, which a recording of all CPUs holds, nothing is.
    place.space = this.program(process, step.comm, step.window, place.space !== undefined);
    place.unknown = `${this.recording.initialPath} has no layout of process ${process.pid} behind the execve of ${step.comm}`;
    return place.space;
  }

  /** The layout at the end of a process, if the space is its own. */
  end(process: Process): Space | undefined {
    const { space } = this.placeOf(process);
    const section = this.ends.take(process.pid, lastComm(process));
    if (space === undefined || space.owner !== process) return undefined;
    const unnamed = section === undefined && space.index === 0 ? this.ends.takeUnnamed() : undefined;
    space.expected = (section ?? unnamed)?.rows;
    return space;
  }

  /** One sentence for each process of which steps were left out, a few of them in full. */
  warnings(): string[] {
    const left = Array.from(this.places, ([{ pid }, { skipped }]) =>
      Array.from(skipped, ([unknown, times]) => ({ pid, unknown, times })),
    ).flat();
    const told = left
      .slice(0, TOLD)
      .map(({ pid, unknown, times }) => `process ${pid}: ${steps(times)} left out, for ${unknown}`);
    const more = left.slice(TOLD);
    if (more.length === 0) return told;
    const sum = more.reduce((total, { times }) => total + times, 0);
    return [...told, `more processes: ${steps(sum)} left out for such reasons, ${more.length} times`];
  }

  private placeOf(process: Process): Place {
    const known = this.places.get(process);
    if (known !== undefined) return known;
    const place: Place = {
      space: undefined,
      execs: 0,
      unknown: 'nothing tells its initial layout',
      skipped: new Map(),
    };
    this.places.set(process, place);
    place.space = this.atFirst(process);
    return place;
  }

  /** A process that the recording found already there, or in its execve. */
  private atFirst(process: Process): Space | undefined {
    const first = process.tasks[0];
    const comm = first?.comm ?? '';
    if (beginsInExec(process))
      return this.program(process, process.execs[0]?.what.comm ?? comm, process.execs[0]?.what.window ?? [], false);
    if (process.beginsWithExec) return undefined;
    const section =
      this.others.take(process.pid, comm) ??
      (this.all.length === 0 ? this.others.takeUnnamed() : undefined) ??
      this.forks.take(process.pid, comm) ??
      (process.execs.length === 0 ? this.execs.take(process.pid, comm) : undefined);
    return section === undefined ? undefined : this.add(process, comm, undefined, section.rows);
  }

  /** @param started by a program that is replayed: then the reports of its mappings may stand in for its layout */
  private program(process: Process, comm: string, window: readonly SeenMapping[], started: boolean): Space | undefined {
    const first = this.all.length === 0;
    const section = this.execs.take(process.pid, comm) ?? (first ? this.others.takeUnnamed() : undefined);
    const rows = section?.rows ?? (started ? rowsOfWindow(window) : []);
    if (rows.length === 0) return undefined;
    return this.add(process, comm, undefined, rows, window);
  }

  private add(
    owner: Process,
    comm: string,
    parent: Space | undefined,
    rows: readonly MapsRow[],
    window: readonly SeenMapping[] = [],
  ): Space {
    const space: Space = {
      index: this.all.length,
      pid: owner.pid,
      comm,
      parent,
      rows,
      window,
      expected: undefined,
      forked: [],
      children: [],
      owner,
    };
    this.all.push(space);
    return space;
  }

  /** Without the layout of the program itself there is nothing to replay. */
  private checkFirst(): void {
    const { initial, initialPath, path } = this.recording;
    if (this.processes.all.length === 0)
      throw new TraceError('no system call, page fault or birth of a thread is in it', path);
    if (initial.length === 0)
      throw new TraceError('there are no initial maps beside the trace: /proc/PID/maps behind the execve', initialPath);
    const pids = new Set(initial.map((section) => section.pid));
    if (pids.has(0) || this.processes.all.some((process) => pids.has(process.pid))) return;
    throw new TraceError(`none of its layouts is of a process of ${path}`, initialPath);
  }
}

function steps(times: number): string {
  return times === 1 ? '1 step' : `${times} steps`;
}

/** The recording begins inside the first execve of the process. */
export function beginsInExec(process: Process): boolean {
  return process.birth === undefined && process.execs[0]?.what.entered === false;
}

function lastComm(process: Process): string {
  return process.endedBy.comm;
}
