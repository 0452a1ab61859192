/**
 * What a benchmark prints: one JSON object a line, the same from `vmalock-bench` and from `bench/js`.
 *
 * A line stands for itself: it says what was measured, against what, how clean it was, and on which machine and commit.
 */

/** The median of many windows, and what four fifths of them lie between. */
export interface Spread {
  median: number;
  p10: number;
  p90: number;
}

/** Where and of what a result was taken. */
export interface Run {
  machine: string;
  arch: string;
  cpus: number;
  kernel: string;
  compiler: string;
  commit: string;
  /** which search inside a node the CPU got; JavaScript cannot tell */
  search: string | null;
  seed: number;
}

/** One contestant of one case. */
export interface Result {
  case: string;
  /** mappings in the space or the index */
  vmas: number;
  /** what one operation is */
  op: string;
  contestant: string;
  policy: string | null;
  /** ours, what does the same for its users, or what nobody can be without */
  role: 'subject' | 'peer' | 'floor';
  /** the contestant that ratios are taken to */
  reference: string;
  /** what the ratio divides */
  unit: string;
  /** cost of this contestant by that of the reference in the same round: less is better */
  ratio: Spread | null;
  /** of what is no time, in `unit` */
  amount: Spread | null;
  /** of one operation */
  ns: Spread | null;
  cycles: Spread | null;
  instructions: Spread | null;
  rounds: number;
  /** rounds in which this contestant and the reference kept their processor */
  clean: number;
  opsPerWindow: number;
  /** too few clean rounds, or the reference itself drifted: says nothing */
  noisy: boolean;
  run: Run;
}

/** A file of results that is none: says which line. */
export class ResultsError extends Error {}

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string' && value !== '';
const isNumber: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const isBoolean: Check = (value) => typeof value === 'boolean';
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const oneOf =
  (...names: string[]): Check =>
  (value) =>
    typeof value === 'string' && names.includes(value);

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The name of the first field that is missing or of another kind. */
function wrongField(value: Record<string, unknown>, shape: Record<string, Check>): string | undefined {
  return Object.entries(shape).find(([name, check]) => !check(value[name]))?.[0];
}

const SPREAD: Record<keyof Spread, Check> = { median: isNumber, p10: isNumber, p90: isNumber };
const isSpread: Check = (value) => isObject(value) && wrongField(value, SPREAD) === undefined;

const RUN: Record<keyof Run, Check> = {
  machine: isText,
  arch: isText,
  cpus: isNumber,
  kernel: isText,
  compiler: isText,
  commit: isText,
  search: orNull(isText),
  seed: isNumber,
};

const RESULT: Record<keyof Result, Check> = {
  case: isText,
  vmas: isNumber,
  op: isText,
  contestant: isText,
  policy: orNull(isText),
  role: oneOf('subject', 'peer', 'floor'),
  reference: isText,
  unit: isText,
  ratio: orNull(isSpread),
  amount: orNull(isSpread),
  ns: orNull(isSpread),
  cycles: orNull(isSpread),
  instructions: orNull(isSpread),
  rounds: isNumber,
  clean: isNumber,
  opsPerWindow: isNumber,
  noisy: isBoolean,
  run: (value) => isObject(value) && wrongField(value, RUN) === undefined,
};

function parseLine(line: string, where: string): Result {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new ResultsError(`${where}: not JSON`);
  }
  if (!isObject(value)) throw new ResultsError(`${where}: not an object`);
  const wrong = wrongField(value, RESULT);
  if (wrong !== undefined) throw new ResultsError(`${where}: no result: ${wrong} is missing or of another kind`);
  return value as unknown as Result;
}

/**
 * The results in a text of JSON lines; empty lines are passed over.
 *
 * @param name what the text is called when a line is refused
 * @throws {ResultsError} for a line that is no result, and for a text without any
 */
export function parseResults(text: string, name: string): Result[] {
  const results = text
    .split('\n')
    .map((line, i) => ({ line, where: `${name}:${i + 1}` }))
    .filter(({ line }) => line.trim() !== '')
    .map(({ line, where }) => parseLine(line, where));
  if (results.length === 0) throw new ResultsError(`${name}: holds no results`);
  return results;
}

/** How people name a contestant: with its policy, where it has one. */
export function fullName(result: Pick<Result, 'contestant' | 'policy'>): string {
  return result.policy === null ? result.contestant : `${result.contestant}, ${result.policy}`;
}

/** Three digits that matter: 0.0123, 1.23, 12.3, 123, 1234. */
export function threeDigits(value: number): string {
  if (value === 0) return '0';
  const digits = Math.max(0, Math.min(4, 2 - Math.floor(Math.log10(Math.abs(value)))));
  return value.toFixed(digits);
}
