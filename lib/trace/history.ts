/**
 * From lines to steps: calls that are whole, faults with their outcome, births and execs, each with a place in time.
 *
 * A call takes a while, and calls of several threads overlap. Its place is the moment at which it took effect: where the
 * mmap_lock that it held for writing was released (or downgraded), as far as the recorder saw that; else where the
 * mapping it made was reported; else where it returned. A fault's place is where it got mmap_lock for reading; else
 * where it came, because the lock of the VMA was free then. order.ts repairs what is still the wrong way round.
 */
import { isExec, isExit, isFork, kindOfCall } from './calls';
import { CLONE, errnoOf, FAULT_USER, FAULT_WRITE } from './linux';
import { countUp, type CallArguments, type Recorded, type SeenMapping, type What } from './recorded';
import { type Birth, FaultOutcome, isFromFault, outcomeOf, type Step, type Task } from './steps';

interface Pending {
  name: string;
  call: CallArguments | undefined;
  line: number;
  timeNs: number;
  seen: SeenMapping[];
  /** where it took effect: by the lock held for writing, by the report of a mapping, by the lock held for reading */
  released: number | undefined;
  reported: number | undefined;
  looked: number | undefined;
  faults: Step[];
}

/** What is known of a thread while the lines go by. */
interface Thread {
  task: Task;
  pending: Pending | undefined;
  fault: Step | undefined;
  /** the execve whose space is being built */
  exec: Step | undefined;
  lockAwaited: boolean;
  exiting: boolean;
  lines: number;
}

/** Result 0 in the child, and the first execve has no beginning: exits that need no enter. */
function needsNoEnter(name: string, result: bigint | undefined): boolean {
  return (isFork(name) || isExec(name)) && result === 0n;
}

/** The kernel still clears a thread's number in user memory when the end of the thread has been told. */
function isFuneral(what: What): boolean {
  return what.kind === 'fault' && (what.code & FAULT_USER) === 0;
}

/**
 * Where the new space began when only the end of the execve was recorded: the kernel reads the arguments in the old
 * space, and what it writes (the rest of the last page of data) is in the new one.
 */
function beforeFirstWrite(faults: readonly Step[], line: number): number {
  const first = faults.find(({ what }) => what.kind === 'fault' && (what.code & FAULT_WRITE) !== 0);
  return first === undefined ? line : first.line - 0.5;
}

export class History {
  readonly tasks: Task[] = [];
  readonly steps: Step[] = [];
  /** records that the recorder says it lost */
  lost = 0;
  /** calls without a beginning or without an end: signs of a loss that nobody reported, and where the first is */
  broken = 0;
  firstBroken = 0;
  lastLine = 0;
  /** what was left out, by name */
  readonly ignored = new Map<string, number>();
  private readonly threads = new Map<number, Thread>();

  take(event: Recorded): void {
    this.lastLine = event.line;
    const { what } = event;
    if (what.kind === 'lost') this.lost += what.count;
    else if (what.kind === 'death') this.die(what.tid, what.last, event.line);
    else if (event.tid > 0) this.takeOf(event, what);
  }

  private takeOf(event: Recorded, what: What): void {
    const known = this.threads.get(event.tid);
    // Lock lines and mappings of threads that did nothing else tell nothing; those of the dead are their funeral.
    if (known === undefined && (what.kind === 'lock' || what.kind === 'mapping')) return;
    const thread = known ?? this.begin(event.tid, event.line);
    if (thread.task.ended !== undefined && !isFuneral(what) && !this.revived(thread, what)) return;
    thread.lines++;
    // A thread that does something else is done with its fault.
    if (thread.fault?.until === Infinity && what.kind !== 'lock') thread.fault.until = event.line;
    this.learn(thread.task, event);
    this.dispatch(thread, event, what);
  }

  private dispatch(thread: Thread, event: Recorded, what: What): void {
    switch (what.kind) {
      case 'lock':
        return this.lock(thread, what, event.line);
      case 'fault':
        return this.fault(thread, what, event);
      case 'enter':
        return this.enter(thread, what, event);
      case 'exit':
        return this.exit(thread, what, event.line);
      case 'mapping':
        return this.mapped(thread, what.mapping, event.line);
      case 'signal':
        return this.signalled(thread, what.signal, what.code);
      case 'birth':
        return this.born(thread, what, event);
      case 'exec':
        return this.exec(thread, what, event);
      case 'superseded':
        return this.supersede(thread, what.by, event.line);
      case 'rename':
        thread.task.comm = what.comm;
    }
  }

  /** The end of the text: calls that never returned. */
  finish(): void {
    for (const thread of this.threads.values()) this.abandon(thread, this.lastLine);
  }

  private begin(tid: number, line: number): Thread {
    const task: Task = {
      tid,
      pid: undefined,
      comm: '',
      birth: undefined,
      ended: undefined,
      last: false,
      exitedGroup: undefined,
      firstLine: line,
    };
    const thread: Thread = {
      task,
      pending: undefined,
      fault: undefined,
      exec: undefined,
      lockAwaited: false,
      exiting: false,
      lines: 0,
    };
    this.tasks.push(task);
    this.threads.set(tid, thread);
    return thread;
  }

  /** An execve by another thread of its process gives a dead first thread's number to the one that called. */
  private revived(thread: Thread, what: What): boolean {
    if (what.kind !== 'exec' && !(what.kind === 'exit' && isExec(what.name))) {
      if (what.kind !== 'lock') countUp(this.ignored, 'line of a thread that has ended');
      return false;
    }
    thread.task.ended = undefined;
    thread.exiting = false;
    return true;
  }

  private learn(task: Task, event: Recorded): void {
    if (event.pid !== undefined) task.pid ??= event.pid;
    // perf prints :TID for a thread whose name it never learnt
    if (event.comm !== undefined && event.comm !== `:${event.tid}`) task.comm = event.comm;
  }

  private lock(thread: Thread, what: What & { kind: 'lock' }, line: number): void {
    const { pending } = thread;
    const downgraded = what.phase === 'acquired' && !what.write && what.success && !thread.lockAwaited;
    if (what.phase === 'start') thread.lockAwaited = true;
    if (what.phase === 'acquired') thread.lockAwaited = false;
    const reads = what.phase === 'acquired' && !what.write && what.success;
    if (pending !== undefined && ((what.phase === 'released' && what.write) || downgraded)) pending.released = line;
    else if (reads && thread.fault !== undefined) thread.fault.at = line;
    else if (reads && pending !== undefined) pending.looked ??= line;
  }

  private fault(thread: Thread, what: What & { kind: 'fault' }, event: Recorded): void {
    const kernel = (what.code & FAULT_USER) === 0;
    const step: Step = {
      at: event.line,
      line: event.line,
      until: Infinity,
      timeNs: event.timeNs,
      task: thread.task,
      // A fault from kernel mode that fails makes a call fail that is perhaps not recorded, and no signal.
      what: { kind: 'fault', address: what.address, code: what.code, outcome: FaultOutcome.NONE, unknown: kernel },
    };
    thread.fault = step;
    if (thread.pending !== undefined && isExec(thread.pending.name)) thread.pending.faults.push(step);
    this.steps.push(step);
  }

  private signalled(thread: Thread, signal: number, code: number): void {
    const fault = thread.fault?.what;
    thread.fault = undefined;
    if (fault?.kind !== 'fault' || !isFromFault(code)) return;
    const outcome = outcomeOf(signal, code);
    if (outcome === undefined) fault.unknown = true;
    else {
      fault.outcome = outcome;
      fault.unknown = false;
    }
  }

  private enter(thread: Thread, what: What & { kind: 'enter' }, event: Recorded): void {
    // Its end must have been lost.
    if (thread.pending?.call !== undefined && kindOfCall(thread.pending.name) !== 'process')
      this.breakAt(thread.pending.line);
    this.abandon(thread, event.line);
    thread.fault = undefined;
    thread.exec = undefined;
    if (isExit(what.name)) {
      thread.exiting = true;
      if (what.name === 'exit_group') thread.task.exitedGroup = event.line;
      return;
    }
    thread.pending = {
      name: what.name,
      call: what.call,
      line: event.line,
      timeNs: event.timeNs,
      seen: [],
      released: undefined,
      reported: undefined,
      looked: undefined,
      faults: [],
    };
  }

  private exit(thread: Thread, what: What & { kind: 'exit' }, line: number): void {
    const { pending } = thread;
    thread.fault = undefined;
    if (isExit(what.name)) return;
    if (pending === undefined || pending.name !== what.name) {
      // Where the recording begins, a call may be under way.
      const begins = thread.lines === 1 && thread.task.birth === undefined;
      if (!needsNoEnter(what.name, what.result) && !begins) this.breakAt(line);
    } else {
      pending.call = what.call ?? pending.call;
      thread.pending = undefined;
      this.complete(thread, pending, what.result, line);
    }
    if (isExec(what.name)) thread.exec = undefined;
  }

  private complete(thread: Thread, pending: Pending, result: bigint | undefined, line: number): void {
    if (isFork(pending.name)) {
      if (result !== undefined && result !== 0n && errnoOf(result) === 0)
        this.returnedChild(thread, pending, Number(result), line);
    } else if (isExec(pending.name)) {
      if (result === 0n && thread.exec === undefined)
        this.addExec(thread, pending, line, pending.call?.program ?? thread.task.comm);
    } else {
      this.addCall(thread, pending, result, line);
    }
  }

  private addCall(thread: Thread, pending: Pending, result: bigint | undefined, line: number): void {
    if (kindOfCall(pending.name) === 'ignored') return;
    const { name, seen, call = { values: [] } } = pending;
    this.steps.push({
      at: pending.released ?? pending.reported ?? pending.looked ?? line,
      line: pending.line,
      until: line,
      timeNs: pending.timeNs,
      task: thread.task,
      what: { kind: 'call', name, call, result, seen, effect: (pending.released ?? pending.reported) !== undefined },
    });
  }

  /** A call whose end will not come: its thread died, the recording stopped, or the line was lost. */
  private abandon(thread: Thread, line: number): void {
    const { pending } = thread;
    if (pending === undefined) return;
    thread.pending = undefined;
    if (isFork(pending.name) || isExec(pending.name)) return;
    if (pending.call === undefined) {
      // strace cut it in two, and the second half with the rest of the arguments never came
      countUp(this.ignored, `${pending.name} that never returned`);
      return;
    }
    this.addCall(thread, pending, undefined, line);
  }

  private breakAt(line: number): void {
    if (this.broken++ === 0) this.firstBroken = line;
  }

  private mapped(thread: Thread, mapping: SeenMapping, line: number): void {
    const exec = thread.exec?.what;
    if (exec?.kind === 'exec') exec.window.push(mapping);
    else if (thread.pending !== undefined) {
      thread.pending.seen.push(mapping);
      thread.pending.reported = line;
    }
  }

  private born(parent: Thread, what: What & { kind: 'birth' }, event: Recorded): void {
    const born = this.threads.get(what.tid);
    if (born?.task.birth?.parent === parent.task && born.lines === 0 && born.task.ended === undefined) {
      born.task.pid ??= what.pid;
      born.task.birth.flags ??= what.flags;
      return;
    }
    const at = parent.pending?.released ?? event.line;
    const child = this.begin(what.tid, event.line);
    child.task.pid = what.pid;
    this.addBirth(parent, child, { call: parent.pending?.name ?? '', flags: what.flags }, at, event.line, event.timeNs);
  }

  /** The child's number is known when the call returns; the child may have spoken before. */
  private returnedChild(parent: Thread, pending: Pending, tid: number, line: number): void {
    const spoken = this.threads.get(tid);
    if (spoken?.task.birth?.parent === parent.task && spoken.task.firstLine >= pending.line) return;
    const early = spoken?.task.birth === undefined && (spoken?.task.firstLine ?? 0) > pending.line;
    const child = early && spoken !== undefined ? spoken : this.begin(tid, line);
    const how = { call: pending.name, flags: pending.call?.cloneFlags };
    this.addBirth(parent, child, how, Math.min(line, child.task.firstLine - 0.5), pending.line, pending.timeNs);
  }

  private addBirth(
    parent: Thread,
    child: Thread,
    how: { call: string; flags: number | undefined },
    at: number,
    line: number,
    timeNs: number,
  ): void {
    const flags = how.flags ?? (how.call === 'vfork' ? CLONE.CLONE_VM | CLONE.CLONE_VFORK : undefined);
    const birth: Birth = { parent: parent.task, child: child.task, call: how.call, flags };
    child.task.birth = birth;
    if (child.task.comm === '') child.task.comm = parent.task.comm;
    this.steps.push({ at, line, until: Math.max(at, line), timeNs, task: parent.task, what: { kind: 'birth', birth } });
  }

  private exec(thread: Thread, what: What & { kind: 'exec' }, event: Recorded): void {
    if (what.oldTid !== undefined && what.oldTid !== event.tid) this.supersede(thread, what.oldTid, event.line);
    if (thread.exec !== undefined) return;
    if (!what.final) thread.task.comm = what.comm;
    this.addExec(thread, this.execUnderWay(thread), event.line, thread.task.comm, event.timeNs, what.final);
  }

  /** The execve that is under way, be it by another thread of the process. */
  private execUnderWay(thread: Thread): Pending | undefined {
    if (thread.pending !== undefined && isExec(thread.pending.name)) return thread.pending;
    for (const other of this.threads.values()) {
      if (other.task.pid === undefined || other.task.pid !== thread.task.tid || other.pending === undefined) continue;
      if (isExec(other.pending.name)) return other.pending;
    }
    return undefined;
  }

  private addExec(
    thread: Thread,
    pending: Pending | undefined,
    line: number,
    comm: string,
    timeNs = pending?.timeNs ?? 0,
    late = false,
  ): void {
    thread.task.comm = comm;
    const step: Step = {
      at: late ? beforeFirstWrite(pending?.faults ?? [], line) : line,
      line: pending?.line ?? line,
      until: line,
      timeNs,
      task: thread.task,
      what: { kind: 'exec', comm, window: [], entered: pending !== undefined },
    };
    thread.exec = step;
    thread.fault = undefined;
    this.steps.push(step);
  }

  /** The thread that called execve takes the place of the first one of its process. */
  private supersede(thread: Thread, by: number, line: number): void {
    const caller = this.threads.get(by);
    if (caller === undefined || caller === thread) return;
    if (caller.pending !== undefined && isExec(caller.pending.name)) {
      thread.pending = caller.pending;
      caller.pending = undefined;
    }
    caller.task.ended ??= line;
    thread.task.ended = undefined;
    thread.exiting = false;
  }

  private die(tid: number, last: boolean, line: number): void {
    const thread = this.threads.get(tid);
    if (thread === undefined) return;
    const { task } = thread;
    task.ended = line;
    task.last ||= last;
    this.abandon(thread, line);
    // Killed while the fault was served: nobody knows how it would have ended.
    const fault = thread.fault?.what;
    if (fault?.kind === 'fault' && !thread.exiting && fault.outcome === FaultOutcome.NONE) fault.unknown = true;
  }
}
