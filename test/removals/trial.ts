/** One removal, tried: made, built, and shown to its tests. */
import { join } from 'node:path';
import type { CleanBuild } from './clean-build';
import { EditError } from './edit';
import type { Removal } from './removal';
import { isTimeout, reasonOf } from './verdict';
import { BuildError, type Workshop } from './workshop';

export type Result =
  | { outcome: 'noticed'; test: string; reason: string }
  | { outcome: 'not noticed' }
  | { outcome: 'broken'; reason: string };

/** Where a removal is tried. */
interface Place {
  build: CleanBuild;
  workshop: Workshop;
}

/** How long a test may run: several times what the slowest needs. What makes a test hang is noticed only then. */
function secondsFor({ variant }: CleanBuild): number {
  return variant === 'plain' || variant === 'seq8' ? 40 : 300;
}

/** Why the program of a test fails, if it does in so many runs. */
async function failureOf(program: string, times: number, { build, workshop }: Place): Promise<string | undefined> {
  for (let i = 0; i < times; i++) {
    const ended = await workshop.runTest(build, program, secondsFor(build));
    if (ended.status !== 0) return reasonOf(ended);
  }
  return undefined;
}

/** Why a test fails without any removal, if it does: then it says nothing. */
async function failureOfClean(test: string, place: Place): Promise<string | undefined> {
  const reason = await failureOf(join(place.build.folder, `test.${test}`), 1, place);
  return reason === undefined ? undefined : `${test} fails without any removal: ${reason}`;
}

/** What each clean test has said when it was asked first. */
const asked = new Map<string, Promise<string | undefined>>();

function failureOfCleanOnce(test: string, place: Place): Promise<string | undefined> {
  const key = join(place.build.folder, test);
  let answer = asked.get(key);
  if (!answer) asked.set(key, (answer = failureOfClean(test, place)));
  return answer;
}

async function showTo(tests: readonly string[], { edits, times }: Removal, place: Place): Promise<Result> {
  const link = await place.workshop.compile(place.build, edits);
  for (const test of tests) {
    const before = await failureOfCleanOnce(test, place);
    if (before !== undefined) return { outcome: 'broken', reason: before };
    const reason = await failureOf(await link(test), times ?? 1, place);
    if (reason === undefined) continue;
    /* That it took too long may be the machine's fault. */
    const now = isTimeout(reason) ? await failureOfClean(test, place) : undefined;
    return now === undefined ? { outcome: 'noticed', test, reason } : { outcome: 'broken', reason: now };
  }
  return { outcome: 'not noticed' };
}

/** @param everyTest whether all other tests are asked, too, when those that are named have not noticed */
export async function tryOut(removal: Removal, place: Place, everyTest: boolean): Promise<Result> {
  const others = everyTest ? place.build.tests.filter((test) => !removal.tests.includes(test)) : [];
  const tests = [...removal.tests, ...others];
  try {
    return await place.workshop.withEdits(removal.edits, () => showTo(tests, removal, place));
  } catch (error) {
    if (error instanceof EditError || error instanceof BuildError) return { outcome: 'broken', reason: error.message };
    throw error;
  }
}
