/** The end of a space's mappings, and the reaper; native/test/races/exit_against_reap_test.c has the two side by side. */
import { AddressSpace, POLICY_NAMES } from '../../../lib';
import { answerOf, workerOf } from '../../support/built';
import { codeOf } from '../../support/codes';
import { drawing, drawn, page, PAGE, pages } from '../../support/drawing';

describe.each(POLICY_NAMES)('under %s', (policy) => {
  it('exit takes every mapping, sealed, locked or not, and leaves an empty space', () => {
    using space = drawn('AAB.C', { policy });
    space.write(page(0), Buffer.alloc(pages(3), 1));
    space.mlockAll({ current: true, future: true });
    space.mseal(page(1), PAGE);
    space.exit();
    expect(drawing(space)).toBe('');
    expect(space.status()).toMatchObject({ VmSize: 0, VmRSS: 0, VmLck: 0 });
    expect(codeOf(() => space.read(page(0), 1))).toBe('SIGSEGV');
    space.exit();
    space.mmap({ address: page(0), length: PAGE, fixed: true });
    space.write(page(0), Uint8Array.of(1));
    expect(space.status()['VmLck']).toBe(0);
    space.validate();
  });

  it('a reaped space has lost its private memory, and keeps what is shared', () => {
    using space = drawn('AA', { policy });
    const shared = space.mmap({ length: PAGE, shared: true });
    space.write(page(0), Uint8Array.of(1));
    space.write(shared, Uint8Array.of(7));
    using child = space.fork();
    expect(space.reap()).toBe(true);
    expect(space.status()['RssAnon']).toBe(0);
    expect(drawing(space)).toBe('AA');
    expect([codeOf(() => space.read(page(0), 1)), codeOf(() => space.write(page(1), Uint8Array.of(1)))]).toEqual([
      'SIGBUS',
      'SIGBUS',
    ]);
    expect(space.read(shared, 1)[0]).toBe(7);
    expect(child.read(page(0), 1)[0]).toBe(1);
    space.exit();
    space.validate();
  });
});

it('a worker reaps while this thread exits', async () => {
  using space = new AddressSpace();
  space.mmap({ address: page(0), length: pages(4096), fixed: true, populate: true });
  const worker = answerOf(
    workerOf(
      `const space = AddressSpace.open(workerData);
       let reaped = 0;
       for (let i = 0; i < 100; i++) reaped += space.reap() ? 1 : 0;
       parentPort.postMessage(reaped);`,
      space.share(),
    ),
  );
  space.exit();
  expect(await worker).toBeLessThanOrEqual(100);
  expect(space.status()).toMatchObject({ VmSize: 0, VmRSS: 0 });
  space.validate();
});
