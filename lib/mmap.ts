import { native } from './internal/native';
import { bits, choice, isOn } from './internal/options';
import type { Prot } from './protection';
import type { SimFile } from './sim-file';
import type { Bytes } from './units';

const { constants } = native;

/** What {@link AddressSpace.mmap} maps, and how. */
export interface MmapOptions {
  /** Bytes, rounded up to whole pages. */
  length: Bytes;
  /** Bytes: a hint, or exact with `fixed`. @defaultValue 0, which is no hint */
  address?: Bytes;
  /** `true` replaces what is mapped there, `'noreplace'` refuses with `EEXIST`. @defaultValue false */
  fixed?: boolean | 'noreplace';
  /** @defaultValue 'rw' */
  prot?: Prot;
  /** `'validate'`: unknown flags are refused. @defaultValue false: private */
  shared?: boolean | 'validate';
  /** What to map. @defaultValue anonymous memory */
  file?: SimFile;
  /** Bytes into `file`, a multiple of the page size. @defaultValue 0 */
  offset?: Bytes;
  /** Brings the pages in at once. @defaultValue false */
  populate?: boolean;
  /** With `populate`: does not. @defaultValue false */
  nonBlock?: boolean;
  /** Locked in memory. @defaultValue false */
  locked?: boolean;
  /** Not charged to the commit account. @defaultValue false */
  noReserve?: boolean;
  /** A stack: grows when the page below it is touched. @defaultValue false */
  growsDown?: boolean;
  /** A hint that it is used as a stack. @defaultValue false */
  stack?: boolean;
  /** Pages may be dropped instead of swapped; instead of private. @defaultValue false */
  droppable?: boolean;
  /**
   * Linux's MAP_ bits in full: when given, no default is added (neither MAP_PRIVATE nor MAP_ANONYMOUS), and unknown bits
   * go through; the options above are or-ed to it. Without MAP_ANONYMOUS and without `file` the answer is `EBADF`.
   */
  flags?: number;
}

const SWITCHES = {
  populate: constants.MAP_POPULATE,
  nonBlock: constants.MAP_NONBLOCK,
  locked: constants.MAP_LOCKED,
  noReserve: constants.MAP_NORESERVE,
  growsDown: constants.MAP_GROWSDOWN,
  stack: constants.MAP_STACK,
  droppable: constants.MAP_DROPPABLE,
} as const;

/** Either a switch or one more word. */
function chosen<T extends string>(name: string, value: boolean | T | undefined, word: T, on: number, worded: number) {
  if (typeof value === 'string') choice(name, value, [word]);
  else isOn(name, value);
  return value === true ? on : value === word ? worded : 0;
}

/** @internal MAP_ bits. */
export function mmapFlags(options: MmapOptions): number {
  const { file, flags } = options;
  let named =
    chosen('fixed', options.fixed, 'noreplace', constants.MAP_FIXED, constants.MAP_FIXED_NOREPLACE) |
    chosen('shared', options.shared, 'validate', constants.MAP_SHARED, constants.MAP_SHARED_VALIDATE);
  for (const [name, bit] of Object.entries(SWITCHES))
    if (isOn(name, options[name as keyof typeof SWITCHES])) named |= bit;
  if (flags !== undefined) return (bits('flags', flags) | named) >>> 0;
  const isTyped = (named & (constants.MAP_SHARED | constants.MAP_DROPPABLE)) !== 0;
  return named | (isTyped ? 0 : constants.MAP_PRIVATE) | (file === undefined ? constants.MAP_ANONYMOUS : 0);
}
