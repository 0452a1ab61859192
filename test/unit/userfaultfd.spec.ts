/** userfaultfd as TypeScript sees it: the main thread never waits, a worker does. */
import { once } from 'node:events';
import { AddressSpace, FaultResult, SimFile, type UserfaultEvent, Userfaultfd, VmalockError } from '../../lib';
import { answerOf, printedBy, workerOf } from '../support/built';
import { codeOf, errorOf, INVALID, RANGE } from '../support/codes';
import { drawing, drawn, page, PAGE, pages } from '../support/drawing';

const outcome = (result: number): number => result & FaultResult.OUTCOME;
const filledWith = (value: number, count = 1): Buffer => Buffer.alloc(pages(count), value);

describe('a fault on the main thread', () => {
  it('returns USERFAULT, tells the event, and finds the page afterwards', () => {
    using space = drawn('AAAA');
    using uffd = space.userfaultfd();
    uffd.register(page(1), pages(2), { missing: true });
    expect(drawing(space)).toBe('ABBC');
    expect(outcome(space.fault(page(1) + 5, 'read'))).toBe(FaultResult.USERFAULT);
    expect(uffd.read()).toEqual({ address: page(1), access: 'read', kind: 'missing' });
    expect(uffd.read()).toBeUndefined();
    uffd.copy(page(1), filledWith(7));
    expect(outcome(space.fault(page(1), 'read'))).toBe(FaultResult.MINOR);
    expect(space.read(page(1), 1)[0]).toBe(7);
    expect(outcome(space.fault(page(0), 'write'))).toBe(FaultResult.MINOR);
    expect(space.stats().userfaults).toBe(1);
  });

  it('says whose it is when it is asked to', () => {
    using space = drawn('A');
    using uffd = space.userfaultfd({ threadId: true });
    uffd.register(page(0), PAGE, { missing: true });
    space.fault(page(0), 'read');
    expect(uffd.read()).toEqual({ address: page(0), access: 'read', kind: 'missing', threadId: 0 });
  });

  it('is marked among many', () => {
    using space = drawn('AAA');
    using uffd = space.userfaultfd();
    uffd.register(page(1), PAGE, { missing: true });
    const results = new Uint8Array(3);
    expect(space.faultMany(Float64Array.of(page(0), page(1), page(2)), 'write', results)).toBe(2);
    expect(Array.from(results, outcome)).toEqual([FaultResult.MINOR, FaultResult.USERFAULT, FaultResult.MINOR]);
  });

  it.each<[string, (space: AddressSpace) => unknown]>([
    ['read', (space) => space.read(page(0), pages(2))],
    ['write', (space) => space.write(page(0), filledWith(1, 2))],
    ['exec', (space) => space.exec(page(1))],
    ['madvise populate_write', (space) => space.madvise(page(0), pages(2), 'populate_write')],
    ['mlock', (space) => space.mlock(page(0), pages(2))],
  ])('makes other calls throw ERR_VMALOCK_USERFAULT: %s', (_, call) => {
    using space = new AddressSpace();
    space.mmap({ address: page(0), length: pages(2), fixed: true, prot: 'rwx' });
    using uffd = space.userfaultfd();
    uffd.register(page(0), pages(2), { missing: true });
    uffd.copy(page(0), filledWith(3));
    const error = errorOf(() => call(space));
    expect(error).toMatchObject({ code: 'ERR_VMALOCK_USERFAULT' });
    expect(error.errno).toBeUndefined();
    expect(uffd.read()?.address).toBe(page(1));
  });

  it('gives SIGBUS where that was asked for', () => {
    using space = drawn('A');
    using uffd = space.userfaultfd({ sigbus: true });
    uffd.register(page(0), PAGE, 1);
    expect(outcome(space.fault(page(0), 'read'))).toBe(FaultResult.SIGBUS);
    expect(codeOf(() => space.read(page(0), 1))).toBe('SIGBUS');
    expect(uffd.read()).toBeUndefined();
  });

  it('tells the byte where that was asked for', () => {
    using space = drawn('A');
    using uffd = space.userfaultfd({ exactAddress: true });
    uffd.register(page(0), PAGE, { missing: true });
    space.fault(page(0) + 77, 'write');
    expect(uffd.read()).toEqual({ address: page(0) + 77, access: 'write', kind: 'missing' });
  });
});

describe('a mode', () => {
  it('wp tells of writes to what is protected', () => {
    using space = drawn('AA');
    space.write(page(0), filledWith(1));
    using uffd = space.userfaultfd();
    uffd.register(page(0), pages(2), { wp: true });
    uffd.writeProtect(page(0), pages(2), true);
    expect(space.read(page(0), 1)[0]).toBe(1);
    expect(codeOf(() => space.write(page(0), Buffer.of(2)))).toBe('ERR_VMALOCK_USERFAULT');
    space.write(page(1), Buffer.of(2)); // no page was there to protect
    expect(uffd.read()).toEqual({ address: page(0), access: 'write', kind: 'wp' });
    uffd.writeProtect(page(0), PAGE, false);
    space.write(page(0), Buffer.of(2));
    expect(space.read(page(0), 1)[0]).toBe(2);
  });

  it('wp holds where no page is, if asked to', () => {
    using space = drawn('A');
    using uffd = space.userfaultfd({ wpUnpopulated: true });
    uffd.register(page(0), PAGE, { wp: true });
    uffd.writeProtect(page(0), PAGE, true);
    expect(codeOf(() => space.write(page(0), Buffer.of(2)))).toBe('ERR_VMALOCK_USERFAULT');
  });

  it('wp lifts itself with the write, if asked to', () => {
    using space = drawn('AA');
    using uffd = space.userfaultfd({ wpAsync: true });
    uffd.register(page(0), pages(2), { wp: true });
    uffd.writeProtect(page(0), pages(2), true);
    space.write(page(0), Buffer.of(2));
    expect(space.read(page(0), 1)[0]).toBe(2);
    expect(uffd.read()).toBeUndefined();
    expect(space.stats().userfaults).toBe(0);
    space.validate();
  });

  it('minor tells of pages that the file has', () => {
    using space = new AddressSpace();
    const file = new SimFile({ length: pages(2) });
    file.write(0, Buffer.from('stale'));
    const start = space.mmap({ length: pages(2), file, shared: true });
    using uffd = space.userfaultfd();
    uffd.register(start, pages(2), { minor: true });
    expect(outcome(space.fault(start, 'read'))).toBe(FaultResult.USERFAULT);
    expect(uffd.read()?.kind).toBe('minor');
    file.write(0, Buffer.from('fresh'));
    uffd.continue(start, PAGE);
    expect(space.read(start, 5).toString()).toBe('fresh');
    expect(outcome(space.fault(start + PAGE, 'read'))).not.toBe(FaultResult.USERFAULT);
    expect(codeOf(() => uffd.continue(start, PAGE))).toBe('EEXIST');
  });

  it('is one of the words of Vma.flags', () => {
    using space = new AddressSpace();
    const file = new SimFile({ length: PAGE });
    const start = space.mmap({ length: PAGE, file, shared: true });
    using uffd = space.userfaultfd();
    uffd.register(start, PAGE, 7);
    expect(space.find(start)?.flags).toEqual(['rd', 'wr', 'sh', 'mr', 'mw', 'me', 'ms', 'um', 'uw', 'ui']);
  });
});

describe('a request that is refused', () => {
  it('says how much came before', () => {
    using space = drawn('AAA');
    using uffd = space.userfaultfd();
    uffd.register(page(0), pages(3), { missing: true });
    uffd.zeropage(page(1), PAGE);
    expect(errorOf(() => uffd.copy(page(0), filledWith(1, 3)))).toMatchObject({
      code: 'EAGAIN',
      errno: -11,
      syscall: 'UFFDIO_COPY',
      address: page(0),
      done: PAGE,
    });
    expect(errorOf(() => uffd.copy(page(0), filledWith(1)))).toMatchObject({ code: 'EEXIST', done: 0 });
    uffd.copy(page(2), filledWith(1));
  });

  it.each<[string, (uffd: Userfaultfd, space: AddressSpace) => unknown, string]>([
    ['no mode', (uffd) => uffd.register(page(0), PAGE, {}), 'EINVAL'],
    ['a mode nobody knows', (uffd) => uffd.register(page(0), PAGE, 8), 'EINVAL'],
    ['half a page', (uffd) => uffd.register(page(0), 100, { missing: true }), 'EINVAL'],
    ['a hole', (uffd) => uffd.register(page(40), PAGE, { missing: true }), 'EINVAL'],
    ['minor of anonymous memory', (uffd) => uffd.register(page(0), PAGE, { minor: true }), 'EINVAL'],
    ['copy into what is not registered', (uffd) => uffd.copy(page(0), filledWith(1)), 'ENOENT'],
    ['copy of half a page', (uffd) => uffd.copy(page(0), Buffer.alloc(5)), 'EINVAL'],
    ['copy of nothing', (uffd) => uffd.copy(page(0), Buffer.alloc(0)), 'EINVAL'],
    ['an unknown bit for copy', (uffd) => uffd.copy(page(0), filledWith(1), { flags: 8 }), 'EINVAL'],
    ['zeropage of a hole', (uffd) => uffd.zeropage(page(40), PAGE), 'ENOENT'],
    ['writeProtect of what is not', (uffd) => uffd.writeProtect(page(0), PAGE, true), 'ENOENT'],
    ['protecting without waking', (uffd) => uffd.writeProtect(page(0), PAGE, true, { wake: false }), 'EINVAL'],
    ['wake of half a page', (uffd) => uffd.wake(page(0), 1), 'EINVAL'],
    ['a feature nobody knows', (_, space) => space.userfaultfd({ features: 2 ** 31 }), 'EINVAL'],
    ['a feature that is not modelled', (_, space) => space.userfaultfd({ features: 16 }), 'ENOSYS'],
    ['an address that is none', (uffd) => uffd.register(-1, PAGE, 1), RANGE],
    ['a mode that is a word', (uffd) => uffd.register(page(0), PAGE, 'missing' as never), INVALID],
    ['a mode that is no switch', (uffd) => uffd.register(page(0), PAGE, { missing: 1 as never }), INVALID],
    ['bytes that are none', (uffd) => uffd.copy(page(0), 'text' as never), INVALID],
    ['options that are none', (uffd) => uffd.copy(page(0), filledWith(1), null as never), INVALID],
    ['on that is no switch', (uffd) => uffd.writeProtect(page(0), PAGE, 1 as never), INVALID],
    ['features that are a word', (_, space) => space.userfaultfd({ features: 'all' as never }), INVALID],
  ])('has its code: %s', (_, call, code) => {
    using space = drawn('AAA');
    using uffd = space.userfaultfd();
    const before = space.maps();
    expect(codeOf(() => call(uffd, space))).toBe(code);
    expect(space.maps()).toBe(before);
  });

  it('may come from a getter that closes what is being used', () => {
    using space = drawn('A');
    const uffd = space.userfaultfd();
    const modes = {
      get missing() {
        uffd.close();
        return true;
      },
    };
    expect(codeOf(() => uffd.register(page(0), PAGE, modes))).toBe('ERR_VMALOCK_CLOSED');
  });

  it('may come from a getter that closes the space', () => {
    const space = drawn('A');
    const options = {
      get sigbus() {
        space.close();
        return true;
      },
    };
    expect(codeOf(() => space.userfaultfd(options))).toBe('ERR_VMALOCK_CLOSED');
  });

  it('names the method of something else', () => {
    const Maker = Userfaultfd as unknown as new () => Userfaultfd;
    expect(codeOf(() => new Maker())).toBe('ERR_VMALOCK_ILLEGAL_INVOCATION');
    expect(codeOf(() => Userfaultfd.prototype.read.call({} as never))).toBe('ERR_VMALOCK_ILLEGAL_INVOCATION');
  });

  it('belongs to another userfaultfd', () => {
    using space = drawn('AAA');
    using mine = space.userfaultfd();
    using theirs = space.userfaultfd();
    theirs.register(page(1), PAGE, { missing: true });
    expect(codeOf(() => mine.register(page(0), pages(3), { missing: true }))).toBe('EBUSY');
    expect(codeOf(() => mine.unregister(page(1), PAGE))).toBe('EINVAL');
    theirs.unregister(page(0), pages(3));
    expect(drawing(space)).toBe('AAA');
  });
});

describe('closing', () => {
  it('unregisters, and every method says so from then on', () => {
    using space = drawn('AAA');
    const uffd = space.userfaultfd();
    uffd.register(page(1), PAGE, { missing: true });
    uffd.close();
    uffd.close();
    expect(drawing(space)).toBe('AAA');
    const calls = [
      () => uffd.register(page(0), PAGE, 1),
      () => uffd.unregister(page(0), PAGE),
      () => uffd.copy(page(0), filledWith(1)),
      () => uffd.zeropage(page(0), PAGE),
      () => uffd.continue(page(0), PAGE),
      () => uffd.writeProtect(page(0), PAGE, true),
      () => uffd.wake(page(0), PAGE),
      () => uffd.read(),
    ];
    for (const call of calls) expect(codeOf(call)).toBe('ERR_VMALOCK_CLOSED');
  });

  it('of the space closes it, too', async () => {
    const space = drawn('A');
    const uffd = space.userfaultfd();
    const next = uffd[Symbol.asyncIterator]().next();
    space.close();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(codeOf(() => uffd.read())).toBe('ERR_VMALOCK_CLOSED');
  });
});

describe('an iteration', () => {
  it('gets events that were there before and such as come later', async () => {
    using space = drawn('AAAA');
    using uffd = space.userfaultfd();
    uffd.register(page(0), pages(4), { missing: true });
    space.fault(page(2), 'read');
    setTimeout(() => space.fault(page(3), 'write'), 5);
    const seen: UserfaultEvent[] = [];
    for await (const event of uffd) {
      seen.push(event);
      uffd.zeropage(event.address, PAGE);
      if (seen.length === 2) break;
    }
    expect(seen).toEqual([
      { address: page(2), access: 'read', kind: 'missing' },
      { address: page(3), access: 'write', kind: 'missing' },
    ]);
  });

  it('shares events with another one, each once', async () => {
    using space = drawn('AAAA');
    using uffd = space.userfaultfd();
    uffd.register(page(0), pages(4), { missing: true });
    const [first, second] = [uffd[Symbol.asyncIterator](), uffd[Symbol.asyncIterator]()];
    const both = Promise.all([first.next(), second.next(), first.next()]);
    for (let n = 0; n < 3; n++) space.fault(page(n), 'read');
    expect((await both).map(({ value }) => value?.address)).toEqual([page(0), page(1), page(2)]);
  });

  it('that is ended lets its waiting next() go, and no other', async () => {
    using space = drawn('AA');
    using uffd = space.userfaultfd();
    uffd.register(page(0), pages(2), { missing: true });
    const [ended, other] = [uffd[Symbol.asyncIterator](), uffd[Symbol.asyncIterator]()];
    const [mine, theirs] = [ended.next(), other.next()];
    await ended.return?.();
    expect((await mine).done).toBe(true);
    space.fault(page(1), 'read');
    expect((await theirs).value?.address).toBe(page(1));
  });

  it('keeps a process alive only while it waits', async () => {
    const program = `
      const { AddressSpace } = require('./dist');
      const space = new AddressSpace();
      const start = space.mmap({ length: 8192 });
      const uffd = space.userfaultfd();
      uffd.register(start, 8192, { missing: true });
      space.fault(start, 'read');
      (async () => {
        for await (const event of uffd) { console.log('event'); break; }
        console.log('over');
      })();`;
    expect(await printedBy(program)).toBe('event\nover\n');
  });
});

describe('a worker', () => {
  it('waits for what the main thread brings', async () => {
    using space = drawn('AAAA');
    using uffd = space.userfaultfd();
    uffd.register(page(0), pages(4), { missing: true });
    const worker = workerOf(
      `const space = AddressSpace.open(workerData);
       const seen = [];
       for (let n = 0; n < 4; n++) seen.push(space.read(${page(0)} + n * 4096, 1)[0]);
       parentPort.postMessage(seen);`,
      space.share(),
    );
    const answer = answerOf(worker);
    let left = 4;
    for await (const { address, access } of uffd) {
      expect(access).toBe('read');
      uffd.copy(address, filledWith(10 + (address - page(0)) / PAGE));
      if (--left === 0) break;
    }
    expect(await answer).toEqual([10, 11, 12, 13]);
  });

  it('is named by its threadId', async () => {
    using space = drawn('A');
    using uffd = space.userfaultfd({ threadId: true });
    uffd.register(page(0), PAGE, { missing: true });
    const worker = workerOf(
      `AddressSpace.open(workerData).read(${page(0)}, 1); parentPort.postMessage(0);`,
      space.share(),
    );
    const { threadId } = worker;
    const answer = answerOf(worker);
    for await (const event of uffd) {
      expect(event.threadId).toBe(threadId);
      break;
    }
    uffd.zeropage(page(0), PAGE);
    expect(await answer).toBe(0);
  });

  it('brings what the main thread asks for', async () => {
    using space = drawn('AA');
    const worker = workerOf(
      `const space = AddressSpace.open(workerData);
       const uffd = space.userfaultfd();
       uffd.register(${page(0)}, 8192, { missing: true });
       parentPort.postMessage('ready');
       (async () => {
         for await (const { address } of uffd) { uffd.copy(address, new Uint8Array(4096).fill(5)); parentPort.postMessage('done'); break; }
       })();`,
      space.share(),
    );
    await once(worker, 'message');
    expect(outcome(space.fault(page(1), 'read'))).toBe(FaultResult.USERFAULT);
    await once(worker, 'message');
    expect(space.read(page(1), 1)[0]).toBe(5);
    await once(worker, 'exit');
    expect(outcome(space.fault(page(0), 'read'))).toBe(FaultResult.MINOR); // nobody is registered any more
    space.validate();
  });

  const WAITING = `const space = AddressSpace.open(workerData);
    parentPort.postMessage(space.fault(${page(0)}, 'write') & FaultResult.OUTCOME);`;

  async function waiting(uffd: Userfaultfd, space: AddressSpace): Promise<ReturnType<typeof workerOf>> {
    uffd.register(page(0), PAGE, { missing: true });
    const worker = workerOf(WAITING, space.share());
    for await (const { address } of uffd) {
      expect(address).toBe(page(0));
      break;
    }
    return worker;
  }

  it.each<[string, (uffd: Userfaultfd) => void]>([
    ['close', (uffd) => uffd.close()],
    ['unregister', (uffd) => uffd.unregister(page(0), PAGE)],
    ['zeropage', (uffd) => uffd.zeropage(page(0), PAGE)],
  ])('that waits goes on after %s', async (_, end) => {
    using space = drawn('A');
    using uffd = space.userfaultfd();
    const worker = await waiting(uffd, space);
    end(uffd);
    expect(await answerOf(worker)).toBe(FaultResult.MINOR);
  });

  it('that waits goes on when the space is closed on the main thread', async () => {
    const space = drawn('A');
    const worker = await waiting(space.userfaultfd(), space);
    space.close();
    expect(await answerOf(worker)).toBe(FaultResult.MINOR);
  });

  it('that waits can be terminated', async () => {
    using space = drawn('A');
    using uffd = space.userfaultfd();
    const worker = await waiting(uffd, space);
    await worker.terminate();
    expect(uffd.read()).toBeUndefined();
    space.validate();
  });

  it('that waits does not keep a process from ending', async () => {
    const program = `
      const { Worker } = require('node:worker_threads');
      const { AddressSpace } = require('./dist');
      const space = new AddressSpace();
      const start = space.mmap({ length: 4096 });
      const uffd = space.userfaultfd();
      uffd.register(start, 4096, { missing: true });
      new Worker(\`
        const { workerData: { token, start } } = require('node:worker_threads');
        require('./dist').AddressSpace.open(token).read(start, 1);\`, { eval: true, workerData: { token: space.share(), start } });
      (async () => { for await (const event of uffd) { console.log(event.kind); process.exit(0); } })();`;
    expect(await printedBy(program)).toBe('missing\n');
  });
});

it('is a VmalockError that tells what came', () => {
  expect(new VmalockError('EAGAIN', 'try again', { done: 4096 }).done).toBe(4096);
});
