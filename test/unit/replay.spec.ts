import { resolve } from 'node:path';
import { replay, type ReplayProgress } from '../../lib';

const STORM = resolve(__dirname, '../../examples/traces/pthread-storm');

describe('replay()', () => {
  it('replays under one mmap_lock and under per-VMA locks when nothing else is asked', async () => {
    const report = await replay(STORM);
    expect(report.policies.map(({ policy }) => policy)).toEqual(['mmap-lock', 'per-vma']);
    for (const policy of report.policies) {
      expect(policy).toMatchObject({ unexpected: 0, mapsEqual: true, differences: [] });
      expect(policy.runs).toEqual([{ wallNs: policy.wallNs, cpuNs: policy.cpuNs }]);
    }
  });

  it('counts the same faults whatever holds the pages', async () => {
    const counts = await Promise.all(
      (['memory', 'none'] as const).map(async (backing) => {
        const report = await replay(STORM, { policies: ['per-vma'], backing });
        return report.policies[0]?.faults;
      }),
    );
    expect(counts[0]).toBeGreaterThan(0);
    expect(counts[1]).toBe(counts[0]);
  });

  it('tells how far it is, never backwards within a run, up to the last run', async () => {
    const seen: ReplayProgress[] = [];
    await replay(STORM, { repeat: 2, onProgress: (progress) => seen.push(progress) });
    expect(seen[0]?.stage).toBe('reading');
    expect(new Set(seen.map(({ stage }) => stage))).toEqual(new Set(['reading', 'ordering', 'running']));
    expect(seen.at(-1)).toMatchObject({ stage: 'running', policy: 'per-vma', run: 4, runs: 4 });
    for (const run of [1, 2, 3, 4]) {
      const done = seen.filter((progress) => progress.run === run).map((progress) => progress.done);
      expect(done).toEqual([...done].sort((a, b) => a - b));
    }
    for (const { done, total } of seen) expect(done).toBeLessThanOrEqual(Math.max(total, 0));
  });

  it('shows the run with the median wall time of those it made', async () => {
    const [policy] = (await replay(STORM, { policies: ['per-vma'], repeat: 3 })).policies;
    const walls = policy?.runs.map(({ wallNs }) => wallNs).sort((a, b) => a - b);
    expect(walls).toHaveLength(3);
    expect(policy?.wallNs).toBe(walls?.[1]);
  });

  it('keeps to the recorded gaps when that pace is asked', async () => {
    const { policies } = await replay(STORM, { policies: ['per-vma'], pace: 'recorded', backing: 'none' });
    expect(policies[0]?.unexpected).toBe(0);
    // The program ran for 156 ms. No event comes before its time, however fast or busy this machine is.
    expect(policies[0]?.wallNs).toBeGreaterThan(100e6);
  });

  it('is rejected with ECANCELED when its signal is aborted, before and while it runs', async () => {
    await expect(replay(STORM, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ECANCELED' });
    const controller = new AbortController();
    const running = replay(STORM, {
      repeat: 1000,
      signal: controller.signal,
      onProgress: ({ run }) => run === 2 && controller.abort(),
    });
    await expect(running).rejects.toMatchObject({ code: 'ECANCELED' });
  });

  it.each([
    ['an unknown policy', { policies: ['lottery' as 'per-vma'] }, 'EINVAL'],
    ['no policy at all', { policies: [] }, 'ERR_VMALOCK_INVALID_ARG'],
    ['a policy named twice', { policies: ['per-vma', 'per-vma'] as const }, 'ERR_VMALOCK_INVALID_ARG'],
    ['no runs', { repeat: 0 }, 'ERR_VMALOCK_OUT_OF_RANGE'],
    ['half a run', { repeat: 1.5 }, 'ERR_VMALOCK_OUT_OF_RANGE'],
    ['one name instead of a list', { policies: 'per-vma' as never }, 'ERR_VMALOCK_INVALID_ARG'],
    ['an unknown pace', { pace: 'slow' as never }, 'ERR_VMALOCK_INVALID_ARG'],
    ['an unknown era', { faults: 'linux-1.0' as never }, 'EINVAL'],
    ['an unknown backing', { backing: 'paper' as never }, 'ERR_VMALOCK_INVALID_ARG'],
    ['no frames', { frames: 0 }, 'ERR_VMALOCK_OUT_OF_RANGE'],
    ['what is no signal', { signal: { aborted: true } as never }, 'ERR_VMALOCK_INVALID_ARG'],
    ['what cannot be called', { onProgress: 1 as never }, 'ERR_VMALOCK_INVALID_ARG'],
    ['no options', null as never, 'ERR_VMALOCK_INVALID_ARG'],
  ])('refuses %s before it looks for the trace', async (_, options, code) => {
    await expect(replay('no such trace', options)).rejects.toMatchObject({ code });
  });

  it.each([undefined, 5, Symbol('trace'), new URL('file:///tmp')])('refuses a trace that is %p', async (trace) => {
    await expect(replay(trace as never)).rejects.toMatchObject({ code: 'ERR_VMALOCK_INVALID_ARG' });
  });

  it('hears of an abort while it reads', async () => {
    const controller = new AbortController();
    const stages: string[] = [];
    const running = replay(STORM, {
      signal: controller.signal,
      onProgress: ({ stage }) => {
        stages.push(stage);
        setImmediate(() => controller.abort());
      },
    });
    await expect(running).rejects.toMatchObject({ code: 'ECANCELED' });
    expect(stages).toEqual(['reading']);
  });

  it('refuses what is no trace, by file and line', async () => {
    const license = resolve(__dirname, '../../LICENSE');
    const error: unknown = await replay(license).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'ERR_VMALOCK_BAD_TRACE', line: expect.any(Number) as number });
  });
});
