/**
 * The event that a call becomes: which operation, its arguments, and whether it can be executed at all.
 */
import { argumentsNeeded, failsOutside, kindOfCall, unmodelledAdvice } from './calls';
import { Op, type TraceEvent } from './events';
import { errnoName, errnoOf, MAP, PAGE, PROT, SHM } from './linux';
import { nodesOf, policyNotExecuted } from './policies';
import type { CallStep } from './steps';

/** The event of each call that is executed. */
export const OP_OF_CALL: ReadonlyMap<string, Op> = new Map([
  ['mmap', Op.MAP],
  ['munmap', Op.UNMAP],
  ['mprotect', Op.PROTECT],
  ['mremap', Op.REMAP],
  ['madvise', Op.ADVISE],
  ['brk', Op.BRK],
  ['mlock', Op.MLOCK],
  ['mlock2', Op.MLOCK],
  ['munlock', Op.MUNLOCK],
  ['mlockall', Op.MLOCKALL],
  ['munlockall', Op.MUNLOCKALL],
  ['msync', Op.MSYNC],
  ['mincore', Op.MINCORE],
  ['remap_file_pages', Op.REMAP_FILE_PAGES],
  ['mseal', Op.MSEAL],
  ['pkey_mprotect', Op.PKEY_PROTECT],
  ['process_madvise', Op.PROCESS_ADVISE],
  ['shmat', Op.SHMAT],
  ['shmdt', Op.SHMDT],
  ['mbind', Op.MBIND],
  ['set_mempolicy', Op.SET_MEMPOLICY],
  ['get_mempolicy', Op.GET_MEMPOLICY],
]);

/** Which argument goes into `aux`; it is no other field then. */
const AUX_OF_CALL: ReadonlyMap<string, number> = new Map([
  ['mmap', 3],
  ['mremap', 3],
  ['madvise', 2],
  ['mlock2', 2],
  ['mlockall', 0],
  ['msync', 2],
  ['remap_file_pages', 4],
  ['mseal', 2],
  ['shmat', 2],
  ['mbind', 5],
  ['get_mempolicy', 4],
]);

/** Their results tell what they did. */
const RETURNS_MUCH: ReadonlySet<string> = new Set(['mmap', 'mremap', 'shmat', 'process_madvise']);

/** What a seal refuses with EPERM, for which there is no other reason. */
const SEAL_REFUSES: ReadonlySet<string> = new Set(['munmap', 'mprotect', 'pkey_mprotect', 'mremap', 'madvise']);

function low32(value: bigint): number {
  return Number(BigInt.asUintN(32, value));
}

/**
 * strace may show what was left in the register of a thread that died inside a call: its number. Modelled calls return
 * 0, an address or an error; only process_madvise a number of bytes.
 */
function isLeftOver(name: string, result: bigint): boolean {
  return result > 0n && result < BigInt(PAGE) && name !== 'process_madvise';
}

/** The recording does not tell how the call ended. */
export function hasNoResult({ name, result }: CallStep): boolean {
  return result === undefined || isLeftOver(name, result);
}

/** Errors that have other reasons than the address space: a replay has none of them. */
function isOutside({ name, call: { values } }: CallStep, errno: string, sealed: boolean): boolean {
  if (errno === '') return false;
  if (errno === 'EPERM' && sealed && SEAL_REFUSES.has(name)) return false;
  if (name !== 'brk' && failsOutside(errno)) return true;
  switch (name) {
    case 'mlock':
    case 'mlock2':
    case 'mlockall':
      // Refused for the limit on locked memory more often than for a hole, and no recording tells which.
      return errno === 'ENOMEM';
    case 'mmap':
      return errno === 'ENOMEM' && !hasFlag(values[3], MAP.MAP_HUGETLB) && isOfMemory(values);
    case 'shmat':
      return errno === 'ENOMEM' && values[1] === 0n;
    case 'mincore':
      // Where its answer was to go is not in the trace.
      return errno === 'EFAULT';
    case 'process_madvise':
      return errno === 'EBADF' || errno === 'ESRCH';
    default:
      return false;
  }
}

function hasFlag(flags: bigint | undefined, flag: number): boolean {
  return (low32(flags ?? 0n) & flag) !== 0;
}

function adviceNotExecuted(name: string, advice: bigint | undefined): string | undefined {
  const unmodelled = unmodelledAdvice(low32(advice ?? 0n));
  return unmodelled === undefined ? undefined : `${name}:${unmodelled}`;
}

/**
 * Why a call cannot be executed, as the name that it is counted under; undefined when it can.
 *
 * @param sealed something was sealed before, so that EPERM may be for that
 */
export function notExecuted(step: CallStep, sealed: boolean): string | undefined {
  const { name, call, result } = step;
  if (kindOfCall(name) === 'unmodelled') return name;
  if (call.values.length < argumentsNeeded(name)) return `${name} without its arguments`;
  // Its thread died inside. The lock it let go shows that it took effect, but not which address a mapping got.
  if (hasNoResult(step)) return step.effect && !RETURNS_MUCH.has(name) ? undefined : `${name} that never returned`;
  const error = errnoOf(result ?? 0n);
  const errno = error === 0 ? '' : errnoName(error);
  if (isOutside(step, errno, sealed)) return `${name}:${errno}`;
  switch (name) {
    case 'madvise':
      return adviceNotExecuted(name, call.values[2]);
    case 'process_madvise':
      if (call.ranges === undefined) return `${name} without its ranges`;
      return adviceNotExecuted(name, call.values[3]);
    case 'mmap':
      return hasFlag(call.values[3], MAP.MAP_HUGETLB) ? 'mmap:MAP_HUGETLB' : undefined;
    case 'mbind':
    case 'set_mempolicy':
    case 'get_mempolicy':
      return policyNotExecuted(step);
    default:
      return undefined;
  }
}

/** A mapping that would find room: what refused it is a limit or the memory of the recording machine. */
function isOfMemory([, length = 0n]: readonly bigint[]): boolean {
  return length > 0n && length < 1n << 46n;
}

function protOfAttach(flags: number): bigint {
  const access = (flags & SHM.SHM_RDONLY) === 0 ? PROT.PROT_READ | PROT.PROT_WRITE : PROT.PROT_READ;
  return BigInt((flags & SHM.SHM_EXEC) === 0 ? access : access | PROT.PROT_EXEC);
}

/** Arguments where vmalock_trace.h wants them. */
export function argumentsOf(op: Op, step: CallStep): Partial<TraceEvent> {
  const {
    name,
    call: { values },
  } = step;
  const [a = 0n, b = 0n, c = 0n, d = 0n, e = 0n, f = 0n] = values;
  const aux = AUX_OF_CALL.get(name);
  const rest = { a, b, aux: aux === undefined ? 0 : low32(values[aux] ?? 0n) };
  switch (op) {
    case Op.MAP:
      return { ...rest, c, d: f };
    case Op.REMAP:
      return { ...rest, c, d: e };
    case Op.PROTECT:
      return { ...rest, c };
    case Op.PKEY_PROTECT:
    case Op.REMAP_FILE_PAGES:
      return { ...rest, c, d };
    case Op.BRK:
      return { a };
    case Op.MLOCKALL:
      return { aux: rest.aux };
    case Op.MUNLOCKALL:
      return {};
    case Op.SHMAT:
      return { a: b, c: protOfAttach(rest.aux), aux: rest.aux };
    case Op.SHMDT:
      return { a };
    case Op.MBIND:
      return { ...rest, c: nodesOf(step) ?? 0n, d: BigInt.asUintN(32, c) };
    case Op.SET_MEMPOLICY:
      return { c: nodesOf(step) ?? 0n, d: BigInt.asUintN(32, a) };
    case Op.GET_MEMPOLICY:
      return { a: d, aux: rest.aux };
    default:
      return rest;
  }
}
