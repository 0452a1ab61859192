/**
 * Odd arguments, asked of the model and of the running kernel: some of each sweep. driver.ts --sweeps asks all.
 */
import { Executor } from '../../lib/exec/executor';
import { describe as explain } from './difference';
import { cannotBeCompared, isMissingFor } from './machine';
import { oracle } from './oracle';
import { argumentsOf, optionsOf } from './profiles';
import { ModelSpeaker, ProcessSpeaker, type Speaker } from './speaker';
import { runSweep } from './sweeping';
import { SWEEPS } from './sweeps';
import { hasZeroPage } from './zero-page';

/** A prime, so that no word of a product is always left out. */
const STEP = 127;

const there = oracle();
const reason = there.reason ?? cannotBeCompared();
const suite = reason === undefined ? describe : describe.skip;

suite(`odd arguments beside the running kernel${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  for (const sweep of SWEEPS) {
    const missing = isMissingFor(sweep.stage);
    const test = missing === undefined ? it : it.skip;
    test(`are answered as by the kernel: ${sweep.name}${missing === undefined ? '' : ` (${missing})`}`, async () => {
      const kernel: Speaker = await ProcessSpeaker.start(there.path ?? '', argumentsOf(sweep.stage));
      const executor = new Executor(optionsOf(sweep.stage, await hasZeroPage(kernel)));
      try {
        const { kinds } = await runSweep(kernel, new ModelSpeaker(executor), sweep, STEP);
        expect([...kinds.values()].map(({ first, count }) => `${count} like\n${explain(first)}`)).toEqual([]);
        executor.validate();
      } finally {
        kernel.close();
        executor.close();
      }
    });
  }

  it('notices when the two part', async () => {
    const kernel = await ProcessSpeaker.start(there.path ?? '', ['-p', '16']);
    const model = new ModelSpeaker(new Executor({ pages: 16, zeroPage: await hasZeroPage(kernel) }));
    const liar: Speaker = {
      ask: (operations) => model.ask(operations.map((operation) => operation.replace('sys mlock ', 'sys mlock2 '))),
      close: () => model.close(),
    };
    const scene = { name: 'memory', lines: ['mmap 0 8 rw p'] };
    const cases = ['sys munmap @0 1', 'sys mlock @0 4096', 'sys munmap @0 0'];
    try {
      const sweep = { name: 'two that part', stage: { pages: 16 }, scenes: [scene], cases };
      expect([...(await runSweep(kernel, liar, sweep, 1)).kinds]).toMatchObject([
        ['sys mlock: 0 ok, X syntax', { count: 1, first: { operations: ['mmap 0 8 rw p', 'sys mlock @0 4096'] } }],
      ]);
    } finally {
      kernel.close();
      liar.close();
    }
  });
});
