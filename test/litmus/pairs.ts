/**
 * The pairs of docs/memory-ordering.md as programs of a few steps: what stands at both ends in the C sources, and what must never be
 * seen. Taken out at an end, an order is relaxed, a fence is nothing.
 */
import { add, fence, load, type Order, type Program, type Step, store, type Thread } from './memory-model';

export interface Pair {
  readonly tag: string;
  /** What is taken out: the function that has the order, and the order. */
  readonly ends: readonly string[];
  /** @param has - is the order of this end there? */
  program(has: (end: string) => boolean): () => Program;
}

/** What the threads of one run have noted, by name. */
type Notes = Record<string, number>;

/** Threads that note what they see, and what they must not have seen. */
interface Litmus {
  readonly initially?: Readonly<Record<string, number>>;
  readonly threads: readonly ((notes: Notes) => Thread)[];
  readonly wrong: (notes: Notes, last: (word: string) => number) => boolean;
}

function programOf({ initially = {}, threads, wrong }: Litmus): () => Program {
  return () => {
    const notes: Notes = {};
    return {
      initially,
      threads: threads.map((thread) => () => thread(notes)),
      wrong: (last) => wrong(notes, last),
    };
  };
}

/* --- something is finished, then told ------------------------------------------------------------------------------ */

interface Message {
  readonly tag: string;
  /** Who finishes `data` and tells by `flag`. */
  readonly teller: string;
  /** Who reads the flag; left out where what it reads next depends on that by its address, an order that nobody can forget. */
  readonly reader?: string;
}

/** `data` before `flag`: who sees the flag sees the data. */
function message({ tag, teller, reader }: Message): Pair {
  return {
    tag,
    ends: reader === undefined ? [teller] : [teller, reader],
    program: (has) =>
      programOf({
        threads: [
          function* () {
            yield store('data', 1);
            yield store('flag', 1, has(teller) ? 'release' : 'relaxed');
          },
          function* (notes) {
            notes.flag = yield load('flag', reader === undefined || has(reader) ? 'acquire' : 'relaxed');
            notes.data = yield load('data');
          },
        ],
        wrong: ({ flag, data }) => flag === 1 && data === 0,
      }),
  };
}

const MESSAGES: readonly Message[] = [
  { tag: 'vma-unlock', teller: 'domain_write_unlock_all(): release', reader: 'vma_start_read(): acquire' },
  { tag: 'anon-publish', teller: 'vma_set_anon_first(): release', reader: 'vma_anon(): acquire' },
  { tag: 'rcu-publish', teller: 'rcu_publish(): release' },
  { tag: 'index-child', teller: 'publish_child(): release' },
  { tag: 'index-in-place', teller: 'word_store(): release', reader: 'leaf_load(): acquire' },
  { tag: 'pt-link', teller: 'table_grow(): compare-and-swap with release' },
  { tag: 'page-link', teller: 'page_tree_put(): release' },
  { tag: 'file-length', teller: 'file_set_length(): release', reader: 'file_is_beyond_end(): acquire' },
  { tag: 'replay-done', teller: 'publish(): exchange with release', reader: 'has_come_to(): acquire' },
  { tag: 'replay-go', teller: 'open_start_line(): release', reader: 'stand_at_start_line(): acquire' },
];

/* --- two that look for each other ---------------------------------------------------------------------------------- */

interface Meeting {
  readonly tag: string;
  readonly one: string;
  readonly other: string;
  /** What each of them does before it looks whether the other has been there. */
  readonly oneDoes: Step;
  readonly otherDoes: Step;
}

/** Each changes a word, then looks at that of the other: one of them sees the other. */
function meeting({ tag, one, other, oneDoes, otherDoes }: Meeting): Pair {
  const side = (does: Step, hasFence: boolean, looksAt: string, note: string) =>
    function* (notes: Notes): Thread {
      yield does;
      if (hasFence) yield fence();
      notes[note] = yield load(looksAt, 'acquire');
    };
  return {
    tag,
    ends: [one, other],
    program: (has) =>
      programOf({
        threads: [
          side(oneDoes, has(one), wordOf(otherDoes), 'oneSaw'),
          side(otherDoes, has(other), wordOf(oneDoes), 'otherSaw'),
        ],
        wrong: ({ oneSaw, otherSaw }) => oneSaw === 0 && otherSaw === 0,
      }),
  };
}

function wordOf(step: Step): string {
  if (step.kind === 'fence') throw new Error('a fence has no word');
  return step.word;
}

/* The table of a fault is one that it has just linked: one that was there before is locked by both, which is order enough. */
const MEETINGS: readonly Meeting[] = [
  {
    tag: 'section-end',
    one: 'domain_wake_waiters(): full fence',
    other: 'sleep_through(): full fence',
    oneDoes: store('seq', 1, 'release'),
    otherDoes: add('waiters', 1),
  },
  {
    tag: 'file-cut',
    one: 'tell_faults(): full fence',
    other: 'file_was_cut(): full fence',
    oneDoes: store('cuts', 1, 'release'),
    otherDoes: add('table', 1, 'release'),
  },
  {
    tag: 'reaped',
    one: 'op_reap(): full fence',
    other: 'fault_handle(): atomic_fence_after_update()',
    oneDoes: store('unstable', 1),
    otherDoes: add('table', 1, 'release'),
  },
];

/* --- the others ---------------------------------------------------------------------------------------------------- */

/** The page leaves, then the number goes up: who has read the new number does not find the page. */
const fileCutNumber: Pair = {
  tag: 'file-cut',
  ends: ['tell_faults(): release', 'file_cuts(): acquire'],
  program: (has) =>
    programOf({
      initially: { page: 1 },
      threads: [
        function* () {
          yield store('page', 0);
          yield store('cuts', 1, has('tell_faults(): release') ? 'release' : 'relaxed');
          yield fence();
        },
        function* (notes) {
          notes.cuts = yield load('cuts', has('file_cuts(): acquire') ? 'acquire' : 'relaxed');
          notes.page = yield load('page');
        },
      ],
      wrong: ({ cuts, page }) => cuts === 1 && page === 1,
    }),
};

/**
 * The page is marked already. The fault makes an entry that may be written, in a table that is new, and finds the mark; the writeback
 * takes it away, and does not find the table: from then on nobody would know of what is written.
 */
const fileClean: Pair = {
  tag: 'file-clean',
  ends: ['file_take_dirty(): full fence', 'file_was_cut(): full fence'],
  program: (has) =>
    programOf({
      initially: { dirty: 1 },
      threads: [
        function* (notes) {
          yield store('dirty', 0);
          if (has('file_take_dirty(): full fence')) yield fence();
          notes.table = yield load('table', 'acquire');
        },
        function* () {
          yield add('table', 1, 'release');
          if (has('file_was_cut(): full fence')) yield fence();
          const dirty = yield load('dirty');
          if (dirty === 0) yield store('dirty', 1);
        },
      ],
      wrong: ({ table }, last) => table === 0 && last('dirty') === 0,
    }),
};

/** A waiter that has counted itself in looks at `ends`, then at the sequence, and sleeps until `ends` is another. */
const sectionEnds: Pair = {
  tag: 'section-ends',
  ends: ['domain_wake_waiters(): full fence and release', 'sleep_through(): acquire'],
  program: (has) => {
    const written = has('domain_wake_waiters(): full fence and release');
    return programOf({
      threads: [
        function* () {
          yield store('seq', 1, 'release');
          if (written) yield fence();
          yield add('ends', 1, written ? 'acq_rel' : 'relaxed');
        },
        function* (notes) {
          notes.ends = yield load('ends', has('sleep_through(): acquire') ? 'acquire' : 'relaxed');
          notes.seq = yield load('seq', 'acquire');
        },
      ],
      wrong: ({ ends, seq }) => ends === 1 && seq === 0,
    });
  },
};

/** The sequence is that of the section, nobody writes, the sequence is still the same: then it had wrapped. */
const writerGone: Pair = {
  tag: 'writer-gone',
  ends: ['rwsem_write_unlock(): release', 'rwsem_has_writer(): acquire'],
  program: (has) =>
    programOf({
      initially: { writer: 1 },
      threads: [
        function* () {
          yield store('seq', 1, 'release');
          yield store('writer', 0, has('rwsem_write_unlock(): release') ? 'release' : 'relaxed');
        },
        function* (notes) {
          notes.before = yield load('seq', 'acquire');
          notes.writer = yield load('writer', has('rwsem_has_writer(): acquire') ? 'acquire' : 'relaxed');
          notes.after = yield load('seq', 'acquire');
        },
      ],
      wrong: ({ before, writer, after }) => before === 0 && writer === 0 && after === 0,
    }),
};

/** Two sections under the lock, each of which adds 1 to an entry: none is lost. A try that fails is not tried again here. */
const spinlock: Pair = {
  tag: 'spinlock',
  ends: ['spinlock_unlock(): release', 'spinlock_try(): acquire'],
  program: (has) => {
    const section = (name: string) =>
      function* (notes: Notes): Thread {
        const held = yield add('word', 1, has('spinlock_try(): acquire') ? 'acquire' : 'relaxed');
        if (held > 0) return;
        const entry = yield load('entry');
        yield store('entry', entry + 1);
        yield store('word', 0, has('spinlock_unlock(): release') ? 'release' : 'relaxed');
        notes[name] = 1;
      };
    return programOf({
      threads: [section('one'), section('other')],
      wrong: ({ one, other }, last) => one === 1 && other === 1 && last('entry') !== 2,
    });
  },
};

/** Two holders, each of which has written to the object; who puts the last reference frees it, and sees what both wrote. */
const refcount: Pair = {
  tag: 'refcount',
  ends: ['refcount_put(): release', 'refcount_put(), the last: acquire'],
  program: (has) => {
    const releases = has('refcount_put(): release');
    const acquires = has('refcount_put(), the last: acquire');
    const put: Order = releases && acquires ? 'acq_rel' : releases ? 'release' : acquires ? 'acquire' : 'relaxed';
    const holder = (own: string, others: string) =>
      function* (notes: Notes): Thread {
        yield store(own, 1);
        const before = yield add('count', -1, put);
        if (before === 1) notes.seen = yield load(others);
      };
    return programOf({
      initially: { count: 2 },
      threads: [holder('mine', 'yours'), holder('yours', 'mine')],
      wrong: ({ seen }) => seen === 0,
    });
  },
};

/**
 * One user of a frame reads it and leaves; the other finds itself the only user and writes it in place. That the read is over is noted
 * in a word of its own: a load that a later store passes is nothing that the model knows, but who writes must see the note.
 */
const frameOnly: Pair = {
  tag: 'frame-only',
  ends: ['frame_put(): release', 'frame_is_only(): acquire'],
  program: (has) =>
    programOf({
      initially: { users: 2 },
      threads: [
        function* () {
          yield store('read', 1);
          yield add('users', -1, has('frame_put(): release') ? 'release' : 'relaxed');
        },
        function* (notes) {
          notes.users = yield load('users', has('frame_is_only(): acquire') ? 'acquire' : 'relaxed');
          notes.read = yield load('read');
        },
      ],
      wrong: ({ users, read }) => users === 1 && read === 0,
    }),
};

/** A thread counts the one that it starts, then its own end; the watcher reads the ends first, then the started. */
const replayEnded: Pair = {
  tag: 'replay-ended',
  ends: ['report_end(): release', 'watch(): acquire'],
  program: (has) =>
    programOf({
      initially: { started: 1 },
      threads: [
        function* () {
          yield add('started', 1);
          yield add('ended', 1, has('report_end(): release') ? 'acq_rel' : 'relaxed');
        },
        function* (notes) {
          notes.ended = yield load('ended', has('watch(): acquire') ? 'acquire' : 'relaxed');
          notes.started = yield load('started');
        },
      ],
      wrong: ({ ended, started }) => ended === 1 && started === 1,
    }),
};

export const PAIRS: readonly Pair[] = [
  ...MESSAGES.map(message),
  ...MEETINGS.map(meeting),
  fileCutNumber,
  fileClean,
  sectionEnds,
  writerGone,
  spinlock,
  refcount,
  frameOnly,
  replayEnded,
];

/** Pairs that no program here is about, and why. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  'vma-mark': "the order is pthread's own",
  'vma-unlock-alive': "the order is liburcu's own",
};
