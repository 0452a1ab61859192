import { bits, invalidArgument } from './internal/options';
import { native } from './internal/native';

/** Letters of 'rwx' in any order ('r', 'rw', 'rx', ...), 'none', or Linux's PROT_ bits as a number. */
export type Prot = string | number;

const { PROT_READ, PROT_WRITE, PROT_EXEC } = native.constants;
const LETTERS: Readonly<Record<string, number>> = { r: PROT_READ, w: PROT_WRITE, x: PROT_EXEC };

/** @internal Linux's bits. */
export function protBits(name: string, prot: Prot): number {
  if (typeof prot === 'number') return bits(name, prot);
  if (prot === 'none') return native.constants.PROT_NONE;
  if (typeof prot !== 'string' || !/^[rwx]+$/.test(prot))
    throw invalidArgument(name, "letters of 'rwx', 'none', or PROT_ bits", prot);
  return [...prot].reduce((sum, letter) => sum | (LETTERS[letter] ?? 0), 0);
}

/** @internal The letters, in the order r, w, x; or 'none'. */
export function protLetters(prot: number): string {
  const letters = Object.keys(LETTERS).filter((letter) => (prot & (LETTERS[letter] ?? 0)) !== 0);
  return letters.length === 0 ? 'none' : letters.join('');
}
