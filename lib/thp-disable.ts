import { native } from './internal/native';
import { bits, isOn, object } from './internal/options';

const { constants } = native;

/** What PR_SET_THP_DISABLE of prctl(2) leaves. */
export interface ThpDisableOptions {
  /** Huge pages are made all the same where MADV_HUGEPAGE or MADV_COLLAPSE asks for them. @defaultValue false */
  exceptAdvised?: boolean;
  /** Linux's PR_THP_DISABLE_ bits; the option above is or-ed to it. @defaultValue 0 */
  flags?: number;
}

/** What PR_GET_THP_DISABLE tells. */
export interface ThpDisableState {
  disabled: boolean;
  exceptAdvised: boolean;
}

/** @internal PR_THP_DISABLE_ bits. */
export function thpDisableFlags(options: ThpDisableOptions = {}): number {
  const { exceptAdvised, flags = 0 } = object('options', options);
  return (
    (bits('flags', flags) | (isOn('exceptAdvised', exceptAdvised) ? constants.THP_DISABLE_EXCEPT_ADVISED : 0)) >>> 0
  );
}

/** @internal What the bits tell. */
export function thpDisableFrom(disable: number): ThpDisableState {
  return {
    disabled: (disable & constants.THP_DISABLED) !== 0,
    exceptAdvised: (disable & constants.THP_DISABLE_EXCEPT_ADVISED) !== 0,
  };
}
