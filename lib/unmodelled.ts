/**
 * Arguments of calls that Linux has and the model does not, yet: checked as they will be, and then refused.
 */
import { bits, bytes, isOn, object, text, wholeNumber } from './internal/options';
import type { Bytes } from './units';

export interface MlockOptions {
  /** Locks pages as they come in. @defaultValue false */
  onFault?: boolean;
  /** Linux's MLOCK_ bits. @defaultValue 0 */
  flags?: number;
}

/** Linux's MCL_ bits, or their names. */
export type MlockAllOptions = { current?: boolean; future?: boolean; onFault?: boolean } | number;

/** Linux's MS_ bits, or their names. */
export type MsyncOptions = { async?: boolean; sync?: boolean; invalidate?: boolean } | number;

export interface MbindOptions {
  /** Linux's name behind MPOL_, or its number. */
  mode: string | number;
  nodes?: number[];
  /** Linux's MPOL_MF_ bits. @defaultValue 0 */
  flags?: number;
}

function checkRange(address: Bytes, length: Bytes): void {
  bytes('address', address);
  bytes('length', length);
}

function checkSwitches(options: Record<string, boolean | undefined> | number): void {
  if (typeof options === 'number') bits('options', options);
  else for (const [name, value] of Object.entries(object('options', options))) isOn(name, value);
}

/** @internal */
export function checkMlock(address: Bytes, length: Bytes, options: MlockOptions = {}): void {
  checkRange(address, length);
  isOn('onFault', object('options', options).onFault);
  bits('flags', options.flags ?? 0);
}

/** @internal */
export function checkMlockAll(options: MlockAllOptions): void {
  checkSwitches(options);
}

/** @internal */
export function checkMsync(address: Bytes, length: Bytes, options: MsyncOptions = {}): void {
  checkRange(address, length);
  checkSwitches(options);
}

/** @internal */
export function checkMbind(address: Bytes, length: Bytes, options: MbindOptions): void {
  checkRange(address, length);
  const { mode, nodes = [], flags = 0 } = object('options', options);
  if (typeof mode === 'number') bits('mode', mode);
  else text('mode', mode);
  for (const node of object('nodes', nodes)) wholeNumber('a node', node, 0, 1023);
  bits('flags', flags);
}

/** @internal */
export function checkMseal(address: Bytes, length: Bytes, flags: number): void {
  checkRange(address, length);
  bits('flags', flags);
}
