/**
 * Typed arrays from outside, checked; and room for results.
 */
import { constants } from 'node:buffer';
import { types } from 'node:util';
import { VmalockError } from '../errors';
import { NativeCode } from './errors.generated';
import { invalidArgument, wholeNumber } from './options';

type TypedArray = Uint8Array | Float64Array | BigUint64Array;

/** Its buffer was detached, or shrank below it: such an array has the length 0, and methods that throw. */
function isDetached(array: TypedArray): boolean {
  if (array.byteLength > 0) return false;
  try {
    Uint8Array.prototype.at.call(array, 0);
    return false;
  } catch {
    return true;
  }
}

function attached<T extends TypedArray>(name: string, array: T): T {
  if (isDetached(array))
    throw new VmalockError(
      'ERR_VMALOCK_INVALID_ARG',
      `${name} must not be detached: its buffer went elsewhere, or has shrunk`,
    );
  return array;
}

export function byteArray(name: string, value: Uint8Array): Uint8Array {
  if (!types.isUint8Array(value)) throw invalidArgument(name, 'a Uint8Array or Buffer', value);
  return attached(name, value);
}

export function addressArray(name: string, value: Float64Array | BigUint64Array): Float64Array | BigUint64Array {
  if (!types.isFloat64Array(value) && !types.isBigUint64Array(value))
    throw invalidArgument(name, 'a Float64Array or a BigUint64Array', value);
  return attached(name, value);
}

function allocated<T>(length: number, allocate: (length: number) => T): T {
  try {
    return allocate(length);
  } catch {
    const details = { errno: NativeCode.ENOMEM };
    throw new VmalockError('ENOMEM', `ENOMEM: the host has no ${length} bytes for the result`, details);
  }
}

/** Not zeroed. @throws {VmalockError} `ENOMEM` when the host has no such piece of memory */
export function newBuffer(name: string, length: number): Buffer {
  return allocated(wholeNumber(name, length, 0, constants.MAX_LENGTH), (size) => Buffer.allocUnsafe(size));
}

/** Zeroed. @throws {VmalockError} `ENOMEM` when the host has no such piece of memory */
export function newByteArray(length: number): Uint8Array {
  return allocated(length, (size) => new Uint8Array(size));
}
