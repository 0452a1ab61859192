/**
 * Every outcome that a few threads with atomic words may have, on any machine that C11's orders are right for.
 *
 * The model is the view-based one of Kang and others, "A promising semantics for relaxed-memory concurrency" (POPL 2017), without
 * promises: a word is the history of its messages; a thread has a view, which says of each word how old a message it may still
 * read. A message carries the view that its store released; who acquires it takes that view over. A full fence meets all
 * full fences before it.
 *
 * What it cannot show, for want of promises: a load that is overtaken by a later store of its own thread (load buffering).
 * And a store always comes last in its word's history: two threads that store to one word do it in the order in which they run.
 */

export type Order = 'relaxed' | 'acquire' | 'release' | 'acq_rel';

export type Step =
  | { readonly kind: 'load'; readonly word: string; readonly order: Order }
  | { readonly kind: 'store'; readonly word: string; readonly order: Order; readonly value: number }
  | { readonly kind: 'add'; readonly word: string; readonly order: Order; readonly value: number }
  | { readonly kind: 'fence' };

/** Each `yield` is one step, and gives what the step read: of an `add`, what was there before. */
export type Thread = Generator<Step, void, number>;

export interface Program {
  /** Words that are not named are 0. */
  readonly initially?: Readonly<Record<string, number>>;
  readonly threads: readonly (() => Thread)[];
  /** Asked when all threads have ended. `last` is what a word is in the end. */
  readonly wrong: (last: (word: string) => number) => boolean;
}

export const load = (word: string, order: Order = 'relaxed'): Step => ({ kind: 'load', word, order });
export const store = (word: string, value: number, order: Order = 'relaxed'): Step => ({
  kind: 'store',
  word,
  value,
  order,
});
export const add = (word: string, value: number, order: Order = 'relaxed'): Step => ({
  kind: 'add',
  word,
  value,
  order,
});
export const fence = (): Step => ({ kind: 'fence' });

/** Of each word the number of the oldest message that may still be read; 0 where it is not named. */
type View = ReadonlyMap<string, number>;

interface Message {
  readonly value: number;
  readonly view: View;
}

function joined(one: View, other: View): View {
  const view = new Map(one);
  for (const [word, oldest] of other) view.set(word, Math.max(oldest, view.get(word) ?? 0));
  return view;
}

const NOTHING: View = new Map();
const acquires = (order: Order): boolean => order === 'acquire' || order === 'acq_rel';
const releases = (order: Order): boolean => order === 'release' || order === 'acq_rel';

/** Which way a run takes wherever there are several: the next run takes the next one, as long as there is one. */
class Choices {
  readonly #taken: number[] = [];
  readonly #most: number[] = [];
  #at = 0;

  /** @param ways - how many there are, at least 1 */
  choose(ways: number): number {
    if (this.#at === this.#taken.length) {
      this.#taken.push(0);
      this.#most.push(ways);
    }
    return this.#taken[this.#at++] ?? 0;
  }

  /** False: all have been taken. */
  next(): boolean {
    this.#at = 0;
    while (this.#taken.length > 0) {
      const way = (this.#taken.pop() ?? 0) + 1;
      const most = this.#most.pop() ?? 0;
      if (way < most) {
        this.#taken.push(way);
        this.#most.push(most);
        return true;
      }
    }
    return false;
  }
}

class Memory {
  readonly #words = new Map<string, Message[]>();
  readonly #initially: Readonly<Record<string, number>>;
  /** What the full fences so far have met. */
  #fenced: View = NOTHING;

  constructor(initially: Readonly<Record<string, number>>) {
    this.#initially = initially;
  }

  history(word: string): Message[] {
    let history = this.#words.get(word);
    if (!history) this.#words.set(word, (history = [{ value: this.#initially[word] ?? 0, view: NOTHING }]));
    return history;
  }

  last(word: string): Message {
    return this.history(word).at(-1) ?? { value: 0, view: NOTHING };
  }

  /** Returns the number of the new message. */
  append(word: string, message: Message): number {
    return this.history(word).push(message) - 1;
  }

  fence(view: View): View {
    return (this.#fenced = joined(this.#fenced, view));
  }
}

class Runner {
  readonly #memory: Memory;
  readonly #thread: Thread;
  #view: View = NOTHING;
  /** What a relaxed store releases: the view at the last fence. */
  #released: View = NOTHING;
  /** What a fence acquires: the views of messages that were read without order. */
  #offered: View = NOTHING;
  #next: IteratorResult<Step, void>;

  constructor(memory: Memory, thread: Thread) {
    this.#memory = memory;
    this.#thread = thread;
    this.#next = thread.next(0);
  }

  get ended(): boolean {
    return this.#next.done === true;
  }

  step(choices: Choices): void {
    if (this.#next.done) return;
    this.#next = this.#thread.next(this.#carryOut(this.#next.value, choices));
  }

  #carryOut(step: Step, choices: Choices): number {
    switch (step.kind) {
      case 'load':
        return this.#read(step.word, step.order, choices).value;
      case 'store':
        this.#write(step.word, step.value, step.order, NOTHING);
        return 0;
      case 'add': {
        const before = this.#memory.last(step.word);
        this.#see(step.word, this.#memory.history(step.word).length - 1, before, step.order);
        this.#write(step.word, before.value + step.value, step.order, before.view);
        return before.value;
      }
      case 'fence':
        this.#view = this.#memory.fence(joined(this.#view, this.#offered));
        this.#released = this.#view;
        return 0;
    }
  }

  #read(word: string, order: Order, choices: Choices): Message {
    const history = this.#memory.history(word);
    const oldest = this.#view.get(word) ?? 0;
    const number = oldest + choices.choose(history.length - oldest);
    const message = history[number] ?? this.#memory.last(word);
    this.#see(word, number, message, order);
    return message;
  }

  #see(word: string, number: number, message: Message, order: Order): void {
    this.#view = joined(this.#view, new Map([[word, number]]));
    if (acquires(order)) this.#view = joined(this.#view, message.view);
    else this.#offered = joined(this.#offered, message.view);
  }

  /** @param inherited - of a step that reads and writes: what it read is passed on, whatever its own order */
  #write(word: string, value: number, order: Order, inherited: View): void {
    const own = new Map([[word, this.#memory.history(word).length]]);
    this.#view = joined(this.#view, own);
    const released = releases(order) ? this.#view : joined(this.#released, own);
    this.#memory.append(word, { value, view: joined(released, inherited) });
  }
}

function goesWrong({ initially = {}, threads, wrong }: Program, choices: Choices): boolean {
  const memory = new Memory(initially);
  let running = threads.map((thread) => new Runner(memory, thread()));
  while ((running = running.filter((runner) => !runner.ended)).length > 0)
    running[choices.choose(running.length)]?.step(choices);
  return wrong((word) => memory.last(word).value);
}

/** Is there an outcome that `wrong` says yes to? `program` is called anew for each. */
export function canGoWrong(program: () => Program): boolean {
  const choices = new Choices();
  do {
    if (goesWrong(program(), choices)) return true;
  } while (choices.next());
  return false;
}
