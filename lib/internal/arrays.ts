/**
 * Typed arrays from outside, checked; and room for results.
 */
import { constants } from 'node:buffer';
import { types } from 'node:util';
import { VmalockError } from '../errors';
import type { AddressRange } from '../units';
import { NativeCode } from './errors.generated';
import { bytes, invalidArgument, isArray, object, outOfRange, wholeNumber } from './options';

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

/** More than any call takes, so that it is the C API that refuses too many. */
const MOST_RANGES = 65_536;

/** An address and a length each, in a row. */
export function rangeWords(name: string, ranges: readonly AddressRange[]): BigUint64Array {
  if (!isArray(ranges)) throw invalidArgument(name, 'an array of ranges', ranges);
  const count = ranges.length;
  if (count > MOST_RANGES) throw outOfRange(`${name}.length`, `at most ${MOST_RANGES}`, count);
  const words = new BigUint64Array(2 * count);
  for (let i = 0; i < count; i++) {
    const { address, length } = object(`${name}[${i}]`, ranges[i] as AddressRange);
    words[2 * i] = BigInt(bytes(`${name}[${i}].address`, address));
    words[2 * i + 1] = BigInt(bytes(`${name}[${i}].length`, length));
  }
  return words;
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
