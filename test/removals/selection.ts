/** Which removals are tried. */
import { isAbout, rowsCalled } from './docs-rows';
import type { Removal } from './removal';

export interface Selection {
  row?: string;
  only?: RegExp;
  variant?: string;
  sample?: number;
  seed: number;
}

/** Numbers from 0 to 1 that look random: mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Some of those that need no other build than the plain one, compile quickly and do not depend on chance. */
function sampleOf(removals: readonly Removal[], count: number, seed: number): Removal[] {
  const random = randomFrom(seed);
  const quick = removals.filter(
    ({ variant, times, edits }) => !variant && !times && edits.every(({ file }) => file.endsWith('.c')),
  );
  const drawn = quick.map((removal) => ({ removal, at: random() })).sort((a, b) => a.at - b.at);
  return drawn.slice(0, count).map(({ removal }) => removal);
}

export function selected(all: readonly Removal[], { row, only, variant, sample, seed }: Selection): Removal[] {
  const rows = row === undefined ? undefined : rowsCalled(row);
  const wanted = all.filter(
    (removal) =>
      (rows === undefined || removal.rows.some((named) => rows.some((one) => isAbout(named, one)))) &&
      (only === undefined || only.test(removal.what)) &&
      (variant === undefined || (removal.variant ?? 'plain') === variant),
  );
  return sample === undefined ? wanted : sampleOf(wanted, sample, seed);
}
