/** A file of results, one JSON object a line, by which a long run can go on where an earlier one ended. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { Line } from './report';
import type { Result } from './trial';

export function record(file: string, { removal: { what }, result }: Line): void {
  appendFileSync(file, `${JSON.stringify({ what, ...result })}\n`);
}

/** The names of those that were noticed. */
export function noticedIn(file: string): Set<string> {
  if (!existsSync(file)) return new Set();
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  const results = lines.map((line) => JSON.parse(line) as { what: string } & Result);
  return new Set(results.filter(({ outcome }) => outcome === 'noticed').map(({ what }) => what));
}
