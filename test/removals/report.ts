/** Removals and what became of them, for people. */
import type { Removal } from './removal';
import type { Result } from './trial';

/** One trial's end. */
export interface Line {
  removal: Removal;
  result: Result;
}

export function describe({ removal: { what }, result }: Line): string {
  switch (result.outcome) {
    case 'noticed':
      return `noticed      ${what}\n             by ${result.test}: ${result.reason}\n`;
    case 'not noticed':
      return `NOT NOTICED  ${what}\n`;
    case 'broken':
      return `BROKEN       ${what}\n${result.reason}\n`;
  }
}

export function list(removals: readonly Removal[]): string {
  return removals.map(({ what, rows, tests }) => `${what}\n    ${rows.join('; ')}: ${tests.join(', ')}\n`).join('');
}

/** Those that were not noticed once more, and how many there are of each. */
export function summary(lines: readonly Line[]): string {
  const unnoticed = lines.filter(({ result }) => result.outcome !== 'noticed');
  const again = unnoticed.length > 0 ? `\n${unnoticed.map(describe).join('')}` : '';
  return `${again}\n${lines.length - unnoticed.length} noticed, ${unnoticed.length} not\n`;
}
