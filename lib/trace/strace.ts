/**
 * The text of strace, as `strace -f -ttt -y` writes it with -o or to a terminal.
 *
 * `TID SECONDS.FRACTION call(arguments) = result`. A call during which another thread's line came has two lines,
 * `call(begin <unfinished ...>` and `<... call resumed>rest) = result`; its arguments are read when it is whole.
 */
import { kindOfCall, prctlName } from './calls';
import { ERRNO, SYSCALL } from './linux';
import { Clock, countUp, type Grammar, type Sink, type What } from './recorded';
import { readArguments } from './strace-calls';
import { registerOf, splitArguments } from './strace-text';
import { checkedResult } from './result';
import { BadLine, quoted } from './text-source';

const HEAD =
  /^(?:\[pid +(\d+)\] |(\d+) +)?(?:(\d+)\.(\d{6,9}) |(\d\d):(\d\d):(\d\d)(?:\.(\d{6}))? )?(?:\[[0-9a-f?]{8,16}\] )?/;
/** What strace says when it follows a new thread; on stderr that may come in the middle of a line. */
const ATTACHED = /^(.*)strace: Process (\d+) attached/;
const CALL = /^([a-z_0-9]+)\((.*)\)\s+= (.+)$/;
const UNFINISHED = /^([a-z_0-9]+)\((.*?)\s*<unfinished \.\.\.>(?:\)\s+= \?)?$/;
const CUT = '<unfinished ...>';
const RESUMED = /^<\.\.\. ([a-z_0-9]+) resumed> ?(.*)\)\s+= (.+)$/;
const SIGNAL = /^--- (?:(SIG\w+) \{.*\}|stopped by (SIG\w+)) ---$/;
const ENDED = /^\+\+\+ (?:exited with \d+|killed by \S+(?: \(core dumped\))?) \+\+\+$/;
const SUPERSEDED = /^\+\+\+ superseded by execve in pid (\d+) \+\+\+$/;
const RESULT = /^(-?(?:0x[0-9a-f]+|\d+)|\?)(?: (E[A-Z0-9]+)\b)?/;

/** A call that this strace has no name for is `syscall_0x1ce`. */
function nameOf(printed = ''): string {
  const number = /^syscall_0x([0-9a-f]+)$/.exec(printed)?.[1];
  return (number === undefined ? undefined : SYSCALL.get(parseInt(number, 16))) ?? printed;
}

/** True for the first line of a file that this grammar can read. */
export function isStrace(text: string): boolean {
  const body = text.slice(HEAD.exec(text)?.[0].length ?? 0);
  return [CALL, UNFINISHED, RESUMED, SIGNAL, ENDED].some((form) => form.test(body));
}

/** The 64 bits of the result; undefined for `?`. */
function resultOf(text: string): bigint | undefined {
  const found = RESULT.exec(text);
  if (found === null) throw new BadLine(`not the result of a call: ${quoted(text)}`);
  const [, value = '', error] = found;
  if (value === '?') return undefined;
  if (value !== '-1' || error === undefined) return checkedResult(registerOf(value));
  const errno = ERRNO.get(error);
  if (errno === undefined) throw new BadLine(`unknown error ${error}`);
  return BigInt.asUintN(64, BigInt(-errno));
}

/** A number for the first process when nothing tells its own. */
const NOBODY = 1;

export class Strace implements Grammar {
  readonly format = 'strace';
  readonly ignored = new Map<string, number>();
  private readonly clock = new Clock();
  /** the begin of a call whose end has not come, by thread */
  private readonly unfinished = new Map<number, { name: string; text: string }>();

  /** threads of which there was a line */
  private readonly seen = new Set<number>();
  /** threads that have not ended: a line that names none is of the only one */
  private readonly alive: Set<number>;
  /** the thread that strace started, once a line names it */
  private first: number | undefined;
  /** a line that was broken off by something that strace said */
  private brokenOff = '';

  private readonly only: number;

  /** @param pid of the process that strace started, if it is known: lines on a terminal name no thread while it is alone */
  constructor(
    private readonly sink: Sink,
    private readonly pid: number | undefined,
  ) {
    this.only = pid ?? NOBODY;
    this.alive = new Set([this.only]);
  }

  read(text: string, line: number): void {
    const [attached, before = '', child] = text.includes('attached') ? (ATTACHED.exec(text) ?? []) : [];
    if (attached !== undefined) {
      this.alive.add(Number(child));
      this.brokenOff += before;
      return;
    }
    const whole = this.brokenOff + text;
    this.brokenOff = '';
    this.readWhole(whole, line);
  }

  private readWhole(text: string, line: number): void {
    const head = HEAD.exec(text);
    const body = text.slice(head?.[0].length ?? 0).trimEnd();
    if (body === '' || text.startsWith('strace: ')) return;
    const [, bracketed, plain, seconds, fraction, hours, minutes, rest, micros] = head ?? [];
    const tid = plain === undefined ? this.onTerminal(bracketed) : Number(plain);
    const timeNs =
      hours === undefined
        ? this.clock.since(seconds ?? '0', fraction ?? '0')
        : this.clock.since(String((Number(hours) * 60 + Number(minutes)) * 60 + Number(rest)), micros ?? '0');
    const events = this.whatIs(body, tid);
    this.seen.add(tid);
    for (const what of events) this.sink({ line, timeNs, tid, pid: undefined, comm: undefined, what });
  }

  /** The thread of a line that was not written with -o: `[pid N]`, or nothing while there is but one. */
  private onTerminal(bracketed: string | undefined): number {
    if (bracketed === undefined) return this.alive.size === 1 ? ([...this.alive][0] ?? this.only) : this.only;
    const tid = Number(bracketed);
    if (this.pid === undefined && this.first === undefined && !this.alive.has(tid)) this.first = tid;
    return tid === this.first ? this.only : tid;
  }

  private whatIs(body: string, tid: number): What[] {
    const unfinished = body.includes(CUT) ? UNFINISHED.exec(body) : null;
    if (unfinished !== null) return this.begun(tid, nameOf(unfinished[1]), unfinished[2] ?? '');
    const resumed = RESUMED.exec(body);
    if (resumed !== null) return this.resumed(tid, nameOf(resumed[1]), resumed[2] ?? '', resumed[3] ?? '');
    const call = CALL.exec(body);
    if (call !== null) return this.called(nameOf(call[1]), call[2] ?? '', call[3] ?? '');
    const signal = SIGNAL.exec(body);
    if (signal !== null) {
      countUp(this.ignored, signal[1] ?? signal[2] ?? '');
      return [];
    }
    if (ENDED.test(body)) {
      this.unfinished.delete(tid);
      this.alive.delete(tid);
      return [{ kind: 'death', tid, last: false }];
    }
    const superseded = SUPERSEDED.exec(body);
    if (superseded !== null) return this.superseded(tid, Number(superseded[1]));
    // a frame of a stack (-k)
    if (body.startsWith(' > ')) return [];
    throw new BadLine(`not a line of strace ("TID SECONDS call(...) = result"): ${quoted(body)}`);
  }

  private begun(tid: number, name: string, text: string): What[] {
    this.unfinished.set(tid, { name, text });
    return kindOfCall(name) === 'ignored' ? [] : [{ kind: 'enter', name, call: undefined }];
  }

  private resumed(tid: number, name: string, rest: string, result: string): What[] {
    const begin = this.unfinished.get(tid);
    this.unfinished.delete(tid);
    if (kindOfCall(name) === 'ignored' && name !== 'prctl') {
      countUp(this.ignored, name);
      return [];
    }
    if (begin === undefined && !this.seen.has(tid)) {
      // It was under way when the recording began.
      countUp(this.ignored, `${name} that had begun before`);
      return [];
    }
    if (begin === undefined || begin.name !== name)
      throw new BadLine(`${name} is resumed here, but thread ${tid} had not begun it`);
    // The comma between what came before and what comes now may stand on either side.
    return this.exit(name, begin.text + rest, result, name === 'prctl');
  }

  private called(name: string, text: string, result: string): What[] {
    if (kindOfCall(name) === 'ignored' && name !== 'prctl') {
      countUp(this.ignored, name);
      return [];
    }
    return this.exit(name, text, result, true);
  }

  private exit(name: string, text: string, result: string, enter: boolean): What[] {
    const call = readArguments(name, text);
    const what = name === 'prctl' ? prctlName(splitArguments(text)[0] ?? '') : name;
    if (kindOfCall(what) === 'ignored') return [];
    const exit: What = { kind: 'exit', name: what, result: resultOf(result), call };
    return enter ? [{ kind: 'enter', name: what, call }, exit] : [exit];
  }

  /** The thread that called execve goes on under the number of its process, and so does its call. */
  private superseded(tid: number, by: number): What[] {
    const begin = this.unfinished.get(by);
    if (begin !== undefined) this.unfinished.set(tid, begin);
    this.unfinished.delete(by);
    return [{ kind: 'superseded', by }];
  }
}
