/** The mappings that a space begins with, from its recorded layout and what the kernel reported while it built it. */
import { type Files, isFileRow } from './files';
import { MAP, PAGE, PROT } from './linux';
import type { MapsRow } from './proc-maps';
import type { Segment } from './simple-space';
import type { Space } from './spaces';
import { type InitialVma, VMA_SPECIAL, type WrittenSpace } from './trace-writer';

const STACK = '[stack]';
const HEAP = '[heap]';
/** [vdso], [vvar], [vvar_vclock], [vectors], [sigpage]: the kernel's own, which no neighbour ever joins. */
const SPECIAL = /^\[(?:v[a-z_]+|sigpage)\]$/;
/** Bytes below the end of the stack at which its first pointer is taken to lie; it is above all that a program pushes. */
const ABOVE_STACK_POINTER = 16;

function protOf(perms: string): number {
  return (
    (perms.startsWith('r') ? PROT.PROT_READ : 0) |
    (perms[1] === 'w' ? PROT.PROT_WRITE : 0) |
    (perms[2] === 'x' ? PROT.PROT_EXEC : 0)
  );
}

function flagsOf(row: MapsRow): number {
  const kind = row.perms.endsWith('s') ? MAP.MAP_SHARED : MAP.MAP_PRIVATE;
  return kind | (row.name === STACK ? MAP.MAP_GROWSDOWN : 0) | (SPECIAL.test(row.name) ? VMA_SPECIAL : 0);
}

/**
 * The page offset. /proc/PID/maps prints none for anonymous memory: it is the page number at which the mapping was
 * born, which is where it lies, except for the stack that execve moves; the kernel's report of the mapping has it then.
 */
function pgoffOf(space: Space, row: MapsRow): number {
  if (isFileRow(row) || SPECIAL.test(row.name)) return row.offset / PAGE;
  const seen = space.window.find((mapping) => mapping.start === row.start && mapping.offset !== 0);
  return (seen?.offset ?? row.start) / PAGE;
}

/** Names that the mapping itself has; [stack] and [heap] are only where it lies. */
function nameOf(row: MapsRow): string {
  return isFileRow(row) || row.name === STACK || row.name === HEAP ? '' : row.name;
}

function vmaOf(space: Space, row: MapsRow, files: Files): InitialVma {
  return {
    start: row.start,
    end: row.end,
    pgoff: pgoffOf(space, row),
    prot: protOf(row.perms),
    flags: flagsOf(row) >>> 0,
    file: isFileRow(row) ? files.ofRow(row).index : undefined,
    name: nameOf(row),
  };
}

/** The heap, where the space had one already and it is whole. */
export function heapOf(space: Space): MapsRow | undefined {
  const rows = space.rows.filter((row) => row.name === HEAP);
  return rows.length === 1 && rows[0]?.perms === 'rw-p' ? rows[0] : undefined;
}

function stackStartOf(rows: readonly MapsRow[]): number {
  const stack = rows.find((row) => row.name === STACK);
  return stack === undefined ? 0 : stack.end - ABOVE_STACK_POINTER;
}

/** The same for the plain model that the order is worked out on. */
export function segmentsOf({ vmas }: WrittenSpace): Segment[] {
  return vmas.map(({ start, end, prot, flags }) => ({
    start,
    end,
    prot,
    growsDown: (flags & MAP.MAP_GROWSDOWN) !== 0,
  }));
}

/** @param brkStart where the heap begins, 0 when the recording never asked */
export function initialOf(space: Space, files: Files, brkStart: number): WrittenSpace {
  const heap = heapOf(space);
  return {
    space,
    brkStart,
    stackStart: stackStartOf(space.rows),
    vmas: space.rows.filter((row) => row !== heap).map((row) => vmaOf(space, row, files)),
  };
}
