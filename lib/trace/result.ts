/** The result of a system call, as 64 bits without a sign. */
import { errnoOf } from './linux';
import { BadLine } from './text-source';

/** Refuses what is neither a value nor an error: a negative number below all of them, or one of more than 64 bits. */
export function checkedResult(result: bigint): bigint {
  const unsigned = BigInt.asUintN(64, result);
  const fits = unsigned === result || BigInt.asIntN(64, unsigned) === result;
  if (!fits || (unsigned >> 63n !== 0n && errnoOf(unsigned) === 0))
    throw new BadLine(`${result} is not the result of a system call`);
  return unsigned;
}
