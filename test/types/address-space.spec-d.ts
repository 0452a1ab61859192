/**
 * What compiles and what must not: `npm run typecheck` reads this file, nothing runs it.
 *
 * An @ts-expect-error over a line that compiles is an error itself.
 */
import {
  type Access,
  AddressSpace,
  type AddressSpaceOptions,
  type Bytes,
  type FaultEra,
  FaultResult,
  currentNode,
  type Invalidation,
  type InvalidationReason,
  type Mempolicy,
  type MempolicyMode,
  type ObserveOptions,
  runOnNode,
  type PolicyName,
  type PolicyReport,
  replay,
  type ReplayReport,
  SimFile,
  SpaceObserver,
  type Stats,
  TraceError,
  type UserfaultChange,
  type UserfaultEvent,
  type UserfaultFault,
  Userfaultfd,
  type UserfaultfdOptions,
  type UserfaultRemap,
  type UserfaultUnmap,
  type Vma,
  VmalockError,
  type WaitSummary,
} from '../../lib';

/** Compiles when the two types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function isSame<A, B>(_: Same<A, B>): void {}

declare const space: AddressSpace;
declare const file: SimFile;

export function addressSpaces(): void {
  new AddressSpace();
  new AddressSpace({});
  const options: AddressSpaceOptions = {
    policy: 'mmap-lock',
    faults: 'linux-6.7',
    backing: 'none',
    frames: 16,
    numaNodes: 1,
    limits: { as: 1, data: 1, stack: 1, memlock: 1, mapCount: 1 },
    overcommit: { mode: 'never', limit: 1, adminReserve: 1, userReserve: 1 },
    privileged: false,
  };
  new AddressSpace(options);
  // @ts-expect-error there is no such mode
  new AddressSpace({ overcommit: { mode: 'sometimes' } });
  // @ts-expect-error there is no such policy
  new AddressSpace({ policy: 'lottery' });
  // @ts-expect-error there is no such option
  new AddressSpace({ polcy: 'per-vma' });
  // @ts-expect-error what is left out is left out, not undefined
  new AddressSpace({ policy: undefined });
  // @ts-expect-error a handle is not for users
  new AddressSpace(7);
  // @ts-expect-error nothing of the native side shows
  void space.handle;
  // @ts-expect-error the policy of a space does not change
  space.policy = 'mmap-lock';
  using _closedAtTheEnd = new AddressSpace();
  const disposable: Disposable = space;
  const iterable: Iterable<Vma> = space;
  void [disposable, iterable];
}

export function calls(): void {
  isSame<ReturnType<AddressSpace['mmap']>, number>(true);
  space.mmap({
    length: 1n,
    address: 0n,
    fixed: 'noreplace',
    shared: 'validate',
    prot: 3,
    flags: 0x22,
    file,
    offset: 0n,
  });
  // @ts-expect-error a length is needed
  space.mmap({});
  // @ts-expect-error there is no such way to be fixed
  space.mmap({ length: 1, fixed: 'maybe' });
  space.mprotect(0, 1n, 'none', { growsDown: true });
  space.mremap(0, 1, 2, { mayMove: true, fixed: true, to: 4096n, dontUnmap: false, flags: 0 });
  space.madvise(0, 1, 'dontneed');
  space.madvise(0, 1, 4);
  space.pkeyMprotect(0, 1n, 'r', -1);
  isSame<ReturnType<AddressSpace['processMadvise']>, number>(true);
  space.processMadvise([{ address: 0, length: 1n }], 'cold', { fromOther: true, flags: 0 });
  // @ts-expect-error a range has a length
  space.processMadvise([{ address: 0 }], 'cold');
  space.mlock(0, 1, { onFault: true, flags: 1 });
  space.mlockAll({ current: true });
  space.mlockAll(1);
  space.msync(0, 1, { async: true });
  space.msync(0, 1, 1);
  space.mbind(0, 1, { mode: 'bind', nodes: [0], flags: 0 });
  space.mbind(0, 1, { mode: 0x8002, nodes: [0] as const, strict: true, move: true, moveAll: false, staticNodes: true });
  // @ts-expect-error there is no such mode
  space.mbind(0, 1, { mode: 'anywhere' });
  // @ts-expect-error a mode is needed
  space.mbind(0, 1, { nodes: [0] });
  space.setMempolicy({ mode: 'weighted_interleave', nodes: [0] });
  // @ts-expect-error what happens to pages is mbind's
  space.setMempolicy({ mode: 'local', move: true });
  isSame<ReturnType<AddressSpace['getMempolicy']>, Mempolicy>(true);
  isSame<Mempolicy['mode'], MempolicyMode | undefined>(true);
  space.getMempolicy({ address: 0n, node: true, memsAllowed: false, flags: 3 });
  runOnNode(currentNode());
  space.mseal(0, 1, 0);
  isSame<ReturnType<AddressSpace['brk']>, number>(true);
  isSame<ReturnType<AddressSpace['fork']>, AddressSpace>(true);
  isSame<ReturnType<AddressSpace['exit']>, void>(true);
  isSame<ReturnType<AddressSpace['reap']>, boolean>(true);
  isSame<ReturnType<AddressSpace['mincore']>, Uint8Array>(true);
  isSame<ReturnType<AddressSpace['status']>, Record<string, number>>(true);
  isSame<ReturnType<AddressSpace['stats']>, Stats>(true);
  isSame<ReturnType<typeof AddressSpace.open>, AddressSpace>(true);
}

export function observers(): void {
  isSame<ReturnType<AddressSpace['observe']>, SpaceObserver>(true);
  isSame<ReturnType<SpaceObserver['take']>, Invalidation[]>(true);
  isSame<Invalidation['reason'], InvalidationReason>(true);
  const options: ObserveOptions = { most: 1 };
  using observer = space.observe(options);
  observer.take();
  isSame<Invalidation['start' | 'end'], number>(true);
  // @ts-expect-error a space makes observers
  new SpaceObserver();
  // @ts-expect-error there is no such reason
  const reason: InvalidationReason = 'flush';
  space.observe({ most: Number(reason) });
}

export function faults(): void {
  isSame<Access, 'read' | 'write' | 'exec'>(true);
  const result: number = space.fault(0n, 'exec') & FaultResult.OUTCOME;
  space.faultArch('arm64', 0, 0);
  // @ts-expect-error there is no such architecture
  space.faultArch('mips', 0, 0);
  // @ts-expect-error there is no such access
  space.fault(0, 'look');
  // @ts-expect-error an address is no text
  space.fault('0x1000', 'read');
  const served: number = space.faultMany(new BigUint64Array(1), 'read', new Uint8Array(1));
  // @ts-expect-error plain arrays would cost more than the faults
  space.faultMany([1, 2], 'read');
  // @ts-expect-error the results are numbers of a frozen object
  FaultResult.MINOR = 7;
  void [result, served];
}

export function looking(): void {
  isSame<ReturnType<AddressSpace['find']>, Vma | undefined>(true);
  const vma = space.find(0);
  // @ts-expect-error there may be none
  void vma.start;
  for (const vma of space) {
    const { start, end, prot, shared, flags, offset } = vma;
    isSame<typeof vma.file, SimFile | undefined>(true);
    isSame<typeof vma.name, string | undefined>(true);
    const facts: [number, number, string, boolean, string[], number] = [start, end, prot, shared, flags, offset];
    void facts;
  }
  const bytes: Buffer = space.read(0, 1);
  space.write(0, bytes);
  // @ts-expect-error bytes are bytes
  space.write(0, 'text');
}

export function files(): void {
  new SimFile({ length: 1, fill: 0, mode: 'ro', name: '/a' });
  isSame<ReturnType<typeof file.truncate>, void>(true);
  file.truncate(1n);
  file.punchHole(0, 4096n);
  // @ts-expect-error a hole has a length
  file.punchHole(0);
  // @ts-expect-error a length is needed
  new SimFile({ name: '/a' });
  const bytes: Buffer = file.read(0n, 1);
  file.write(0, bytes);
  // @ts-expect-error its length changes by what is written
  file.length = 0;
}

export async function replays(): Promise<void> {
  const report: ReplayReport = await replay('trace', {
    policies: ['per-vma'],
    pace: 'recorded',
    signal: new AbortController().signal,
    onProgress: ({ stage, done, total }) => void [stage, done, total],
  });
  const waits: WaitSummary[] = report.policies.map((policy: PolicyReport) => policy.mmapLock.read);
  // @ts-expect-error there is no such pace
  await replay('trace', { pace: 'slow' });
  void waits;
}

export async function userfaults(): Promise<void> {
  const uffd: Userfaultfd = space.userfaultfd({
    sigbus: true,
    exactAddress: false,
    wpUnpopulated: true,
    wpAsync: true,
    features: 0,
  });
  uffd.register(0n, 4096, { missing: true, wp: true, minor: false });
  uffd.register(0, 4096, 7);
  uffd.copy(0, new Uint8Array(4096), { wp: true, wake: false, flags: 0 });
  uffd.zeropage(0, 4096, { wake: false });
  uffd.continue(0, 4096, { wp: true });
  uffd.poison(0n, 4096n, { wake: false, flags: 0 });
  uffd.move(0n, 4096, 4096, { allowHoles: true, wake: false, flags: 0 });
  uffd.writeProtect(0, 4096, true);
  isSame<ReturnType<Userfaultfd['read']>, UserfaultEvent | undefined>(true);
  for await (const { kind } of uffd) {
    const one: 'missing' | 'wp' | 'minor' = kind;
    void one;
  }
  const disposable: Disposable = uffd;
  // @ts-expect-error there is no such mode
  uffd.register(0, 4096, { poison: true });
  // @ts-expect-error zero pages come unprotected
  uffd.zeropage(0, 4096, { wp: true });
  // @ts-expect-error what moves comes unprotected
  uffd.move(0, 4096, 4096, { wp: true });
  // @ts-expect-error nothing comes that could be protected
  uffd.poison(0, 4096, { wp: true });
  // @ts-expect-error only a space makes one
  new Userfaultfd();
  void disposable;
}

export async function userfaultChanges(): Promise<void> {
  const uffd = space.userfaultfd({ events: ['unmap', 'remap'] });
  isSame<typeof uffd, Userfaultfd<'unmap' | 'remap'>>(true);
  for await (const event of uffd) {
    if (event.kind === 'unmap') isSame<typeof event, UserfaultUnmap>(true);
    else if (event.kind === 'remap') isSame<typeof event, UserfaultRemap>(true);
    else isSame<typeof event, UserfaultFault>(true); // removals were not asked for
  }
  const some: UserfaultfdOptions = { events: ['remove'] };
  isSame<UserfaultChange, 'fork' | 'remap' | 'remove' | 'unmap'>(true);
  space.userfaultfd(some) satisfies Userfaultfd<UserfaultChange>;
  // @ts-expect-error there is no such change
  space.userfaultfd({ events: ['exec'] });
}

export function errors(error: unknown): void {
  if (error instanceof VmalockError) {
    isSame<typeof error.code, string>(true);
    isSame<typeof error.errno, number | undefined>(true);
    isSame<typeof error.done, number | undefined>(true);
    isSame<typeof error.siCode, 'SEGV_MAPERR' | 'SEGV_ACCERR' | 'BUS_ADRERR' | 'BUS_MCEERR_AR' | undefined>(true);
  }
  if (error instanceof TraceError) isSame<typeof error.line, number>(true);
}

export function names(): void {
  isSame<Bytes, number | bigint>(true);
  isSame<PolicyName, 'mmap-lock' | 'per-vma' | 'per-vma-wait'>(true);
  const era: FaultEra = 'linux-6.18';
  const event: UserfaultEvent = { address: 0, access: 'read', kind: 'missing', threadId: 1 };
  void [era, event];
}
