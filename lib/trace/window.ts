/**
 * The layout that an execve leaves, from the mappings that the kernel reported while it built the space: later ones
 * are laid over earlier ones. Only the holes that a binary leaves between its segments are not to be seen so, which is
 * why a recorded layout comes first.
 */
import type { MapsRow } from './proc-maps';
import type { SeenMapping } from './recorded';

const ANONYMOUS = '//anon';

function rowOf(seen: SeenMapping): MapsRow {
  const { start, length, offset, dev, inode, perms, name } = seen;
  const file = inode !== 0 || name.startsWith('/');
  const anonymous = name === ANONYMOUS || !file;
  return {
    start,
    end: start + length,
    perms,
    offset: anonymous ? 0 : offset,
    dev,
    inode,
    name: name === ANONYMOUS ? '' : name,
  };
}

/** What is left of a row when `over` lies on it. */
function around(row: MapsRow, over: MapsRow): MapsRow[] {
  if (row.end <= over.start || over.end <= row.start) return [row];
  const left: MapsRow[] = [];
  if (row.start < over.start) left.push({ ...row, end: over.start });
  if (over.end < row.end) {
    const moved = over.end - row.start;
    left.push({ ...row, start: over.end, offset: row.inode === 0 ? row.offset : row.offset + moved });
  }
  return left;
}

export function rowsOfWindow(window: readonly SeenMapping[]): MapsRow[] {
  let rows: MapsRow[] = [];
  for (const seen of window) {
    const over = rowOf(seen);
    rows = [...rows.flatMap((row) => around(row, over)), over];
  }
  return rows.sort((a, b) => a.start - b.start);
}
