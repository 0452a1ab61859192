/**
 * What the benchmarks should come to, each as a ratio of costs taken in one run.
 */
import type { Result } from './results';

/** Holds for a contestant of ours, whatever its policy. */
export interface Target {
  case: string;
  vmas: number;
  contestant: string;
  /** most that the cost may be: of the reference's, or in the result's unit when it is `absolute` */
  most: number;
  absolute?: boolean;
  /** as people say it */
  text: string;
}

export const TARGETS: readonly Target[] = [
  { case: 'lookup', vmas: 1000, contestant: 'index', most: 0.8, text: '<= 0.8x of std::map' },
  { case: 'lookup', vmas: 100_000, contestant: 'index', most: 0.4, text: '<= 0.4x of std::map' },
  { case: 'lookup', vmas: 1_000_000, contestant: 'index', most: 0.4, text: '<= 0.4x of std::map' },
  { case: 'index-bytes', vmas: 10_000, contestant: 'index', most: 64, absolute: true, text: '<= 64 bytes' },
  { case: 'fault-anonymous', vmas: 1000, contestant: 'vmalock', most: 1 / 6, text: ">= 6x the kernel's rate" },
  { case: 'map-unmap', vmas: 1000, contestant: 'vmalock', most: 1 / 4, text: ">= 4x the kernel's rate" },
  { case: 'batch-present', vmas: 1000, contestant: 'batch of 1000', most: 1.2, text: '<= 1.2x of the loop in C' },
  { case: 'batch-anonymous', vmas: 1000, contestant: 'batch of 1000', most: 1.2, text: '<= 1.2x of the loop in C' },
];

/** The target of a result, if it has one. */
export function targetOf(result: Result): Target | undefined {
  return TARGETS.find((t) => t.case === result.case && t.vmas === result.vmas && t.contestant === result.contestant);
}

/** Is the target reached? `undefined` when the run was too noisy to say. */
export function isReached(target: Target, result: Result): boolean | undefined {
  const cost = target.absolute ? result.amount : result.ratio;
  return result.noisy || cost === null ? undefined : cost.median <= target.most;
}
