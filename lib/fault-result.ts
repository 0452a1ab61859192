import { choice } from './internal/options';
import { native } from './internal/native';

/** What a program does to an address. */
export type Access = 'read' | 'write' | 'exec';

const { constants } = native;

/**
 * What {@link AddressSpace.fault} returns: an outcome in the low four bits, with flags or-ed to it.
 *
 * @example
 * const result = space.fault(address, 'write');
 * if ((result & FaultResult.OUTCOME) === FaultResult.SIGSEGV_MAPERR) console.log('nothing is mapped there');
 * if (result & FaultResult.VMA_LOCK) console.log('served without mmap_lock');
 */
export const FaultResult: {
  /** Resolved without reading anything in. */
  readonly MINOR: number;
  /** Resolved after bringing a page in. */
  readonly MAJOR: number;
  /** Nothing is mapped there. */
  readonly SIGSEGV_MAPERR: number;
  /** The mapping does not permit the access. */
  readonly SIGSEGV_ACCERR: number;
  /** Beyond the end of the file; a poisoned page (with HWPOISON). */
  readonly SIGBUS: number;
  /** Out of page frames. */
  readonly OOM: number;
  /** A userfaultfd is to resolve it. */
  readonly USERFAULT: number;
  /** The bits of the outcome. */
  readonly OUTCOME: number;
  /** Flag: served under the policy's fast path. */
  readonly VMA_LOCK: number;
  /** Flag: the fast path began, and then asked for mmap_lock. */
  readonly RETRIED: number;
  /** Flag: a page was copied for a write, or taken over from whom it was shared with. */
  readonly COW: number;
  /** Flag of SIGBUS: the page is poisoned (`si_code` BUS_MCEERR_AR); {@link Userfaultfd.poison}. */
  readonly HWPOISON: number;
} = Object.freeze({
  MINOR: constants.FAULT_MINOR,
  MAJOR: constants.FAULT_MAJOR,
  SIGSEGV_MAPERR: constants.FAULT_SIGSEGV_MAPERR,
  SIGSEGV_ACCERR: constants.FAULT_SIGSEGV_ACCERR,
  SIGBUS: constants.FAULT_SIGBUS,
  OOM: constants.FAULT_OOM,
  USERFAULT: constants.FAULT_USERFAULT,
  OUTCOME: constants.FAULT_OUTCOME,
  VMA_LOCK: constants.FAULT_VMA_LOCK,
  RETRIED: constants.FAULT_RETRIED,
  COW: constants.FAULT_COW,
  HWPOISON: constants.FAULT_HWPOISON,
});

/** @internal By their numbers in the C API. */
export const ACCESSES: readonly Access[] = ['read', 'write', 'exec'];

/** @internal The number of an access in the C API. */
export function accessCode(access: Access): number {
  if (access === 'read') return 0;
  if (access === 'write') return 1;
  return choice('access', access, ACCESSES);
}
