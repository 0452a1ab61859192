/**
 * Huge pages by TypeScript: the option, what is resident, what is counted.
 */
import { AddressSpace, type AddressSpaceOptions, SimFile } from '../../../lib';
import { codeOf } from '../../support/codes';
import { PAGE } from '../../support/drawing';

const HUGE = 512 * PAGE;
const AT = 64 * HUGE;

function spaceOf(options: AddressSpaceOptions = {}): AddressSpace {
  const space = new AddressSpace(options);
  space.mmap({ address: AT, fixed: true, length: 2 * HUGE });
  return space;
}

const resident = (space: AddressSpace): number => space.mincore(AT, 2 * HUGE).filter((page) => page === 1).length;

describe('the option thp', () => {
  it.each([
    ['never', undefined, 1],
    ['never', 'hugepage', 1],
    ['madvise', undefined, 1],
    ['madvise', 'hugepage', 512],
    [undefined, 'hugepage', 512],
    ['always', undefined, 512],
    ['always', 'nohugepage', 1],
  ] as const)('%s, with the advice %s: a write brings %s pages', (thp, advice, pages) => {
    using space = spaceOf(thp === undefined ? {} : { thp });
    if (advice) space.madvise(AT, 2 * HUGE, advice);
    space.write(AT + 5 * PAGE, Buffer.from('x'));
    expect(resident(space)).toBe(pages);
    expect(space.stats().thpFaultAlloc).toBe(pages === 512 ? 1 : 0);
    space.validate();
  });

  it('never is not for who asks by MADV_COLLAPSE', () => {
    using space = spaceOf({ thp: 'never' });
    space.write(AT, Buffer.from('x'));
    space.madvise(AT, HUGE, 'collapse');
    expect(resident(space)).toBe(512);
  });

  it('is one of three words', () => {
    for (const thp of ['sometimes', 1, null, {}])
      expect(codeOf(() => new AddressSpace({ thp: thp as never }))).toBe('ERR_VMALOCK_INVALID_ARG');
  });

  it('is handed down by fork', () => {
    using space = spaceOf({ thp: 'always' });
    using child = space.fork();
    child.write(AT, Buffer.from('x'));
    expect(resident(child)).toBe(512);
    expect(resident(space)).toBe(0);
  });
});

describe('MADV_COLLAPSE of a file', () => {
  it.each([
    ['of memory is EINVAL, but for a range without a whole huge page', false, 'ok'],
    ['of a disk is EINVAL, however short', true, 'EINVAL'],
  ] as const)('%s', (_, writtenBack, short) => {
    using space = new AddressSpace();
    const file = new SimFile({ length: 2 * HUGE, writtenBack });
    space.mmap({ address: AT, fixed: true, length: 2 * HUGE, file, shared: true });
    expect(codeOf(() => space.madvise(AT, HUGE, 'collapse'))).toBe('EINVAL');
    expect(codeOf(() => space.madvise(AT, HUGE - PAGE, 'collapse'))).toBe(short);
  });
});

describe('a huge page', () => {
  it('holds bytes as 512 small ones would, and is split by what needs only a part of it', () => {
    using space = spaceOf({ thp: 'always' });
    const text = Buffer.from('across the border of two pages');
    space.write(AT + 7 * PAGE - 10, text);
    expect(space.read(AT + 7 * PAGE - 10, text.length)).toEqual(text);
    space.munmap(AT + 9 * PAGE, PAGE);
    expect(space.read(AT + 7 * PAGE - 10, text.length)).toEqual(text);
    expect(space.stats().thpSplitPmd).toBe(1);
    expect(space.status()['RssAnon']).toBe(511 * PAGE);
    space.validate();
  });

  it('needs 2 MiB of free frames in one piece', () => {
    using space = spaceOf({ thp: 'always', frames: 600 });
    space.write(AT, Buffer.from('x'));
    space.write(AT + HUGE, Buffer.from('y'));
    expect(resident(space)).toBe(513);
    expect(space.stats().thpFaultFallback).toBe(1);
  });
});

describe('collapsing', () => {
  it('makes a huge page of small ones, byte for byte', () => {
    using space = spaceOf();
    space.write(AT + 3 * PAGE, Buffer.from('three'));
    space.write(AT + 511 * PAGE, Buffer.from('last'));
    expect(resident(space)).toBe(2);
    space.madvise(AT, HUGE, 'collapse');
    expect(resident(space)).toBe(512);
    expect(space.read(AT + 3 * PAGE, 5).toString()).toBe('three');
    expect(space.read(AT + 511 * PAGE, 4).toString()).toBe('last');
    expect(space.stats().thpCollapseAlloc).toBe(1);
    space.validate();
  });

  it('brings in what is out in swap', () => {
    using space = spaceOf({ swap: 1024 });
    space.write(AT + 3 * PAGE, Buffer.from('three'));
    space.write(AT + 500 * PAGE, Buffer.from('far'));
    space.madvise(AT, 4 * PAGE, 'pageout');
    expect(space.status()['VmSwap']).toBe(PAGE);
    expect(space.khugepaged({ maxPtesSwap: 511 })).toBe(0); // too little of it is in use
    space.madvise(AT, HUGE, 'collapse');
    expect(resident(space)).toBe(512);
    expect(space.status()['VmSwap']).toBe(0);
    expect(space.read(AT + 3 * PAGE, 5).toString()).toBe('three');
  });

  it('fails where nothing was ever written, and where no 2 MiB of frames are free', () => {
    using space = spaceOf({ frames: 600 });
    expect(codeOf(() => space.madvise(AT, HUGE, 'collapse'))).toBe('EINVAL');
    for (let i = 0; i < 100; i++) space.write(AT + i * PAGE, Buffer.from('x'));
    expect(codeOf(() => space.madvise(AT, HUGE, 'collapse'))).toBe('ENOMEM');
    expect(resident(space)).toBe(100);
  });

  it('is what khugepaged does by itself, where huge pages are wanted and enough pages are there', () => {
    using space = spaceOf();
    for (let i = 0; i < 100; i++) space.write(AT + i * PAGE, Buffer.from('x'));
    expect(space.khugepaged()).toBe(0);
    space.madvise(AT, 2 * HUGE, 'hugepage');
    expect(space.khugepaged({ maxPtesNone: 411 })).toBe(0);
    expect(space.khugepaged({ maxPtesNone: 412 })).toBe(1);
    expect(space.khugepaged()).toBe(0);
    space.validate();
  });

  it('refuses limits that are none', () => {
    using space = spaceOf();
    for (const options of [{ maxPtesNone: '1' }, { maxPtesShared: {} }, null, 'x'])
      expect(codeOf(() => space.khugepaged(options as never))).toBe('ERR_VMALOCK_INVALID_ARG');
    for (const options of [{ maxPtesNone: -1 }, { maxPtesNone: 512 }, { maxPtesShared: 1.5 }, { maxPtesSwap: 512 }])
      expect(codeOf(() => space.khugepaged(options))).toBe('ERR_VMALOCK_OUT_OF_RANGE');
  });
});
