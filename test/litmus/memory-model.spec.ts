/** The model itself: the well-known small programs have exactly the outcomes that they are known for. */
import { add, canGoWrong, fence, load, type Order, type Program, store, type Thread } from './memory-model';

interface Seen {
  a?: number;
  b?: number;
  c?: number;
  d?: number;
}

/** A program whose threads note what they see. */
function noting(threads: (seen: Seen) => (() => Thread)[], wrong: (seen: Seen) => boolean): () => Program {
  return () => {
    const seen: Seen = {};
    return { threads: threads(seen), wrong: () => wrong(seen) };
  };
}

const messagePassing = (writes: Order, reads: Order): (() => Program) =>
  noting(
    (seen) => [
      function* () {
        yield store('data', 1);
        yield store('flag', 1, writes);
      },
      function* () {
        seen.a = yield load('flag', reads);
        seen.b = yield load('data');
      },
    ],
    ({ a, b }) => a === 1 && b === 0,
  );

const storeBuffering = (fences: boolean[]): (() => Program) =>
  noting(
    (seen) => [
      function* () {
        yield store('x', 1);
        if (fences[0]) yield fence();
        seen.a = yield load('y');
      },
      function* () {
        yield store('y', 1);
        if (fences[1]) yield fence();
        seen.b = yield load('x');
      },
    ],
    ({ a, b }) => a === 0 && b === 0,
  );

describe('the model', () => {
  it('passes a message by a release that is acquired, and by nothing less', () => {
    expect(canGoWrong(messagePassing('release', 'acquire'))).toBe(false);
    expect(canGoWrong(messagePassing('relaxed', 'acquire'))).toBe(true);
    expect(canGoWrong(messagePassing('release', 'relaxed'))).toBe(true);
  });

  it('lets stores pass later loads unless both threads have a fence', () => {
    expect(canGoWrong(storeBuffering([true, true]))).toBe(false);
    expect(canGoWrong(storeBuffering([true, false]))).toBe(true);
    expect(canGoWrong(storeBuffering([false, true]))).toBe(true);
  });

  it('never lets a thread read a word backwards', () => {
    const program = noting(
      (seen) => [
        function* () {
          yield store('x', 1);
          yield store('x', 2);
        },
        function* () {
          seen.a = yield load('x');
          seen.b = yield load('x');
        },
      ],
      ({ a = 0, b = 0 }) => b < a,
    );
    expect(canGoWrong(program)).toBe(false);
  });

  it('counts every update of a word', () => {
    const program = (): Program => ({
      threads: [1, 2].map(
        () =>
          function* () {
            yield add('x', 1);
          },
      ),
      wrong: (last) => last('x') !== 2,
    });
    expect(canGoWrong(program)).toBe(false);
  });

  it('passes on through an update what an earlier store has released', () => {
    const through = (order: Order): (() => Program) =>
      noting(
        (seen) => [
          function* () {
            yield store('data', 1);
            yield store('flag', 1, order);
          },
          function* () {
            yield add('flag', 1);
          },
          function* () {
            seen.a = yield load('flag', 'acquire');
            seen.b = yield load('data');
          },
        ],
        ({ a, b }) => a === 2 && b === 0,
      );
    /* 2 also where the update came first and was overwritten: no, then it is 1. */
    expect(canGoWrong(through('release'))).toBe(false);
    expect(canGoWrong(through('relaxed'))).toBe(true);
  });

  it('lets two readers see two stores in different orders, unless they have fences', () => {
    const program = (fenced: boolean): (() => Program) =>
      noting(
        (seen) => [
          function* () {
            yield store('x', 1);
          },
          function* () {
            yield store('y', 1);
          },
          function* () {
            seen.a = yield load('x', 'acquire');
            if (fenced) yield fence();
            seen.b = yield load('y');
          },
          function* () {
            seen.c = yield load('y', 'acquire');
            if (fenced) yield fence();
            seen.d = yield load('x');
          },
        ],
        ({ a, b, c, d }) => a === 1 && b === 0 && c === 1 && d === 0,
      );
    expect(canGoWrong(program(false))).toBe(true);
    expect(canGoWrong(program(true))).toBe(false);
  });

  it('takes fences around relaxed words for a release and an acquire', () => {
    const program = noting(
      (seen) => [
        function* () {
          yield store('data', 1);
          yield fence();
          yield store('flag', 1);
        },
        function* () {
          seen.a = yield load('flag');
          yield fence();
          seen.b = yield load('data');
        },
      ],
      ({ a, b }) => a === 1 && b === 0,
    );
    expect(canGoWrong(program)).toBe(false);
  });
});
