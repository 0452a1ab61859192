/** How a call ended, in one word. */
import { VmalockError } from '../../lib';

/** The code of the VmalockError that `call` throws, or 'ok'. Anything else that is thrown fails the test. */
export function codeOf(call: () => unknown): string {
  try {
    call();
    return 'ok';
  } catch (error) {
    if (error instanceof VmalockError) return error.code;
    throw error;
  }
}

/** What the error that `call` throws is like. */
export function errorOf(call: () => unknown): VmalockError {
  try {
    call();
  } catch (error) {
    if (error instanceof VmalockError) return error;
    throw error;
  }
  throw new Error('it did not throw');
}

export const INVALID = 'ERR_VMALOCK_INVALID_ARG';
export const RANGE = 'ERR_VMALOCK_OUT_OF_RANGE';
