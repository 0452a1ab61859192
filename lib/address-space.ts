import * as workers from 'node:worker_threads';
import {
  type AddressSpaceLimits,
  type AddressSpaceOptions,
  createSpace,
  limitArguments,
  readLimits,
} from './address-space-options';
import { VmalockError } from './errors';
import { type Access, accessCode } from './fault-result';
import { addressArray, byteArray, newBuffer, newByteArray, rangeWords } from './internal/arrays';
import { NativeCode } from './internal/errors.generated';
import { type Handle, native } from './internal/native';
import { bits, bytes, choice, invalidArgument, isOn, object, outOfRange, text, wholeNumber } from './internal/options';
import { errorOf, faultSucceeded, succeeded } from './internal/raise';
import { type KhugepagedOptions, khugepagedLimits } from './khugepaged';
import { adviceNumber } from './madvise';
import { mappingFrom, type Vma } from './mapping';
import { mdweBits, mdweFrom, type MdweOptions } from './mdwe';
import {
  type GetMempolicyOptions,
  mbindFlags,
  type MbindOptions,
  type Mempolicy,
  mempolicyFrom,
  type MempolicyOptions,
  policyArguments,
  question,
} from './mempolicy';
import { type MlockAllOptions, mlockAllFlags, mlockFlags, type MlockOptions } from './mlock';
import { mmapFlags, type MmapOptions } from './mmap';
import { mremapFlags, type MremapOptions } from './mremap';
import { msyncFlags, type MsyncOptions } from './msync';
import type { PolicyName } from './policy';
import { overcommitArguments, type OvercommitOptions, type OvercommitState, readOvercommit } from './overcommit';
import { type Prot, protBits } from './protection';
import { SimFile } from './sim-file';
import { readStats, type Stats } from './stats';
import { readStatus, statmText, statusText } from './status';
import { thpDisableFlags, thpDisableFrom, type ThpDisableOptions, type ThpDisableState } from './thp-disable';
import type { AddressRange, Bytes } from './units';
import { mostRanges, type ObserveOptions, SpaceObserver } from './space-observer';
import type { UserfaultChange } from './userfault-event';
import { Userfaultfd, userfaultfdFeatures, type UserfaultfdOptions } from './userfaultfd';

const { constants } = native;
const ARCHITECTURES = ['x86', 'arm64', 'ppc64'];

/** A space made elsewhere: by fork, or by another thread. */
class Adopted {
  constructor(readonly handle: Handle) {}
}

/** Frees what nobody closed. */
const forgotten = new FinalizationRegistry<Handle>((handle) => native.spaceClose(handle));

/** From Node.js 22.10 on, posting a space to another thread is an error instead of an empty object. */
const { markAsUncloneable } = workers as { markAsUncloneable?: (object: object) => void };

/** Where native.read() and native.write() tell how many bytes they moved. */
const moved = new Float64Array(1);

/**
 * A simulated process address space: mappings, their page tables, and the locks that guard them.
 *
 * Addresses and lengths are {@link Bytes}; lengths round up to whole pages. Calls finish before they return, and may be
 * made from several threads at once ({@link AddressSpace.share}). A space holds native memory until
 * {@link AddressSpace.close}; `using` does it for you, and the garbage collector does it for those who forget.
 *
 * Every method throws `ERR_VMALOCK_CLOSED` after that, `ERR_VMALOCK_INVALID_ARG` and `ERR_VMALOCK_OUT_OF_RANGE` for
 * arguments that no call can take, and otherwise what its Linux namesake answers, as {@link VmalockError}. Unless the
 * method says so, nothing has changed then.
 *
 * @example
 * using space = new AddressSpace({ policy: 'per-vma' });
 * const start = space.mmap({ length: 2 * space.pageSize, prot: 'rw' });
 * space.fault(start, 'write');
 * space.stats().minorFaults; // 1
 *
 * @throws {VmalockError} `EINVAL` for an unknown policy or era, `ENOMEM` when the host is out of memory
 * @see docs/locking.md for what each policy locks, and when
 * @see docs/differences.md for where the model differs from Linux
 */
export class AddressSpace implements Disposable, Iterable<Vma> {
  /** Bytes of a page. */
  readonly pageSize: number = constants.PAGE_SIZE;
  /** How faults find and hold a mapping. */
  readonly policy: PolicyName;
  #handle: Handle;
  /** Those that are open. As long as the space is reachable they are. */
  readonly #userfaultfds = new Set<Userfaultfd<UserfaultChange>>();
  readonly #observers = new Set<SpaceObserver>();

  constructor(options?: AddressSpaceOptions);
  /** @internal */
  constructor(adopted: Adopted);
  constructor(options: AddressSpaceOptions | Adopted = {}) {
    this.#handle = options instanceof Adopted ? options.handle : createSpace(options);
    this.policy = native.spacePolicy(this.#handle) as PolicyName;
    forgotten.register(this, this.#handle, this);
    markAsUncloneable?.(this);
  }

  /** The handle of an open space. */
  static #of(space: AddressSpace): Handle {
    const handle = AddressSpace.#ofAny(space);
    if (handle === 0) throw new VmalockError('ERR_VMALOCK_CLOSED', 'the address space is closed');
    return handle;
  }

  /** The handle of a space: 0 when it is closed. */
  static #ofAny(space: AddressSpace): Handle {
    if (typeof space === 'object' && space !== null && #handle in space) return space.#handle;
    throw new VmalockError('ERR_VMALOCK_ILLEGAL_INVOCATION', 'a method of AddressSpace was called on something else');
  }

  /**
   * mmap(2).
   *
   * @returns the address, in bytes
   * @throws {VmalockError} `EINVAL`, `ENOMEM` (no gap is large enough, a limit), `EEXIST` (`fixed: 'noreplace'`),
   *   `EACCES` (the file's mode, {@link AddressSpace.setMdwe}), `EPERM`, `EAGAIN`, `EOVERFLOW`, `EOPNOTSUPP`, `EBADF`. Shared anonymous
   *   memory that is too much to promise (`ENOMEM`), and MAP_SYNC of a file of a disk (`EOPNOTSUPP`), leave a gap where they were to replace
   *   something with `fixed: true`
   *
   * @example
   * const stack = space.mmap({ length: 65536, growsDown: true });
   */
  mmap(options: MmapOptions): number {
    AddressSpace.#of(this);
    const { length, address = 0, prot = 'rw', file, offset = 0 } = object('options', options);
    const flags = mmapFlags(options);
    const at = native.map(
      AddressSpace.#of(this), // once more: a getter of the options may have closed it
      bytes('address', address),
      bytes('length', length),
      protBits('prot', prot),
      flags,
      file === undefined ? 0 : SimFile.handleOf('file', file),
      bytes('offset', offset),
    );
    return succeeded(at, 'mmap', address, length);
  }

  /** munmap(2). @throws {VmalockError} `EINVAL`; `ENOMEM` when a split would exceed the map limit (splits made before stay) */
  munmap(address: Bytes, length: Bytes): void {
    const handle = AddressSpace.#of(this);
    succeeded(native.unmap(handle, bytes('address', address), bytes('length', length)), 'munmap', address, length);
  }

  /**
   * mprotect(2).
   *
   * @param options `growsDown`: from the start of the mapping that holds `address`, a stack, on
   * @throws {VmalockError} `EINVAL`, `EACCES`; `ENOMEM` for a hole: what lies before it has changed
   */
  mprotect(address: Bytes, length: Bytes, prot: Prot, options: { growsDown?: boolean; growsUp?: boolean } = {}): void {
    AddressSpace.#of(this);
    const { growsDown, growsUp } = object('options', options);
    const protection =
      protBits('prot', prot) |
      (isOn('growsDown', growsDown) ? constants.PROT_GROWSDOWN : 0) |
      (isOn('growsUp', growsUp) ? constants.PROT_GROWSUP : 0);
    const handle = AddressSpace.#of(this);
    const result = native.protect(handle, bytes('address', address), bytes('length', length), protection >>> 0);
    succeeded(result, 'mprotect', address, length);
  }

  /**
   * pkey_mprotect(2) of a machine that has no protection keys.
   *
   * @param key -1: as {@link AddressSpace.mprotect}; no other has been allocated, nor can it be
   * @throws {VmalockError} `EINVAL` for another key; otherwise as {@link AddressSpace.mprotect}
   */
  pkeyMprotect(address: Bytes, length: Bytes, prot: Prot, key: number): void {
    const handle = AddressSpace.#of(this);
    const at = bytes('address', address);
    const size = bytes('length', length);
    const number = wholeNumber('key', key, -(2 ** 31), 2 ** 31 - 1);
    succeeded(native.pkeyProtect(handle, at, size, protBits('prot', prot), number), 'pkey_mprotect', address, length);
  }

  /**
   * mremap(2): resizes, and may move.
   *
   * @returns the new address, in bytes
   * @throws {VmalockError} `EINVAL`, `EFAULT` (nothing is mapped there), `ENOMEM` (no room), `EAGAIN`, `EPERM`
   *
   * @example
   * const grown = space.mremap(start, 4096, 8192, { mayMove: true });
   */
  mremap(address: Bytes, oldLength: Bytes, newLength: Bytes, options: MremapOptions = {}): number {
    AddressSpace.#of(this);
    const flags = mremapFlags(object('options', options));
    const { to = 0 } = options;
    const at = native.remap(
      AddressSpace.#of(this),
      bytes('address', address),
      bytes('oldLength', oldLength),
      bytes('newLength', newLength),
      flags,
      bytes('to', to),
    );
    return succeeded(at, 'mremap', address, oldLength);
  }

  /**
   * madvise(2).
   *
   * @param advice the lower-case name behind MADV_ ('dontneed', 'willneed', ...), or Linux's number
   * @throws {VmalockError} `EINVAL`; `ENOMEM` for a hole: the rest has been advised all the same; `EACCES` for remove of
   *   anything but a shared mapping that could be made writable. 'collapse' ends at the first 2 MiB that cannot be a huge
   *   page: `EINVAL`, or `ENOMEM` where no 2 MiB of frames are free
   */
  madvise(address: Bytes, length: Bytes, advice: string | number): void {
    const handle = AddressSpace.#of(this);
    const number = adviceNumber(advice);
    const result = native.advise(handle, bytes('address', address), bytes('length', length), number);
    succeeded(result, `madvise ${advice}`, address, length);
  }

  /**
   * process_madvise(2): one advice for many ranges, each in turn, up to the first that is refused.
   *
   * @param ranges at most 1024; of all of them the first 2 GiB less a page are looked at
   * @param options `fromOther`: as if another process called, which may advise cold, pageout, willneed and collapse only
   * @returns how many bytes were advised
   * @throws {VmalockError} when the first range is refused: `EFAULT` beyond the user half, otherwise as {@link AddressSpace.madvise};
   *   `EINVAL` for a flag, for too many ranges, and for what another process may not advise
   *
   * @example
   * space.processMadvise([{ address: start, length: 4096 }, { address: start + 65536, length: 8192 }], 'dontneed'); // 12288
   */
  processMadvise(
    ranges: readonly AddressRange[],
    advice: string | number,
    options: { fromOther?: boolean; flags?: number } = {},
  ): number {
    AddressSpace.#of(this);
    const words = rangeWords('ranges', ranges);
    const number = adviceNumber(advice);
    const { fromOther, flags = 0 } = object('options', options);
    const asOther = isOn('fromOther', fromOther) ? 1 : 0;
    const flagBits = bits('flags', flags);
    const result = native.processMadvise(AddressSpace.#of(this), words, number, flagBits, asOther);
    return succeeded(result, `process_madvise ${advice}`);
  }

  /**
   * One pass of Linux's khugepaged: in mappings that want huge pages (option `thp`, `madvise(..., 'hugepage')`), 2 MiB of small pages
   * become a huge one.
   *
   * @returns how many huge pages it made
   *
   * @example
   * space.madvise(start, 2 ** 21, 'hugepage');
   * space.khugepaged({ maxPtesNone: 0 }); // only where all 512 pages are there
   */
  khugepaged(options?: KhugepagedOptions): number {
    const handle = AddressSpace.#of(this);
    const { maxPtesNone, maxPtesSwap, maxPtesShared } = khugepagedLimits(options);
    return native.khugepaged(handle, maxPtesNone, maxPtesSwap, maxPtesShared);
  }

  /**
   * mlock(2), and with options mlock2(2): marks pages as locked, then brings them in.
   *
   * @param address rounded down to a whole page; the end is rounded up
   * @throws {VmalockError} `EINVAL`; `EPERM` and `ENOMEM` for the limit on locked memory; `ENOMEM` for a hole: what lies before it is
   *   locked, but nothing is brought in; `ENOMEM` or `EAGAIN` for pages that cannot be brought in: all is locked
   *
   * @example
   * space.mlock(start, 8192);
   * space.status().VmLck; // 8192
   */
  mlock(address: Bytes, length: Bytes, options?: MlockOptions): void {
    const handle = AddressSpace.#of(this);
    const flags = mlockFlags(options);
    succeeded(
      native.mlock(handle, bytes('address', address), bytes('length', length), flags),
      'mlock',
      address,
      length,
    );
  }

  /** munlock(2). @throws {VmalockError} `EINVAL`; `ENOMEM` for a hole: what lies before it is unlocked */
  munlock(address: Bytes, length: Bytes): void {
    const handle = AddressSpace.#of(this);
    succeeded(native.munlock(handle, bytes('address', address), bytes('length', length)), 'munlock', address, length);
  }

  /**
   * mlockall(2): every mapping there is, every one to come, or both.
   *
   * @throws {VmalockError} `EINVAL`; `EPERM` and `ENOMEM` for the limit on locked memory
   */
  mlockAll(options: MlockAllOptions): void {
    succeeded(native.mlockAll(AddressSpace.#of(this), mlockAllFlags(options)), 'mlockall');
  }

  /** munlockall(2), which also ends `future`. */
  munlockAll(): void {
    succeeded(native.munlockAll(AddressSpace.#of(this)), 'munlockall');
  }

  /**
   * mincore(2).
   *
   * @returns a byte for each page: 1 where it is resident
   * @throws {VmalockError} `EINVAL`; `ENOMEM` for a hole
   */
  mincore(address: Bytes, length: Bytes): Uint8Array {
    const handle = AddressSpace.#of(this);
    const pages = Math.ceil(Number(bytes('length', length)) / this.pageSize);
    // No answer has room for more (8 TiB of pages): the first page is asked for the sake of its error.
    const fits = pages <= 2 ** 31;
    const resident = newByteArray(fits ? pages : 1);
    const result = native.mincore(handle, bytes('address', address), fits ? length : this.pageSize, resident);
    succeeded(result, 'mincore', address, length);
    if (!fits) throw errorOf(NativeCode.ENOMEM, 'mincore', address, length);
    return resident;
  }

  /**
   * msync(2). Simulated files hold what was stored at once. With `sync`, pages of files that are of a disk (`writtenBack`) are clean afterwards, as
   * by {@link SimFile.sync}.
   *
   * @throws {VmalockError} `EINVAL`; `ENOMEM` for a hole; `EBUSY` for `invalidate` of locked memory
   */
  msync(address: Bytes, length: Bytes, options?: MsyncOptions): void {
    const handle = AddressSpace.#of(this);
    const flags = msyncFlags(options);
    succeeded(
      native.msync(handle, bytes('address', address), bytes('length', length), flags),
      'msync',
      address,
      length,
    );
  }

  /**
   * mbind(2): gives a range a memory policy, and with `move` takes its pages along.
   *
   * @throws {VmalockError} `EINVAL`; `EPERM` (`moveAll`, unprivileged); `EFAULT` for a hole, which only `default` steps over; `EIO` for
   *   pages that lie elsewhere (`strict`), or with `move` for pages that no node had room for: the range has its policy then;
   *   `ENOMEM` at the map limit: what lies before has its policy
   *
   * @example
   * space.mbind(start, 8192, { mode: 'bind', nodes: [1], move: true });
   */
  mbind(address: Bytes, length: Bytes, options: MbindOptions): void {
    AddressSpace.#of(this);
    const { mode, nodes } = policyArguments(options, 'mbind');
    const flags = mbindFlags(options);
    const handle = AddressSpace.#of(this);
    const result = native.mbind(handle, bytes('address', address), bytes('length', length), mode, nodes, flags);
    succeeded(result, 'mbind', address, length);
  }

  /**
   * set_mempolicy(2), for the whole space and its later forks: what holds where a mapping has no policy of its own.
   *
   * @throws {VmalockError} `EINVAL`, `ENOMEM`
   */
  setMempolicy(options: MempolicyOptions): void {
    AddressSpace.#of(this);
    const { mode, nodes } = policyArguments(options, 'set_mempolicy');
    succeeded(native.setMempolicy(AddressSpace.#of(this), mode, nodes), 'set_mempolicy');
  }

  /**
   * get_mempolicy(2): the policy of the space, or of the mapping at `address`; or a node.
   *
   * @throws {VmalockError} `EINVAL`; `EFAULT` where nothing is mapped, or with `node` nothing can be read; `ENOMEM`
   *
   * @example
   * space.getMempolicy({ address: start, node: true }).node; // 0: the page lies there
   */
  getMempolicy(options: GetMempolicyOptions = {}): Mempolicy {
    AddressSpace.#of(this);
    const { address, flags } = question(options);
    const handle = AddressSpace.#of(this);
    return mempolicyFrom(flags, (nodes) =>
      succeeded(native.getMempolicy(handle, address, flags, nodes), 'get_mempolicy', address),
    );
  }

  /**
   * mseal(2): from now on nobody may unmap, move, resize or protect the range, or map over it. Its pages may be discarded only
   * where the program could as well overwrite them.
   *
   * @param flags none is known
   * @throws {VmalockError} `EINVAL`; `ENOMEM` for a hole, and nothing has changed, or for the limit on mappings
   */
  mseal(address: Bytes, length: Bytes, flags: number = 0): void {
    const handle = AddressSpace.#of(this);
    const result = native.seal(handle, bytes('address', address), bytes('length', length), bits('flags', flags));
    succeeded(result, 'mseal', address, length);
  }

  /**
   * remap_file_pages(2): a range of a shared mapping shows its file from page `pageOffset` on, as a mapping of its own.
   *
   * @param address rounded down to a whole page, and so is `length`
   * @param pageOffset pages into the file, not bytes
   * @param options `nonBlock`: brings nothing in; `prot` has to be 0
   * @throws {VmalockError} `EINVAL` without a shared mapping there, or for a `prot`; `EOVERFLOW`; `ENOMEM`, `EAGAIN` and `EPERM` as
   *   {@link AddressSpace.mmap}
   */
  remapFilePages(
    address: Bytes,
    length: Bytes,
    pageOffset: Bytes,
    options: { prot?: number; nonBlock?: boolean } = {},
  ): void {
    const handle = AddressSpace.#of(this);
    const { prot = 0, nonBlock } = object('options', options);
    const result = native.remapFilePages(
      handle,
      bytes('address', address),
      bytes('length', length),
      bits('prot', prot),
      bytes('pageOffset', pageOffset),
      isOn('nonBlock', nonBlock) ? native.constants.MAP_NONBLOCK : 0,
    );
    succeeded(result, 'remap_file_pages', address, length);
  }

  /**
   * userfaultfd(2): an object with which ranges are registered whose pages the program brings itself. It is closed with this space.
   *
   * @throws {VmalockError} `EINVAL` for features that Linux does not know, `ENOSYS` for those that are not modelled, `EPERM` for
   *   `fork` among the `events` of a space that is not privileged, `ENOMEM`
   *
   * @example
   * using uffd = space.userfaultfd();
   * uffd.register(start, 65536, { missing: true });
   * for await (const { address } of uffd) uffd.copy(address, await pageFromElsewhere(address));
   */
  userfaultfd<C extends UserfaultChange = never>(options: UserfaultfdOptions<C> = {}): Userfaultfd<C> {
    AddressSpace.#of(this);
    const features = userfaultfdFeatures(options);
    const uffd = Userfaultfd.of<C>(AddressSpace.#of(this), features, (closed) => this.#userfaultfds.delete(closed));
    this.#userfaultfds.add(uffd);
    return uffd;
  }

  /**
   * An object that collects which ranges stop being translated as they were, whoever changes them: what a simulator's TLB has to forget.
   * It is closed with this space; children that are forked are not observed.
   *
   * Waits until no fault is under way, so that nothing is missed from here on.
   *
   * @throws {VmalockError} `ENOMEM`
   *
   * @example
   * using observer = space.observe();
   * space.mprotect(start, 4096, 'r');
   * observer.take(); // [{ start, end: start + 4096, reason: 'protect' }]
   */
  observe(options: ObserveOptions = {}): SpaceObserver {
    AddressSpace.#of(this);
    const most = mostRanges(options);
    const observer = SpaceObserver.of(AddressSpace.#of(this), most, (closed) => this.#observers.delete(closed));
    this.#observers.add(observer);
    return observer;
  }

  /**
   * setrlimit(2): what is beyond a new limit stays, what asks for more is refused.
   *
   * @param limits those that change; the others stay
   *
   * @example
   * space.setLimits({ memlock: 65536, as: Infinity });
   */
  setLimits(limits: AddressSpaceLimits): void {
    AddressSpace.#of(this);
    const values = limitArguments(limits);
    native.setLimits(AddressSpace.#of(this), ...values);
  }

  /** getrlimit(2): all limits as they are now, Infinity for none. */
  limits(): Required<AddressSpaceLimits> {
    return readLimits(AddressSpace.#of(this));
  }

  /** capset(2): gives the space the rights of root, or takes them: see {@link AddressSpaceOptions}. */
  setPrivileged(privileged: boolean): void {
    const handle = AddressSpace.#of(this);
    if (typeof privileged !== 'boolean') throw invalidArgument('privileged', 'true or false', privileged);
    native.setPrivileged(handle, privileged ? 1 : 0);
  }

  /** Has the space the rights of root? */
  isPrivileged(): boolean {
    return native.privileged(AddressSpace.#of(this)) === 1;
  }

  /**
   * prctl(2) with PR_SET_MDWE, for good: from now on mmap of what is both writable and executable is `EACCES`, and so is mprotect that
   * makes executable what was not, or leaves it both.
   *
   * @param options or Linux's PR_MDWE_ bits
   * @throws {VmalockError} `EINVAL` (`noInherit` alone, an unknown bit); `EPERM` for other options than those that hold
   *
   * @example
   * space.setMdwe({ refuseExecGain: true });
   * space.mmap({ length: 4096, prot: 'rx' }); // code from a file, or none
   */
  setMdwe(options: MdweOptions | number): void {
    AddressSpace.#of(this);
    const mdwe = mdweBits(options);
    succeeded(native.setMdwe(AddressSpace.#of(this), mdwe), 'prctl');
  }

  /** PR_GET_MDWE: what {@link AddressSpace.setMdwe} asked for. */
  mdwe(): Required<MdweOptions> {
    return mdweFrom(native.mdwe(AddressSpace.#of(this)));
  }

  /**
   * prctl(2) with PR_SET_THP_DISABLE: whatever {@link AddressSpaceOptions.thp} says, no faults, MADV_COLLAPSE or
   * {@link AddressSpace.khugepaged} make huge pages from now on where there are none. Those that are there stay; forks inherit it.
   *
   * @param disabled false: as the option says again
   * @throws {VmalockError} `EINVAL` for an unknown flag, or for one with `disabled` false
   *
   * @example
   * space.setThpDisable(true, { exceptAdvised: true });
   * space.madvise(start, 2 ** 21, 'hugepage'); // here faults bring them still
   */
  setThpDisable(disabled: boolean, options: ThpDisableOptions = {}): void {
    AddressSpace.#of(this);
    if (typeof disabled !== 'boolean') throw invalidArgument('disabled', 'true or false', disabled);
    const flags = thpDisableFlags(options);
    succeeded(native.setThpDisable(AddressSpace.#of(this), disabled ? 1 : 0, flags), 'prctl');
  }

  /** PR_GET_THP_DISABLE: what {@link AddressSpace.setThpDisable} asked for. */
  thpDisable(): ThpDisableState {
    return thpDisableFrom(native.thpDisable(AddressSpace.#of(this)));
  }

  /**
   * `vm.overcommit_memory` and its kin: how the machine of the space and its forks promises memory from now on. What was promised stays.
   *
   * @param options those that change; the others stay
   *
   * @example
   * space.setOvercommit({ mode: 'never', limit: 1 << 20 });
   */
  setOvercommit(options: OvercommitOptions): void {
    AddressSpace.#of(this);
    const values = overcommitArguments(options);
    native.setOvercommit(AddressSpace.#of(this), ...values);
  }

  /** How the machine of the space promises memory, and how much it has promised. */
  overcommit(): OvercommitState {
    return readOvercommit(AddressSpace.#of(this));
  }

  /**
   * brk(2) as the system call has it: never throws for a refusal.
   *
   * @param address bytes; left out, or 0: only asks
   * @returns the break afterwards, in bytes: the old one for a refusal
   */
  brk(address: Bytes = 0): number {
    return native.brk(AddressSpace.#of(this), bytes('address', address));
  }

  /**
   * fork(2): a copy with the same policy and the same pool of frames, whose pages are copied when one of the two writes. The child of a
   * vfork(2) acts in its parent's space: that is the space itself, or {@link AddressSpace.share} for another thread.
   *
   * In a worker it waits until those {@link Userfaultfd}s that are to be told of forks have been read.
   *
   * @throws {VmalockError} `ENOMEM`
   */
  fork(): AddressSpace {
    return new AddressSpace(new Adopted(succeeded(native.spaceFork(AddressSpace.#of(this)), 'fork')));
  }

  /**
   * What the end of a process does to its space: every mapping goes, sealed or not, with the heap. Pages go first, so that
   * {@link AddressSpace.reap} of another thread may run beside it. The space stays open, and is empty.
   *
   * @throws {VmalockError} `ENOMEM`, and only pages have gone
   */
  exit(): void {
    succeeded(native.spaceExit(AddressSpace.#of(this)), 'exit');
  }

  /**
   * As Linux's OOM reaper: takes the pages of all private mappings away, locked and sealed ones too, beside whatever other threads do.
   * What they said is lost; from now on an access to private memory of this space is a SIGBUS.
   *
   * @returns false: a writer has mmap_lock, and nothing has changed; try again
   */
  reap(): boolean {
    const code = native.spaceReap(AddressSpace.#of(this));
    if (code === NativeCode.EAGAIN) return false;
    succeeded(code, 'reap');
    return true;
  }

  /**
   * Makes the VMA that covers `address` end or begin there, without any other change. Linux does so on the way to
   * something else.
   *
   * @throws {VmalockError} `EINVAL` when it is not a multiple of the page size, `EFAULT` in a hole, `ENOMEM` at the map limit
   */
  split(address: Bytes): void {
    succeeded(native.split(AddressSpace.#of(this), bytes('address', address)), 'split', address);
  }

  /**
   * Resolves one fault, as the page-fault handler would. Never throws for what a program may do, and allocates nothing. For a page that a
   * {@link Userfaultfd} is to bring it waits in a worker, and returns `FaultResult.USERFAULT` on the main thread.
   *
   * @returns a {@link FaultResult}
   */
  fault(address: Bytes, access: Access): number {
    return native.fault(AddressSpace.#of(this), bytes('address', address), accessCode(access));
  }

  /**
   * The same from an architecture's own fault word.
   *
   * @param word x86 error code, arm64 ESR, ppc64 DSISR with exec in bit 31
   * @returns a {@link FaultResult}
   */
  faultArch(arch: 'x86' | 'arm64' | 'ppc64', address: Bytes, word: number): number {
    const handle = AddressSpace.#of(this);
    return native.faultArch(
      handle,
      choice('arch', arch, ARCHITECTURES),
      bytes('address', address),
      wholeNumber('word', word, 0, Number.MAX_SAFE_INTEGER),
    );
  }

  /**
   * Many faults in order, for the price of one crossing into native code.
   *
   * @param results a {@link FaultResult} for each address is stored here
   * @returns how many ended minor or major
   * @throws {VmalockError} `ERR_VMALOCK_OUT_OF_RANGE` when an element is no address or `results` is shorter
   */
  faultMany(addresses: BigUint64Array | Float64Array, access: Access, results?: Uint8Array): number {
    const handle = AddressSpace.#of(this);
    addressArray('addresses', addresses);
    if (results !== undefined && byteArray('results', results).length < addresses.length)
      throw outOfRange('results.length', `${addresses.length} or more`, results.length);
    const served = native.faultMany(handle, addresses, accessCode(access), results);
    if (served < 0) bytes(`addresses[${-1 - served}]`, addresses[-1 - served] ?? Number.NaN);
    return served;
  }

  /**
   * Bytes through the page tables, faulting as a program would.
   *
   * @param length bytes
   * @throws {VmalockError} `SIGSEGV` or `SIGBUS` with the address that gave it, `ENOMEM`; `ERR_VMALOCK_USERFAULT` on the main thread
   */
  read(address: Bytes, length: number): Buffer {
    const handle = AddressSpace.#of(this);
    bytes('address', address);
    const buffer = newBuffer('length', length);
    AddressSpace.#transferred(native.read(handle, address, buffer, moved), 'read', address);
    return buffer;
  }

  /**
   * Stores bytes through the page tables, faulting as a program would.
   *
   * @throws {VmalockError} `SIGSEGV` or `SIGBUS` with the address that gave it, `ENOMEM`; `ERR_VMALOCK_USERFAULT` on the main thread; bytes
   *   before it are stored
   */
  write(address: Bytes, data: Uint8Array): void {
    const handle = AddressSpace.#of(this);
    bytes('address', address);
    AddressSpace.#transferred(native.write(handle, address, byteArray('bytes', data), moved), 'write', address);
  }

  static #transferred(code: number, what: string, address: Bytes): void {
    if (code < 0) throw errorOf(code, what, BigInt(address) + BigInt(moved[0] ?? 0));
  }

  /** Fetches an instruction, faulting as a program would. @throws {VmalockError} `SIGSEGV`, `SIGBUS`, `ENOMEM` */
  exec(address: Bytes): void {
    const result = native.fault(AddressSpace.#of(this), bytes('address', address), accessCode('exec'));
    faultSucceeded(result, 'exec', address);
  }

  /** The mapping that covers `address`; undefined where nothing is mapped. */
  find(address: Bytes): Vma | undefined {
    const vma = mappingFrom(AddressSpace.#of(this), bytes('address', address));
    return vma !== undefined && vma.start <= address ? vma : undefined;
  }

  /** The mappings, ascending, each as it is when it is reached: changes in between are seen. */
  *[Symbol.iterator](): IterableIterator<Vma> {
    let vma: Vma | undefined;
    for (let from = 0; (vma = mappingFrom(AddressSpace.#of(this), from)) !== undefined; from = vma.end) yield vma;
  }

  /** The text of /proc/PID/maps at one moment, byte for byte as Linux prints it. @throws {VmalockError} `ENOMEM` */
  maps(): string {
    return AddressSpace.#text(native.maps(AddressSpace.#of(this)), 'maps');
  }

  /**
   * The text of /proc/PID/smaps: {@link AddressSpace.maps} with what the pages of each mapping come to. Numbers are kB, as Linux prints
   * them. Pages of files count as mapped once.
   *
   * @throws {VmalockError} `ENOMEM`
   *
   * @example
   * /^Rss: +(\d+) kB$/m.exec(space.smaps()); // of the first mapping
   */
  smaps(): string {
    return AddressSpace.#text(native.smaps(AddressSpace.#of(this)), 'smaps');
  }

  /** The text of /proc/PID/smaps_rollup: the same, summed over all mappings. @throws {VmalockError} `ENOMEM` */
  smapsRollup(): string {
    return AddressSpace.#text(native.smapsRollup(AddressSpace.#of(this)), 'smaps_rollup');
  }

  static #text(result: string | number, what: string): string {
    if (typeof result === 'number') throw errorOf(result, what);
    return result;
  }

  /** What /proc/PID/status tells, by its names (VmSize, VmRSS, VmLck, ...), in bytes; and a few counts of our own. */
  status(): Record<string, number> {
    return readStatus(AddressSpace.#of(this));
  }

  /** The lines of /proc/PID/status that tell of memory, VmPeak to HugetlbPages, as Linux prints them: in kB. */
  statusText(): string {
    return statusText(readStatus(AddressSpace.#of(this)));
  }

  /** The text of /proc/PID/statm: size, resident, shared, text, 0, data and stack, 0; in pages. */
  statm(): string {
    return statmText(readStatus(AddressSpace.#of(this)));
  }

  /** What was counted since the space began. */
  stats(): Stats {
    return readStats(AddressSpace.#of(this));
  }

  /** Walks everything: index, mappings, page tables, frames, counts. @throws {VmalockError} `ERR_VMALOCK_BROKEN` with what is wrong */
  validate(): void {
    const result = native.validate(AddressSpace.#of(this));
    if (typeof result === 'string') throw new VmalockError('ERR_VMALOCK_BROKEN', `a broken invariant: ${result}`);
    succeeded(result, 'validate');
  }

  /**
   * A token with which {@link AddressSpace.open} opens this space in another worker_thread: plain text that may be
   * posted. It names the space for as long as it is open anywhere.
   *
   * @example
   * new Worker('./worker.js', { workerData: space.share() });
   */
  share(): string {
    const result = native.spaceShare(AddressSpace.#of(this));
    if (typeof result === 'number') throw errorOf(result, 'share');
    return result;
  }

  /**
   * Opens a space that another thread shares. Both then work on the same one, in parallel, and each closes its own.
   *
   * @throws {VmalockError} `ERR_VMALOCK_STALE_TOKEN` when the token names no open space of this process
   *
   * @example
   * using space = AddressSpace.open(workerData);
   */
  static open(token: string): AddressSpace {
    const handle = native.spaceOpen(text('token', token));
    if (handle === 0)
      throw new VmalockError(
        'ERR_VMALOCK_STALE_TOKEN',
        'the token names no open address space of this process: it must stay open until it was opened here',
      );
    return new AddressSpace(new Adopted(succeeded(handle, 'open')));
  }

  /**
   * Lets go of the space, and closes the userfaultfds and observers made of it; its memory is freed when no other thread has it open. Closing again
   * does nothing.
   */
  close(): void {
    const handle = AddressSpace.#ofAny(this);
    if (handle === 0) return;
    for (const uffd of this.#userfaultfds) uffd.close();
    for (const observer of this.#observers) observer.close();
    forgotten.unregister(this);
    this.#handle = 0;
    native.spaceClose(handle);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
