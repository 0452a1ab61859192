/**
 * The text of `perf script`.
 *
 * One event a line: `comm PID/TID [CPU] SECONDS.FRACTION: event: text`; a plain `perf script` prints the thread only.
 * A comm may hold blanks and colons, so the first thing that looks like PID/TID [CPU] SECONDS ends it. Lines of events
 * that do not matter are counted by name; a line of an event that does matter must be complete.
 */
import { argumentsNeeded, kindOfCall, prctlName } from './calls';
import { Clock, countUp, type Grammar, type Sink, type What } from './recorded';
import { SYSCALL } from './linux';
import { checkedResult } from './result';
import { BadLine, quoted } from './text-source';

const WITH_PID = /^\s*(.*?)\s+(-?\d+)\/(-?\d+)\s+(?:\[\d+\]\s+)?(\d+)\.(\d{6,9}):\s+/;
const WITHOUT_PID = /^\s*(.*?)\s+(-?\d+)\s+(?:\[\d+\]\s+)?(\d+)\.(\d{6,9}):\s+/;
/** The part of a line in which its head must be: a comm of 15 characters, numbers and blanks. */
const HEAD_LENGTH = 160;
/** What perf itself says, when stderr went into the same file. */
const PERF_SAYS =
  /^(?:Warning:|Processed \d+ (?:events|samples) and lost|Check IO\/CPU overload|\[ ?perf |Use of uninit)/;
const SAID_LOST = /^Processed (\d+) (?:events|samples) and lost ([\d.]+)(%?)/;
/** A frame of a call chain (`perf record -g`), below its event. */
const FRAME = /^\s+[0-9a-f]{4,16} \S/;

const EVENT = /^([^\s:]+:[^\s:]+): *(.*)$/;
const RECORD = /^(PERF_RECORD_[A-Z0-9_]+)/;
const MAPPING =
  /^PERF_RECORD_MMAP2 -?\d+\/-?\d+: \[(0x[0-9a-f]+|0)\((0x[0-9a-f]+|0)\) @ (0x[0-9a-f]+|0) (?:([0-9a-f]+:[0-9a-f]+) (\d+) \d+|<[0-9a-f]*>)\]: ([r-][w-][x-][ps]) (.*)$/;
const PAIRS = /^PERF_RECORD_(?:FORK|EXIT)\((-?\d+):(-?\d+)\):\((-?\d+):(-?\d+)\)$/;
const COMM = /^PERF_RECORD_COMM( exec)?: (.*):(-?\d+)\/(-?\d+)$/;
const LOST = /^PERF_RECORD_LOST(?:_SAMPLES)?\D*(\d+)/;
const FAULT = /\baddress=(\S+) .*\berror_code=(0x[0-9a-f]+|\d+)$/;
const SIGNAL = /\bsig=(\d+) .*\bcode=(-?\d+)\b/;
const NEW_TASK = /\bpid=(\d+) comm=.* clone_flags=([0-9a-f]+) /;
const TASK_EXIT = /\bpid=(\d+) prio=-?\d+(?: group_dead=(true|false))?$/;
const TASK_EXEC = /\bpid=(\d+) old_pid=(\d+)$/;
const LOCK = /\bmm=(\S+) .*\bwrite=(true|false)(?: success=(true|false))?$/;
const RAW_ENTER = /^NR (-?\d+) \((|[0-9a-f]+(?:, [0-9a-f]+)*)\)$/;
const RAW_EXIT = /^NR (-?\d+) = (-?\d+)$/;
const HEX = /^0x[0-9a-f]+$/;
/** Arguments of a call: `name: 0x...`, whatever newer kernels print behind the number. */
const ARGUMENT = /(?:^|, )\w+: (0x[0-9a-f]+)/g;

const CLONE_FLAGS = 'clone';

/** The groups of a match; the line is malformed when there is none. */
function matched(pattern: RegExp, text: string, what: string): string[] {
  const found = pattern.exec(text);
  if (found === null) throw new BadLine(`cannot read this ${what}: ${quoted(text)}`);
  return found.slice(1);
}

/** True for the first line of a file that this grammar can read. */
export function isPerfScript(text: string): boolean {
  const head = text.slice(0, HEAD_LENGTH);
  return WITH_PID.test(head) || WITHOUT_PID.test(head) || PERF_SAYS.test(head);
}

export class PerfScript implements Grammar {
  readonly format = 'perf';
  readonly ignored = new Map<string, number>();
  private lostRecords = 0;
  private readonly clock = new Clock();
  /** chosen by the first line: a file has one form */
  private head: RegExp | undefined;

  constructor(private readonly sink: Sink) {}

  read(text: string, line: number): void {
    const start = text.slice(0, HEAD_LENGTH);
    const found = (this.head ?? WITH_PID).exec(start) ?? (this.head === undefined ? WITHOUT_PID.exec(start) : null);
    if (found === null) {
      this.skipContinuation(text, line);
      return;
    }
    this.head ??= found.length > 5 ? WITH_PID : WITHOUT_PID;
    const withPid = this.head === WITH_PID;
    const [whole, comm, first] = found;
    const [tid, seconds = '', fraction = ''] = withPid ? found.slice(3) : found.slice(2);
    const what = this.whatIs(text.slice(whole.length), Number(tid));
    const timeNs = this.clock.since(seconds, fraction);
    const pid = withPid && Number(first) >= 0 ? Number(first) : undefined;
    if (what !== undefined) this.sink({ line, timeNs, tid: Number(tid), pid, comm, what });
  }

  private skipContinuation(text: string, line: number): void {
    if (text.trim() === '' || text.startsWith('#')) return;
    if (PERF_SAYS.test(text)) {
      this.heed(text, line);
      return;
    }
    if (!FRAME.test(text))
      throw new BadLine(`not a line of perf script ("comm PID/TID [CPU] SECONDS: event: ..."): ${quoted(text)}`);
    countUp(this.ignored, 'call chain');
  }

  /** perf tells at the end what it lost; a part of that, or all, has been said by records. */
  private heed(text: string, line: number): void {
    const [, events = '0', lost = '0', percent] = SAID_LOST.exec(text) ?? [];
    const told = percent === '%' ? Math.ceil((Number(events) * Number(lost)) / 100) : Number(lost);
    const count = told - this.lostRecords;
    if (count <= 0) return;
    this.lostRecords = told;
    this.sink({ line, timeNs: 0, tid: 0, pid: undefined, comm: undefined, what: { kind: 'lost', count } });
  }

  private whatIs(text: string, tid: number): What | undefined {
    const record = RECORD.exec(text)?.[1];
    if (record !== undefined) return this.recordOf(record, text.trimEnd());
    const [, event, rest = ''] = EVENT.exec(text) ?? [];
    if (event === undefined) {
      // `1 page-faults:u: ...` and other things that people record
      countUp(this.ignored, /[a-z][\w-]*/.exec(text)?.[0] ?? 'other');
      return undefined;
    }
    return this.eventOf(event, rest.trimEnd(), tid);
  }

  private recordOf(record: string, text: string): What | undefined {
    switch (record) {
      case 'PERF_RECORD_MMAP2':
        return mappingOf(text);
      case 'PERF_RECORD_COMM': {
        const [exec, comm = ''] = matched(COMM, text, 'record');
        return exec === undefined ? { kind: 'rename', comm } : { kind: 'exec', comm, oldTid: undefined, final: false };
      }
      case 'PERF_RECORD_FORK': {
        const [pid, tid, , parentTid] = matched(PAIRS, text, 'record').map(Number);
        return { kind: 'birth', tid: tid ?? 0, pid, flags: undefined, parentTid };
      }
      case 'PERF_RECORD_EXIT':
        return { kind: 'death', tid: Number(matched(PAIRS, text, 'record')[1]), last: false };
      case 'PERF_RECORD_LOST':
      case 'PERF_RECORD_LOST_SAMPLES':
        this.lostRecords++;
        return { kind: 'lost', count: Number(matched(LOST, text, 'record')[0]) };
      default:
        countUp(this.ignored, record);
        return undefined;
    }
  }

  private eventOf(event: string, text: string, tid: number): What | undefined {
    const colon = event.indexOf(':');
    switch (event.slice(0, colon)) {
      case 'mmap_lock':
        return this.lockOf(event, text);
      case 'syscalls':
        return this.callOf(event.slice(colon + 1), text);
      case 'raw_syscalls':
        return this.rawCallOf(event.slice(colon + 1), text);
    }
    switch (event) {
      case 'exceptions:page_fault_user':
      case 'exceptions:page_fault_kernel':
        return this.faultOf(text);
      case 'signal:signal_deliver': {
        const [signal, code] = matched(SIGNAL, text, 'signal').map(Number);
        return { kind: 'signal', signal: signal ?? 0, code: code ?? 0 };
      }
      case 'task:task_newtask': {
        const [child, flags = ''] = matched(NEW_TASK, text, 'event');
        return { kind: 'birth', tid: Number(child), pid: undefined, flags: parseInt(flags, 16), parentTid: tid };
      }
      case 'sched:sched_process_exec': {
        const [, oldTid] = matched(TASK_EXEC, text, 'event').map(Number);
        return { kind: 'exec', comm: '', oldTid, final: true };
      }
      case 'sched:sched_process_exit': {
        const [dead, last] = matched(TASK_EXIT, text, 'event');
        return { kind: 'death', tid: Number(dead), last: last === 'true' };
      }
    }
    countUp(this.ignored, event);
    return undefined;
  }

  private lockOf(event: string, text: string): What | undefined {
    const phase = LOCK_PHASE.get(event);
    if (phase === undefined) {
      countUp(this.ignored, event);
      return undefined;
    }
    const [mm = '', write, success] = matched(LOCK, text, 'event');
    return { kind: 'lock', phase, mm, write: write === 'true', success: success !== 'false' };
  }

  private faultOf(text: string): What | undefined {
    const [address = '', code = ''] = matched(FAULT, text, 'fault');
    if (!HEX.test(address)) {
      // An address in the kernel's half is printed as a symbol: no mapping of the program.
      countUp(this.ignored, 'fault on a kernel address');
      return undefined;
    }
    return { kind: 'fault', address: BigInt(address), code: Number(code) };
  }

  private callOf(event: string, text: string): What | undefined {
    const enter = event.startsWith('sys_enter_');
    if (!enter && !event.startsWith('sys_exit_')) {
      countUp(this.ignored, event);
      return undefined;
    }
    const name = event.slice(enter ? 'sys_enter_'.length : 'sys_exit_'.length);
    if (kindOfCall(name) === 'ignored' && name !== 'prctl') {
      if (enter) countUp(this.ignored, name);
      return undefined;
    }
    if (enter)
      return this.entered(
        name,
        Array.from(text.matchAll(ARGUMENT), ([, value = '']) => BigInt(value)),
        text,
      );
    const [result = ''] = matched(/^(0x[0-9a-f]+)/, text, 'result');
    return { kind: 'exit', name, result: checkedResult(BigInt(result)) };
  }

  private rawCallOf(event: string, text: string): What | undefined {
    const enter = event === 'sys_enter';
    const [number, rest = ''] = matched(enter ? RAW_ENTER : RAW_EXIT, text, 'system call');
    const name = SYSCALL.get(Number(number));
    if (name === undefined) {
      if (enter) countUp(this.ignored, `system call ${number}`);
      return undefined;
    }
    if (!enter) return { kind: 'exit', name, result: checkedResult(BigInt(rest)) };
    return this.entered(name, rest === '' ? [] : rest.split(', ').map((value) => BigInt(`0x${value}`)), text);
  }

  private entered(name: string, values: bigint[], text: string): What | undefined {
    if (values.length < argumentsNeeded(name))
      throw new BadLine(`${name} has ${argumentsNeeded(name)} arguments, here are ${values.length}: ${quoted(text)}`);
    if (name === 'prctl') {
      const what = prctlName(values[0] ?? 0n);
      return kindOfCall(what) === 'ignored' ? undefined : { kind: 'enter', name: what, call: { values } };
    }
    const cloneFlags =
      name === CLONE_FLAGS && values[0] !== undefined ? Number(BigInt.asUintN(32, values[0])) : undefined;
    return { kind: 'enter', name, call: cloneFlags === undefined ? { values } : { values, cloneFlags } };
  }
}

const LOCK_PHASE: ReadonlyMap<string, 'start' | 'acquired' | 'released'> = new Map([
  ['mmap_lock:mmap_lock_start_locking', 'start'],
  ['mmap_lock:mmap_lock_acquire_returned', 'acquired'],
  ['mmap_lock:mmap_lock_released', 'released'],
]);

/** Device numbers as /proc/PID/maps prints them: at least two digits each. */
function paddedDevice(text: string): string {
  return text
    .split(':')
    .map((part) => part.padStart(2, '0'))
    .join(':');
}

function mappingOf(text: string): What {
  const [start = '', length = '', offset = '', dev, inode, perms = '', name = ''] = matched(MAPPING, text, 'record');
  return {
    kind: 'mapping',
    mapping: {
      start: Number(start),
      length: Number(length),
      offset: Number(offset),
      dev: paddedDevice(dev ?? '0:0'),
      inode: Number(inode ?? 0),
      perms,
      name,
      identified: dev !== undefined,
    },
  };
}
