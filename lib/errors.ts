/** What a {@link VmalockError} tells beside its code and message. */
export interface VmalockErrorDetails {
  errno?: number;
  syscall?: string;
  address?: number;
  siCode?: 'SEGV_MAPERR' | 'SEGV_ACCERR' | 'BUS_ADRERR' | 'BUS_MCEERR_AR';
  done?: number;
}

/**
 * Every error of this package. `code` is stable; the message is for people.
 *
 * | code | when |
 * |---|---|
 * | `EINVAL`, `ENOMEM`, `EEXIST`, ... | what Linux would answer; then `errno` and `syscall` are set, too |
 * | `ENOSYS` | Linux can do it, the model cannot yet |
 * | `SIGSEGV`, `SIGBUS` | a program would get that signal; `siCode` and `address` tell more |
 * | `ERR_VMALOCK_INVALID_ARG` | an argument of a wrong type, or a word that is none of those allowed |
 * | `ERR_VMALOCK_OUT_OF_RANGE` | a number that is negative, not whole, or too large |
 * | `ERR_VMALOCK_CLOSED` | the object was closed |
 * | `ERR_VMALOCK_ILLEGAL_INVOCATION` | a method was called on something else than its object |
 * | `ERR_VMALOCK_USERFAULT` | a {@link Userfaultfd} is to bring the page, and this thread does not wait for it |
 * | `ERR_VMALOCK_STALE_TOKEN` | {@link AddressSpace.open} with a token that names no open space |
 * | `ERR_VMALOCK_BROKEN` | {@link AddressSpace.validate} found a broken invariant: a defect of vmalock |
 * | `ERR_VMALOCK_BAD_TRACE`, `ERR_VMALOCK_LOSSY_TRACE` | {@link replay} |
 * | `ERR_VMALOCK_NO_ADDON` | there is no native addon for this system; the message tells how to build it |
 *
 * @example
 * try {
 *   space.mprotect(0x1000, 4096, 'r');
 * } catch (error) {
 *   if (error instanceof VmalockError && error.code === 'ENOMEM') console.log('nothing is mapped there');
 * }
 */
export class VmalockError extends Error {
  override readonly name = 'VmalockError';
  readonly code: string;
  /** Linux's number, negative as Node has it. */
  declare readonly errno?: number;
  /** The call that failed, by its Linux name. */
  declare readonly syscall?: string;
  /** In bytes: where the range of the call begins, or the address that gave the signal. Rounded above 2^53, where the message has all of it. */
  declare readonly address?: number;
  /** What `si_code` of the signal would be. */
  declare readonly siCode?: 'SEGV_MAPERR' | 'SEGV_ACCERR' | 'BUS_ADRERR' | 'BUS_MCEERR_AR';
  /** Of a {@link Userfaultfd}'s call that brings pages: the bytes that came before the obstacle. */
  declare readonly done?: number;

  constructor(code: string, message: string, details: VmalockErrorDetails = {}) {
    super(message);
    this.code = code;
    Object.assign(this, details);
  }
}
