import { native } from './internal/native';
import { bits, isOn } from './internal/options';
import type { Bytes } from './units';

const { constants } = native;

/** How {@link AddressSpace.mremap} may move what it resizes. */
export interface MremapOptions {
  /** May move when there is no room in place. @defaultValue false */
  mayMove?: boolean;
  /** Bytes: where to; exact with `fixed`, a hint with `dontUnmap`, else not looked at. @defaultValue 0 */
  to?: Bytes;
  /** Moves exactly there and replaces what is mapped there; needs `mayMove`. @defaultValue false */
  fixed?: boolean;
  /** The old range stays mapped, empty; needs `mayMove`. @defaultValue false */
  dontUnmap?: boolean;
  /** Linux's MREMAP_ bits; the options above are or-ed to it. @defaultValue 0 */
  flags?: number;
}

/** @internal MREMAP_ bits. */
export function mremapFlags({ mayMove, fixed, dontUnmap, flags = 0 }: MremapOptions): number {
  return (
    (bits('flags', flags) |
      (isOn('mayMove', mayMove) ? constants.MREMAP_MAYMOVE : 0) |
      (isOn('fixed', fixed) ? constants.MREMAP_FIXED : 0) |
      (isOn('dontUnmap', dontUnmap) ? constants.MREMAP_DONTUNMAP : 0)) >>>
    0
  );
}
