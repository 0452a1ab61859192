/** PR_SET_THP_DISABLE: which huge pages there are, whatever the option says. */
import { AddressSpace, type ThpDisableOptions, type ThpMode } from '../../../lib';
import { codeOf, INVALID, RANGE } from '../../support/codes';
import { PAGE } from '../../support/drawing';

const HUGE = 512 * PAGE;
const AT = 64 * HUGE;
const ADVISED = { exceptAdvised: true };

/** Touches 2 MiB of a new mapping with an advice before it, or MADV_COLLAPSE after it. Are they a huge page then? */
function becomesHuge(space: AddressSpace, advice?: string): boolean {
  space.mmap({ address: AT, length: HUGE, fixed: true });
  if (advice !== undefined && advice !== 'collapse') space.madvise(AT, HUGE, advice);
  space.write(AT, Buffer.from('x'));
  if (advice === 'collapse') codeOf(() => space.madvise(AT, HUGE, advice));
  return /^AnonHugePages: +2048 kB$/m.test(space.smaps());
}

/** By no advice, and three others. */
function hugeBy(space: AddressSpace): boolean[] {
  return [undefined, 'nohugepage', 'hugepage', 'collapse'].map((advice) => becomesHuge(space, advice));
}

const WITHOUT: readonly [ThpMode, boolean[]][] = [
  ['never', [false, false, false, true]],
  ['madvise', [false, false, true, true]],
  ['always', [true, false, true, true]],
];

describe.each(WITHOUT)('setThpDisable in a space with thp %s', (thp, without) => {
  it('forbids all, until it is taken back', () => {
    using space = new AddressSpace({ thp });
    space.setThpDisable(true);
    expect(hugeBy(space)).toEqual([false, false, false, false]);
    space.setThpDisable(false);
    expect(hugeBy(space)).toEqual(without);
  });

  it('leaves those that are asked for, if it is told to', () => {
    using space = new AddressSpace({ thp });
    space.setThpDisable(true, ADVISED);
    expect(hugeBy(space)).toEqual([false, false, thp !== 'never', true]);
  });

  it.each([{}, ADVISED])('holds in a fork, with %p', (options) => {
    using space = new AddressSpace({ thp });
    space.setThpDisable(true, options);
    using child = space.fork();
    expect(child.thpDisable()).toEqual(space.thpDisable());
    expect(hugeBy(child)).toEqual(hugeBy(space));
    child.setThpDisable(false);
    expect(space.thpDisable().disabled).toBe(true);
  });
});

describe('setThpDisable', () => {
  it('leaves huge pages that are there, and tells smaps that no more may come', () => {
    using space = new AddressSpace();
    expect(becomesHuge(space, 'hugepage')).toBe(true);
    expect(space.smaps()).toMatch(/^THPeligible: +1$/m);
    space.setThpDisable(true);
    expect(space.smaps()).toMatch(/^AnonHugePages: +2048 kB$/m);
    expect(space.smaps()).toMatch(/^THPeligible: +0$/m);
  });

  it('holds for khugepaged', () => {
    using space = new AddressSpace({ thp: 'always' });
    space.setThpDisable(true, ADVISED);
    becomesHuge(space);
    expect(space.khugepaged()).toBe(0);
    space.madvise(AT, HUGE, 'hugepage');
    expect(space.khugepaged()).toBe(1);
  });

  it.each<[boolean, ThpDisableOptions, string]>([
    [true, { flags: 1 }, 'EINVAL'],
    [true, { flags: 4 }, 'EINVAL'],
    [true, { flags: 2 }, 'ok'],
    [false, ADVISED, 'EINVAL'],
    [true, { flags: 2 ** 40 }, RANGE],
    [true, { exceptAdvised: 1 as never }, INVALID],
    [true, null as never, INVALID],
    [1 as never, {}, INVALID],
  ])('(%p, %p): %s', (disabled, options, code) => {
    using space = new AddressSpace();
    expect(codeOf(() => space.setThpDisable(disabled, options))).toBe(code);
    expect(space.thpDisable()).toEqual({ disabled: code === 'ok', exceptAdvised: code === 'ok' });
  });
});
