/**
 * Pages that a program brings itself: a simulated userfaultfd.
 */
import { VmalockError } from './errors';
import { byteArray } from './internal/arrays';
import { NativeCode } from './internal/errors.generated';
import { type Handle, native } from './internal/native';
import { bits, bytes, isOn, object } from './internal/options';
import { errorOf, succeeded } from './internal/raise';
import type { Bytes } from './units';
import { changeFeatures, EVENT_NUMBERS, readEvent, type UserfaultChange, type UserfaultEvent } from './userfault-event';
import { EventWaiters } from './userfault-events';

const { constants } = native;

export interface UserfaultfdOptions<C extends UserfaultChange = UserfaultChange> {
  /** No events: an access that would make one gives SIGBUS. @defaultValue false */
  sigbus?: boolean;
  /** Events tell the byte that was accessed, not its page. @defaultValue false */
  exactAddress?: boolean;
  /** Write protection holds for private anonymous memory where no page is, too. @defaultValue false */
  wpUnpopulated?: boolean;
  /** A write lifts the protection of its page by itself, and no event tells; with it goes `wpUnpopulated`. @defaultValue false */
  wpAsync?: boolean;
  /** Events tell which thread's access they are. @defaultValue false */
  threadId?: boolean;
  /**
   * Which changes of registered memory are told, too. A worker's call waits until its event has been read; one on the main thread does
   * not. Until then calls that bring pages are `EAGAIN`. @defaultValue none
   */
  events?: readonly C[];
  /**
   * Linux's UFFD_FEATURE_ bits; the options above are or-ed to it. Changes that are asked for by bits are told, but are not in the type of
   * the events: that is what `events` is for. @defaultValue 0
   */
  features?: number;
}

/** Which faults of a range are told; a number takes UFFDIO_REGISTER_MODE_ bits. */
export type UserfaultModes =
  | {
      /** Where no page is. @defaultValue false */
      missing?: boolean;
      /** Writes to pages that {@link Userfaultfd.writeProtect} protected. @defaultValue false */
      wp?: boolean;
      /** Where the file has a page that the mapping has not seen. @defaultValue false */
      minor?: boolean;
    }
  | number;

export interface UserfaultWakeOptions {
  /** Faults that wait for the pages go on. @defaultValue true */
  wake?: boolean;
  /** Linux's bits for the mode of this request; the options are or-ed to it. @defaultValue 0 */
  flags?: number;
}

export interface UserfaultFillOptions extends UserfaultWakeOptions {
  /** The pages come write-protected. @defaultValue false */
  wp?: boolean;
}

export interface UserfaultMoveOptions extends UserfaultWakeOptions {
  /** Places of the source without a page are stepped over, and not `ENOENT`. @defaultValue false */
  allowHoles?: boolean;
}

/** Called with the one that has been closed. */
type Closed = (uffd: Userfaultfd<UserfaultChange>) => void;

/** What only this file has: a constructor that is called without it was called by a user. */
class Made {
  constructor(
    readonly handle: Handle,
    readonly features: number,
    readonly closed: Closed,
  ) {}
}

/** Closes what nobody closed. */
const forgotten = new FinalizationRegistry<Handle>((handle) => native.uffdClose(handle));

/** Where native code tells how many bytes came. */
const came = new Float64Array(1);
/** Where it tells an event. */
const told = new Float64Array(EVENT_NUMBERS);

/** @internal UFFD_FEATURE_ bits. */
export function userfaultfdFeatures(options: UserfaultfdOptions): number {
  const {
    sigbus,
    exactAddress,
    wpUnpopulated,
    wpAsync,
    threadId,
    events,
    features: more = 0,
  } = object('options', options);
  return (
    (bits('features', more) |
      changeFeatures(events) |
      (isOn('sigbus', sigbus) ? constants.UFFD_FEATURE_SIGBUS : 0) |
      (isOn('exactAddress', exactAddress) ? constants.UFFD_FEATURE_EXACT_ADDRESS : 0) |
      (isOn('wpUnpopulated', wpUnpopulated) ? constants.UFFD_FEATURE_WP_UNPOPULATED : 0) |
      (isOn('wpAsync', wpAsync) ? constants.UFFD_FEATURE_WP_ASYNC : 0) |
      (isOn('threadId', threadId) ? constants.UFFD_FEATURE_THREAD_ID : 0)) >>>
    0
  );
}

function modeBits(modes: UserfaultModes): number {
  if (typeof modes === 'number') return bits('modes', modes);
  const { missing, wp, minor } = object('modes', modes);
  return (
    (isOn('missing', missing) ? constants.UFFD_MODE_MISSING : 0) |
    (isOn('wp', wp) ? constants.UFFD_MODE_WP : 0) |
    (isOn('minor', minor) ? constants.UFFD_MODE_MINOR : 0)
  );
}

/** `dontWake` is the bit of the request that says so. */
function wakeBits(options: UserfaultWakeOptions, dontWake: number): number {
  const { wake, flags = 0 } = object('options', options);
  return (bits('flags', flags) | (wake === undefined || isOn('wake', wake) ? 0 : dontWake)) >>> 0;
}

function fillBits(options: UserfaultFillOptions): number {
  const { wp } = object('options', options);
  return (wakeBits(options, constants.UFFD_COPY_DONTWAKE) | (isOn('wp', wp) ? constants.UFFD_COPY_WP : 0)) >>> 0;
}

/** Passes by when all came. @throws {VmalockError} with what came */
function filled(code: number, syscall: string, address: Bytes, length: Bytes): void {
  if (code < 0) throw errorOf(code, syscall, address, length, { done: came[0] ?? 0 });
}

/** Those of children that nobody has closed: as a file descriptor, none of them goes by itself, which would unregister its memory. */
const adopted = new Set<Userfaultfd<UserfaultChange>>();

/**
 * A simulated userfaultfd: faults of the ranges that are registered with it are told as events, and whoever iterates over them brings
 * the pages. {@link AddressSpace.userfaultfd} makes one.
 *
 * A fault in a worker thread waits until its page is there; its event loop stands still meanwhile. A fault on the main thread never
 * waits: {@link AddressSpace.fault} returns `FaultResult.USERFAULT`, and calls that move bytes or populate throw `ERR_VMALOCK_USERFAULT`. The
 * event is told all the same; repeat the access when its page is there. A worker that is terminated while it waits ends within a
 * tenth of a second.
 *
 * With the option `events` changes of the memory are told, too. While one has not been read yet {@link Userfaultfd.copy} and its kin, and
 * {@link Userfaultfd.writeProtect}, throw `EAGAIN` with nothing done: read on, and try again.
 *
 * It is closed with the space it was made of, and by `using`. Every method throws `ERR_VMALOCK_CLOSED` after that.
 *
 * @example
 * using space = new AddressSpace();
 * const start = space.mmap({ length: 16 * space.pageSize });
 * using uffd = space.userfaultfd();
 * uffd.register(start, 16 * space.pageSize, { missing: true });
 * space.fault(start, 'read'); // FaultResult.USERFAULT
 * for await (const { address } of uffd) {
 *   uffd.copy(address, Buffer.alloc(space.pageSize, 7));
 *   break;
 * }
 * space.read(start, 1)[0]; // 7
 *
 * @see docs/userfaultfd.md
 */
export class Userfaultfd<C extends UserfaultChange = never> implements AsyncIterable<UserfaultEvent<C>>, Disposable {
  #handle: Handle;
  readonly #features: number;
  readonly #waiters: EventWaiters;
  readonly #closed: Closed;

  private constructor(made: Made) {
    if (!(made instanceof Made))
      throw new VmalockError('ERR_VMALOCK_ILLEGAL_INVOCATION', 'AddressSpace.userfaultfd() makes a Userfaultfd');
    this.#handle = made.handle;
    this.#features = made.features;
    this.#closed = made.closed;
    this.#waiters = new EventWaiters(this, this.#handle);
    forgotten.register(this, this.#handle, this);
  }

  /** @internal */
  static of<C extends UserfaultChange>(space: Handle, features: number, closed: Closed): Userfaultfd<C> {
    return new Userfaultfd<C>(new Made(succeeded(native.uffdCreate(space, features), 'userfaultfd'), features, closed));
  }

  static #of(uffd: Userfaultfd<UserfaultChange>): Handle {
    const handle = Userfaultfd.#ofAny(uffd);
    if (handle === 0) throw new VmalockError('ERR_VMALOCK_CLOSED', 'the userfaultfd is closed');
    return handle;
  }

  /** 0 when it is closed. */
  static #ofAny(uffd: Userfaultfd<UserfaultChange>): Handle {
    if (typeof uffd === 'object' && uffd !== null && #handle in uffd) return uffd.#handle;
    throw new VmalockError('ERR_VMALOCK_ILLEGAL_INVOCATION', 'a method of Userfaultfd was called on something else');
  }

  /**
   * UFFDIO_REGISTER: faults of the range are told from now on. Splits and merges mappings as mprotect would; holes are stepped over.
   *
   * @throws {VmalockError} `EINVAL` (no mode, no whole pages, nothing is mapped there, memory of a kind that cannot have the mode),
   *   `EPERM` (a shared mapping of a file that may not be written), `EBUSY` (another userfaultfd has part of it), `ENOMEM` (the map limit: what
   *   lies before it is registered)
   */
  register(address: Bytes, length: Bytes, modes: UserfaultModes): void {
    Userfaultfd.#of(this);
    const mode = modeBits(modes);
    const result = native.uffdRegister(
      Userfaultfd.#of(this), // once more: a getter of the modes may have closed it
      bytes('address', address),
      bytes('length', length),
      mode,
    );
    succeeded(result, 'UFFDIO_REGISTER', address, length);
  }

  /**
   * UFFDIO_UNREGISTER: faults that wait in the range go on as if nothing had been registered.
   *
   * @throws {VmalockError} `EINVAL` (also when another userfaultfd has part of it), `ENOMEM` (the map limit)
   */
  unregister(address: Bytes, length: Bytes): void {
    const handle = Userfaultfd.#of(this);
    const result = native.uffdUnregister(handle, bytes('address', address), bytes('length', length), 0);
    succeeded(result, 'UFFDIO_UNREGISTER', address, length);
  }

  /**
   * UFFDIO_COPY: brings pages with these bytes.
   *
   * @param data a whole number of pages
   * @throws {VmalockError} `EEXIST` (a page is there already), `ENOENT` (not registered, or not all in one mapping), `EINVAL`, `EFAULT` (beyond
   *   the end of the file), `ENOMEM`; `EAGAIN` when `done` bytes came before one of these, or a change has not been read yet
   *
   * @example
   * uffd.copy(address, await fetchPage(address), { wp: true });
   */
  copy(address: Bytes, data: Uint8Array, options: UserfaultFillOptions = {}): void {
    Userfaultfd.#of(this);
    const mode = fillBits(options);
    const handle = Userfaultfd.#of(this);
    const result = native.uffdCopy(handle, bytes('address', address), byteArray('bytes', data), mode, came);
    filled(result, 'UFFDIO_COPY', address, data.length);
  }

  /**
   * UFFDIO_ZEROPAGE: brings pages of zeros.
   *
   * @throws {VmalockError} as {@link Userfaultfd.copy}
   */
  zeropage(address: Bytes, length: Bytes, options: UserfaultWakeOptions = {}): void {
    Userfaultfd.#of(this);
    const mode = wakeBits(options, constants.UFFD_COPY_DONTWAKE);
    const handle = Userfaultfd.#of(this);
    const result = native.uffdZeropage(handle, bytes('address', address), bytes('length', length), mode, came);
    filled(result, 'UFFDIO_ZEROPAGE', address, length);
  }

  /**
   * UFFDIO_CONTINUE: maps pages that the file has.
   *
   * @throws {VmalockError} `EFAULT` (the file has no page there), `EEXIST` (it is mapped already), `ENOENT`, `EINVAL` (no memory of a file, or
   *   beyond its end), `ENOMEM`; `EAGAIN` when `done` bytes came before one of these
   */
  continue(address: Bytes, length: Bytes, options: UserfaultFillOptions = {}): void {
    Userfaultfd.#of(this);
    const mode = fillBits(options);
    const handle = Userfaultfd.#of(this);
    const result = native.uffdContinue(handle, bytes('address', address), bytes('length', length), mode, came);
    filled(result, 'UFFDIO_CONTINUE', address, length);
  }

  /**
   * UFFDIO_POISON: the bytes of these pages are lost. A touch of one is a SIGBUS (BUS_MCEERR_AR) from now on, until MADV_DONTNEED, MADV_FREE
   * or a page that is brought; fork and mremap take it along.
   *
   * @throws {VmalockError} as {@link Userfaultfd.copy}; `EEXIST` also where there is but a marker
   *
   * @example
   * uffd.poison(address, space.pageSize); // its bytes could not be fetched
   */
  poison(address: Bytes, length: Bytes, options: UserfaultWakeOptions = {}): void {
    Userfaultfd.#of(this);
    const mode = wakeBits(options, constants.UFFD_COPY_DONTWAKE);
    const handle = Userfaultfd.#of(this);
    const result = native.uffdPoison(handle, bytes('address', address), bytes('length', length), mode, came);
    filled(result, 'UFFDIO_POISON', address, length);
  }

  /**
   * UFFDIO_MOVE: pages of private anonymous memory of the same space go from `from` to `to`, without a copy of their bytes. `to` is registered
   * with this userfaultfd, `from` need not be. Huge pages move as such where both places and the length allow it.
   *
   * @throws {VmalockError} `EEXIST` (a page is at `to`), `ENOENT` (none at `from`; or nothing is mapped at one of them), `EBUSY` (the page is
   *   shared with a fork, or has not been written since one), `EFAULT` (a guard, or another marker, at `from`), `EINVAL` (not private
   *   anonymous, not writable, not alike in protection and locking, not all in one mapping, `to` not registered with this), `ENOMEM`;
   *   `EAGAIN` when `done` bytes moved before one of these
   *
   * @example
   * space.write(spare, bytes);
   * uffd.move(address, spare, space.pageSize);
   */
  move(to: Bytes, from: Bytes, length: Bytes, options: UserfaultMoveOptions = {}): void {
    Userfaultfd.#of(this);
    const { allowHoles } = object('options', options);
    const mode =
      (wakeBits(options, constants.UFFD_MOVE_DONTWAKE) |
        (isOn('allowHoles', allowHoles) ? constants.UFFD_MOVE_ALLOW_SRC_HOLES : 0)) >>>
      0;
    const handle = Userfaultfd.#of(this);
    const result = native.uffdMove(handle, bytes('to', to), bytes('from', from), bytes('length', length), mode, came);
    filled(result, 'UFFDIO_MOVE', to, length);
  }

  /**
   * UFFDIO_WRITEPROTECT: the next write of each page is told; or, with `on` false, it is no more, and writes that wait go on.
   *
   * @param options `wake` is for `on` false alone
   * @throws {VmalockError} `ENOENT` (part of it is not registered for `wp`: what lies before has changed), `EINVAL`, `ENOMEM`, `EAGAIN` (a
   *   change has not been read yet)
   */
  writeProtect(address: Bytes, length: Bytes, on: boolean, options: UserfaultWakeOptions = {}): void {
    Userfaultfd.#of(this);
    const mode =
      (wakeBits(options, constants.UFFD_WRITEPROTECT_DONTWAKE) |
        (isOn('on', on) ? constants.UFFD_WRITEPROTECT_WP : 0)) >>>
      0;
    const handle = Userfaultfd.#of(this);
    const result = native.uffdWriteProtect(handle, bytes('address', address), bytes('length', length), mode);
    succeeded(result, 'UFFDIO_WRITEPROTECT', address, length);
  }

  /** UFFDIO_WAKE: faults that wait in the range look again. @throws {VmalockError} `EINVAL` */
  wake(address: Bytes, length: Bytes): void {
    const handle = Userfaultfd.#of(this);
    succeeded(
      native.uffdWake(handle, bytes('address', address), bytes('length', length), 0),
      'UFFDIO_WAKE',
      address,
      length,
    );
  }

  /** The next event if there is one, without waiting; undefined: there is none. @throws {VmalockError} `ENOMEM` (of a fork: its event is lost) */
  read(): UserfaultEvent<C> | undefined {
    const code = native.uffdRead(Userfaultfd.#of(this), told);
    if (code === NativeCode.EAGAIN) return undefined;
    succeeded(code, 'read');
    return readEvent(told, this.#features, (handle) => this.#adopt(handle)) as UserfaultEvent<C>; // of others none is told, but for bits in `features`
  }

  /** A child's: nobody's space closes it. */
  #adopt(handle: Handle): Userfaultfd<UserfaultChange> {
    const uffd = new Userfaultfd<UserfaultChange>(new Made(handle, this.#features, (closed) => adopted.delete(closed)));
    adopted.add(uffd);
    return uffd;
  }

  /** Unregisters everything; faults that wait go on, and iterations end. Closing again does nothing. */
  close(): void {
    const handle = Userfaultfd.#ofAny(this);
    if (handle === 0) return;
    forgotten.unregister(this);
    this.#handle = 0;
    native.uffdClose(handle);
    this.#waiters.close();
    this.#closed(this);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * The events, each once, as they come; ends with {@link Userfaultfd.close}. Several iterations share them. The event loop stays alive
   * only while one waits for its next event.
   */
  [Symbol.asyncIterator](): AsyncIterator<UserfaultEvent<C>, undefined> {
    const all = this.#waiters.iterator(() => (Userfaultfd.#ofAny(this) === 0 ? undefined : this.read()));
    return all as AsyncIterator<UserfaultEvent<C>, undefined>; // as read()
  }
}
