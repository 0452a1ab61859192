/** What the output of a failed test says of the reason, in one line. */
import type { Ended } from './programs';

/** The first of these that is found in the output. */
const REASONS: readonly (readonly [reason: string, line: RegExp])[] = [
  ['sanitizer', /^SUMMARY: (\w+Sanitizer: .*)$/m],
  ['assertion', /^vmalock: (.*:\d+: broken invariant: .*)$/m],
  ['expectation', /^(.*:\d+: (?:expected: .*|.*, expected .*))$/m],
];

const TIMEOUT = 'timeout';

export function reasonOf({ status, timedOut, output }: Ended): string {
  if (timedOut) return `${TIMEOUT}${lastLine(output)}`;
  for (const [reason, line] of REASONS) {
    const [, text] = line.exec(output) ?? [];
    if (text !== undefined) return `${reason}: ${text.replace(/\S*\/native\//g, 'native/')}`;
  }
  return `${status === null ? 'crash' : `status ${status}`}${lastLine(output)}`;
}

export const isTimeout = (reason: string): boolean => reason.startsWith(TIMEOUT);

/** The case that ran last, in most tests. */
function lastLine(output: string): string {
  const line = output.trim().split('\n').at(-1) ?? '';
  return line === '' ? '' : `, last heard of: ${line}`;
}
