import { choice, invalidArgument, wholeNumber } from './internal/options';

/** Linux's numbers behind MADV_, the same on x86-64, arm64 and ppc64. */
const ADVICE: Readonly<Record<string, number>> = {
  normal: 0,
  random: 1,
  sequential: 2,
  willneed: 3,
  dontneed: 4,
  free: 8,
  remove: 9,
  dontfork: 10,
  dofork: 11,
  mergeable: 12,
  unmergeable: 13,
  hugepage: 14,
  nohugepage: 15,
  dontdump: 16,
  dodump: 17,
  wipeonfork: 18,
  keeponfork: 19,
  cold: 20,
  pageout: 21,
  populate_read: 22,
  populate_write: 23,
  dontneed_locked: 24,
  collapse: 25,
  hwpoison: 100,
  soft_offline: 101,
  guard_install: 102,
  guard_remove: 103,
};

const NAMES = Object.keys(ADVICE);

/** @internal Linux's number. */
export function adviceNumber(advice: string | number): number {
  if (typeof advice === 'number') return wholeNumber('advice', advice, -(2 ** 31), 2 ** 31 - 1);
  if (typeof advice !== 'string') throw invalidArgument('advice', 'a name behind MADV_ or a number', advice);
  return ADVICE[NAMES[choice('advice', advice, NAMES)] ?? ''] ?? 0;
}
