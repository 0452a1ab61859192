/**
 * Arguments, checked once and in one voice: `length must be ..., got ...`.
 *
 * Shapes and types are checked here; what depends on the state of a space is the C API's to refuse.
 */
import { VmalockError } from '../errors';
import type { Bytes } from '../units';

const MAX_UINT32 = 0xffff_ffff;
const BIGINT_LIMIT = 1n << 64n;
/** Of a text in a message. */
export const LONGEST_SHOWN = 60;

/** Also of a revoked Proxy: it is none. */
export function isArray(value: unknown): boolean {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

/** A value in a message: short, and whatever it is. */
function shown(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > LONGEST_SHOWN ? `${value.slice(0, LONGEST_SHOWN)}...` : value);
    case 'bigint':
      // More digits than anybody reads may take longer to print than anybody waits.
      return BigInt.asIntN(128, value) === value ? `${value}n` : 'a bigint of more than 128 bits';
    case 'function':
      return 'a function';
    case 'object':
      if (value === null) return 'null';
      return isArray(value) ? 'an array' : 'an object';
    default:
      return Object.is(value, -0) ? '-0' : String(value);
  }
}

export function invalidArgument(name: string, wanted: string, value: unknown): VmalockError {
  return new VmalockError('ERR_VMALOCK_INVALID_ARG', `${name} must be ${wanted}, got ${shown(value)}`);
}

export function outOfRange(name: string, wanted: string, value: unknown): VmalockError {
  return new VmalockError('ERR_VMALOCK_OUT_OF_RANGE', `${name} must be ${wanted}, got ${shown(value)}`);
}

/** A wrong type and a wrong number have different codes. */
function badNumber(name: string, wanted: string, value: unknown): VmalockError {
  const isNumber = typeof value === 'number' || typeof value === 'bigint';
  return isNumber ? outOfRange(name, wanted, value) : invalidArgument(name, wanted, value);
}

/** An address, a length or an offset. */
export function bytes(name: string, value: Bytes): Bytes {
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value) && value >= 0) return value;
  } else if (typeof value === 'bigint' && value >= 0n && value < BIGINT_LIMIT) {
    return value;
  }
  throw badNumber(name, 'a whole number of bytes from 0 to 2^53 - 1 or a bigint below 2^64', value);
}

/** A whole number from `least` to `most`. */
export function wholeNumber(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw badNumber(name, `a whole number from ${least} to ${most}`, value);
}

/** Bits as a system call takes them: 32, unsigned; those of a negative C int are taken, too. */
export function bits(name: string, value: number): number {
  if (Number.isInteger(value) && value >= -(2 ** 31) && value <= MAX_UINT32) return value >>> 0;
  throw badNumber(name, 'bits, a whole number of 32 bits', value);
}

/** The place of a word in a list. */
export function choice(name: string, value: string, words: readonly string[]): number {
  const at = words.indexOf(value);
  if (at < 0) throw invalidArgument(name, `one of ${words.join(', ')}`, value);
  return at;
}

export function text(name: string, value: string): string {
  if (typeof value !== 'string') throw invalidArgument(name, 'a string', value);
  return value;
}

/** A switch that is off when it is not given. */
export function isOn(name: string, value: boolean | undefined): boolean {
  if (value !== undefined && typeof value !== 'boolean') throw invalidArgument(name, 'true or false', value);
  return value === true;
}

export function array<T>(name: string, value: readonly T[]): readonly T[] {
  if (typeof value !== 'object' || !isArray(value)) throw invalidArgument(name, 'an array', value);
  return value;
}

export function object<T extends object>(name: string, value: T): T {
  if (typeof value !== 'object' || value === null) throw invalidArgument(name, 'an object', value);
  return value;
}
