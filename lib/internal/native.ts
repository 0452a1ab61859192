/**
 * The addon: found, loaded and typed. Nothing else in lib/ knows where it lies.
 *
 * Its functions take what lib/ has checked. A negative result is a code of the C API; raise.ts makes the error of it.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isMainThread, threadId } from 'node:worker_threads';
import { VmalockError } from '../errors';
import type { Bytes } from '../units';

/** Names a native object in this thread; 0 is none. */
export type Handle = number;

/** The numbers of vmalock.h that lib/ uses, under their names without VMALOCK_. */
export type Constants = Readonly<
  Record<
    | 'PAGE_SIZE'
    | `PROT_${'NONE' | 'READ' | 'WRITE' | 'EXEC' | 'GROWSDOWN' | 'GROWSUP'}`
    | `MAP_${'SHARED' | 'PRIVATE' | 'SHARED_VALIDATE' | 'DROPPABLE' | 'FIXED' | 'FIXED_NOREPLACE' | 'ANONYMOUS'}`
    | `MAP_${'GROWSDOWN' | 'LOCKED' | 'NORESERVE' | 'POPULATE' | 'NONBLOCK' | 'STACK'}`
    | `MREMAP_${'MAYMOVE' | 'FIXED' | 'DONTUNMAP'}`
    | 'MLOCK_ONFAULT'
    | 'MDWE_REFUSE_EXEC_GAIN'
    | 'MDWE_NO_INHERIT'
    | 'THP_DISABLED'
    | 'THP_DISABLE_EXCEPT_ADVISED'
    | `MS_${'ASYNC' | 'INVALIDATE' | 'SYNC'}`
    | `MCL_${'CURRENT' | 'FUTURE' | 'ONFAULT'}`
    | `UFFD_MODE_${'MISSING' | 'WP' | 'MINOR'}`
    | `UFFD_COPY_${'DONTWAKE' | 'WP'}`
    | `UFFD_MOVE_${'DONTWAKE' | 'ALLOW_SRC_HOLES'}`
    | `UFFD_WRITEPROTECT_${'WP' | 'DONTWAKE'}`
    | `UFFD_FEATURE_EVENT_${'FORK' | 'REMAP' | 'REMOVE' | 'UNMAP'}`
    | `UFFD_FEATURE_${'SIGBUS' | 'THREAD_ID' | 'EXACT_ADDRESS' | 'WP_UNPOPULATED' | 'WP_ASYNC'}`
    | `FAULT_${'MINOR' | 'MAJOR' | 'SIGSEGV_MAPERR' | 'SIGSEGV_ACCERR' | 'SIGBUS' | 'OOM' | 'USERFAULT'}`
    | `FAULT_${'OUTCOME' | 'VMA_LOCK' | 'RETRIED' | 'COW' | 'HWPOISON'}`
    | `MPOL_F_${'STATIC_NODES' | 'RELATIVE_NODES' | 'NUMA_BALANCING' | 'NODE' | 'ADDR' | 'MEMS_ALLOWED'}`
    | `MPOL_MF_${'STRICT' | 'MOVE' | 'MOVE_ALL'}`
    | 'MAX_NODES'
    | 'MAX_NUMNODES'
    | 'VM_MAYSHARE',
    number
  >
>;

/** What native/binding exports. */
export interface Native {
  readonly constants: Constants;
  /** of the C API: major << 16 | minor << 8 | patch */
  readonly version: number;
  readonly policies: readonly string[];
  /** what stats() and status() write, in this order */
  readonly statsFields: readonly string[];
  readonly statusFields: readonly string[];
  /** what smaps calls the bits of vm_flags, by their place, in its order */
  readonly flagWords: readonly (readonly [bit: number, word: string])[];

  spaceCreate(
    policy: string,
    faults: number,
    backing: number,
    frames: number | undefined,
    numaNodes: number,
    privileged: number,
    as: Bytes | undefined,
    data: Bytes | undefined,
    stack: Bytes | undefined,
    memlock: Bytes | undefined,
    mapCount: number | undefined,
    forbidsZeroPage: number,
    thp: number,
    swap: number,
  ): Handle;
  spaceFork(space: Handle): Handle;
  spaceClose(space: Handle): void;
  spaceShare(space: Handle): string | number;
  spaceOpen(token: string): Handle;
  spacePolicy(space: Handle): string;

  map(space: Handle, at: Bytes, length: Bytes, prot: number, flags: number, file: Handle, offset: Bytes): number;
  unmap(space: Handle, address: Bytes, length: Bytes): number;
  spaceExit(space: Handle): number;
  /** EAGAIN: a writer has mmap_lock */
  spaceReap(space: Handle): number;
  protect(space: Handle, address: Bytes, length: Bytes, prot: number): number;
  pkeyProtect(space: Handle, address: Bytes, length: Bytes, prot: number, key: number): number;
  remap(space: Handle, address: Bytes, oldLength: Bytes, newLength: Bytes, flags: number, to: Bytes): number;
  advise(space: Handle, address: Bytes, length: Bytes, advice: number): number;
  processMadvise(space: Handle, ranges: BigUint64Array, advice: number, flags: number, fromOther: number): number;
  khugepaged(space: Handle, maxPtesNone: number, maxPtesSwap: number, maxPtesShared: number): number;
  mlock(space: Handle, address: Bytes, length: Bytes, flags: number): number;
  munlock(space: Handle, address: Bytes, length: Bytes): number;
  mlockAll(space: Handle, flags: number): number;
  munlockAll(space: Handle): number;
  msync(space: Handle, address: Bytes, length: Bytes, flags: number): number;
  mbind(space: Handle, address: Bytes, length: Bytes, mode: number, nodes: BigUint64Array, flags: number): number;
  setMempolicy(space: Handle, mode: number, nodes: BigUint64Array): number;
  /** the mode, or a node; fills nodes */
  getMempolicy(space: Handle, address: Bytes, flags: number, nodes: BigUint64Array): number;
  setThreadNode(node: number): number;
  threadNode(): number;
  seal(space: Handle, address: Bytes, length: Bytes, flags: number): number;
  remapFilePages(space: Handle, address: Bytes, length: Bytes, prot: number, pgoff: Bytes, flags: number): number;
  setLimits(
    space: Handle,
    as: Bytes | undefined,
    data: Bytes | undefined,
    stack: Bytes | undefined,
    memlock: Bytes | undefined,
    mapCount: number | undefined,
  ): void;
  /** fills out in the same order, Infinity for none */
  getLimits(space: Handle, out: Float64Array): void;
  setPrivileged(space: Handle, privileged: number): void;
  privileged(space: Handle): number;
  setMdwe(space: Handle, mdwe: number): number;
  mdwe(space: Handle): number;
  setThpDisable(space: Handle, disable: number, flags: number): number;
  thpDisable(space: Handle): number;
  setOvercommit(
    space: Handle,
    mode: number | undefined,
    limit: Bytes | undefined,
    adminReserve: Bytes | undefined,
    userReserve: Bytes | undefined,
  ): number;
  /** fills out in the same order, and what is committed */
  getOvercommit(space: Handle, out: Float64Array): void;
  brk(space: Handle, address: Bytes): number;
  setBrkStart(space: Handle, address: Bytes): number;
  split(space: Handle, address: Bytes): number;

  fault(space: Handle, address: Bytes, access: number): number;
  faultArch(space: Handle, arch: number, address: Bytes, word: Bytes): number;
  /** Below 0: the element at -1 - result is no address. */
  faultMany(space: Handle, addresses: Float64Array | BigUint64Array, access: number, results?: Uint8Array): number;
  /** done[0]: the bytes moved */
  read(space: Handle, address: Bytes, buffer: Uint8Array, done: Float64Array): number;
  write(space: Handle, address: Bytes, bytes: Uint8Array, done: Float64Array): number;

  /** Fills out (see mapping.ts) and returns the name; undefined behind the last mapping. */
  find(space: Handle, address: Bytes, out: Float64Array): string | undefined;
  fileAt(space: Handle, address: Bytes): Handle;
  maps(space: Handle): string | number;
  smaps(space: Handle): string | number;
  smapsRollup(space: Handle): string | number;
  mincore(space: Handle, address: Bytes, length: Bytes, out: Uint8Array): number;
  /** 0, or what is broken */
  validate(space: Handle): string | number;
  stats(space: Handle, out: Float64Array): void;
  status(space: Handle, out: Float64Array): void;

  fileCreate(
    length: Bytes,
    fill: number,
    mode: number,
    name: string | undefined,
    countedOnly: number,
    writtenBack: number,
  ): Handle;
  fileClose(file: Handle): void;
  fileId(file: Handle): number;
  fileName(file: Handle): string | undefined;
  fileLength(file: Handle): number;
  fileRead(file: Handle, offset: Bytes, buffer: Uint8Array): number;
  fileWrite(file: Handle, offset: Bytes, bytes: Uint8Array): number;
  fileTruncate(file: Handle, length: Bytes): number;
  filePunchHole(file: Handle, offset: Bytes, length: Bytes): number;
  fileDirtyPages(file: Handle, firstPage: number, numbers: BigUint64Array): number;
  fileSync(file: Handle, offset: Bytes, length: Bytes): number;

  uffdCreate(space: Handle, features: Bytes): Handle;
  uffdClose(uffd: Handle): void;
  uffdRegister(uffd: Handle, address: Bytes, length: Bytes, mode: number): number;
  uffdUnregister(uffd: Handle, address: Bytes, length: Bytes, mode: 0): number;
  uffdWriteProtect(uffd: Handle, address: Bytes, length: Bytes, mode: number): number;
  uffdWake(uffd: Handle, address: Bytes, length: Bytes, mode: 0): number;
  /** done[0]: the bytes that came */
  uffdCopy(uffd: Handle, address: Bytes, bytes: Uint8Array, mode: number, done: Float64Array): number;
  uffdZeropage(uffd: Handle, address: Bytes, length: Bytes, mode: number, done: Float64Array): number;
  uffdContinue(uffd: Handle, address: Bytes, length: Bytes, mode: number, done: Float64Array): number;
  uffdPoison(uffd: Handle, address: Bytes, length: Bytes, mode: number, done: Float64Array): number;
  uffdMove(uffd: Handle, to: Bytes, from: Bytes, length: Bytes, mode: number, done: Float64Array): number;
  /** 0, and out[0..7]: kind, address, access, thread, start, end, to, handle; EAGAIN when there is no event */
  uffdRead(uffd: Handle, out: Float64Array): number;
  /** Calls `told` when events have come; the first function stays. */
  uffdTell(uffd: Handle, told: () => void): number;
  /** 1: the event loop stays alive for its events */
  uffdKeepLoop(uffd: Handle, alive: 0 | 1): void;
  /** waits 1: faults of this thread wait for userfaultfds; id: by which events name it */
  uffdThread(waits: 0 | 1, id: number): void;

  /** `most`: ranges that it remembers */
  observerCreate(space: Handle, most: number): Handle;
  observerClose(observer: Handle): void;
  /** How many ranges it took: out[3n..3n+2] start, end, why (VMALOCK_INVALIDATE_, or -1: several). At most as out has room for. */
  observerTake(observer: Handle, out: Float64Array): number;

  replayLoad(trace: Uint8Array): Promise<NativeLoadResult>;
  /** A code when it could not begin. */
  replayRun(
    replay: Handle,
    policy: string,
    faults: number,
    backing: number,
    pace: number,
    frames: number,
  ): Promise<NativeRunResult | { code: number }> | number;
  replayCancel(replay: Handle): void;
  /** events done */
  replayProgress(replay: Handle): number;
  replayClose(replay: Handle): void;
}

/** `replay` is 0 unless `code` is. */
export interface NativeLoadResult {
  code: number;
  message?: string;
  replay?: Handle;
}

/** How long threads waited for a lock. */
export interface NativeWaits {
  count: number;
  waits: number;
  totalNs: number;
  p50Ns: number;
  p99Ns: number;
  maxNs: number;
}

export interface NativeRunResult {
  code: 0;
  events: number;
  threads: number;
  spaces: number;
  dependencies: number;
  wallNs: number;
  cpuNs: number;
  faults: number;
  unexpected: number;
  unmodelled: number;
  /** false: by its faults, the kernel of the recording had none */
  zeroPage: boolean;
  /** in the order of statsFields */
  stats: Float64Array;
  read: NativeWaits;
  write: NativeWaits;
  differences: string[];
  finalMaps: (string | undefined)[];
}

const ROOT = join(__dirname, '../..');

/** Where it may lie, the best first. VMALOCK_NATIVE names the one to take. */
function candidates(): string[] {
  const named = process.env['VMALOCK_NATIVE'];
  if (named !== undefined && named !== '') return [resolve(named)];
  const { prebuildFolder } = require('../../scripts/prebuild-path.cjs') as { prebuildFolder: () => string };
  return [join(ROOT, 'build/Release/vmalock.node'), join(prebuildFolder(), 'vmalock.node')];
}

function noAddon(tried: readonly string[]): VmalockError {
  const lines = [
    `vmalock has no native addon for ${process.platform}-${process.arch}, Node.js ${process.version}.`,
    ...tried.map((reason) => `  tried ${reason}`),
    'To build it here (a C++ compiler, make, python3, pkg-config and liburcu >= 0.13 are needed):',
    '  Debian, Ubuntu:  sudo apt-get install -y liburcu-dev pkg-config g++ make python3',
    '  Fedora:          sudo dnf install userspace-rcu-devel pkgconf-pkg-config gcc-c++ make python3',
    '  Alpine:          apk add userspace-rcu-dev pkgconf g++ make python3 linux-headers',
    '  Arch:            sudo pacman -S --needed liburcu pkgconf gcc make python',
    'then:              npm explore vmalock -- npm run build:native',
  ];
  return new VmalockError('ERR_VMALOCK_NO_ADDON', lines.join('\n'));
}

function load(): Native {
  const tried: string[] = [];
  for (const file of candidates()) {
    if (!existsSync(file)) {
      tried.push(`${file}: no such file`);
      continue;
    }
    try {
      const addon = require(file) as Partial<Native>;
      if (addon.constants !== undefined) return addon as Native;
      tried.push(`${file}: it is no addon of vmalock`);
    } catch (error) {
      tried.push(`${file}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw noAddon(tried);
}

export const native: Native = load();

// An event loop must not wait for what another callback of its own may have to bring; a worker's may.
native.uffdThread(isMainThread ? 0 : 1, threadId);
