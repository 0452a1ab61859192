/** Which threads make a process, what makes a child share its parent's space, and when a process has ended. */
import { CLONE } from './linux';
import type { History } from './history';
import type { Birth, ExecStep, Step, Task } from './steps';

/** One life of a process. */
export interface Process {
  pid: number;
  tasks: Task[];
  /** of its first thread; undefined where the recording does not show it */
  birth: Birth | undefined;
  execs: (Step & { what: ExecStep })[];
  /** nothing of it was recorded before its first execve */
  beginsWithExec: boolean;
  /** the place of its end; undefined while it goes on */
  endedAt: number | undefined;
  /** its first and its last place */
  firstAt: number;
  lastAt: number;
  endedBy: Task;
}

export function isThreadBirth(birth: Birth): boolean {
  if (birth.flags !== undefined) return (birth.flags & CLONE.CLONE_THREAD) !== 0;
  return birth.child.pid !== undefined && birth.child.pid === pidOf(birth.parent);
}

/** vfork and posix_spawn: the child runs in its parent's space until its execve or its end. */
export function sharesSpace(birth: Birth): boolean {
  return birth.flags !== undefined && (birth.flags & CLONE.CLONE_VM) !== 0;
}

/** The process of a thread, where the lines themselves do not tell by how it was born. */
export function pidOf(task: Task): number {
  if (task.pid !== undefined) return task.pid;
  return task.birth !== undefined && isThreadBirth(task.birth) ? pidOf(task.birth.parent) : task.tid;
}

/** Lives of processes, in the order of their beginnings, and the life that each thread belongs to. */
export class Processes {
  readonly all: Process[] = [];
  private readonly byTask = new Map<Task, Process>();

  constructor(history: History) {
    const byPid = new Map<number, Process>();
    for (const task of [...history.tasks].sort((a, b) => a.firstLine - b.firstLine)) {
      const pid = pidOf(task);
      const leader = task.birth !== undefined && !isThreadBirth(task.birth);
      const living = leader ? undefined : byPid.get(pid);
      const process = living ?? this.begin(pid, task);
      byPid.set(pid, process);
      if (living !== undefined) living.tasks.push(task);
      this.byTask.set(task, process);
    }
    for (const step of history.steps) this.note(step);
    for (const process of this.all) finish(process);
  }

  of(task: Task): Process {
    const process = this.byTask.get(task);
    if (process === undefined) throw new RangeError(`thread ${task.tid} is none of this history`);
    return process;
  }

  /** The life that a number stood for at a place. */
  withPid(pid: number, at: number): Process | undefined {
    return this.all.filter((process) => process.pid === pid && (process.tasks[0]?.firstLine ?? at) <= at).at(-1);
  }

  private begin(pid: number, task: Task): Process {
    const process: Process = {
      pid,
      tasks: [task],
      birth: task.birth,
      execs: [],
      beginsWithExec: false,
      endedAt: undefined,
      firstAt: Infinity,
      lastAt: task.firstLine,
      endedBy: task,
    };
    this.all.push(process);
    return process;
  }

  private note(step: Step): void {
    const process = this.of(step.task);
    if (step.at < process.firstAt) {
      process.firstAt = step.at;
      process.beginsWithExec = step.what.kind === 'exec';
    }
    process.lastAt = Math.max(process.lastAt, step.at);
    if (step.what.kind === 'exec') process.execs.push(step as Step & { what: ExecStep });
  }
}

/** It has ended when all of its threads have, or the last one, or when one asked for it. */
function finish(process: Process): void {
  const { tasks } = process;
  for (const task of tasks) {
    const over = task.ended ?? task.exitedGroup;
    if (over === undefined || over < process.lastAt) continue;
    process.lastAt = over;
    process.endedBy = task;
  }
  const ended =
    tasks.every((task) => task.ended !== undefined) ||
    tasks.some((task) => task.last || task.exitedGroup !== undefined);
  if (ended) process.endedAt = process.lastAt + 0.25;
}
