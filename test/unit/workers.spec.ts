/** One space in many threads, and threads that end while they are at work. Workers run the built package. */
import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { AddressSpace, POLICY_NAMES } from '../../lib';
import { answerOf, printedBy, ROOT, workerOf } from '../support/built';
import { codeOf } from '../support/codes';
import { drawn, page, pages } from '../support/drawing';

const WORKERS = 4;
const PART = 256;

/** Faults in its own part, round after round, and writes its number there. */
const FAULTING = `
  const { token, start, count, me } = workerData;
  const space = AddressSpace.open(token);
  for (let round = 0; round < 20; round++) {
    for (let n = 0; n < count; n++) space.fault(start + n * space.pageSize, 'write');
    if (round < 19) space.madvise(start, count * space.pageSize, 'dontneed');
  }
  space.write(start, Buffer.alloc(count * space.pageSize, me));
  space.close();
  parentPort.postMessage('done');`;

/** Maps, changes and unmaps far away from the others. */
const CHANGING = `
  const { token, start } = workerData;
  const space = AddressSpace.open(token);
  for (let turn = 0; turn < 2000; turn++) {
    space.mmap({ address: start, length: 4 * space.pageSize, fixed: true, populate: turn % 3 === 0 });
    space.mprotect(start + space.pageSize, space.pageSize, 'r');
    space.munmap(start, 4 * space.pageSize);
  }
  parentPort.postMessage('done');`;

function endOf(worker: Worker): Promise<unknown> {
  return once(worker, 'exit').then(([code]) => code as unknown);
}

describe.each(POLICY_NAMES)('a space that several workers open, under %s', (policy) => {
  it('is faulted in by all of them at once, while another one changes it', async () => {
    using space = new AddressSpace({ policy });
    const start = space.mmap({ address: page(0), length: pages(WORKERS * PART), fixed: true });
    const token = space.share();
    const answers = Array.from({ length: WORKERS }, (_, me) =>
      answerOf(workerOf(FAULTING, { token, start: start + pages(me * PART), count: PART, me: me + 1 })),
    );
    answers.push(answerOf(workerOf(CHANGING, { token, start: start + pages(WORKERS * PART + 16) })));
    expect(await Promise.all(answers)).toEqual(new Array(WORKERS + 1).fill('done'));
    space.validate();
    for (let me = 0; me < WORKERS; me++)
      expect(space.read(start + pages(me * PART), pages(PART)).equals(Buffer.alloc(pages(PART), me + 1))).toBe(true);
    const stats = space.stats();
    const { vmaLockSuccess, vmaLockAbort, vmaLockRetry, vmaLockMiss, vmaLockAccessError } = stats;
    expect(stats.vmaLockAttempts).toBe(vmaLockSuccess + vmaLockAbort + vmaLockRetry + vmaLockMiss + vmaLockAccessError);
    expect(stats.signalFaults).toBe(0);
    expect(space.status()['VmRSS']).toBe(pages(WORKERS * PART));
  });
});

describe('a worker', () => {
  it('keeps a space that was closed everywhere else', async () => {
    const space = drawn('A');
    space.write(page(0), Buffer.from('kept'));
    const worker = workerOf(
      `const space = AddressSpace.open(workerData);
       parentPort.postMessage('open');
       parentPort.once('message', () => parentPort.postMessage(space.read(${page(0)}, 4).toString()));`,
      space.share(),
    );
    await once(worker, 'message');
    space.close();
    worker.postMessage('read');
    expect(await answerOf(worker)).toBe('kept');
  });

  it('that ends without closing lets its spaces go', async () => {
    const worker = workerOf(`parentPort.postMessage(new AddressSpace().share())`);
    const token = (await answerOf(worker)) as string;
    expect(codeOf(() => AddressSpace.open(token))).toBe('ERR_VMALOCK_STALE_TOKEN');
  });

  it('gets the files of a space that it opens', async () => {
    const worker = workerOf(
      `const file = new SimFile({ length: 4096, fill: 65, name: '/theirs' });
       const space = new AddressSpace();
       const start = space.mmap({ length: 4096, file, prot: 'r' });
       parentPort.postMessage([space.share(), start]);
       parentPort.once('message', () => space.close());`,
    );
    const [[token, start]] = (await once(worker, 'message')) as [[string, number]];
    using space = AddressSpace.open(token);
    const file = space.find(start)?.file;
    expect([file?.name, file?.length, file?.read(0, 2).toString()]).toEqual(['/theirs', 4096, 'AA']);
    expect(space.find(start)?.file).toBe(file);
    worker.postMessage('end');
    await endOf(worker);
    expect(space.read(start, 1).toString()).toBe('A');
  });

  it('does not get a space by posting it', async () => {
    const program = `
      const { AddressSpace } = require('./dist');
      const { MessageChannel, markAsUncloneable } = require('node:worker_threads');
      let outcome = 'posted';
      try { new MessageChannel().port1.postMessage(new AddressSpace()); } catch (error) { outcome = error.name; }
      console.log(outcome === (markAsUncloneable ? 'DataCloneError' : 'posted'));`;
    expect(await printedBy(program)).toBe('true\n');
  });

  it('may be one of twenty that load the addon at once', async () => {
    const workers = Array.from({ length: 20 }, (_, n) =>
      answerOf(
        workerOf(`const space = new AddressSpace(); const start = space.mmap({ length: 4096 * ${n + 1}, populate: true });
                  parentPort.postMessage(space.stats().minorFaults + space.read(start, 1)[0])`),
      ),
    );
    expect(await Promise.all(workers)).toHaveLength(20);
  });

  it('may be terminated in the middle of a call, and the space lives on', async () => {
    using space = new AddressSpace();
    const start = space.mmap({ length: pages(4096) });
    for (let turn = 0; turn < 8; turn++) {
      const worker = workerOf(
        `const { token, start } = workerData;
         const space = AddressSpace.open(token);
         const addresses = Float64Array.from({ length: 4096 }, (_, n) => start + n * 4096);
         parentPort.postMessage('begun');
         for (;;) {
           space.faultMany(addresses, 'write');
           space.madvise(start, 4096 * 4096, 'dontneed');
           space.maps(); space.fork().close();
           try { space.read(0, 1) } catch {}
         }`,
        { token: space.share(), start },
      );
      await once(worker, 'message');
      await worker.terminate();
      space.validate();
    }
  });

  it('may be terminated in the middle of a replay', async () => {
    for (let turn = 0; turn < 4; turn++) {
      const worker = workerOf(
        `replay(${JSON.stringify(`${ROOT}/examples/traces/pthread-storm`)}, { repeat: 1000,
           onProgress: ({ stage }) => stage === 'running' && parentPort.postMessage('running') });`,
      );
      await once(worker, 'message');
      await worker.terminate();
    }
  });
});

describe('a process', () => {
  it('may exit in the middle of a replay', async () => {
    const program = `
      const { replay } = require('./dist');
      replay('examples/traces/pthread-storm', { repeat: 1000,
        onProgress: ({ stage }) => { if (stage === 'running') { console.log('leaving'); process.exit(0); } } });`;
    expect(await printedBy(program)).toBe('leaving\n');
  });

  it('may exit while its workers are at work', async () => {
    const program = `
      const { Worker, isMainThread } = require('node:worker_threads');
      const { AddressSpace } = require('./dist');
      const space = new AddressSpace();
      const start = space.mmap({ length: 1 << 20 });
      let begun = 0;
      for (let n = 0; n < 3; n++)
        new Worker(\`
          const { workerData: { token, start }, parentPort } = require('node:worker_threads');
          const space = require('./dist').AddressSpace.open(token);
          parentPort.postMessage('begun');
          for (;;) { space.fault(start + 4096 * Math.floor(Math.random() * 256), 'write'); space.madvise(start, 1 << 20, 'dontneed'); }\`,
          { eval: true, workerData: { token: space.share(), start } }).on('message', () => { if (++begun === 3) { console.log('leaving'); process.exit(0); } });`;
    expect(await printedBy(program)).toBe('leaving\n');
  });
});
