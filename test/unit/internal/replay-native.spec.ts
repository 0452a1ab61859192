import { join } from 'node:path';
import { NativeReplay, type NativeReplayOptions } from '../../../lib/internal/replay-native';
import { POLICY_NAMES } from '../../../lib/policy';
import { compileTrace } from '../../../lib/trace/compile';
import { ROOT } from '../../support/built';

const OPTIONS: NativeReplayOptions = { policy: 'per-vma', faults: 'rfc', backing: 'none', pace: 'asap' };
/** A run that takes its time: the recording's own gaps. */
const SLOW: NativeReplayOptions = { ...OPTIONS, pace: 'recorded' };

async function storm(): Promise<ArrayBuffer> {
  return (await compileTrace(join(ROOT, 'examples/traces/pthread-storm'))).buffer;
}

describe('a native replay', () => {
  let trace: ArrayBuffer;
  beforeAll(async () => {
    trace = await storm();
  });

  it('runs as often as one likes, and tells all that was found', async () => {
    const replay = await NativeReplay.load(trace);
    for (const policy of POLICY_NAMES) {
      const result = await replay.run({ ...OPTIONS, policy });
      expect(result).toMatchObject({ unexpected: 0, unmodelled: 0, differences: [] });
      expect(result.events).toBeGreaterThan(result.faults);
      expect(result.finalMaps).toHaveLength(result.spaces);
      expect(result.finalMaps[0]).toMatch(/^[0-9a-f]{8,}-[0-9a-f]{8,} /);
      expect(result.mmapLock.read.count).toBe(result.stats.mmapLockReads);
      expect(result.mmapLock.write.count).toBe(result.stats.mmapLockWrites);
    }
    replay.close();
  });

  it('keeps a copy of the trace', async () => {
    const own = trace.slice(0);
    const loading = NativeReplay.load(own);
    new Uint8Array(own).fill(0);
    const replay = await loading;
    expect(await replay.run(OPTIONS)).toMatchObject({ unexpected: 0 });
    replay.close();
  });

  it.each([
    ['nothing', () => new ArrayBuffer(0)],
    ['zeros', () => new ArrayBuffer(4096)],
    ['half of one', () => trace.slice(0, trace.byteLength / 2)],
    ['one with a wrong number in its head', () => damaged(8)],
    ['one with a table that lies elsewhere', () => damaged(32)],
  ])('refuses %s', async (_, make) => {
    await expect(NativeReplay.load(make())).rejects.toMatchObject({
      code: 'ERR_VMALOCK_BAD_TRACE',
      message: expect.stringMatching(/\w/) as string,
    });
  });

  function damaged(at: number): ArrayBuffer {
    const copy = trace.slice(0);
    new Uint8Array(copy).fill(0xff, at, at + 4);
    return copy;
  }

  it('runs one at a time', async () => {
    const replay = await NativeReplay.load(trace);
    const controller = new AbortController();
    const first = replay.run({ ...SLOW, signal: controller.signal });
    await expect(replay.run(OPTIONS)).rejects.toMatchObject({ code: 'EBUSY' });
    controller.abort();
    await expect(first).rejects.toMatchObject({ code: 'ECANCELED' });
    expect(await replay.run(OPTIONS)).toMatchObject({ unexpected: 0 });
    replay.close();
  });

  it('does not begin when its signal was aborted before', async () => {
    const replay = await NativeReplay.load(trace);
    await expect(replay.run({ ...OPTIONS, signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ECANCELED' });
    replay.close();
  });

  it('leaves no listener on the signal', async () => {
    const replay = await NativeReplay.load(trace);
    const { signal } = new AbortController();
    const added = jest.spyOn(signal, 'addEventListener');
    const removed = jest.spyOn(signal, 'removeEventListener');
    await replay.run({ ...OPTIONS, signal });
    expect(removed.mock.calls).toEqual(added.mock.calls);
    replay.close();
  });

  it('stops when who listens to its progress throws, and passes that on', async () => {
    const replay = await NativeReplay.load(trace);
    const failure = new Error('the listener failed');
    const running = replay.run({
      ...SLOW,
      onProgress: () => {
        throw failure;
      },
    });
    await expect(running).rejects.toBe(failure);
    replay.close();
  });

  it.each([
    ['an unknown policy', { policy: 'lottery' as 'per-vma' }, 'EINVAL'],
    ['an unknown era', { faults: 'linux-2.4' as 'rfc' }, 'EINVAL'],
    ['an unknown pace', { pace: 'slow' as 'asap' }, 'ERR_VMALOCK_INVALID_ARG'],
    ['an unknown backing', { backing: 'disk' as 'none' }, 'ERR_VMALOCK_INVALID_ARG'],
    ['no frames', { frames: 0 }, 'ERR_VMALOCK_OUT_OF_RANGE'],
  ])('refuses %s', async (_, options, code) => {
    const replay = await NativeReplay.load(trace);
    await expect(replay.run({ ...OPTIONS, ...options })).rejects.toMatchObject({ code });
    replay.close();
  });

  it('is closed once and for all; a run that goes on ends by itself', async () => {
    const replay = await NativeReplay.load(trace);
    const running = replay.run({ ...OPTIONS, onProgress: () => undefined });
    replay.close();
    replay.close();
    expect(await running).toMatchObject({ unexpected: 0 });
    await expect(replay.run(OPTIONS)).rejects.toMatchObject({ code: 'ERR_VMALOCK_CLOSED' });
  });
});
