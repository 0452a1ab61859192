/** One removal, tried: made, built, and shown to its tests. */
import type { CleanBuild } from './clean-build';
import { EditError } from './edit';
import { reasonOf } from './verdict';
import type { Removal } from './removal';
import { BuildError, type Workshop } from './workshop';

export type Result =
  | { outcome: 'noticed'; test: string; reason: string }
  | { outcome: 'not noticed' }
  | { outcome: 'broken'; reason: string };

/** How long a test may run: ten times what the slowest needs, and less for those that are expected to hang. */
const SECONDS = { plain: 40, slow: 300 };

async function showTo(
  test: string,
  build: CleanBuild,
  workshop: Workshop,
  program: string,
  times: number,
): Promise<Result> {
  const seconds = build.variant === 'plain' || build.variant === 'seq8' ? SECONDS.plain : SECONDS.slow;
  for (let i = 0; i < times; i++) {
    const ended = await workshop.runTest(build, program, seconds);
    if (ended.status !== 0) return { outcome: 'noticed', test, reason: reasonOf(ended) };
  }
  return { outcome: 'not noticed' };
}

async function showToAll(
  { edits, times }: Removal,
  tests: readonly string[],
  build: CleanBuild,
  workshop: Workshop,
): Promise<Result> {
  const link = await workshop.compile(build, edits);
  for (const test of tests) {
    const result = await showTo(test, build, workshop, await link(test), times ?? 1);
    if (result.outcome === 'noticed') return result;
  }
  return { outcome: 'not noticed' };
}

/** @param everyTest whether all other tests are asked, too, when those that are named have not noticed */
export async function tryOut(
  removal: Removal,
  build: CleanBuild,
  workshop: Workshop,
  everyTest: boolean,
): Promise<Result> {
  const others = everyTest ? build.tests.filter((test) => !removal.tests.includes(test)) : [];
  try {
    return await workshop.withEdits(removal.edits, () =>
      showToAll(removal, [...removal.tests, ...others], build, workshop),
    );
  } catch (error) {
    if (error instanceof EditError || error instanceof BuildError) return { outcome: 'broken', reason: error.message };
    throw error;
  }
}
