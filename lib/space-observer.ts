/**
 * What a space has invalidated: how a simulator knows what its TLBs may not remember any longer.
 */
import { VmalockError } from './errors';
import { type Handle, native } from './internal/native';
import { object, wholeNumber } from './internal/options';
import { succeeded } from './internal/raise';

/**
 * Why translations of a range stopped being true.
 *
 * - `unmap`: the mapping went (munmap, a fixed mmap over it, a heap or an mremap that shrank)
 * - `protect`: it has other rights (mprotect, write protection by a userfaultfd)
 * - `clear`: pages went and the mapping stayed (madvise, guard regions, a file that was cut, a userfaultfd that moved them)
 * - `move`: it was the old place of an mremap
 * - `cow`: a write found a page that was not its own, and got another
 * - `fork`: private pages may not be written without a copy any more
 * - `collapse`: small pages became a huge one
 * - `migrate`: pages went to other frames (mbind)
 * - `release`: the space ended; not seen by an observer, which keeps it
 * - `several`: more than the observer could remember
 */
export type InvalidationReason =
  'unmap' | 'protect' | 'clear' | 'move' | 'cow' | 'fork' | 'collapse' | 'migrate' | 'release' | 'several';

/** In the order of enum vmalock_invalidation. */
const REASONS: readonly InvalidationReason[] = [
  'unmap',
  'protect',
  'clear',
  'move',
  'cow',
  'fork',
  'collapse',
  'migrate',
  'release',
];

/** A range of whole pages of which nothing may be remembered. */
export interface Invalidation {
  /** The first address, in bytes. */
  start: number;
  /** The address behind the last. */
  end: number;
  reason: InvalidationReason;
}

export interface ObserveOptions {
  /**
   * Ranges that are remembered until somebody takes them, 1 to 65536. One more, and all become a single range of the whole
   * space with the reason `several`.
   *
   * @defaultValue 1024
   */
  most?: number;
}

const MOST = 65_536;
const USUAL = 1024;

/** What only this file has: a constructor that is called without it was called by a user. */
class Made {
  constructor(
    readonly handle: Handle,
    readonly closed: (observer: SpaceObserver) => void,
  ) {}
}

/** Closes what nobody closed. */
const forgotten = new FinalizationRegistry<Handle>((handle) => native.observerClose(handle));

/** Where native code puts ranges: three numbers each. */
const taken = new Float64Array(3 * 64);

/** @internal Ranges that an observer with these options remembers. */
export function mostRanges(options: ObserveOptions): number {
  const { most = USUAL } = object('options', options);
  return wholeNumber('most', most, 1, MOST);
}

/**
 * Collects the ranges of a space whose translations have changed, in any thread, since {@link SpaceObserver.take} was last called: Linux's
 * MMU notifiers, turned round. {@link AddressSpace.observe} makes one.
 *
 * A range is there when the call that changes it returns, and not before the change is done. Whoever remembers a translation is right to use
 * it as long as `take()`, called before each use, has not given its page back. Pages that come where none was are no change; a range may have
 * more in it than has changed.
 *
 * It is closed with the space it was made of, and by `using`. Every method throws `ERR_VMALOCK_CLOSED` after that.
 *
 * @example
 * using observer = space.observe();
 * space.munmap(start, 4096);
 * for (const { start, end, reason } of observer.take()) tlb.flush(start, end); // reason: 'unmap'
 */
export class SpaceObserver implements Disposable {
  #handle: Handle;
  readonly #closed: (observer: SpaceObserver) => void;

  private constructor(made: Made) {
    if (!(made instanceof Made))
      throw new VmalockError('ERR_VMALOCK_ILLEGAL_INVOCATION', 'AddressSpace.observe() makes a SpaceObserver');
    this.#handle = made.handle;
    this.#closed = made.closed;
    forgotten.register(this, this.#handle, this);
  }

  /** @internal */
  static of(space: Handle, most: number, closed: (observer: SpaceObserver) => void): SpaceObserver {
    return new SpaceObserver(new Made(succeeded(native.observerCreate(space, most), 'observe'), closed));
  }

  /** 0 when it is closed. */
  static #ofAny(observer: SpaceObserver): Handle {
    if (typeof observer === 'object' && observer !== null && #handle in observer) return observer.#handle;
    throw new VmalockError('ERR_VMALOCK_ILLEGAL_INVOCATION', 'a method of SpaceObserver was called on something else');
  }

  /**
   * The ranges since the last call, oldest first; each is given once. What other threads are about to change may or may not be among them.
   *
   * @throws {VmalockError} `ERR_VMALOCK_CLOSED`
   */
  take(): Invalidation[] {
    const handle = SpaceObserver.#ofAny(this);
    if (handle === 0) throw new VmalockError('ERR_VMALOCK_CLOSED', 'the observer is closed');
    const all: Invalidation[] = [];
    for (let count = taken.length / 3; count === taken.length / 3;) {
      count = native.observerTake(handle, taken);
      for (let i = 0; i < count; i++) {
        const [start = 0, end = 0, reason = -1] = taken.subarray(3 * i);
        all.push({ start, end, reason: REASONS[reason] ?? 'several' });
      }
    }
    return all;
  }

  /** Nothing is collected any more. Closing again does nothing. */
  close(): void {
    const handle = SpaceObserver.#ofAny(this);
    if (handle === 0) return;
    forgotten.unregister(this);
    this.#handle = 0;
    native.observerClose(handle);
    this.#closed(this);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
