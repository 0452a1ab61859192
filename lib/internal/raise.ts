/**
 * Codes of the C API become errors here. They are made in TypeScript, so that `instanceof Error` holds in whatever
 * realm the caller lives.
 */
import { constants as host } from 'node:os';
import { VmalockError, type VmalockErrorDetails } from '../errors';
import type { Bytes } from '../units';
import { NATIVE_ERRORS, NativeCode } from './errors.generated';
import { native } from './native';

/** The last code that is Linux's errno. */
const LAST_ERRNO = 999;

const SIGNALS: Readonly<Record<string, Required<Pick<VmalockErrorDetails, 'siCode'>> & { code: string }>> = {
  SIGSEGV_MAPERR: { code: 'SIGSEGV', siCode: 'SEGV_MAPERR' },
  SIGSEGV_ACCERR: { code: 'SIGSEGV', siCode: 'SEGV_ACCERR' },
  SIGBUS: { code: 'SIGBUS', siCode: 'BUS_ADRERR' },
  SIGBUS_MCEERR: { code: 'SIGBUS', siCode: 'BUS_MCEERR_AR' },
};

function hex(value: Bytes): string {
  return `0x${value.toString(16)}`;
}

/** Of a number that no call of its own answers: an address can look like any of them. */
function errnoName(code: number): string {
  return Object.entries(host.errno).find(([, errno]) => errno === -code)?.[0] ?? `code ${code}`;
}

/** The call as a person would write it. */
function callText(syscall: string, address?: Bytes, length?: Bytes): string {
  if (address === undefined) return syscall;
  return length === undefined ? `${syscall}(${hex(address)})` : `${syscall}(${hex(address)}, ${length})`;
}

/**
 * The error for a negative code.
 *
 * @param syscall what was called, by its Linux name
 * @param address where its range begins, or where the signal came from
 */
export function errorOf(
  code: number,
  syscall: string,
  address?: Bytes,
  length?: Bytes,
  more?: Pick<VmalockErrorDetails, 'done'>,
): VmalockError {
  const { name, text } = NATIVE_ERRORS.get(code) ?? { name: errnoName(code), text: 'an unknown error' };
  const signal = SIGNALS[name];
  const own = -code <= LAST_ERRNO ? name : `ERR_VMALOCK_${name}`;
  const details: VmalockErrorDetails = { syscall, ...more };
  if (-code <= LAST_ERRNO) details.errno = code;
  if (address !== undefined) details.address = Number(address);
  if (signal) details.siCode = signal.siCode;
  const shown = signal?.code ?? own;
  return new VmalockError(shown, `${shown}: ${text}, ${callText(syscall, address, length)}`, details);
}

/** Passes on a result that is not negative. @throws {VmalockError} for one that is */
export function succeeded(result: number, syscall: string, address?: Bytes, length?: Bytes): number {
  if (result < 0) throw errorOf(result, syscall, address, length);
  return result;
}

const { constants } = native;

/** The code for the outcome of a fault; 0 for one that ended well. */
const FAULT_CODES: ReadonlyMap<number, number> = new Map([
  [constants.FAULT_SIGSEGV_MAPERR, NativeCode.SIGSEGV_MAPERR],
  [constants.FAULT_SIGSEGV_ACCERR, NativeCode.SIGSEGV_ACCERR],
  [constants.FAULT_SIGBUS, NativeCode.SIGBUS],
  [constants.FAULT_OOM, NativeCode.ENOMEM],
  [constants.FAULT_USERFAULT, NativeCode.USERFAULT],
]);

/** As {@link succeeded}, for the result of a fault. */
export function faultSucceeded(result: number, what: string, address: Bytes): void {
  const poisoned = (result & constants.FAULT_HWPOISON) !== 0;
  const code = poisoned ? NativeCode.SIGBUS_MCEERR : FAULT_CODES.get(result & constants.FAULT_OUTCOME);
  succeeded(code ?? 0, what, address);
}

/** For operations that Linux has and the model does not, yet. */
export function notModelled(syscall: string): VmalockError {
  const details = { errno: NativeCode.ENOSYS, syscall };
  return new VmalockError('ENOSYS', `ENOSYS: ${syscall} is not modelled yet`, details);
}
