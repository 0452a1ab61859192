import { once } from 'node:events';
import { cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { ReplayReport } from '../../../lib';
import { outcomeOf, refusal, ROOT, start, vmalock, withFolder } from './command';

const STORM = join(ROOT, 'examples/traces/pthread-storm');
const PERF = 'perf.txt.gz';

/** Numbers of this machine become N, so that what is compared is the table. */
function withoutNumbers(text: string): string[] {
  return text.split('\n').map((line) => line.replace(/\d+(\.\d+)?/g, 'N').replace(/ {2,}/g, '  '));
}

/** A copy of the trace in which `change` has rewritten the text of one file. */
async function withChangedStorm<T>(
  file: string,
  change: (text: string) => string,
  work: (trace: string) => Promise<T>,
): Promise<T> {
  return withFolder(async (folder) => {
    cpSync(STORM, folder, { recursive: true });
    const path = join(folder, file);
    const packed = file.endsWith('.gz');
    const text = packed ? gunzipSync(readFileSync(path)).toString() : readFileSync(path, 'utf8');
    writeFileSync(path, packed ? gzipSync(change(text)) : change(text));
    return work(folder);
  });
}

function reportOf(stdout: string): ReplayReport {
  return JSON.parse(stdout) as ReplayReport;
}

describe('vmalock replay', () => {
  it('prints one table with a column for each policy, and nothing on stderr', async () => {
    const { code, stdout, stderr } = await vmalock(['replay', STORM]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = withoutNumbers(stdout);
    expect(lines[0]).toBe('pthread-storm (perf): N events, N threads in N process, N waits of one thread for another');
    expect(lines[1]?.trim()).toBe('mmap-lock  per-vma');
    for (const label of [
      ...['wall time  ms  N  N', 'cpu time  ms  N  N', 'faults  N  N'],
      ...['vma_lock success  N  N', 'vma_lock abort  N  N', 'vma_lock retry  N  N', 'vma_lock miss  N  N'],
      ...['mmap_lock readers  N  N', 'mmap_lock writers  N  N', '  wait pN  us  N  N'],
      ...['unexpected outcomes  N  N', 'final maps equal  N/N  N/N'],
    ])
      expect(lines).toContain(label);
    expect(stdout).not.toContain('\u001b');
  });

  it('finds every outcome and the final map as recorded under both policies', async () => {
    const { stdout } = await vmalock(['replay', STORM, '--json']);
    const report = reportOf(stdout);
    expect(report).toMatchObject({ trace: 'pthread-storm', format: 'perf', processes: 1, lostEvents: 0 });
    expect(report.threads).toBeGreaterThan(400);
    expect(report.policies.map(({ policy }) => policy)).toEqual(['mmap-lock', 'per-vma']);
    for (const policy of report.policies) {
      expect(policy).toMatchObject({ unexpected: 0, mapsEqual: true, mapsCompared: 1, differences: [] });
      expect(policy.wallNs).toBeGreaterThan(0);
    }
  });

  it('serves faults on the fast path under per-vma and never under mmap-lock', async () => {
    const report = reportOf((await vmalock(['replay', STORM, '--json'])).stdout);
    const [baseline, perVma] = report.policies;
    expect(baseline?.vmaLock).toEqual({ success: 0, abort: 0, retry: 0, miss: 0 });
    expect(perVma?.vmaLock.success).toBeGreaterThan(0);
    expect(perVma?.faults).toBe(baseline?.faults);
  });

  it('runs each policy as often as asked and tells how far apart the runs lay', async () => {
    const { stdout } = await vmalock(['replay', STORM, '--policy', 'per-vma', '--repeat', '3', '--backing', 'none']);
    const lines = withoutNumbers(stdout);
    expect(lines[0]).toMatch(/; the median of N runs$/);
    expect(lines).toContain('  fastest run  ms  N');
    expect(lines).toContain('  slowest run  ms  N');
  });

  it('prints a JSON object a line for several traces', async () => {
    const { stdout } = await vmalock(['replay', STORM, STORM, '--policy', 'per-vma', '--json']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => reportOf(line).trace)).toEqual(['pthread-storm', 'pthread-storm']);
  });

  it('prints nothing when asked to be quiet', async () => {
    expect(await vmalock(['replay', STORM, '--quiet'])).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('exits with 1 and names the mapping when a final map is not the recorded one', () =>
    withChangedStorm(
      'maps.final',
      (text) => text.replace(/^.*\[heap\]\n/m, ''),
      async (trace) => {
        const { code, stdout } = await vmalock(['replay', trace, '--policy', 'per-vma']);
        expect(code).toBe(1);
        expect(stdout).toMatch(/^final maps equal +0\/1$/m);
        expect(stdout).toMatch(/^per-vma: \d+ differences?$/m);
        expect(stdout).toContain('[heap]');
      },
    ));

  it('exits with 1 and tells line and both outcomes when a call ends otherwise than recorded', () =>
    withChangedStorm(
      PERF,
      // The first successful munmap is said to have failed with ENOMEM.
      (text) => text.replace(/(syscalls:sys_exit_munmap: )0x0\n/, '$10xfffffffffffffff4\n'),
      async (trace) => {
        const { code, stdout } = await vmalock(['replay', trace, '--json']);
        expect(code).toBe(1);
        for (const { unexpected, differences } of reportOf(stdout).policies) {
          expect(unexpected).toBeGreaterThan(0);
          expect(differences[0]).toMatch(/line \d+: munmap.*ENOMEM/);
        }
      },
    ));

  it('refuses a trace with lost events, and replays it when that is allowed', () =>
    withChangedStorm(
      PERF,
      (text) => text.replace(/^(.*: )PERF_RECORD_EXIT.*\n/m, '$&$1PERF_RECORD_LOST lost 58\n'),
      async (trace) => {
        expect(await vmalock(['replay', trace])).toEqual(refusal(/lost 58 events.*--allow-loss/));
        const { code, stdout } = await vmalock(['replay', trace, '--allow-loss', '--policy', 'per-vma']);
        expect(code).toBe(0);
        expect(stdout).toContain('58 events lost by the recorder');
      },
    ));

  it.each([
    ['a path where nothing is', () => join(ROOT, 'no-such-trace'), /no-such-trace/],
    ['a folder without a trace', () => join(ROOT, 'lib'), /lib/],
    ['a file that is no trace', () => join(ROOT, 'LICENSE'), /LICENSE.*line \d+|LICENSE:\d+/],
  ])('refuses %s in one line', async (_, path, why) => {
    expect(await vmalock(['replay', path()])).toEqual(refusal(why));
  });

  it('refuses a trace that was cut in the middle of its compressed text', () =>
    withFolder(async (folder) => {
      cpSync(STORM, folder, { recursive: true });
      truncateSync(join(folder, PERF), 40_000);
      expect(await vmalock(['replay', folder])).toEqual(refusal(/perf\.txt\.gz/));
    }));

  it('refuses a trace without the initial maps of its first program', () =>
    withFolder(async (folder) => {
      cpSync(STORM, folder, { recursive: true });
      rmSync(join(folder, 'maps.initial'));
      expect(await vmalock(['replay', folder])).toEqual(refusal(/maps\.initial/));
    }));

  it('tells the number of the line that it cannot read', () =>
    withChangedStorm(
      PERF,
      (text) => text.replace(/(syscalls:sys_enter_mmap: addr: )0x[0-9a-f]+/, '$10xnonsense'),
      async (trace) => {
        const line = gunzipSync(readFileSync(join(trace, PERF)))
          .toString()
          .split('0xnonsense')[0]
          ?.split('\n').length;
        expect(await vmalock(['replay', trace])).toEqual(refusal(new RegExp(`\\b${line}\\b`)));
      },
    ));

  it('stops at Ctrl-C with one line and status 130', async () => {
    const child = start('replay', ...new Array<string>(200).fill(STORM), '--json', '--backing', 'none');
    const outcome = outcomeOf(child);
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    expect(await outcome).toMatchObject({ code: 130, stderr: 'vmalock: stopped\n' });
  });
});
