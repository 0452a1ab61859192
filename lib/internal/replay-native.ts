/**
 * Compiled traces, loaded and run by native threads.
 */
import { backingCode, eraCode, policyName } from '../address-space-options';
import { VmalockError } from '../errors';
import type { FaultEra, PolicyName } from '../policy';
import { type Stats, statsOf } from '../stats';
import { NativeCode } from './errors.generated';
import { type Handle, native, type NativeRunResult, type NativeWaits } from './native';
import { choice, wholeNumber } from './options';
import { errorOf } from './raise';

export interface NativeReplayOptions {
  policy: PolicyName;
  faults: FaultEra;
  backing: 'memory' | 'none';
  pace: 'asap' | 'recorded';
  /** Most page frames. @defaultValue 1048576 */
  frames?: number;
  signal?: AbortSignal;
  /** Called with the events done, now and then. */
  onProgress?: (done: number) => void;
}

/** What one run came to. */
export interface NativeReplayResult extends Omit<NativeRunResult, 'code' | 'stats' | 'read' | 'write'> {
  /** summed over all spaces */
  stats: Stats;
  mmapLock: { read: NativeWaits; write: NativeWaits };
}

export const PACES = ['asap', 'recorded'];
const PROGRESS_INTERVAL_MS = 50;

const forgotten = new FinalizationRegistry<Handle>((handle) => native.replayClose(handle));

function runError(code: number): VmalockError {
  return code === NativeCode.ECANCELED
    ? new VmalockError('ECANCELED', 'the replay was stopped', { errno: code })
    : errorOf(code, 'replay');
}

/** A trace that was checked and ordered, ready to run: one run at a time, as often as one likes. */
export class NativeReplay {
  private constructor(private handle: Handle) {
    forgotten.register(this, handle, this);
  }

  /** @throws {VmalockError} `ERR_VMALOCK_BAD_TRACE` with the event that is wrong, `ENOMEM` */
  static async load(trace: ArrayBuffer | Uint8Array): Promise<NativeReplay> {
    const { code, message = '', replay } = await native.replayLoad(new Uint8Array(trace));
    if (code === 0 && replay !== undefined) return new NativeReplay(replay);
    const error = errorOf(code, 'replay');
    throw error.code === 'ERR_VMALOCK_BAD_TRACE' && message !== '' ? new VmalockError(error.code, message) : error;
  }

  /** @throws {VmalockError} `ECANCELED` when the signal was aborted, `EINVAL`, `EBUSY`, `ENOMEM`, `EAGAIN` */
  async run(options: NativeReplayOptions): Promise<NativeReplayResult> {
    const { policy, faults, backing, pace, frames, signal } = options;
    if (this.handle === 0) throw new VmalockError('ERR_VMALOCK_CLOSED', 'the replay is closed');
    if (signal?.aborted === true) throw runError(NativeCode.ECANCELED);
    const running = native.replayRun(
      this.handle,
      policyName(policy),
      eraCode(faults),
      backingCode(backing),
      choice('pace', pace, PACES),
      frames === undefined ? 0 : wholeNumber('frames', frames, 1, Number.MAX_SAFE_INTEGER),
    );
    if (typeof running === 'number') throw runError(running);
    const result = await this.watched(running, options);
    if (result.code !== 0) throw runError(result.code);
    const { stats, read, write, ...rest } = result as NativeRunResult;
    options.onProgress?.(rest.events);
    return { ...rest, stats: statsOf(stats), mmapLock: { read, write } };
  }

  /** Tells of the progress and listens for the signal until the run has ended; an error of the listener ends it. */
  private async watched<T>(running: Promise<T>, { signal, onProgress }: NativeReplayOptions): Promise<T> {
    const errors: unknown[] = [];
    const stop = (): void => {
      if (this.handle !== 0) native.replayCancel(this.handle);
    };
    const tell = (): void => {
      try {
        if (this.handle !== 0) onProgress?.(native.replayProgress(this.handle));
      } catch (error) {
        errors.push(error);
        stop();
      }
    };
    const timer = setInterval(tell, PROGRESS_INTERVAL_MS);
    signal?.addEventListener('abort', stop);
    try {
      const result = await running;
      if (errors.length > 0) throw errors[0];
      return result;
    } finally {
      clearInterval(timer);
      signal?.removeEventListener('abort', stop);
    }
  }

  /** A run that goes on ends first, but nobody hears of it by then. Closing again does nothing. */
  close(): void {
    if (this.handle === 0) return;
    forgotten.unregister(this);
    native.replayClose(this.handle);
    this.handle = 0;
  }
}
