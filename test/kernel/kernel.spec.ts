/**
 * The model beside the running kernel: the same operations, every answer compared.
 *
 * The sequences are the same on every run; driver.ts runs other seeds, for as long as one likes.
 */
import { Executor } from '../../lib/exec/executor';
import { compareAll, describe as explain, isLasting, shrink } from './difference';
import { cannotBeCompared, isMissingFor } from './machine';
import { oracle } from './oracle';
import { argumentsOf, optionsOf, PROFILES } from './profiles';
import { sequenceOf } from './sequences';
import { ModelSpeaker, ProcessSpeaker, type Speaker } from './speaker';
import { hasZeroPage } from './zero-page';

const SEQUENCES = 150;
const FIRST_SEED = 20220901;

const there = oracle();
const reason = there.reason ?? cannotBeCompared();
const suite = reason === undefined ? describe : describe.skip;

suite(
  `a simulated address space beside the running kernel${reason === undefined ? '' : ` (skipped: ${reason})`}`,
  () => {
    for (const profile of PROFILES) {
      const missing = isMissingFor(profile);
      const test = missing === undefined ? it : it.skip;
      const why = missing === undefined ? '' : ` (${missing})`;
      test(`answers every operation as the kernel does: ${profile.name}${why}`, async () => {
        const kernel: Speaker = await ProcessSpeaker.start(there.path ?? '', argumentsOf(profile));
        const executor = new Executor(optionsOf(profile, await hasZeroPage(kernel)));
        const model = new ModelSpeaker(executor);
        try {
          const seeds = Array.from({ length: SEQUENCES }, (_, i) => FIRST_SEED + i);
          const sequences = seeds.map((seed) => sequenceOf(profile, seed));
          const found = await compareAll(kernel, model, sequences);
          for (const [i, difference] of found.entries()) {
            if (!difference) continue;
            if (profile.unsteady !== true || (await isLasting(kernel, model, sequences[i] ?? [])))
              throw new Error(`seed ${seeds[i]}:\n${explain(await shrink(kernel, model, difference))}`);
          }
          executor.validate();
        } finally {
          kernel.close();
          model.close();
        }
      });
    }

    it('notices when the two part', async () => {
      const kernel = await ProcessSpeaker.start(there.path ?? '', ['-p', '8']);
      const model = new ModelSpeaker(new Executor({ pages: 8, zeroPage: await hasZeroPage(kernel) }));
      const liar: Speaker = {
        ask: async (operations) =>
          (await model.ask(operations)).map((answer, i) =>
            operations[i]?.startsWith('munmap') ? '-1 EINVAL\n' : answer,
          ),
        close: () => model.close(),
      };
      try {
        const [found] = await compareAll(kernel, liar, [
          ['mmap 0 4 rw p', 'w 1 1', 'mprotect 2 1 r', 'munmap 1 2', 'r 0', 'munmap 0 4'],
        ]);
        const smallest = found && (await shrink(kernel, liar, found));
        expect(smallest).toMatchObject({
          question: 'munmap 1 2',
          expected: '0 ok\n',
          actual: '-1 EINVAL\n',
        });
        expect(smallest?.operations).toEqual(['munmap 1 2']);
      } finally {
        kernel.close();
        liar.close();
      }
    });
  },
);
