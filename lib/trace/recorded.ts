/** What one line of a recording tells, whatever tool wrote it. */

/** Arguments of a system call, in the order of the registers; shorter when the recorder printed fewer. */
export interface CallArguments {
  values: readonly bigint[];
  /** the path behind the file descriptor, as /proc/PID/maps would print it, where the recorder names it */
  path?: string;
  /** clone and clone3: the flags, where the recorder shows them */
  cloneFlags?: number;
  /** execve: the last part of the path */
  program?: string;
  /** memory policies: the mask of nodes as far as its length goes, where the recorder shows it */
  nodes?: bigint;
  /** process_madvise: where the recorder shows them */
  ranges?: readonly AdvisedRange[];
  /** process_madvise: the process behind the descriptor */
  target?: number | 'self';
}

/** One of the ranges of process_madvise, in bytes. */
export interface AdvisedRange {
  address: bigint;
  length: bigint;
}

/** A mapping as the kernel reported it (PERF_RECORD_MMAP2). */
export interface SeenMapping {
  start: number;
  length: number;
  /** bytes */
  offset: number;
  dev: string;
  inode: number;
  perms: string;
  name: string;
  /** false when the record came without device and inode */
  identified: boolean;
}

export type What =
  | { kind: 'enter'; name: string; call: CallArguments | undefined }
  /** `result` undefined: the recorder shows that there is none. `call`: arguments seen only now. */
  | { kind: 'exit'; name: string; result: bigint | undefined; call?: CallArguments }
  | { kind: 'fault'; address: bigint; code: number }
  | { kind: 'signal'; signal: number; code: number }
  | { kind: 'mapping'; mapping: SeenMapping }
  /** `final`: the new space is complete (sched_process_exec); else it has just been begun */
  | { kind: 'exec'; comm: string; oldTid: number | undefined; final: boolean }
  | { kind: 'rename'; comm: string }
  | { kind: 'birth'; tid: number; pid: number | undefined; flags: number | undefined; parentTid: number | undefined }
  /** the end of a thread; `last`: and with it of its process */
  | { kind: 'death'; tid: number; last: boolean }
  | { kind: 'superseded'; by: number }
  | { kind: 'lock'; phase: 'start' | 'acquired' | 'released'; mm: string; write: boolean; success: boolean }
  | { kind: 'lost'; count: number };

export interface Recorded {
  line: number;
  /** since the first line */
  timeNs: number;
  tid: number;
  /** undefined where the line does not tell */
  pid: number | undefined;
  /** undefined where the line does not tell */
  comm: string | undefined;
  what: What;
}

/** Takes what a grammar read. */
export type Sink = (event: Recorded) => void;

/** A grammar: reads lines, hands on what they tell, counts by name what it left out. */
export interface Grammar {
  readonly format: 'perf' | 'strace';
  read(text: string, line: number): void;
  readonly ignored: Map<string, number>;
}

export function countUp(counts: Map<string, number>, name: string, by = 1): void {
  counts.set(name, (counts.get(name) ?? 0) + by);
}

/** Nanoseconds since the first time seen: an exact number, which the clock itself would not fit in. */
export class Clock {
  private base: { seconds: number; ns: number } | undefined;

  /** @param fraction the digits behind the point, six or nine of them */
  since(seconds: string, fraction: string): number {
    const at = { seconds: Number(seconds), ns: Number(fraction.slice(0, 9).padEnd(9, '0')) };
    this.base ??= at;
    // Lines of several CPUs or threads may be a little out of order: none is before the first.
    return Math.max((at.seconds - this.base.seconds) * 1e9 + (at.ns - this.base.ns), 0);
  }
}
