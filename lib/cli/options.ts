/**
 * Values of options, read and refused in one voice; a refusal lists what would have been taken.
 */
import { InvalidArgumentError } from 'commander';
import { FAULT_ERAS, type FaultEra, POLICY_NAMES, type PolicyName } from '../policy';

/** One name of a list. */
export function oneOf<T extends string>(names: readonly T[], what: string): (text: string) => T {
  return (text) => {
    const found = names.find((name) => name === text);
    if (found === undefined)
      throw new InvalidArgumentError(`There is no ${what} '${text}'; there are ${names.join(', ')}.`);
    return found;
  };
}

export const policyName: (text: string) => PolicyName = oneOf(POLICY_NAMES, 'policy');
export const faultEra: (text: string) => FaultEra = oneOf(FAULT_ERAS, 'era');

/** Names with commas between them, each once. */
export function policyNames(text: string): PolicyName[] {
  const names = text.split(',').map((name) => policyName(name.trim()));
  return [...new Set(names)];
}

/** A whole number from `least` to `most`. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most))
      throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
    return value;
  };
}
