import { native } from './internal/native';
import { bits, isOn, object } from './internal/options';

const { constants } = native;

/** Memory-deny-write-execute: what PR_SET_MDWE of prctl(2) asks for. */
export interface MdweOptions {
  /** Nothing becomes executable that was not, and nothing is mapped both writable and executable. @defaultValue false */
  refuseExecGain?: boolean;
  /** Forks are free of it; with `refuseExecGain` alone. @defaultValue false */
  noInherit?: boolean;
}

/** @internal PR_MDWE_ bits. */
export function mdweBits(options: MdweOptions | number): number {
  if (typeof options === 'number') return bits('options', options);
  const { refuseExecGain, noInherit } = object('options', options);
  return (
    (isOn('refuseExecGain', refuseExecGain) ? constants.MDWE_REFUSE_EXEC_GAIN : 0) |
    (isOn('noInherit', noInherit) ? constants.MDWE_NO_INHERIT : 0)
  );
}

/** @internal What the bits ask for. */
export function mdweFrom(mdwe: number): Required<MdweOptions> {
  return {
    refuseExecGain: (mdwe & constants.MDWE_REFUSE_EXEC_GAIN) !== 0,
    noInherit: (mdwe & constants.MDWE_NO_INHERIT) !== 0,
  };
}
