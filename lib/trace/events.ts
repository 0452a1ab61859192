/**
 * Events of a compiled trace, before they are written: what struct vmalock_trace_event of vmalock_trace.h holds, with
 * the places in time that the order is worked out from.
 */
import type { Space } from './spaces';
import type { Task } from './steps';

/** enum vmalock_trace_op. */
export const Op = {
  MAP: 1,
  UNMAP: 2,
  PROTECT: 3,
  REMAP: 4,
  ADVISE: 5,
  BRK: 6,
  FAULT: 7,
  FORK: 8,
  EXEC: 9,
  THREAD: 10,
  EXIT_SPACE: 11,
  UNMODELLED: 12,
  MLOCK: 13,
  MUNLOCK: 14,
  MLOCKALL: 15,
  MUNLOCKALL: 16,
  MSYNC: 17,
  MINCORE: 18,
  REMAP_FILE_PAGES: 19,
  MSEAL: 20,
  PKEY_PROTECT: 21,
  PROCESS_ADVISE: 22,
  SHMAT: 23,
  SHMDT: 24,
  MBIND: 25,
  SET_MEMPOLICY: 26,
  GET_MEMPOLICY: 27,
} as const;
export type Op = (typeof Op)[keyof typeof Op];

export interface TraceEvent {
  op: Op;
  /** its place, and the lines between which it may lie: see steps.ts */
  at: number;
  line: number;
  until: number;
  timeNs: number;
  task: Task;
  space: Space;
  a: bigint;
  b: bigint;
  c: bigint;
  d: bigint;
  /** signed */
  result: bigint;
  /** the recording tells no result */
  unknown: boolean;
  /** flags, advice or error code, by the operation */
  aux: number;
  /** FORK and EXEC: the new space */
  target: Space | undefined;
  /** THREAD: the new thread */
  child: Task | undefined;
  /** MAP, SHMAT, SHMDT: index of the file, or undefined for anonymous memory and where there is no segment */
  file: number | undefined;
  /** UNMODELLED: the system call */
  name: string;
}

/** An event with nothing in it but what every event has. */
export function blankEvent(
  op: Op,
  from: Pick<TraceEvent, 'at' | 'line' | 'until' | 'timeNs' | 'task'>,
  space: Space,
): TraceEvent {
  const { at, line, until, timeNs, task } = from;
  return {
    op,
    at,
    line,
    until,
    timeNs,
    task,
    space,
    a: 0n,
    b: 0n,
    c: 0n,
    d: 0n,
    result: 0n,
    unknown: false,
    aux: 0,
    target: undefined,
    child: undefined,
    file: undefined,
    name: '',
  };
}
