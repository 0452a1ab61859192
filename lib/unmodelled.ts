/**
 * Arguments of calls that Linux has and the model does not, yet: checked as they will be, and then refused.
 */
import { bits, bytes, object, text, wholeNumber } from './internal/options';
import type { Bytes } from './units';

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
