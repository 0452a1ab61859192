/**
 * Something that is there for a reason, and what should notice when it is gone.
 *
 * docs/rfc-map.md and docs/races.md say of a row that it was "tried": the thing was taken out, and the test named failed.
 * The catalogue has each such removal as data, so that it can be tried again: npm run test:removals.
 */
import type { VariantName } from '../../scripts/native-variants.cjs';

/** What stands around an edit's place, where its own text is not enough to find it. It stays. */
export interface Context {
  readonly after?: string;
  readonly before?: string;
}

/** A change of one place of one file. The place is found by its text, in which a space stands for any white space. */
export interface Edit extends Context {
  /** Below native/src. */
  readonly file: string;
  /** What stands there now, with its context once only. Empty: something is added. */
  readonly take: string;
  /** What stands there instead. */
  readonly put: string;
}

export interface Removal {
  /** What is wrong then, as a sentence; no two are the same. */
  readonly what: string;
  /**
   * The rows of the docs that it is about: `patch 5`, `F1`, a pair of barriers as `[vma-mark]`; for a row without a label
   * the first words of its text.
   */
  readonly rows: readonly string[];
  readonly edits: readonly Edit[];
  /** The tests that should notice, the likeliest first: `vma.lock` is native/test/vma/lock_test.c. */
  readonly tests: readonly string[];
  /** The build in which they do; the plain one if not given. */
  readonly variant?: Exclude<VariantName, 'plain'>;
  /** How often each test may run until it notices: for what chance decides. Once if not given. */
  readonly times?: number;
}

/** What the removals of a group have in common; each may say otherwise. */
type Common = Partial<Pick<Removal, 'rows' | 'tests' | 'variant' | 'times'>>;
type Own = Omit<Removal, keyof Common> & Common;

export function group(common: Required<Pick<Common, 'rows' | 'tests'>> & Common, own: readonly Own[]): Removal[] {
  return own.map((removal) => ({ ...common, ...removal }));
}

/** Takes text out. */
export function without(file: string, take: string, context: Context = {}): Edit {
  return { file, take, put: '', ...context };
}

/** Puts other text in its place. */
export function instead(file: string, take: string, put: string, context: Context = {}): Edit {
  return { file, take, put, ...context };
}

/** Adds text beside what stands there. */
export function added(file: string, put: string, context: Context): Edit {
  return { file, take: '', put, ...context };
}

/** Lets the second of two neighbours come first. */
export function swapped(file: string, first: string, second: string): Edit {
  return { file, take: `${first} ${second}`, put: `${second} ${first}` };
}
