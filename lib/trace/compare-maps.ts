/**
 * The layout that a replay ended with, held against the one that Linux had: mapping for mapping.
 *
 * Bounds and permissions must be equal, and for files the offset and which file it is. What is not compared, and why:
 * - the name of a file whose device and inode agree: maps prints what it is called at that moment, which a rename or an
 *   unlink ("(deleted)") changes without a call that a trace holds;
 * - device and inode of files that the recording does not identify (strace knows the path only; a plain perf script
 *   nothing at all) and of shared anonymous memory, which the kernel numbers as it makes it. But one object must be one
 *   object: where two mappings show the same one in one layout, so they must in the other;
 * - names that prctl(PR_SET_VMA_ANON_NAME) gives ("[anon:...]"): that call is not modelled yet, and counted as such;
 * - under strace, what page faults decide, since it shows none: how far the stack has grown, and whether the kernel has
 *   joined two private neighbours that look alike, which depends on which of them had been written to.
 */
import { isFileRow, isUnknownFileName } from './files';
import { type MapsRow, parseMaps, printMapsRow } from './proc-maps';

const HEAP = '[heap]';
const STACK = '[stack]';
const DELETED = ' (deleted)';
const SHARED_ANONYMOUS = /^\/dev\/zero(?: \(deleted\))?$/;
const PRCTL_NAME = /^\[anon:.*\]$/;

function withoutDeleted(name: string): string {
  return name.endsWith(DELETED) ? name.slice(0, -DELETED.length) : name;
}

function identityOf(row: MapsRow): string {
  return `${row.dev} ${row.inode}`;
}

/** [heap] is what a mapping is called that touches the heap, the rest of it included. */
function mayShareName(a: string, b: string): boolean {
  return a === b || (a === '' && b === HEAP) || (a === HEAP && b === '');
}

/** Private neighbours that look like one mapping, which Linux may or may not have made one. */
function continues(before: MapsRow, row: MapsRow): boolean {
  if (before.end !== row.start || before.perms !== row.perms || !row.perms.endsWith('p')) return false;
  if (identityOf(before) !== identityOf(row) || !mayShareName(before.name, row.name)) return false;
  return !isFileRow(row) || before.offset + (before.end - before.start) === row.offset;
}

/** A layout as far as a recording without page faults can tell it. */
function withoutFaults(rows: readonly MapsRow[]): MapsRow[] {
  const joined: MapsRow[] = [];
  for (const row of rows) {
    const before = joined.at(-1);
    if (before !== undefined && continues(before, row)) {
      before.end = row.end;
      before.name ||= row.name;
    }
    // All that is known of a stack is where it ends.
    else joined.push(row.name === STACK ? { ...row, start: row.end - 1 } : { ...row });
  }
  return joined;
}

/** Pairs of objects that stand for each other in the two layouts, found as they come. */
class Pairs {
  private readonly there = new Map<string, string>();
  private readonly back = new Map<string, string>();

  agree(actual: string, expected: string): boolean {
    const known = this.there.get(actual);
    const from = this.back.get(expected);
    if (known === undefined && from === undefined) {
      this.there.set(actual, expected);
      this.back.set(expected, actual);
      return true;
    }
    return known === expected && from === actual;
  }
}

class Comparison {
  readonly differences: string[] = [];
  private readonly pairs = new Pairs();

  constructor(private readonly format: 'perf' | 'strace') {}

  run(actual: readonly MapsRow[], expected: readonly MapsRow[]): void {
    let a = 0;
    let e = 0;
    while (a < actual.length || e < expected.length) {
      const mine = actual[a];
      const theirs = expected[e];
      if (mine !== undefined && theirs !== undefined && mine.start === theirs.start && mine.end === theirs.end) {
        this.pair(mine, theirs);
        a++;
        e++;
      } else if (theirs === undefined || (mine !== undefined && comesFirst(mine, theirs))) {
        this.differences.push(`${printed(mine as MapsRow)} is not in the recorded map`);
        a++;
      } else {
        this.differences.push(`${printed(theirs)} is missing`);
        e++;
      }
    }
  }

  private pair(mine: MapsRow, theirs: MapsRow): void {
    const what = this.reasonOf(mine, theirs);
    if (what !== undefined) this.differences.push(`${printed(mine)} has another ${what}, recorded ${printed(theirs)}`);
  }

  private reasonOf(mine: MapsRow, theirs: MapsRow): string | undefined {
    if (mine.perms !== theirs.perms) return 'permission';
    if (isFileRow(mine) !== isFileRow(theirs)) return 'kind';
    if (!isFileRow(theirs)) return sameName(mine.name, theirs.name) ? undefined : 'name';
    if (mine.offset !== theirs.offset) return 'offset';
    return this.sameFile(mine, theirs) ? undefined : 'file';
  }

  private sameFile(mine: MapsRow, theirs: MapsRow): boolean {
    if (mine.inode === theirs.inode && mine.dev === theirs.dev) return true;
    const numbered = SHARED_ANONYMOUS.test(mine.name) && SHARED_ANONYMOUS.test(theirs.name);
    const byPath = this.format === 'strace' && withoutDeleted(mine.name) === withoutDeleted(theirs.name);
    if (!numbered && !byPath && !isUnknownFileName(mine.name)) return false;
    return this.pairs.agree(`${identityOf(mine)} ${mine.name}`, identityOf(theirs));
  }
}

/** The lower one; of two at the same place the shorter. */
function comesFirst(a: MapsRow, b: MapsRow): boolean {
  return a.start < b.start || (a.start === b.start && a.end < b.end);
}

function sameName(mine: string, theirs: string): boolean {
  return mine === theirs || (mine === '' && PRCTL_NAME.test(theirs));
}

function printed(row: MapsRow): string {
  return printMapsRow(row).replace(/ {2,}/g, ' ').trimEnd();
}

/**
 * What differs, one sentence each; nothing when the layouts are equal.
 *
 * @param actual text of /proc/PID/maps at the end of the replay
 */
export function compareMaps(actual: string, expected: readonly MapsRow[], format: 'perf' | 'strace'): string[] {
  const comparison = new Comparison(format);
  const known = (rows: readonly MapsRow[]): readonly MapsRow[] => (format === 'strace' ? withoutFaults(rows) : rows);
  comparison.run(known(parseMaps(actual)), known(expected));
  return comparison.differences;
}
