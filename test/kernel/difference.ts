/**
 * Where two speakers part, and the shortest sequence that still parts them.
 */
import * as fc from 'fast-check';
import type { Speaker } from './speaker';

/** What is asked after each operation: the mappings as the kernel merged them, and what is resident. */
const AFTER_EACH = '?c';
/** What is asked at the end: the flags of each mapping. */
const AT_END = 'vmflags';

/** The first answer that differs. */
export interface Difference {
  operations: string[];
  question: string;
  expected: string;
  actual: string;
}

/** What is asked beside the operations. */
const LOOKS = new Set([AFTER_EACH, AT_END, 'reset']);

/** Operations, with a look at what they have left. */
export type Questions = (operations: readonly string[]) => string[];

function lookingAfterEach(operations: readonly string[]): string[] {
  return [...operations.flatMap((operation) => [operation, AFTER_EACH]), AT_END, 'reset'];
}

/** Where all but the last are known to be answered alike. */
export function lookingAtTheEnd(operations: readonly string[]): string[] {
  return [...operations, AFTER_EACH, AT_END, 'reset'];
}

function firstDifference(
  operations: readonly string[],
  questions: readonly string[],
  expected: readonly string[],
  actual: readonly string[],
): Difference | undefined {
  const at = questions.findIndex((_, i) => expected[i] !== actual[i]);
  const question = questions[at];
  if (question === undefined) return undefined;
  return {
    operations: operations.slice(0, questions.slice(0, at + 1).filter((asked) => !LOOKS.has(asked)).length),
    question,
    expected: expected[at] ?? '',
    actual: actual[at] ?? '',
  };
}

/** Asks both everything; many sequences a time, since a question through a pipe costs more than its answer. */
export async function compareAll(
  kernel: Speaker,
  model: Speaker,
  sequences: readonly (readonly string[])[],
  questionsOf: Questions = lookingAfterEach,
): Promise<(Difference | undefined)[]> {
  const questions = sequences.map(questionsOf);
  const [expected, actual] = await Promise.all([kernel.ask(questions.flat()), model.ask(questions.flat())]);
  let at = 0;
  return sequences.map((operations, i) => {
    const own = questions[i] ?? [];
    const from = at;
    at += own.length;
    return firstDifference(operations, own, expected.slice(from, at), actual.slice(from, at));
  });
}

export async function compareOne(
  kernel: Speaker,
  model: Speaker,
  operations: readonly string[],
): Promise<Difference | undefined> {
  return (await compareAll(kernel, model, [operations]))[0];
}

/**
 * Asks again. A kernel's answer may depend on what it is about to do with a page (EBUSY, a page that is being written to the disk):
 * a difference that two more tries do not show is not the model's.
 */
export async function isLasting(kernel: Speaker, model: Speaker, operations: readonly string[]): Promise<boolean> {
  for (let tries = 0; tries < 2; tries++) if (await compareOne(kernel, model, operations)) return true;
  return false;
}

/** Leaves operations out, as fast-check shrinks a list, while the two still part. */
export async function shrink(kernel: Speaker, model: Speaker, found: Difference): Promise<Difference> {
  const { operations } = found;
  const lists = fc.array(fc.constantFrom(...operations), { minLength: 1, maxLength: operations.length });
  let smallest = found;
  const agree = fc.asyncProperty(lists, async (some) => {
    const still = await compareOne(kernel, model, some);
    smallest = still ?? smallest;
    return still === undefined;
  });
  await fc.check(agree, { examples: [[operations]], numRuns: 1 });
  return smallest;
}

/** For people: the sequence, then what each said. */
export function describe(difference: Difference): string {
  return [
    ...difference.operations.map((operation) => `  ${operation}`),
    `after it, ${difference.question} answers`,
    ...difference.expected
      .trimEnd()
      .split('\n')
      .map((line) => `  kernel:  ${line}`),
    ...difference.actual
      .trimEnd()
      .split('\n')
      .map((line) => `  vmalock: ${line}`),
  ].join('\n');
}
