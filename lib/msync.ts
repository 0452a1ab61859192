import { native } from './internal/native';
import { bits, isOn, object } from './internal/options';

const { constants } = native;

/** Linux's MS_ bits, or their names. */
export type MsyncOptions =
  | {
      /** Asks for writing back, some time. @defaultValue false */
      async?: boolean;
      /** Asks for writing back now. @defaultValue false */
      sync?: boolean;
      /** Refuses locked memory. @defaultValue false */
      invalidate?: boolean;
    }
  | number;

/** @internal MS_ bits. */
export function msyncFlags(options: MsyncOptions = {}): number {
  if (typeof options === 'number') return bits('options', options);
  const { async: later, sync, invalidate } = object('options', options);
  return (
    (isOn('async', later) ? constants.MS_ASYNC : 0) |
    (isOn('sync', sync) ? constants.MS_SYNC : 0) |
    (isOn('invalidate', invalidate) ? constants.MS_INVALIDATE : 0)
  );
}
