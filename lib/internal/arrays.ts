/**
 * Typed arrays from outside, checked; and room for results.
 */
import { constants } from 'node:buffer';
import { types } from 'node:util';
import { VmalockError } from '../errors';
import { NativeCode } from './errors.generated';
import { invalidArgument, wholeNumber } from './options';

/** The length of a detached array is 0, and there is no other sign of it that all releases of Node know. */
function isDetached(array: ArrayBufferView): boolean {
  if (array.byteLength > 0 || !types.isArrayBuffer(array.buffer)) return false;
  try {
    new Uint8Array(array.buffer);
    return false;
  } catch {
    return true;
  }
}

function attached<T extends ArrayBufferView>(name: string, array: T): T {
  if (isDetached(array))
    throw new VmalockError('ERR_VMALOCK_INVALID_ARG', `${name} must not be detached: its buffer went elsewhere`);
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
