/**
 * What the addon exports for benchmarks alone (native/binding/bench.cc); nothing in lib/ calls it.
 */
import { type Handle, native } from '../../lib/internal/native';

interface BenchFunctions {
  /** A call that does nothing: what crossing into native code and back costs. */
  nothing(): void;
  /** The faults of all addresses, `times` over, one call of the C API each. Returns how many ended MINOR or MAJOR. */
  faultLoop(space: Handle, addresses: BigUint64Array, access: number, times: number): number;
}

export const benchFunctions = native as unknown as BenchFunctions;

/** Another handle of the same space, for what takes handles. */
export function handleOf(token: string): Handle {
  return native.spaceOpen(token);
}

export function closeHandle(handle: Handle): void {
  native.spaceClose(handle);
}
