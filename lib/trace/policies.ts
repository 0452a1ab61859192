/** Memory policies: which nodes a call named, and why one of them cannot be executed. */
import { ERRNO, errnoOf, MPOL_F } from './linux';
import type { CallStep } from './steps';

/** The kernel reads no longer mask: a page of bits. */
const LONGEST_MASK = 32768n;
/** A trace holds as many nodes. */
const NODES = 64n;
/** No kernel has more, and none refuses an answer of that length. */
const ANY_KERNEL = 1024n;

const EFAULT = ERRNO.get('EFAULT');
const EINVAL = ERRNO.get('EINVAL');

/** Where the mask and its length stand. */
const MASK_OF: ReadonlyMap<string, number> = new Map([
  ['mbind', 3],
  ['set_mempolicy', 1],
  ['get_mempolicy', 1],
]);

function maskOf({ name, call: { values } }: CallStep): { pointer: bigint; most: bigint } {
  const at = MASK_OF.get(name) ?? 0;
  return { pointer: values[at] ?? 0n, most: values[at + 1] ?? 0n };
}

/** Linux: get_nodes(), which takes one bit less than it is told. */
function bitsRead(most: bigint): bigint {
  return BigInt.asUintN(64, most - 1n);
}

/** The nodes that the kernel saw in the mask; undefined where the recorder does not show it. */
export function nodesOf(step: CallStep): bigint | undefined {
  const { pointer, most } = maskOf(step);
  if (pointer === 0n) return 0n;
  const { nodes } = step.call;
  return nodes === undefined || bitsRead(most) > LONGEST_MASK ? nodes : nodes & ((1n << bitsRead(most)) - 1n);
}

function lookNotExecuted(step: CallStep, errno: number): string | undefined {
  const { pointer, most } = maskOf(step);
  const asksForPage = ((step.call.values[4] ?? 0n) & BigInt(MPOL_F.MPOL_F_ADDR)) !== 0n;
  // Where its answer was to go, and how much room there was, is not in the trace.
  if (errno === EFAULT && !asksForPage) return 'get_mempolicy:EFAULT';
  return errno === EINVAL && pointer !== 0n && most < ANY_KERNEL ? 'get_mempolicy:EINVAL' : undefined;
}

/** Why a call cannot be executed, as the name that it is counted under. */
export function policyNotExecuted(step: CallStep): string | undefined {
  const errno = errnoOf(step.result ?? 0n);
  if (step.name === 'get_mempolicy') return lookNotExecuted(step, errno);
  const nodes = nodesOf(step);
  if (nodes === undefined) return `${step.name} without its nodes`;
  const { pointer, most } = maskOf(step);
  if (errno === EINVAL && pointer !== 0n && bitsRead(most) > LONGEST_MASK) return `${step.name}:EINVAL`;
  return nodes >> NODES === 0n ? undefined : `${step.name} of a node beyond 63`;
}
