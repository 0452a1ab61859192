/** What an observer collects; native/test/ops/observe_test.c has the requests one by one, native/test/races the races. */
import { AddressSpace, type Invalidation, SimFile, SpaceObserver } from '../../lib';
import { answerOf, workerOf } from '../support/built';
import { codeOf, INVALID, RANGE } from '../support/codes';
import { drawn, page, PAGE, pages } from '../support/drawing';

/** `reason first+pages` of each. */
function told(ranges: Invalidation[]): string[] {
  return ranges.map(({ start, end, reason }) => `${reason} ${(start - page(0)) / PAGE}+${(end - start) / PAGE}`);
}

const NOT_THERE = 'ERR_VMALOCK_CLOSED';
const WHOLE = { start: 0, end: 2 ** 47 - PAGE, reason: 'several' };

describe('an observer of a space', () => {
  it('collects what was taken away, in order, and gives it once', () => {
    using space = drawn('AAAAAAAA');
    using observer = space.observe();
    space.write(page(0), Buffer.alloc(pages(8), 1));
    expect(observer.take()).toEqual([]);
    space.mprotect(page(1), pages(2), 'r');
    space.madvise(page(4), PAGE, 'dontneed');
    space.mremap(page(6), PAGE, PAGE, { mayMove: true, fixed: true, to: page(20) });
    space.munmap(page(7), PAGE);
    expect(told(observer.take())).toEqual(['protect 1+2', 'clear 4+1', 'move 6+1', 'unmap 6+2']);
    expect(observer.take()).toEqual([]);
  });

  it('is told of copies, by the fault that makes one, and of forks', () => {
    using space = drawn('AA');
    space.write(page(0), Buffer.alloc(pages(2), 1));
    using observer = space.observe();
    using child = space.fork();
    using ofChild = child.observe();
    space.fault(page(1), 'write');
    child.munmap(page(0), PAGE);
    expect(told(observer.take())).toEqual(['fork 0+2', 'cow 1+1']);
    expect(told(ofChild.take())).toEqual(['unmap 0+1']);
  });

  it('is told of files that lose pages, of write protection and of pages that move to another node', () => {
    using space = new AddressSpace({ numaNodes: 2 });
    const file = new SimFile({ length: pages(4) });
    space.mmap({ address: page(0), length: pages(4), fixed: true, file, shared: true, prot: 'rw' });
    space.mmap({ address: page(8), length: pages(4), fixed: true, prot: 'rw' });
    space.write(page(8), Buffer.alloc(pages(4), 1));
    using uffd = space.userfaultfd();
    uffd.register(page(8), pages(4), { wp: true });
    using observer = space.observe();
    file.truncate(pages(3));
    file.punchHole(PAGE, PAGE);
    uffd.writeProtect(page(8), PAGE, true);
    uffd.writeProtect(page(8), PAGE, false);
    space.mbind(page(10), PAGE, { mode: 'bind', nodes: [1], move: true });
    expect(told(observer.take())).toEqual(['clear 3+1', 'clear 1+1', 'protect 8+1', 'migrate 10+1']);
  });

  it('loses nothing when there is more than it can remember', () => {
    using space = drawn('AAAAAAAA');
    using observer = space.observe({ most: 2 });
    for (const n of [0, 2, 4]) space.munmap(page(n), PAGE);
    expect(observer.take()).toEqual([WHOLE]);
    for (const n of [1, 3]) space.munmap(page(n), PAGE);
    expect(told(observer.take())).toEqual(['unmap 1+1', 'unmap 3+1']);
    for (const n of [0, 2, 4]) space.mmap({ address: page(n), length: PAGE, fixed: true });
    for (const n of [0, 2, 4, 6]) space.munmap(page(n), PAGE);
    const [all, ...rest] = observer.take();
    expect(all).toEqual(WHOLE);
    expect(told(rest)).toEqual(['unmap 6+1']);
  });

  it('gives hundreds of ranges at once', () => {
    using space = new AddressSpace();
    space.mmap({ address: page(0), length: pages(600), fixed: true });
    using observer = space.observe();
    for (let n = 0; n < 600; n += 2) space.munmap(page(n), PAGE);
    expect(told(observer.take())).toEqual(Array.from({ length: 300 }, (_, i) => `unmap ${2 * i}+1`));
  });

  it('sees what workers change when they have changed it, and observes from a worker', async () => {
    using space = drawn('AAAA');
    using observer = space.observe();
    const worker = workerOf(
      `const space = AddressSpace.open(workerData.token);
       const observer = space.observe();
       space.munmap(workerData.start, 4096);
       parentPort.postMessage(observer.take());`,
      { token: space.share(), start: page(1) },
    );
    const theirs = (await answerOf(worker)) as Invalidation[];
    expect(told(theirs)).toEqual(['unmap 1+1']);
    expect(observer.take()).toEqual(theirs);
  });

  it('misses nothing beside threads that change the space', async () => {
    using space = new AddressSpace();
    space.mmap({ address: page(0), length: pages(256), fixed: true });
    using observer = space.observe({ most: 8 });
    const gone = new Set<number>();
    const workers = [0, 1].map((me) =>
      answerOf(
        workerOf(
          `const space = AddressSpace.open(workerData.token);
           for (let n = workerData.me; n < 256; n += 2) space.munmap(workerData.start + n * 4096, 4096);
           parentPort.postMessage('done');`,
          { token: space.share(), start: page(0), me },
        ),
      ),
    );
    const note = (): void => {
      for (const { start, end } of observer.take())
        for (let n = 0; n < 256; n++) if (page(n) >= start && page(n) < end) gone.add(n);
    };
    let isDone = false;
    const all = Promise.all(workers).finally(() => (isDone = true));
    while (!isDone) {
      note();
      await new Promise((settle) => setImmediate(settle));
    }
    expect(await all).toEqual(['done', 'done']);
    note();
    expect(gone.size).toBe(256);
  });

  it('is closed by using, with its space, and twice', () => {
    const space = drawn('A');
    const first = space.observe();
    const second = space.observe();
    first.close();
    first.close();
    expect(codeOf(() => first.take())).toBe(NOT_THERE);
    space.munmap(page(0), PAGE);
    expect(told(second.take())).toEqual(['unmap 0+1']);
    space.close();
    expect(codeOf(() => second.take())).toBe(NOT_THERE);
    expect(codeOf(() => space.observe())).toBe(NOT_THERE);
    expect(codeOf(() => second.close())).toBe('ok');
  });

  it.each<[string, unknown, string]>([
    ['no options', null, INVALID],
    ['a number', 5, INVALID],
    ['no ranges', { most: 0 }, RANGE],
    ['half a range', { most: 1.5 }, RANGE],
    ['too many ranges', { most: 65_537 }, RANGE],
    ['text', { most: '1' }, INVALID],
  ])('is not made with %s', (_, options, code) => {
    using space = new AddressSpace();
    expect(codeOf(() => space.observe(options as never))).toBe(code);
  });

  it('is made by its space alone, and has its methods for itself', () => {
    using space = new AddressSpace();
    using observer = space.observe();
    const other = { __proto__: SpaceObserver.prototype } as unknown as SpaceObserver;
    expect(codeOf(() => Reflect.construct(SpaceObserver, [1]) as unknown)).toBe('ERR_VMALOCK_ILLEGAL_INVOCATION');
    expect(codeOf(() => observer.take.call(other))).toBe('ERR_VMALOCK_ILLEGAL_INVOCATION');
    expect(codeOf(() => observer.close.call(other))).toBe('ERR_VMALOCK_ILLEGAL_INVOCATION');
    using trap = new AddressSpace();
    const closing = {
      get most(): number {
        trap.close();
        return 1;
      },
    };
    expect(codeOf(() => trap.observe(closing))).toBe(NOT_THERE);
  });
});
