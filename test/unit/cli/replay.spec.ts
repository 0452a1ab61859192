import { once } from 'node:events';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  cpSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { ReplayReport } from '../../../lib';
import { MAIN, outcomeOf, refusal, ROOT, start, vmalock, withFolder } from './command';

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

/** Paths of what a process has open. */
function openFilesOf(pid = 0): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((name) => {
    try {
      return [readlinkSync(join(folder, name))];
    } catch {
      return []; // closed meanwhile
    }
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

  it('refuses what is no regular file at once, rather than wait for who may write to it', () =>
    withFolder(async (folder) => {
      execFileSync('mkfifo', [join(folder, 'perf.txt')]);
      for (const path of [folder, '/dev/zero'])
        expect(await vmalock(['replay', path])).toEqual(refusal(/this is no regular file/));
    }));

  it('refuses a layout that is not of whole pages, by file and line', () =>
    withChangedStorm(
      'maps.initial',
      (text) => text.replace(/^5647f063e000/m, '5647f063e001'),
      async (trace) => {
        expect(await vmalock(['replay', trace])).toEqual(refusal(/maps\.initial, line 2: mappings are whole pages/));
      },
    ));

  // Root may read everything.
  (process.getuid?.() === 0 ? it.skip : it)('refuses a file that it may not read', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'perf.txt');
      writeFileSync(path, '', { mode: 0 });
      expect(await vmalock(['replay', path])).toEqual(refusal(/perf\.txt: cannot be read \(EACCES\)/));
    }),
  );

  it('tells in one line when the result cannot be written', () => {
    const full = openSync('/dev/full', 'w');
    try {
      const { status, stderr } = spawnSync(process.execPath, [MAIN, 'replay', STORM], {
        stdio: ['ignore', full, 'pipe'],
        encoding: 'utf8',
      });
      expect({ status, stderr }).toEqual({ status: 2, stderr: 'vmalock: the result cannot be written (ENOSPC)\n' });
    } finally {
      closeSync(full);
    }
  });

  it('stops at Ctrl-C while it still reads', () =>
    withFolder(async (folder) => {
      cpSync(STORM, folder, { recursive: true });
      const text = gunzipSync(readFileSync(join(folder, PERF))).toString();
      rmSync(join(folder, PERF));
      // Hours of it: nobody waits for the end.
      const comment = `#${' '.repeat(1 << 16)}\n`.repeat(64);
      const file = openSync(join(folder, 'perf.txt'), 'w');
      for (let n = 0; n < 128; n++) writeSync(file, comment);
      writeSync(file, text);
      closeSync(file);
      const child = start('replay', folder);
      const outcome = outcomeOf(child);
      // Its handler is there once it has the file open.
      while (!openFilesOf(child.pid).includes(join(folder, 'perf.txt'))) await setImmediate();
      child.kill('SIGINT');
      expect(await outcome).toEqual({ code: 130, stdout: '', stderr: 'vmalock: stopped\n' });
    }));

  it('stops at Ctrl-C with one line and status 130', async () => {
    const child = start('replay', ...new Array<string>(200).fill(STORM), '--json', '--backing', 'none');
    const outcome = outcomeOf(child);
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    expect(await outcome).toMatchObject({ code: 130, stderr: 'vmalock: stopped\n' });
  });
});
