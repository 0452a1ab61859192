/**
 * Memory policies: from which NUMA node a page comes. mbind(2), set_mempolicy(2), get_mempolicy(2).
 */
import { NativeCode } from './internal/errors.generated';
import { native } from './internal/native';
import { array, bits, bytes, choice, isOn, object, outOfRange, text, wholeNumber } from './internal/options';
import { errorOf, succeeded } from './internal/raise';
import type { Bytes } from './units';

const { constants } = native;

/**
 * Where pages come from: `bind` from the nodes named and from no other, `preferred` from the first of them if it can, `preferred_many` from
 * any of them if it can, `interleave` from each in turn, by the place of the page in its mapping, `local` from
 * the node of the thread. `default` is none: a mapping's pages then go by the policy of the space, and those of the space
 * as `local`. `weighted_interleave` has equal weights here, as on machines that tell no bandwidth.
 */
export type MempolicyMode =
  'default' | 'preferred' | 'bind' | 'interleave' | 'local' | 'preferred_many' | 'weighted_interleave';

/** @internal Linux's names behind MPOL_, in the order of its numbers. */
export const MEMPOLICY_MODES: readonly MempolicyMode[] = [
  'default',
  'preferred',
  'bind',
  'interleave',
  'local',
  'preferred_many',
  'weighted_interleave',
];

/** A policy, as a call sets it. */
export interface MempolicyOptions {
  /** Or Linux's number, MPOL_F_ flags included. */
  mode: MempolicyMode | number;
  /** Numbers of nodes, from 0. Those that do not exist are left out. @defaultValue [] */
  nodes?: readonly number[];
  /** MPOL_F_STATIC_NODES: the numbers are told as they were given. @defaultValue false */
  staticNodes?: boolean;
  /** MPOL_F_RELATIVE_NODES: number n is the n-th of the nodes that there are, counted round and round. @defaultValue false */
  relativeNodes?: boolean;
  /** MPOL_F_NUMA_BALANCING, for `bind` and `preferred_many`: taken, and without effect. @defaultValue false */
  numaBalancing?: boolean;
}

/** What mbind does with pages that are there already. */
export interface MbindOptions extends MempolicyOptions {
  /** Pages that lie on nodes other than `nodes` are an error. @defaultValue false */
  strict?: boolean;
  /** Such pages move, their bytes kept, unless a fork shares them. @defaultValue false */
  move?: boolean;
  /** Those that a fork shares, too: this space gets copies. Only for the privileged. @defaultValue false */
  moveAll?: boolean;
  /** Linux's MPOL_MF_ bits; the options above are or-ed to it. @defaultValue 0 */
  flags?: number;
}

/** What to tell about. */
export interface GetMempolicyOptions {
  /** Bytes: the mapping there instead of the space. */
  address?: Bytes;
  /** The number of a node instead of a mode: with `address` the node of the page there, which is brought in. @defaultValue false */
  node?: boolean;
  /** The nodes that there are. @defaultValue false */
  memsAllowed?: boolean;
  /** Linux's MPOL_F_ bits; when given, MPOL_F_ADDR is not added for `address`. The options above are or-ed to it. */
  flags?: number;
}

/** What get_mempolicy(2) tells. */
export interface Mempolicy {
  /** Not there when a node was asked for. */
  mode?: MempolicyMode;
  /** MPOL_F_STATIC_NODES (0x8000), MPOL_F_RELATIVE_NODES (0x4000), MPOL_F_NUMA_BALANCING (0x2000). */
  modeFlags?: number;
  /** Only when a node was asked for. */
  node?: number;
  /** Ascending. */
  nodes: number[];
}

/** A set of nodes as the addon takes it. */
type NodeMask = BigUint64Array;

function newMask(): NodeMask {
  return new BigUint64Array(constants.MAX_NUMNODES / 64);
}

/** @throws {VmalockError} `EINVAL` for a number that no kernel has */
function maskOf(nodes: readonly number[], syscall: string): NodeMask {
  const mask = newMask();
  for (const node of array('nodes', nodes)) {
    wholeNumber('a node', node, 0, Number.MAX_SAFE_INTEGER);
    if (node >= constants.MAX_NUMNODES) throw errorOf(NativeCode.EINVAL, syscall);
    const word = Math.trunc(node / 64);
    mask[word] = (mask[word] ?? 0n) | (1n << BigInt(node % 64));
  }
  return mask;
}

function nodesOf(mask: NodeMask): number[] {
  const nodes: number[] = [];
  mask.forEach((word, at) => {
    for (let bit = 0; word >> BigInt(bit); bit++) if ((word >> BigInt(bit)) & 1n) nodes.push(at * 64 + bit);
  });
  return nodes;
}

function modeNumber(mode: MempolicyMode | number): number {
  return typeof mode === 'number' ? bits('mode', mode) : choice('mode', text('mode', mode), MEMPOLICY_MODES);
}

/** @internal A policy as the addon takes it. */
export function policyArguments(options: MempolicyOptions, syscall: string): { mode: number; nodes: NodeMask } {
  const { mode, nodes = [], staticNodes, relativeNodes, numaBalancing } = object('options', options);
  const flags =
    (isOn('staticNodes', staticNodes) ? constants.MPOL_F_STATIC_NODES : 0) |
    (isOn('relativeNodes', relativeNodes) ? constants.MPOL_F_RELATIVE_NODES : 0) |
    (isOn('numaBalancing', numaBalancing) ? constants.MPOL_F_NUMA_BALANCING : 0);
  return { mode: (modeNumber(mode) | flags) >>> 0, nodes: maskOf(nodes, syscall) };
}

/** @internal MPOL_MF_ bits. */
export function mbindFlags(options: MbindOptions): number {
  const { strict, move, moveAll, flags = 0 } = object('options', options);
  return (
    (bits('flags', flags) |
      (isOn('strict', strict) ? constants.MPOL_MF_STRICT : 0) |
      (isOn('move', move) ? constants.MPOL_MF_MOVE : 0) |
      (isOn('moveAll', moveAll) ? constants.MPOL_MF_MOVE_ALL : 0)) >>>
    0
  );
}

/** @internal What is asked, as the addon takes it. */
export function question(options: GetMempolicyOptions): { address: Bytes; flags: number } {
  const { address, node, memsAllowed, flags } = object('options', options);
  const given = flags === undefined ? (address === undefined ? 0 : constants.MPOL_F_ADDR) : bits('flags', flags);
  return {
    address: bytes('address', address ?? 0),
    flags:
      (given |
        (isOn('node', node) ? constants.MPOL_F_NODE : 0) |
        (isOn('memsAllowed', memsAllowed) ? constants.MPOL_F_MEMS_ALLOWED : 0)) >>>
      0,
  };
}

/** @internal The answer of `ask`, which fills the mask. */
export function mempolicyFrom(flags: number, ask: (mask: NodeMask) => number): Mempolicy {
  const mask = newMask();
  const value = ask(mask);
  const nodes = nodesOf(mask);
  if (flags & constants.MPOL_F_NODE) return { node: value, nodes };
  const modeFlags =
    value & (constants.MPOL_F_STATIC_NODES | constants.MPOL_F_RELATIVE_NODES | constants.MPOL_F_NUMA_BALANCING);
  return { mode: MEMPOLICY_MODES[value & ~modeFlags] ?? 'default', modeFlags, nodes };
}

/**
 * Says on which NUMA node the calling thread runs, 0 until then: where its faults look for frames unless a policy says otherwise. Holds
 * for this worker_thread and every space; in a space that has no such node the thread runs on node 0.
 *
 * @param node 0 to 63
 *
 * @example
 * runOnNode(1);
 */
export function runOnNode(node: number): void {
  if (wholeNumber('node', node, 0, Number.MAX_SAFE_INTEGER) >= constants.MAX_NODES)
    throw outOfRange('node', `less than ${constants.MAX_NODES}`, node);
  succeeded(native.setThreadNode(node), 'runOnNode');
}

/** The NUMA node that the calling thread runs on. */
export function currentNode(): number {
  return native.threadNode();
}
