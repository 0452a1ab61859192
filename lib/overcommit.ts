/** How a simulated machine promises memory: vm.overcommit_memory and what goes with it. */
import { bytes, choice, object, outOfRange } from './internal/options';
import { type Handle, native } from './internal/native';
import type { Bytes } from './units';

/**
 * When memory that was promised and is not used yet counts as too much. `heuristic`: a single request above the limit is refused; `always`:
 * none is; `never`: all promises together stay below the limit, and `noReserve` means nothing.
 */
export type OvercommitMode = 'heuristic' | 'always' | 'never';

/** As `vm.overcommit_memory` and its kin. */
export interface OvercommitOptions {
  /** @defaultValue 'heuristic' */
  mode?: OvercommitMode;
  /** Bytes, more than 0, of which whole pages count. `heuristic`: memory and swap of the machine; `never`: its CommitLimit. @defaultValue 34359738368 */
  limit?: number;
  /** `never`: bytes that only the privileged may be promised. @defaultValue 0 */
  adminReserve?: number;
  /** `never`: bytes that a space may not be promised, but no more than a 32nd of what it maps. @defaultValue 0 */
  userReserve?: number;
}

/** What `overcommit()` tells. */
export interface OvercommitState extends Required<OvercommitOptions> {
  /** Bytes promised to the space and all its forks now: private writable and shared anonymous memory. Committed_AS. */
  committed: number;
}

/** In the order of the C API's numbers. */
const MODES: readonly OvercommitMode[] = ['heuristic', 'always', 'never'];

type NativeOvercommit = [
  mode: number | undefined,
  limit: Bytes | undefined,
  adminReserve: Bytes | undefined,
  userReserve: Bytes | undefined,
];

function amount(name: string, value: number | undefined): Bytes | undefined {
  return value === undefined ? undefined : bytes(name, value);
}

/** @internal As the addon takes it; undefined: what it was. */
export function overcommitArguments(options: OvercommitOptions): NativeOvercommit {
  const { mode, limit, adminReserve, userReserve } = object('overcommit', options);
  if (limit !== undefined && bytes('overcommit.limit', limit) < 1)
    throw outOfRange('overcommit.limit', 'more than 0 bytes', limit);
  return [
    mode === undefined ? undefined : choice('overcommit.mode', mode, MODES),
    amount('overcommit.limit', limit),
    amount('overcommit.adminReserve', adminReserve),
    amount('overcommit.userReserve', userReserve),
  ];
}

/** @internal */
export function readOvercommit(space: Handle): OvercommitState {
  const values = new Float64Array(5);
  native.getOvercommit(space, values);
  const [mode = 0, limit = 0, adminReserve = 0, userReserve = 0, committed = 0] = values;
  return { mode: MODES[mode] ?? 'heuristic', limit, adminReserve, userReserve, committed };
}
