/** The rows of the docs whose "tried" column speaks of removals. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const DOCS = join(__dirname, '../../docs');

export interface DocsRow {
  file: string;
  /** `patch 5`, `F1`, `[vma-mark]`, or the whole text where a row has no label. */
  name: string;
  /** Whether its "tried" column says yes. */
  tried: boolean;
}

/** The lines of each table, as cells; the first line is the head. */
function tablesOf(text: string): string[][][] {
  const blocks = text.split(/\n(?!\|)/).map((block) => block.split('\n').filter((line) => line.startsWith('|')));
  return blocks
    .filter((lines) => lines.length > 2)
    .map((lines) =>
      lines.map((line) =>
        line
          .slice(1, -1)
          .split(/(?<!\\)\|/)
          .map((cell) => cell.trim()),
      ),
    );
}

function nameOf(head: string, cells: readonly string[]): string {
  const [first = '', second = ''] = cells;
  const patch = /^\d+(, \d+)*/.exec(first);
  if (head === 'patch' && patch) return `patch ${patch[0]}`;
  return first === '-' ? second : first.replaceAll('`', '');
}

/** All rows of the three pages that removals are about. */
export function docsRows(): DocsRow[] {
  return ['rfc-map.md', 'races.md', 'memory-ordering.md'].flatMap((file) =>
    tablesOf(readFileSync(join(DOCS, file), 'utf8')).flatMap(([head = [], , ...rows]) =>
      rows.map((cells) => ({
        file,
        name: nameOf(head[0] ?? '', cells),
        tried: head.includes('tried') && /\byes\b/.test(cells[head.indexOf('tried')] ?? ''),
      })),
    ),
  );
}

/** Whether a removal that names this row is about that one. */
export function isAbout(named: string, row: DocsRow): boolean {
  return row.name === named || (named.length > 20 && row.name.startsWith(named));
}

/** The rows of a label or, if it is none, all whose text has these words. */
export function rowsCalled(wanted: string): DocsRow[] {
  const labelled = docsRows().filter(({ name }) => {
    const [, patches] = /^patch (\d[\d, ]*)$/.exec(name) ?? [];
    return name === wanted || patches?.split(', ').some((patch) => wanted === `patch ${patch}`);
  });
  return labelled.length > 0 ? labelled : docsRows().filter(({ name }) => name.includes(wanted));
}
