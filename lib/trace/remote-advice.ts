/**
 * process_madvise takes a list of ranges, and returns how many bytes of it were advised: an event for each range that was tried.
 */
import type { TraceEvent } from './events';
import { ERRNO, TASK_SIZE } from './linux';
import type { AdvisedRange } from './recorded';
import type { CallStep } from './steps';

type Advised = Pick<TraceEvent, 'a' | 'b' | 'c' | 'd' | 'aux' | 'result' | 'unknown'>;

const EFAULT = BigInt(-(ERRNO.get('EFAULT') ?? 0));
const NOTHING: AdvisedRange = { address: 0n, length: 0n };

function isBeyond({ address, length }: AdvisedRange): boolean {
  return address + length > BigInt(TASK_SIZE);
}

/** The range for which a list was refused: the kernel looks at the bounds of all before it advises the first. */
function refused(ranges: readonly AdvisedRange[], result: bigint): AdvisedRange {
  return (result === EFAULT ? ranges.find(isBeyond) : undefined) ?? ranges[0] ?? NOTHING;
}

/** @param fromOther the caller is another process than the one that is advised */
export function advisedRanges({ call, result = 0n }: CallStep, fromOther: boolean): Advised[] {
  const { values, ranges = [] } = call;
  const aux = Number(BigInt.asUintN(32, values[3] ?? 0n));
  const fields = (range: AdvisedRange, value: bigint, unknown = false): Advised => ({
    a: range.address,
    b: range.length,
    c: fromOther ? 1n : 0n,
    d: BigInt.asUintN(32, values[4] ?? 0n),
    aux,
    result: value,
    unknown,
  });
  const signed = BigInt.asIntN(64, result);
  if (signed < 0n) return [fields(refused(ranges, signed), signed)];
  const events: Advised[] = [];
  let left = signed;
  for (const range of ranges) {
    // What stopped it is not told: the bytes before it are the answer.
    if (range.length > left) return [...events, fields(range, 0n, true)];
    events.push(fields(range, range.length));
    left -= range.length;
  }
  return events;
}
