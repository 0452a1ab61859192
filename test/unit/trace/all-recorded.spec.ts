/**
 * Every recorded program of ../shared/traces: what is read agrees with the counts that were made of the text, and a
 * replay ends as Linux did. Without that folder there are the traces of examples/traces only.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { POLICY_NAMES, replay } from '../../../lib';
import { compileTrace } from '../../../lib/trace/compile';
import { decode, type Decoded } from './decode';

const ROOT = resolve(__dirname, '../../..');
const RECORDED = resolve(ROOT, '../shared/traces');
const EXAMPLES = join(ROOT, 'examples/traces');
const LOSSY = 'mixed-rw-lossy';
/** mlock splits mappings of this one, and remap_file_pages turns one round. */
const LOCKING = 'stress-ng-remap';

interface Stats {
  perf: {
    syscalls: Record<string, number>;
    errors: Record<string, number>;
    signals: Record<string, number>;
    faults: number;
    processes: number;
    threads_created: number;
    final_vmas_by_pid: Record<string, number>;
  };
}

function foldersIn(path: string): string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(path, entry.name, 'maps.initial')))
    .map(({ name }) => name);
}

const names = foldersIn(RECORDED);
const files = names.flatMap((name) =>
  ['perf.txt.gz', 'perf-raw.txt.gz', 'perf-default.txt.gz', 'strace.txt.gz']
    .map((file) => join(name, file))
    .filter((file) => existsSync(join(RECORDED, file))),
);
const complete = files.filter((file) => !file.startsWith(LOSSY));

const OP_OF_CALL: Readonly<Record<string, number>> = {
  ...{ mmap: 1, munmap: 2, mprotect: 3, mremap: 4, madvise: 5, brk: 6 },
  ...{ mlock: 13, munlock: 14, mincore: 18, remap_file_pages: 19, mseal: 20, pkey_mprotect: 21 },
  ...{ shmat: 23, shmdt: 24, mbind: 25, set_mempolicy: 26, get_mempolicy: 27 },
};

/** How often a call is in the compiled trace, executed or counted as one that is not modelled. */
function timesOf(call: string, { events }: Decoded): number {
  return events.filter(({ op, name }) => op === OP_OF_CALL[call] || String(name).split(/[: ]/)[0] === call).length;
}

/** Failures as stats.json has them: `name:errno`. */
function errorsOf({ events }: Decoded): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { op, name, result } of events) {
    const call = String(name).split(/[: ]/)[0] || Object.keys(OP_OF_CALL).find((known) => OP_OF_CALL[known] === op);
    if (call === undefined || Number(result) >= 0) continue;
    const key = `${call}:${-Number(result)}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

const PROCESS_CALLS = /^(clone3?|v?fork|execve|exit|exit_group):/;

// The skipped test tells why nothing ran.
if (names.length === 0) {
  it.skip('replays the recorded programs (skipped: there is no ../shared/traces beside this repository)', () =>
    undefined);
} else {
  describe('the text of a recorded program', () => {
    it.each(complete.filter((file) => !file.includes('strace')))(
      '%s has as many events as were counted',
      async (file) => {
        const { perf } = JSON.parse(readFileSync(join(RECORDED, file, '../stats.json'), 'utf8')) as Stats;
        const trace = await compileTrace(join(RECORDED, file));
        const decoded = decode(trace.buffer);
        const calls = Object.keys(perf.syscalls).filter(
          (call) => !/^(clone3?|v?fork|execve|exit|exit_group)$/.test(call),
        );
        expect(Object.fromEntries(calls.map((call) => [call, timesOf(call, decoded)]))).toEqual(
          Object.fromEntries(calls.map((call) => [call, perf.syscalls[call]])),
        );
        const errors = Object.entries(perf.errors).filter(([name]) => !PROCESS_CALLS.test(name));
        expect(errorsOf(decoded)).toEqual(Object.fromEntries(errors));
        expect(decoded.events.filter(({ op }) => op === 7).length).toBe(perf.faults);
        expect(new Set(trace.spaces.map(({ pid }) => pid)).size).toBe(perf.processes);
        const births = decoded.events.filter(({ op, aux, thread }) => {
          return op === 10 && decoded.threads[Number(aux)]?.pid === decoded.threads[Number(thread)]?.pid;
        });
        expect(births).toHaveLength(perf.threads_created);
        expect(trace.lostEvents).toBe(0);
      },
    );

    it.each(complete.filter((file) => file.endsWith('/perf.txt.gz')))(
      '%s has every recorded layout at an end',
      async (file) => {
        const { perf } = JSON.parse(readFileSync(join(RECORDED, file, '../stats.json'), 'utf8')) as Stats;
        const { spaces } = await compileTrace(join(RECORDED, file));
        const ends = spaces.flatMap(({ pid, expected }) =>
          expected === undefined ? [] : [[String(pid), expected.length]],
        );
        expect(Object.fromEntries(ends)).toEqual(perf.final_vmas_by_pid);
      },
    );

    it(`${LOSSY} tells how much its recorder lost`, async () => {
      const path = join(RECORDED, LOSSY, 'perf.txt.gz');
      const trace = await compileTrace(path);
      expect(trace.lostEvents).toBe(12664);
      await expect(replay(path)).rejects.toMatchObject({ code: 'ERR_VMALOCK_LOSSY_TRACE' });
      const report = await replay(path, { allowLoss: true, policies: ['per-vma'], backing: 'none' });
      expect(report.lostEvents).toBe(12664);
    });
  });

  describe('a recorded program', () => {
    it.each(complete)(
      '%s ends under every policy as it ended under Linux',
      async (file) => {
        const report = await replay(join(RECORDED, file), { backing: 'none', policies: [...POLICY_NAMES] });
        expect(report.policies.map(({ policy }) => policy)).toEqual(POLICY_NAMES);
        for (const { unexpected, differences, mapsCompared } of report.policies) {
          expect(unexpected).toBe(0);
          expect(mapsCompared).toBeGreaterThan(0);
          expect(differences).toEqual([]);
        }
      },
      60_000,
    );

    it(`${LOCKING} runs all its calls but those that its machine had no memory for`, async () => {
      const report = await replay(join(RECORDED, LOCKING, 'perf.txt.gz'), { backing: 'none' });
      expect(Object.keys(report.unmodelled)).toEqual(['mmap:ENOMEM']);
    });
  });
}

describe('a trace in the repository', () => {
  const examples = readdirSync(EXAMPLES, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  it.each(examples.map(({ name }) => name))('%s ends under every policy as it ended under Linux', async (name) => {
    const report = await replay(join(EXAMPLES, name), { policies: [...POLICY_NAMES] });
    for (const policy of report.policies)
      expect(policy).toMatchObject({ unexpected: 0, mapsEqual: true, differences: [] });
  });

  it('of calls that come seldom holds each of them, executed', async () => {
    const { unmodelled, buffer } = await compileTrace(join(EXAMPLES, 'seldom-calls'));
    const ops = new Set(decode(buffer).events.map(({ op }) => Number(op)));
    expect(unmodelled).toEqual({});
    expect([20, 21, 22, 23, 24, 25, 26, 27].filter((op) => !ops.has(op))).toEqual([]);
  });
});
