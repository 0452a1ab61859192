/** Whatever happens to the text of a trace, it is read, or refused in one sentence; and what is read can be replayed. */
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { replay } from '../../../lib';
import { withFiles } from './drawn';

const TRACES = resolve(__dirname, '../../../examples/traces');

function linesOf(file: string, count: number): string[] {
  return gunzipSync(readFileSync(join(TRACES, file)))
    .toString()
    .split('\n')
    .slice(0, count);
}

const RECORDINGS = [
  { name: 'perf.txt', lines: linesOf('pthread-storm/perf.txt.gz', 1500), maps: 'pthread-storm/maps' },
  { name: 'perf.txt', lines: linesOf('gcc-O2/perf.txt.gz', 1500), maps: 'gcc-O2/maps' },
  { name: 'strace.txt', lines: linesOf('ripgrep-strace/strace.txt.gz', 300), maps: 'ripgrep-strace/strace.maps' },
];

const damageOf = <Kind extends string>(kind: Kind, largest: number) =>
  fc.record({
    kind: fc.constant(kind),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    size: fc.integer({ min: 1, max: largest }),
  });

/** One thing that goes wrong, at a place between 0 and 1. */
const damage = fc.oneof(damageOf('lose', 40), damageOf('repeat', 40), damageOf('move', 40), damageOf('garble', 120));

type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

function damaged(lines: readonly string[], { kind, at, size }: Damage): string[] {
  const place = Math.min(Math.floor(at * lines.length), lines.length - 1);
  const result = [...lines];
  if (kind === 'lose') result.splice(place, size);
  else if (kind === 'repeat') result.splice(place + size, 0, ...lines.slice(place, place + 1));
  else if (kind === 'move') result.splice(place + size, 0, ...result.splice(place, 1));
  else result[place] = `${result[place]?.slice(0, size)}${size}${result[place]?.slice(size + 1)}`;
  return result;
}

describe('a damaged trace', () => {
  it('is refused with its file also for what only the replayer can see: a heap outside the address space', async () => {
    const text = gunzipSync(readFileSync(join(TRACES, 'pthread-storm/perf.txt.gz'))).toString();
    const files = {
      'perf.txt': text.replace(/(sys_exit_brk: )0x[0-9a-f]+/, '$10x7ffffffffff000'),
      'maps.initial': readFileSync(join(TRACES, 'pthread-storm/maps.initial')),
    };
    const error: unknown = await withFiles(files, (folder) => replay(folder)).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'TraceError', code: 'ERR_VMALOCK_BAD_TRACE' });
    expect((error as Error).message).toMatch(/heap or stack begins outside the address space/);
  });

  it('is replayed as far as it goes, or refused with its file, and never anything else', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...RECORDINGS),
        fc.array(damage, { minLength: 1, maxLength: 8 }),
        async ({ name, lines, maps }, damages) => {
          const text = `${damages.reduce<string[]>(damaged, lines).join('\n')}\n`;
          const files = { [name]: text, 'maps.initial': readFileSync(join(TRACES, `${maps}.initial`)) };
          const outcome: unknown = await withFiles(files, (folder) =>
            replay(folder, { policies: ['per-vma'], backing: 'none', allowLoss: true }),
          ).catch((error: unknown) => error);
          if (outcome instanceof Error) expect(outcome).toMatchObject({ name: 'TraceError' });
          else expect(outcome).toMatchObject({ policies: [{ policy: 'per-vma' }] });
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);
});
