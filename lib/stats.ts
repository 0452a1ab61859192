import { type Handle, native } from './internal/native';

/** Counted since a space began; its forks count for themselves. */
export interface Stats {
  /** faults served under the policy's fast path */
  vmaLockSuccess: number;
  /** not even tried: no mapping, a kind the era excludes, or a writer has it; see `abortReasons` */
  vmaLockAbort: number;
  /** begun, and then mmap_lock was needed; see `retryReasons` */
  vmaLockRetry: number;
  /** the mapping changed while it was being locked */
  vmaLockMiss: number;
  /** refused for permission while the mapping was locked */
  vmaLockAccessError: number;
  /** always the sum of the five above, but counted on its own */
  vmaLockAttempts: number;
  minorFaults: number;
  majorFaults: number;
  cowFaults: number;
  /** faults that ended in a signal */
  signalFaults: number;
  /** faults handed to a userfaultfd, each time anew */
  userfaults: number;
  /** how often mmap_lock was taken for reading */
  mmapLockReads: number;
  /** how often mmap_lock was taken for writing */
  mmapLockWrites: number;
  /** how many of both had to wait */
  mmapLockWaits: number;
  mmapLockReadWaits: number;
  mmapLockWriteWaits: number;
  /** mappings that changes have shut faults out of */
  vmaLockWrites: number;
  /** of those, how many found faults inside */
  vmaLockWriteWaits: number;
  /** how often a fault waited for a change to finish, under `per-vma-wait` */
  vmaLockWaits: number;
  /** huge pages that faults brought, the huge zero page apart */
  thpFaultAlloc: number;
  /** faults that found no 2 MiB of free frames and made do with 4 KiB */
  thpFaultFallback: number;
  /** huge pages made of small ones: MADV_COLLAPSE, khugepaged */
  thpCollapseAlloc: number;
  /** huge pages that became 512 small ones */
  thpSplitPmd: number;
  /** why faults did not try the fast path: `noVma`, `vmaKind`, `vmaBusy` */
  abortReasons: Record<string, number>;
  /** why faults left the fast path: `anonVma`, `file`, `userfault`, `swap` */
  retryReasons: Record<string, number>;
}

/** @internal vma_lock_success becomes vmaLockSuccess. */
export function camelCase(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** Those that begin with `prefix`, without it. */
function reasons(counts: ReadonlyMap<string, number>, prefix: string): Record<string, number> {
  const found = [...counts].filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(found.map(([name, count]) => [camelCase(name.slice(prefix.length)), count]));
}

/** @internal Numbers in the order of native.statsFields. */
export function statsOf(values: Float64Array): Stats {
  const counts = new Map(native.statsFields.map((name, i) => [name, values[i] ?? 0]));
  const of = (name: string): number => counts.get(name) ?? 0;
  return {
    vmaLockSuccess: of('vma_lock_success'),
    vmaLockAbort: of('vma_lock_abort'),
    vmaLockRetry: of('vma_lock_retry'),
    vmaLockMiss: of('vma_lock_miss'),
    vmaLockAccessError: of('vma_lock_access_error'),
    vmaLockAttempts: of('vma_lock_attempts'),
    minorFaults: of('minor_faults'),
    majorFaults: of('major_faults'),
    cowFaults: of('cow_faults'),
    signalFaults: of('signal_faults'),
    userfaults: of('userfaults'),
    mmapLockReads: of('mmap_lock_reads'),
    mmapLockWrites: of('mmap_lock_writes'),
    mmapLockWaits: of('mmap_lock_read_waits') + of('mmap_lock_write_waits'),
    mmapLockReadWaits: of('mmap_lock_read_waits'),
    mmapLockWriteWaits: of('mmap_lock_write_waits'),
    vmaLockWrites: of('vma_lock_writes'),
    vmaLockWriteWaits: of('vma_lock_write_waits'),
    vmaLockWaits: of('vma_lock_waits'),
    thpFaultAlloc: of('thp_fault_alloc'),
    thpFaultFallback: of('thp_fault_fallback'),
    thpCollapseAlloc: of('thp_collapse_alloc'),
    thpSplitPmd: of('thp_split_pmd'),
    abortReasons: reasons(counts, 'abort_'),
    retryReasons: reasons(counts, 'retry_'),
  };
}

/** @internal */
export function readStats(space: Handle): Stats {
  const values = new Float64Array(native.statsFields.length);
  native.stats(space, values);
  return statsOf(values);
}
