/**
 * Who waits for events of a userfaultfd: promises that native code's word "events have come" resolves.
 */
import { type Handle, native } from './internal/native';
import { succeeded } from './internal/raise';
import type { UserfaultChange, UserfaultEvent } from './userfault-event';

type Event = UserfaultEvent<UserfaultChange>;
type Result = IteratorResult<Event, undefined>;

const END: Result = { done: true, value: undefined };

/** One next() that found no event. */
interface Waiter {
  /** The next event; undefined: there is none. */
  take: () => Event | undefined;
  settle: (result: Result) => void;
}

/** While somebody waits for its events, a userfaultfd is not garbage: its owner is kept here. */
const awaited = new Set<object>();

/** @internal */
export class EventWaiters {
  #waiters: Waiter[] = [];
  #closed = false;
  #told = false;

  constructor(
    private readonly owner: object,
    private readonly uffd: Handle,
  ) {}

  /** An iterator over what `take` gives. */
  iterator(take: Waiter['take']): AsyncIterator<Event, undefined> {
    const own = new Set<Waiter>();
    return {
      next: () => this.#next(take, own),
      return: () => {
        this.#end(own);
        return Promise.resolve(END);
      },
    };
  }

  /** Every iteration ends. */
  close(): void {
    this.#closed = true;
    for (const waiter of this.#waiters) waiter.settle(END);
    this.#waiters = [];
    awaited.delete(this.owner);
  }

  #next(take: Waiter['take'], own: Set<Waiter>): Promise<Result> {
    if (this.#closed) return Promise.resolve(END);
    this.#listen();
    const event = this.#waiters.length === 0 ? take() : undefined;
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    return new Promise((resolve) => {
      const waiter: Waiter = {
        take,
        settle: (result) => {
          own.delete(waiter);
          resolve(result);
        },
      };
      own.add(waiter);
      this.#waiters.push(waiter);
      this.#keepAlive();
    });
  }

  /** That iteration is over: those of its next() that still wait. */
  #end(own: ReadonlySet<Waiter>): void {
    const ended = [...own];
    this.#waiters = this.#waiters.filter((waiter) => !own.has(waiter));
    for (const waiter of ended) waiter.settle(END);
    if (!this.#closed) this.#keepAlive();
  }

  /** Native code holds its function for good, so that this one must not hold the owner. */
  #listen(): void {
    if (this.#told) return;
    const self = new WeakRef(this);
    succeeded(
      native.uffdTell(this.uffd, () => self.deref()?.serve()),
      'read',
    );
    this.#told = true;
  }

  /** Events have come: for those who wait, in the order in which they began to. */
  serve(): void {
    while (!this.#closed) {
      const [first] = this.#waiters;
      const event = first?.take();
      if (first === undefined || event === undefined) break;
      this.#waiters.shift();
      first.settle({ done: false, value: event });
    }
    if (!this.#closed) this.#keepAlive();
  }

  #keepAlive(): void {
    const waits = this.#waiters.length > 0;
    native.uffdKeepLoop(this.uffd, waits ? 1 : 0);
    if (waits) awaited.add(this.owner);
    else awaited.delete(this.owner);
  }
}
