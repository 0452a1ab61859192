/**
 * vmalock: Linux's per-VMA locks as a userspace address-space simulator and lock laboratory.
 *
 * @packageDocumentation
 */
export { AddressSpace } from './address-space';
export type { AddressSpaceLimits, AddressSpaceOptions, ThpMode } from './address-space-options';
export { VmalockError, type VmalockErrorDetails } from './errors';
export { type Access, FaultResult } from './fault-result';
export type { Vma } from './mapping';
export type { MdweOptions } from './mdwe';
export type { ThpDisableOptions, ThpDisableState } from './thp-disable';
export {
  currentNode,
  type GetMempolicyOptions,
  type MbindOptions,
  type Mempolicy,
  type MempolicyMode,
  type MempolicyOptions,
  runOnNode,
} from './mempolicy';
export type { MmapOptions } from './mmap';
export type { MremapOptions } from './mremap';
export type { OvercommitMode, OvercommitOptions, OvercommitState } from './overcommit';
export { FAULT_ERAS, type FaultEra, POLICY_NAMES, type PolicyName } from './policy';
export type { Prot } from './protection';
export {
  type PolicyReport,
  replay,
  type ReplayOptions,
  type ReplayProgress,
  type ReplayReport,
  type WaitSummary,
} from './replay';
export { SimFile, type SimFileOptions } from './sim-file';
export { type Invalidation, type InvalidationReason, type ObserveOptions, SpaceObserver } from './space-observer';
export type { Stats } from './stats';
export { TraceError } from './trace/errors';
export type { AddressRange, Bytes } from './units';
export type { KhugepagedOptions } from './khugepaged';
export type { MlockAllOptions, MlockOptions } from './mlock';
export type { MsyncOptions } from './msync';
export type {
  UserfaultChange,
  UserfaultChanges,
  UserfaultEvent,
  UserfaultFault,
  UserfaultFork,
  UserfaultRemap,
  UserfaultRemove,
  UserfaultUnmap,
} from './userfault-event';
export {
  Userfaultfd,
  type UserfaultfdOptions,
  type UserfaultFillOptions,
  type UserfaultModes,
  type UserfaultMoveOptions,
  type UserfaultWakeOptions,
} from './userfaultfd';
