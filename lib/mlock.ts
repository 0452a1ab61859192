import { native } from './internal/native';
import { bits, isOn, object } from './internal/options';

const { constants } = native;

export interface MlockOptions {
  /** Locks pages as faults bring them in, and brings none in itself. @defaultValue false */
  onFault?: boolean;
  /** Linux's MLOCK_ bits; the option above is or-ed to it. @defaultValue 0 */
  flags?: number;
}

/** Linux's MCL_ bits, or their names. */
export type MlockAllOptions =
  | {
      /** Locks every mapping there is, and brings its pages in. @defaultValue false */
      current?: boolean;
      /** Locks every mapping that mmap and brk will make. @defaultValue false */
      future?: boolean;
      /** With one of the two: brings no pages in. @defaultValue false */
      onFault?: boolean;
    }
  | number;

/** @internal MLOCK_ bits. */
export function mlockFlags(options: MlockOptions = {}): number {
  const { onFault, flags = 0 } = object('options', options);
  return (bits('flags', flags) | (isOn('onFault', onFault) ? constants.MLOCK_ONFAULT : 0)) >>> 0;
}

/** @internal MCL_ bits. */
export function mlockAllFlags(options: MlockAllOptions): number {
  if (typeof options === 'number') return bits('options', options);
  const { current, future, onFault } = object('options', options);
  return (
    (isOn('current', current) ? constants.MCL_CURRENT : 0) |
    (isOn('future', future) ? constants.MCL_FUTURE : 0) |
    (isOn('onFault', onFault) ? constants.MCL_ONFAULT : 0)
  );
}
