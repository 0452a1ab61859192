/** Runs a sweep: each case in each scene, the kernel beside the model, and like differences told as one. */
import { compareAll, type Difference, isLasting, lookingAtTheEnd } from './difference';
import type { Speaker } from './speaker';
import type { Sweep } from './sweeps';

/** Not behind mlockall, which locks the program that asks, too. */
const COUNTS = 'status';
/** What is used, and what its use leaves. */
const USES = ['?c', 'r 1', 'w 2 9', 'w 5 9', 'r 11'];
/** Not of huge pages: where Linux splits their frames it takes zeros for the zero page, see docs/differences.md. */
const PARTS = 'smaps';

/** Every call in every scene; of these each `step`-th, from the first on. */
export function* casesOf(sweep: Sweep, step = 1): Generator<string[]> {
  let n = 0;
  for (const { lines } of sweep.scenes) {
    for (const line of sweep.cases) {
      if (n++ % step !== 0) continue;
      const counts = line.startsWith('sys mlockall') ? [] : [COUNTS];
      yield [...lines, line, ...counts, ...USES, ...(sweep.stage.thp === true ? [] : [PARTS])];
    }
  }
}

/** One kind of difference: the call, and what the two said of it or of what it left. */
export interface Kind {
  readonly first: Difference;
  count: number;
}

export interface Outcome {
  cases: number;
  readonly kinds: ReadonlyMap<string, Kind>;
}

function kindOf({ operations, question, expected, actual }: Difference): string {
  const call = operations
    .findLast((operation) => operation !== COUNTS)
    ?.split(' ', 2)
    .join(' ');
  return question.startsWith('sys') ? `${call}: ${expected.trim()}, ${actual.trim()}` : `${call}: ${question}`;
}

/** A question through a pipe costs more than its answer. */
const BATCH = 100;

/** Asks both each `step`-th case of a sweep. */
export async function runSweep(kernel: Speaker, model: Speaker, sweep: Sweep, step: number): Promise<Outcome> {
  const kinds = new Map<string, Kind>();
  const cases = [...casesOf(sweep, step)];
  for (let from = 0; from < cases.length; from += BATCH) {
    const batch = cases.slice(from, from + BATCH);
    for (const [i, difference] of (await compareAll(kernel, model, batch, lookingAtTheEnd)).entries()) {
      if (!difference || (sweep.stage.unsteady && !(await isLasting(kernel, model, batch[i] ?? [])))) continue;
      const kind = kinds.get(kindOf(difference)) ?? { first: difference, count: 0 };
      kind.count++;
      kinds.set(kindOf(difference), kind);
    }
  }
  return { cases: cases.length, kinds };
}
