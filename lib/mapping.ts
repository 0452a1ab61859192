/**
 * One mapping, as read at one moment.
 */
import { type Handle, native } from './internal/native';
import { protLetters } from './protection';
import { SimFile } from './sim-file';

/** A VMA: a range of pages with one protection, one kind and one file. Reading it again may find it changed. */
export interface Vma {
  /** First byte. */
  start: number;
  /** The byte behind the last one. */
  end: number;
  /** Letters of 'rwx', or 'none'. */
  prot: string;
  /** As maps() prints it: `s` for true, `p` for false. */
  shared: boolean;
  /** The two-letter words of VmFlags in /proc/PID/smaps, in the kernel's order. */
  flags: string[];
  /** Bytes into the file; 0 for memory that is no file's. */
  offset: number;
  /** What it maps; left out for anonymous memory. */
  file?: SimFile;
  /** As maps() prints it: a file's name, `[heap]`, `[stack]`; left out where maps() prints none. */
  name?: string;
}

/** Bits above the 32nd are beyond JavaScript's operators. */
function hasBit(flags: number, bit: number): boolean {
  return Math.floor(flags / 2 ** bit) % 2 === 1;
}

/** What native.find() writes, in its order. */
const FIELDS = 11;
const scratch = new Float64Array(FIELDS);

/** @internal The mapping that covers `address`, or the first one above it. */
export function mappingFrom(space: Handle, address: number | bigint): Vma | undefined {
  const name = native.find(space, address, scratch);
  if (name === undefined) return undefined;
  const [start = 0, end = 0, offset = 0, , vmFlags = 0, prot = 0, , , , fileId = 0] = scratch;
  const file = fileId === 0 ? undefined : SimFile.at(space, start, fileId);
  // A long name was cut on the way, but its file has all of it.
  const whole = file?.name ?? name;
  return {
    start,
    end,
    prot: protLetters(prot),
    shared: (vmFlags & native.constants.VM_MAYSHARE) !== 0,
    flags: native.flagWords.filter(([bit]) => hasBit(vmFlags, bit)).map(([, word]) => word),
    offset,
    ...(file === undefined ? {} : { file }),
    ...(whole === '' ? {} : { name: whole }),
  };
}
