/**
 * An address space as a drawing: a letter is a mapping, a column is a page, a dot is a hole.
 *
 * `AAB.` is a mapping of two pages, one of one, and a hole. Letters go up from A in the order of addresses, so that a
 * drawing tells the shape and nothing else.
 */
import { AddressSpace, type AddressSpaceOptions, type MmapOptions } from '../../lib';

export const PAGE = 4096;

/** Where the first column lies: away from everything, with a page table of its own. */
const BASE = 0x1_0000_0000;
const COLUMNS = 64;

/** The address of a column. */
export function page(column: number): number {
  return BASE + column * PAGE;
}

/** A length in bytes. */
export function pages(count: number): number {
  return count * PAGE;
}

/** Maps what the drawing shows, every mapping the same: neighbours are one mapping that was split. */
export function draw(space: AddressSpace, picture: string, options: Partial<MmapOptions> = {}): void {
  for (const run of picture.matchAll(/[A-Z]+/g))
    space.mmap({ prot: 'rw', fixed: 'noreplace', ...options, address: page(run.index), length: pages(run[0].length) });
  for (const border of picture.matchAll(/([A-Z])(?!\1)(?=[A-Z])/g)) space.split(page(border.index + 1));
}

/** A new space that looks like the drawing. */
export function drawn(picture: string, options: AddressSpaceOptions = {}): AddressSpace {
  const space = new AddressSpace(options);
  draw(space, picture);
  return space;
}

/** What the space looks like; dots at the end are left out. */
export function drawing(space: AddressSpace): string {
  const columns = new Array<string>(COLUMNS).fill('.');
  let letter = 'A'.charCodeAt(0);
  for (const { start, end } of space) {
    if (end <= BASE || start >= page(COLUMNS)) continue;
    const first = Math.max(0, (start - BASE) / PAGE);
    columns.fill(String.fromCharCode(letter++), first, Math.min(COLUMNS, (end - BASE) / PAGE));
  }
  return columns.join('').replace(/\.+$/, '');
}

/** The protection of each column, in the order of the drawing: `rw r none .`. */
export function protections(space: AddressSpace): string {
  const seen = drawing(space);
  return Array.from(seen, (_, column) => space.find(page(column))?.prot ?? '.').join(' ');
}
