/** Each order of docs/memory-ordering.md suffices, and is needed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { canGoWrong } from './memory-model';
import { LEFT_OUT, type Pair, PAIRS } from './pairs';

const ledger = readFileSync(join(__dirname, '../../docs/memory-ordering.md'), 'utf8');
const rows = new Map(Array.from(ledger.matchAll(/^\| `\[([a-z-]+)\]`.*$/gm), ([row, tag = '']) => [tag, row]));
const told = [...rows.keys()];
const named = (pair: Pair): [string, Pair] => [`[${pair.tag}] ${pair.ends.join(', ')}`, pair];
const ends = PAIRS.flatMap((pair) =>
  pair.ends.map((end): [string, Pair, string] => [`[${pair.tag}] ${end}`, pair, end]),
);

describe('a pair of orders', () => {
  it('is told in the ledger, and tried here or left out for a reason', () => {
    expect(told.length).toBeGreaterThan(0);
    expect([...new Set(PAIRS.map(({ tag }) => tag)), ...Object.keys(LEFT_OUT)].sort()).toEqual(told.sort());
  });

  it.each(ends)('has the end of its row: %s', (_, { tag }, end) => {
    expect(rows.get(tag)).toContain(end.slice(0, end.indexOf('(')));
  });

  it.each(PAIRS.map(named))('is enough: %s', (_, pair) => {
    expect(canGoWrong(pair.program(() => true))).toBe(false);
  });

  it.each(ends)('is not without %s', (_, pair, end) => {
    expect(canGoWrong(pair.program((other) => other !== end))).toBe(true);
  });
});
