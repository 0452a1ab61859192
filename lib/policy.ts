/**
 * The policies that the native registry has, the baseline first: how a fault gets a mapping that holds still, and how a
 * change shuts faults out.
 *
 * - `mmap-lock`: every fault under the space-wide lock, as before Linux 6.4.
 * - `per-vma`: each mapping has a lock of its own (the RFC of September 2022); what that cannot serve falls back to
 *   the space-wide lock.
 * - `per-vma-wait`: the same lock; a fault that finds it taken waits for the writer to finish and looks again, a
 *   bounded number of times.
 *
 * @see docs/locking.md for what each locks, and when
 */
export const POLICY_NAMES = ['mmap-lock', 'per-vma', 'per-vma-wait'] as const;

/** A name of {@link POLICY_NAMES}. */
export type PolicyName = (typeof POLICY_NAMES)[number];

/**
 * Which faults may take a policy's fast path: what the RFC allowed (anonymous memory only), or what that release of
 * Linux did.
 */
export const FAULT_ERAS = ['rfc', 'linux-6.4', 'linux-6.6', 'linux-6.7', 'linux-6.10', 'linux-6.18'] as const;

/** A name of {@link FAULT_ERAS}. */
export type FaultEra = (typeof FAULT_ERAS)[number];
