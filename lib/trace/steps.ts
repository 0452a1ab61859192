/**
 * What a recording comes to once its lines are put together: lives of threads, and the steps they took.
 *
 * A step is a whole call, a fault with its outcome, a birth or an execve. Its place `at` is the moment at which it took
 * effect, as far as the recording shows it; it lies between `line`, where the step began, and `until`, by when it was over.
 */
import { BUS_ADRERR, SEGV_ACCERR, SEGV_MAPERR, SIGNAL } from './linux';
import { type CallArguments, type SeenMapping } from './recorded';

/** One life of a thread. Numbers are used again, lives are not. */
export interface Task {
  tid: number;
  pid: number | undefined;
  comm: string;
  /** how it came to be, where that was recorded */
  birth: Birth | undefined;
  /** the line of its end */
  ended: number | undefined;
  /** it was the last of its process */
  last: boolean;
  /** the line of its exit_group */
  exitedGroup: number | undefined;
  firstLine: number;
}

export interface Birth {
  parent: Task;
  child: Task;
  /** the call's name, '' when only the birth itself was recorded */
  call: string;
  flags: number | undefined;
}

export interface CallStep {
  kind: 'call';
  name: string;
  call: CallArguments;
  /** undefined: the recording shows none */
  result: bigint | undefined;
  seen: SeenMapping[];
  /** the recording shows that it changed the space, be its result known or not */
  effect: boolean;
}

/** 0, or the number of the signal as vmalock_errors.h has it. */
export const FaultOutcome = { NONE: 0, SIGSEGV_MAPERR: -1000, SIGSEGV_ACCERR: -1001, SIGBUS: -1002 } as const;

/** Codes up to 0 say that a process sent the signal, 0x80 that the kernel did for no fault. */
export function isFromFault(code: number): boolean {
  return code > 0 && code < 0x80;
}

/** What a fault came to that raised this signal; undefined for one that no replay can have. */
export function outcomeOf(signal: number, code: number): number | undefined {
  if (signal === SIGNAL.SIGBUS) return code === BUS_ADRERR ? FaultOutcome.SIGBUS : undefined;
  if (signal !== SIGNAL.SIGSEGV) return undefined;
  if (code === SEGV_MAPERR) return FaultOutcome.SIGSEGV_MAPERR;
  return code === SEGV_ACCERR ? FaultOutcome.SIGSEGV_ACCERR : undefined;
}

export interface FaultStep {
  kind: 'fault';
  address: bigint;
  code: number;
  outcome: number;
  /** the recording does not tell how it ended */
  unknown: boolean;
}

export interface ExecStep {
  kind: 'exec';
  comm: string;
  /** mappings reported while the new space was built */
  window: SeenMapping[];
  /** the execve itself was recorded from its beginning */
  entered: boolean;
}

export interface Step {
  /** its place, as a line number with fractions */
  at: number;
  /** the line it began on */
  line: number;
  /** the line by which it was over */
  until: number;
  timeNs: number;
  task: Task;
  what: CallStep | FaultStep | ExecStep | { kind: 'birth'; birth: Birth };
}
