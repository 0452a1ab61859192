/**
 * Arguments of calls that Linux has and the model does not, yet: checked as they will be, and then refused.
 */
import { bits, bytes } from './internal/options';
import type { Bytes } from './units';

function checkRange(address: Bytes, length: Bytes): void {
  bytes('address', address);
  bytes('length', length);
}

/** @internal */
export function checkMseal(address: Bytes, length: Bytes, flags: number): void {
  checkRange(address, length);
  bits('flags', flags);
}
