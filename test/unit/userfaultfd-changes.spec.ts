/** What a userfaultfd is told beside faults, in which order, and who waits until it has been read. */
import { once } from 'node:events';
import { AddressSpace, FaultResult, type UserfaultChange, type UserfaultEvent, type Userfaultfd } from '../../lib';
import { answerOf, workerOf } from '../support/built';
import { codeOf, INVALID } from '../support/codes';
import { drawing, drawn, page, PAGE, pages } from '../support/drawing';

type AnyEvent = UserfaultEvent<UserfaultChange>;

const ALL: readonly UserfaultChange[] = ['fork', 'remap', 'remove', 'unmap'];
const bytesOf = (value: number): Buffer => Buffer.alloc(PAGE, value);

function registered(
  picture: string,
  events: readonly UserfaultChange[] = ALL,
): [AddressSpace, Userfaultfd<UserfaultChange>] {
  const space = drawn(picture);
  const uffd = space.userfaultfd({ events });
  uffd.register(page(0), pages(picture.length), { missing: true });
  return [space, uffd];
}

function allTold(uffd: Userfaultfd<UserfaultChange>): AnyEvent[] {
  const events: AnyEvent[] = [];
  for (let event = uffd.read(); event !== undefined; event = uffd.read()) events.push(event);
  return events;
}

describe('on the main thread', () => {
  it.each<[string, (space: AddressSpace) => void, AnyEvent[]]>([
    ['munmap', (space) => space.munmap(page(1), pages(2)), [{ kind: 'unmap', start: page(1), end: page(3) }]],
    [
      'mmap over it',
      (space) => space.mmap({ address: page(0), length: pages(6), fixed: true }),
      [{ kind: 'unmap', start: page(0), end: page(6) }],
    ],
    [
      'mremap',
      (space) => space.mremap(page(1), pages(2), pages(2), { mayMove: true, fixed: true, to: page(9) }),
      [
        { kind: 'remap', from: page(1), to: page(9), length: pages(2) },
        { kind: 'unmap', start: page(1), end: page(3) },
      ],
    ],
    [
      'madvise',
      (space) => space.madvise(page(1), pages(2), 'dontneed'),
      [{ kind: 'remove', start: page(1), end: page(3) }],
    ],
  ])('%s does not wait, and is told', (_, change, told) => {
    const [space, uffd] = registered('AAAA');
    change(space);
    expect(allTold(uffd)).toEqual(told);
    space.close();
  });

  it('nothing is told that was not asked for', () => {
    const [space, uffd] = registered('AAAA', ['unmap']);
    space.madvise(page(0), PAGE, 'dontneed');
    space.mremap(page(1), PAGE, PAGE, { mayMove: true, fixed: true, to: page(9) });
    expect(allTold(uffd)).toEqual([{ kind: 'unmap', start: page(1), end: page(2) }]);
    expect(space.fault(page(9), 'read') & FaultResult.OUTCOME).toBe(FaultResult.MINOR); // no longer registered
    space.close();
  });

  it('memory that moves stays registered where the move is told', () => {
    const [space, uffd] = registered('AAAA', ['remap']);
    space.mremap(page(1), PAGE, PAGE, { mayMove: true, fixed: true, to: page(9) });
    expect(space.fault(page(9), 'read') & FaultResult.OUTCOME).toBe(FaultResult.USERFAULT);
    expect(allTold(uffd).map((event) => event.kind)).toEqual(['remap', 'missing']);
    uffd.copy(page(9), bytesOf(3));
    expect(space.read(page(9), 1)[0]).toBe(3);
    space.close();
  });

  it('a fork gives a userfaultfd of the child to who reads of it', () => {
    const [space, uffd] = registered('AAAA');
    using child = space.fork();
    const [event] = allTold(uffd);
    if (event?.kind !== 'fork') throw new Error(`told ${event?.kind}`);
    using ofChild = event.uffd;
    expect(child.fault(page(1), 'read') & FaultResult.OUTCOME).toBe(FaultResult.USERFAULT);
    expect(ofChild.read()).toEqual({ kind: 'missing', address: page(1), access: 'read' });
    ofChild.copy(page(1), bytesOf(9));
    expect(child.read(page(1), 1)[0]).toBe(9);
    child.munmap(page(2), PAGE);
    expect(ofChild.read()).toEqual({ kind: 'unmap', start: page(2), end: page(3) }); // the same events
    space.close();
    expect(child.fault(page(0), 'read') & FaultResult.OUTCOME).toBe(FaultResult.USERFAULT); // not closed with the parent's space
    ofChild.close();
    expect(child.fault(page(0), 'read') & FaultResult.OUTCOME).toBe(FaultResult.MINOR);
  });

  it('a fork that nobody read of ends with the userfaultfd', () => {
    const [space, uffd] = registered('AAAA');
    using child = space.fork();
    expect(child.fault(page(0), 'read') & FaultResult.OUTCOME).toBe(FaultResult.USERFAULT);
    uffd.close();
    expect(child.fault(page(0), 'read') & FaultResult.OUTCOME).toBe(FaultResult.MINOR);
    space.close();
  });

  it('only the privileged may be told of forks', () => {
    using space = drawn('A');
    space.setPrivileged(false);
    expect(codeOf(() => space.userfaultfd({ events: ['fork'] }))).toBe('EPERM');
    space.userfaultfd({ events: ['unmap'] });
  });

  it('pages are refused until the change has been read', () => {
    const [space, uffd] = registered('AAAA');
    space.munmap(page(3), PAGE);
    expect(codeOf(() => uffd.copy(page(0), bytesOf(1)))).toBe('EAGAIN');
    expect(codeOf(() => uffd.writeProtect(page(0), PAGE, true))).toBe('EAGAIN');
    expect(uffd.read()?.kind).toBe('unmap');
    uffd.copy(page(0), bytesOf(1));
    space.close();
  });

  it('an iteration gets changes among faults, in the order of what happened', async () => {
    const [space, uffd] = registered('AAAA');
    space.fault(page(0), 'read');
    space.munmap(page(3), PAGE);
    space.fault(page(1), 'read');
    const kinds: string[] = [];
    for await (const event of uffd) {
      kinds.push('address' in event ? `${event.kind} ${(event.address - page(0)) / PAGE}` : event.kind);
      if (kinds.length === 3) break;
    }
    expect(kinds).toEqual(['missing 0', 'unmap', 'missing 1']);
    space.close();
  });

  it.each<[string, unknown]>([
    ['a word', 'unmap'],
    ['an unknown word', ['exec']],
    ['a number', [4]],
  ])('events that are %s are refused', (_, events) => {
    using space = drawn('A');
    expect(codeOf(() => space.userfaultfd({ events: events as UserfaultChange[] }))).toBe(INVALID);
  });
});

describe('in a worker', () => {
  /** Tells the moment when its munmap is over, on a clock that both threads read. */
  const UNMAPS = `const space = AddressSpace.open(workerData.token);
    space.munmap(${page(1)}, ${pages(2)});
    parentPort.postMessage(Atomics.load(workerData.read, 0));`;

  function unmapping(space: AddressSpace): {
    answer: Promise<unknown>;
    read: Int32Array;
    terminate: () => Promise<number>;
  } {
    const read = new Int32Array(new SharedArrayBuffer(4));
    const worker = workerOf(UNMAPS, { token: space.share(), read });
    return { answer: answerOf(worker), read, terminate: () => worker.terminate() };
  }

  /** Until the worker's event is there; it stays unread. */
  async function untilUnmapped(space: AddressSpace): Promise<void> {
    while (drawing(space).startsWith('AAAA')) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  it('munmap waits until its event has been read', async () => {
    const [space, uffd] = registered('AAAA');
    const { answer, read } = unmapping(space);
    await untilUnmapped(space);
    await new Promise((resolve) => setTimeout(resolve, 120));
    Atomics.store(read, 0, 1);
    for await (const event of uffd) {
      expect(event).toEqual({ kind: 'unmap', start: page(1), end: page(3) });
      break;
    }
    expect(await answer).toBe(1); // it did not come back before
    space.close();
  });

  it('fork waits until it has been read', async () => {
    const [space, uffd] = registered('AA');
    const read = new Int32Array(new SharedArrayBuffer(4));
    const worker = workerOf(
      `const space = AddressSpace.open(workerData.token);
       parentPort.postMessage('ready');
       const child = space.fork();
       const read = Atomics.load(workerData.read, 0);
       parentPort.postMessage([read, child.read(${page(0)}, 1)[0]]);`,
      { token: space.share(), read },
    );
    const answer = answerOf(worker);
    await once(worker, 'message');
    await new Promise((resolve) => setTimeout(resolve, 120));
    Atomics.store(read, 0, 1);
    for await (const event of uffd) {
      if (event.kind !== 'fork') continue;
      for await (const fault of event.uffd) {
        if (fault.kind === 'missing') event.uffd.copy(fault.address, bytesOf(6));
        break;
      }
      break;
    }
    expect(await answer).toEqual([1, 6]); // it did not come back before
    space.close();
  });

  it('munmap goes on when the userfaultfd is closed', async () => {
    const [space, uffd] = registered('AAAA');
    const { answer, read } = unmapping(space);
    await untilUnmapped(space);
    Atomics.store(read, 0, 1);
    uffd.close();
    expect(await answer).toBe(1);
    space.close();
  });

  it('munmap that waits can be terminated, and its event is still there', async () => {
    const [space, uffd] = registered('AAAA');
    const { terminate } = unmapping(space);
    await untilUnmapped(space);
    await terminate();
    expect(allTold(uffd)).toEqual([{ kind: 'unmap', start: page(1), end: page(3) }]);
    space.validate();
    space.close();
  });
});
